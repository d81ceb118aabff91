package crawler

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/crawler/classify"
	"tarn/internal/glue/crawler/schema"
	"tarn/internal/meta"
)

type logger func(level, format string, args ...any)

// crawl does the work of one crawl: list, read, lay out, compare, write.
func (s *Service) crawl(ctx context.Context, key runKey, c *crawlDoc, r *run, log logger) error {
	var d *crawlerDoc
	err := s.Store.View(ctx, func(tx meta.Tx) (err error) {
		d, err = getCrawler(tx, key.account, key.crawler)
		return err
	})
	if err != nil {
		return err
	}
	log("BENCHMARK", "Running Start Crawl for Crawler %s", key.crawler)
	conf, err := parseConfiguration(awsapi.Val(d.Crawler.Configuration))
	if err != nil {
		return err
	}
	ctx, release, err := s.Roles.Assume(ctx, awsapi.Val(d.Crawler.Role), c.ID)
	if err != nil {
		return fmt.Errorf("the role %s can't be assumed: %w", awsapi.Val(d.Crawler.Role), err)
	}
	defer release()
	options, by, err := s.classifiers(ctx, key.account, d)
	if err != nil {
		return err
	}
	if awsapi.Val(d.Crawler.RecrawlPolicy.RecrawlBehavior) == glue.RecrawlBehaviorCrawlEventMode {
		log("INFO", "No history of events is kept: everything under the targets is listed instead")
	}
	inv, err := s.list(ctx, d, log)
	if err != nil {
		return err
	}
	unread, err := s.recall(ctx, key, d, inv, by)
	if err != nil {
		return err
	}
	log("INFO", "Reading %d of %d files; %d have not changed since they were last read", len(unread), len(inv.files), len(inv.files)-len(unread))
	for i, f := range unread {
		if i == mostNames {
			log("INFO", "... and %d more", len(unread)-i)
			break
		}
		log("INFO", "Reading %s", f.url())
	}
	if err := s.read(ctx, unread, options, r, log); err != nil {
		return err
	}
	for _, f := range inv.files {
		for _, w := range f.result.Warnings {
			if w.Line > 0 {
				log("WARN", "%s, line %d: %s", f.url(), w.Line, w.Text)
			} else {
				log("WARN", "%s: %s", f.url(), w.Text)
			}
		}
	}
	lay := &layout{combine: conf.combine, level: conf.level, warn: func(format string, args ...any) { log("WARN", format, args...) }}
	for _, root := range inv.roots {
		lay.add(root)
	}
	if conf.threshold > 0 && len(lay.tables) > conf.threshold {
		return fmt.Errorf("%d tables were found, more than the TableThreshold of %d; nothing was written", len(lay.tables), conf.threshold)
	}
	log("BENCHMARK", "Classification complete, writing results to database %s", awsapi.Val(d.Crawler.DatabaseName))
	log("INFO", "Crawler configured with Configuration %s and SchemaChangePolicy {\"UpdateBehavior\":\"%s\",\"DeleteBehavior\":\"%s\"}",
		orEmpty(awsapi.Val(d.Crawler.Configuration)), *d.Crawler.SchemaChangePolicy.UpdateBehavior, *d.Crawler.SchemaChangePolicy.DeleteBehavior)
	w := &writer{s: s, key: key, crawl: c, d: &d.Crawler, conf: conf, log: log}
	if err := w.write(ctx, lay.tables, inv); err != nil {
		return err
	}
	if err := s.remember(ctx, key, inv, by); err != nil {
		return err
	}
	if t := c.Summary.Table.String(); t != "" {
		log("BENCHMARK", "Run Summary For TABLE: %s", t)
	}
	if p := c.Summary.Partition.String(); p != "" {
		log("BENCHMARK", "Run Summary For PARTITION: %s", p)
	}
	log("BENCHMARK", "Finished writing to Catalog")
	return nil
}

func orEmpty(s string) string {
	if s == "" {
		return "{}"
	}
	return s
}

// writer brings the catalog in line with what was found.
type writer struct {
	s     *Service
	key   runKey
	crawl *crawlDoc
	d     *glue.Crawler
	conf  configuration
	log   logger

	db       string
	existing []*glue.Table
	taken    map[string]bool // names that this crawl or other tables have
}

func (w *writer) warn(format string, args ...any) { w.log("WARN", format, args...) }

func (w *writer) logsUpdates() bool {
	return *w.d.SchemaChangePolicy.UpdateBehavior == glue.UpdateBehaviorLog
}

// owns: the crawler has written this table, or nobody says who has.
func (w *writer) owns(t *glue.Table) bool {
	by := t.Parameters["UPDATED_BY_CRAWLER"]
	return by == w.key.crawler || by == ""
}

func (w *writer) authorize(ctx context.Context, action, table string) error {
	c := awsapi.CallerFrom(ctx)
	base := fmt.Sprintf("arn:aws:glue:%s:%s:", c.Region, c.Account)
	resources := []string{base + "catalog", base + "database/" + w.db}
	if table != "" {
		resources = append(resources, base+"table/"+w.db+"/"+table)
	}
	for _, r := range resources {
		if err := w.s.Roles.Authorize(ctx, action, r); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) write(ctx context.Context, tables []*foundTable, inv *inventory) error {
	w.db = strings.ToLower(awsapi.Val(w.d.DatabaseName))
	if w.db == "" {
		w.db = "default"
	}
	if err := w.openDatabase(ctx); err != nil {
		return err
	}
	w.taken = map[string]bool{}
	byLocation := map[string]*glue.Table{}
	for _, t := range w.existing {
		w.taken[*t.Name] = true
		if t.StorageDescriptor == nil || !w.owns(t) {
			continue
		}
		at := sameLocation(awsapi.Val(t.StorageDescriptor.Location))
		if old := byLocation[at]; old == nil || old.Parameters["UPDATED_BY_CRAWLER"] == "" {
			byLocation[at] = t
		}
	}
	seen := map[string]bool{}
	for _, t := range tables {
		at := sameLocation(t.location)
		if seen[at] {
			continue // two targets lead there
		}
		seen[at] = true
		if err := w.table(ctx, t, byLocation[at]); err != nil {
			return fmt.Errorf("writing the table of %s: %w", t.location, err)
		}
	}
	return w.vanished(ctx, seen)
}

// openDatabase makes the database if it is not there, and reads its tables.
func (w *writer) openDatabase(ctx context.Context) error {
	if err := w.authorize(ctx, "glue:GetDatabase", ""); err != nil {
		return err
	}
	_, err := w.s.Catalog.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &w.db})
	if awsapi.IsCode(err, "EntityNotFoundException") {
		if err := w.authorize(ctx, "glue:CreateDatabase", ""); err != nil {
			return err
		}
		_, err = w.s.Catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: &w.db}})
		if err == nil {
			w.log("INFO", "Created database %s", w.db)
		}
	}
	if err != nil {
		return err
	}
	if err := w.authorize(ctx, "glue:GetTables", "*"); err != nil {
		return err
	}
	for in := (&glue.GetTablesInput{DatabaseName: &w.db}); ; {
		page, err := w.s.Catalog.GetTables(ctx, in)
		if err != nil {
			return err
		}
		w.existing = append(w.existing, page.TableList...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return nil
		}
	}
}

// exclusionsOf are those of the targets that a table lies under: readers of the table honour them.
func (w *writer) exclusionsOf(location string) []string {
	var all []string
	for _, t := range w.d.Targets.S3Targets {
		root := sameLocation(awsapi.Val(t.Path))
		if !within(location, root) {
			continue
		}
		for _, x := range t.Exclusions {
			all = append(all, root+"/"+strings.TrimPrefix(x, "/"))
		}
	}
	return all
}

// within reports whether a location is a folder or lies below it.
func within(location, root string) bool {
	return sameLocation(location) == sameLocation(root) || strings.HasPrefix(location, sameLocation(root)+"/")
}

// table writes one table with its partitions, in one piece.
func (w *writer) table(ctx context.Context, t *foundTable, old *glue.Table) error {
	sh := shapeOf(t, w.warn)
	if old == nil {
		return w.create(ctx, t, &sh)
	}
	return w.update(ctx, t, &sh, old)
}

// input is the table as the data has it.
func (w *writer) input(t *foundTable, sh *shape, name string) *glue.TableInput {
	parameters := sh.parameters(w.key.crawler, sh.figures(allFiles(t)), w.exclusionsOf(t.location))
	in := &glue.TableInput{
		Name: &name, Owner: new("owner"), Retention: new(int32(0)), TableType: new("EXTERNAL_TABLE"), Parameters: parameters,
		StorageDescriptor: sh.descriptor(t.location, sh.columns, maps.Clone(parameters)), PartitionKeys: []*glue.Column{},
	}
	for _, k := range t.keys {
		in.PartitionKeys = append(in.PartitionKeys, &glue.Column{Name: new(k), Type: new("string")})
	}
	return in
}

// partitions are a table's partitions. sd is the table's own descriptor, which they take their schema from.
func (w *writer) partitions(t *foundTable, sh *shape, sd *glue.StorageDescriptor) []*glue.PartitionInput {
	if len(t.keys) == 0 {
		return nil
	}
	var all []*glue.PartitionInput
	for _, lf := range t.leaves {
		parameters := sh.parameters(w.key.crawler, sh.figures(lf.files), nil)
		delete(parameters, "UPDATED_BY_CRAWLER")
		p := &glue.PartitionInput{Values: t.values(lf), Parameters: parameters}
		if w.conf.inherit {
			inherited := *sd
			inherited.Location = new(lf.dir.url())
			inherited.Parameters = maps.Clone(parameters)
			p.StorageDescriptor = &inherited
		} else {
			p.StorageDescriptor = sh.descriptor(lf.dir.url(), named(sh.merge(lf.files)), maps.Clone(parameters))
		}
		all = append(all, p)
	}
	return all
}

func (w *writer) explain(t *foundTable, sh *shape, name string) {
	w.log("INFO", "Table %s is %s: %s", name, t.location, t.why)
	if sh.format.classification == classify.CSVFormat {
		is := "is"
		if !sh.header {
			is = "is not"
		}
		w.log("INFO", "Table %s: the first line of its files %s a header, because %s", name, is, sh.why)
		if sh.quoted {
			w.log("INFO", "Table %s: some values are quoted", name)
		}
	}
	sh.otherOrder(allFiles(t), w.warn)
	w.oddValues(t, sh, name)
}

// oddValues says which values made columns of a table string.
func (w *writer) oddValues(t *foundTable, sh *shape, name string) {
	said := map[string]bool{}
	for _, f := range allFiles(t) {
		if f.result.CSV == nil || !formatOf(f).readsAs(sh.format) {
			continue
		}
		fields := named(unique(f.result.CSV.Fields(sh.header)))
		for _, odd := range f.result.CSV.Odd {
			column := fields[odd.Column].Name
			if said[column] || len(said) == mostNames || fields[odd.Column].Type.String() != "string" {
				continue
			}
			said[column] = true
			w.log("INFO", "Table %s: column %s is string because of '%s' in line %d of %s; its values before (%d) are %s", name, column, odd.Value, odd.Line, f.url(), odd.Before, odd.Type)
		}
	}
}

func (w *writer) create(ctx context.Context, t *foundTable, sh *shape) error {
	name := tableName(awsapi.Val(w.d.TablePrefix), t.base)
	if w.taken[name] {
		hashed := hashedName(name, sameLocation(t.location))
		w.log("INFO", "The name %s is taken, the table of %s becomes %s", name, t.location, hashed)
		name = hashed
	}
	w.taken[name] = true
	w.explain(t, sh, name)
	in := w.input(t, sh, name)
	b := catalog.Batch{Database: w.db, Create: in, Put: w.partitions(t, sh, in.StorageDescriptor)}
	if len(t.keys) > 0 && w.conf.createIndex {
		b.Indexes = []*glue.PartitionIndex{{IndexName: new("crawler_partition_index"), Keys: t.keys}}
	}
	if err := w.apply(ctx, "glue:CreateTable", name, b); err != nil {
		return err
	}
	w.log("INFO", "Created table %s in database %s", name, w.db)
	w.crawl.Summary.Table.Add.add(name)
	for _, p := range b.Put {
		w.crawl.Summary.Partition.Add.add(name + " " + strings.Join(p.Values, "/"))
	}
	return nil
}

func (w *writer) apply(ctx context.Context, action, table string, b catalog.Batch) error {
	if err := w.authorize(ctx, action, table); err != nil {
		return err
	}
	if len(b.Put) > 0 {
		if err := w.authorize(ctx, "glue:BatchCreatePartition", table); err != nil {
			return err
		}
	}
	return w.s.Catalog.Apply(ctx, b)
}

// update compares a table with what the data says, and changes it as the crawler's policy allows.
func (w *writer) update(ctx context.Context, t *foundTable, sh *shape, old *glue.Table) error {
	name := *old.Name
	w.taken[name] = true
	if !sh.format.known() {
		w.warn("Nothing under %s can be read any more: table %s stays as it is", t.location, name)
		return nil
	}
	existing, err := w.existingPartitions(ctx, name)
	if err != nil {
		return err
	}
	wanted := w.wanted(t, sh, old)
	if wanted == nil {
		return w.deprecate(ctx, old)
	}
	b := catalog.Batch{Database: w.db, Table: name}
	tableChanged := !sameTable(old, wanted)
	keysChanged := !sameColumns(old.PartitionKeys, wanted.PartitionKeys)
	switch {
	case keysChanged && w.logsUpdates():
		w.warn("The partition keys of table %s have changed; the policy is to log that only", name)
		return nil
	case keysChanged:
		// Partitions of other keys mean nothing: they go, and the table is made anew, in one transaction.
		w.log("INFO", "The partition keys of table %s have changed from %s to %s: it is made anew", name, columnNames(old.PartitionKeys), columnNames(wanted.PartitionKeys))
		return w.remake(ctx, t, sh, wanted)
	case tableChanged && w.logsUpdates():
		w.log("INFO", "Table %s differs from its data; the policy is to log that only", name)
		tableChanged = false
		wanted = inputOf(old)
	}
	if tableChanged {
		b.Update, b.Expect = wanted, *old.VersionId
	}
	w.diffPartitions(t, sh, wanted, existing, &b)
	if b.Update == nil && len(b.Put) == 0 && len(b.Drop) == 0 {
		return nil
	}
	w.explain(t, sh, name)
	action := "glue:BatchCreatePartition"
	if b.Update != nil {
		action = "glue:UpdateTable"
	}
	if err := w.apply(ctx, action, name, b); err != nil {
		return err
	}
	if b.Update != nil {
		w.log("INFO", "Updated table %s in database %s", name, w.db)
		w.crawl.Summary.Table.Update.add(name)
	}
	for _, p := range b.Put {
		label := name + " " + strings.Join(p.Values, "/")
		switch was := existing[partitionID(p.Values)]; {
		case was == nil:
			w.crawl.Summary.Partition.Add.add(label)
		default:
			w.crawl.Summary.Partition.Update.add(label)
		}
	}
	for _, v := range b.Drop {
		w.crawl.Summary.Partition.Delete.add(name + " " + strings.Join(v, "/"))
	}
	return nil
}

// wanted is what the table should become; nil when a merging crawler can't follow the data.
func (w *writer) wanted(t *foundTable, sh *shape, old *glue.Table) *glue.TableInput {
	fresh := w.input(t, sh, *old.Name)
	in := inputOf(old)
	if w.conf.merge {
		for _, p := range []string{"classification", "compressionType", "delimiter"} {
			was := old.Parameters[p]
			if p == "compressionType" && was != "" && slices.ContainsFunc(allFiles(t), func(f *foundFile) bool { return f.result.Compression == was }) {
				continue // some files still are as they were
			}
			if was != "" && was != classify.Unknown && fresh.Parameters[p] != "" && was != fresh.Parameters[p] {
				w.warn("Cannot merge new columns into the table %s in database %s because the parameter '%s' has changed.", *old.Name, w.db, p)
				return nil
			}
		}
	}
	parameters := maps.Clone(in.Parameters)
	if parameters == nil {
		parameters = map[string]string{}
	}
	delete(parameters, "DEPRECATED_BY_CRAWLER")
	delete(parameters, "skip.header.line.count")
	maps.Copy(parameters, fresh.Parameters)
	in.Parameters = parameters
	sd := *fresh.StorageDescriptor
	sd.Location = old.StorageDescriptor.Location
	if w.conf.merge {
		sd = *old.StorageDescriptor
		sd.Columns = w.mergedColumns(old, sh)
		sdParameters := maps.Clone(sd.Parameters)
		if sdParameters == nil {
			sdParameters = map[string]string{}
		}
		delete(sdParameters, "skip.header.line.count")
		maps.Copy(sdParameters, fresh.StorageDescriptor.Parameters)
		sd.Parameters = sdParameters
		if sd.SerdeInfo == nil || awsapi.Val(sd.SerdeInfo.SerializationLibrary) == "" {
			sd.InputFormat, sd.OutputFormat, sd.SerdeInfo = fresh.StorageDescriptor.InputFormat, fresh.StorageDescriptor.OutputFormat, fresh.StorageDescriptor.SerdeInfo
		}
	} else {
		// Comments are written by people.
		comments := map[string]*string{}
		for _, c := range old.StorageDescriptor.Columns {
			comments[awsapi.Val(c.Name)] = c.Comment
		}
		for _, c := range sd.Columns {
			c.Comment = comments[*c.Name]
		}
	}
	in.StorageDescriptor = &sd
	in.PartitionKeys = fresh.PartitionKeys
	// Types and comments of partition keys are the table's: a key may have been declared an int.
	if len(in.PartitionKeys) == len(old.PartitionKeys) {
		for i, c := range in.PartitionKeys {
			if awsapi.Val(old.PartitionKeys[i].Name) == *c.Name {
				in.PartitionKeys[i] = old.PartitionKeys[i]
			}
		}
	}
	return in
}

// mergedColumns are the table's columns with those behind them that only the data has.
func (w *writer) mergedColumns(old *glue.Table, sh *shape) []*glue.Column {
	have := make([]schema.Field, 0, len(old.StorageDescriptor.Columns))
	for _, c := range old.StorageDescriptor.Columns {
		typ, err := schema.Parse(awsapi.Val(c.Type))
		if err != nil {
			typ = schema.Of(awsapi.Val(c.Type)) // kept as it is
		}
		have = append(have, schema.Field{Name: awsapi.Val(c.Name), Type: typ})
	}
	merged := schema.Append(have, sh.columns)
	out := slices.Clone(old.StorageDescriptor.Columns)
	for i, f := range merged {
		switch {
		case i >= len(out):
			out = append(out, &glue.Column{Name: new(f.Name), Type: new(f.Type.String())})
		case f.Type != have[i].Type: // a nested field was added
			c := *out[i]
			c.Type = new(f.Type.String())
			out[i] = &c
		}
	}
	return out
}

// inputOf is a stored table as an input.
func inputOf(t *glue.Table) *glue.TableInput {
	return &glue.TableInput{
		Name: t.Name, Description: t.Description, Owner: t.Owner, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
		Retention: t.Retention, StorageDescriptor: t.StorageDescriptor, PartitionKeys: t.PartitionKeys, ViewOriginalText: t.ViewOriginalText,
		ViewExpandedText: t.ViewExpandedText, TableType: t.TableType, Parameters: t.Parameters, TargetTable: t.TargetTable,
	}
}

func sameTable(old *glue.Table, in *glue.TableInput) bool {
	return same(old.StorageDescriptor, in.StorageDescriptor) && maps.Equal(old.Parameters, in.Parameters) && sameColumns(old.PartitionKeys, in.PartitionKeys)
}

// same compares as JSON, where what is absent is absent.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		return reflect.DeepEqual(a, b)
	}
	return string(x) == string(y)
}

func sameColumns(a, b []*glue.Column) bool {
	return slices.EqualFunc(a, b, func(x, y *glue.Column) bool { return awsapi.Val(x.Name) == awsapi.Val(y.Name) })
}

func columnNames(all []*glue.Column) string {
	if len(all) == 0 {
		return "none"
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = awsapi.Val(c.Name)
	}
	return strings.Join(names, ", ")
}

func partitionID(values []string) string { return strings.Join(values, "\x00") }

func (w *writer) existingPartitions(ctx context.Context, name string) (map[string]*glue.Partition, error) {
	if err := w.authorize(ctx, "glue:GetPartitions", name); err != nil {
		return nil, err
	}
	all := map[string]*glue.Partition{}
	for in := (&glue.GetPartitionsInput{DatabaseName: &w.db, TableName: &name}); ; {
		page, err := w.s.Catalog.GetPartitions(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Partitions {
			all[partitionID(p.Values)] = p
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return all, nil
		}
	}
}

// diffPartitions adds to the batch what partitions are to be made, changed and removed.
func (w *writer) diffPartitions(t *foundTable, sh *shape, in *glue.TableInput, existing map[string]*glue.Partition, b *catalog.Batch) {
	found := map[string]bool{}
	for _, p := range w.partitions(t, sh, in.StorageDescriptor) {
		id := partitionID(p.Values)
		found[id] = true
		old := existing[id]
		if old != nil && (w.logsUpdates() || same(old.StorageDescriptor, p.StorageDescriptor) && maps.Equal(old.Parameters, p.Parameters)) {
			continue
		}
		b.Put = append(b.Put, p)
	}
	for id, p := range existing {
		// Partitions elsewhere were put there by someone else.
		if found[id] || p.StorageDescriptor == nil || !within(awsapi.Val(p.StorageDescriptor.Location), t.location) {
			continue
		}
		label := *p.TableName + " " + strings.Join(p.Values, "/")
		switch *w.d.SchemaChangePolicy.DeleteBehavior {
		case glue.DeleteBehaviorDeleteFromDatabase:
			b.Drop = append(b.Drop, p.Values)
		case glue.DeleteBehaviorDeprecateInDatabase:
			if p.Parameters["DEPRECATED_BY_CRAWLER"] != "" {
				continue
			}
			parameters := maps.Clone(p.Parameters)
			if parameters == nil {
				parameters = map[string]string{}
			}
			parameters["DEPRECATED_BY_CRAWLER"] = w.millis()
			b.Put = append(b.Put, &glue.PartitionInput{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: parameters, LastAccessTime: p.LastAccessTime, LastAnalyzedTime: p.LastAnalyzedTime})
			w.log("INFO", "Partition %s has no data any more and is deprecated", label)
		default:
			w.log("INFO", "Partition %s has no data any more; the policy is to log that only", label)
		}
	}
}

func (w *writer) millis() string { return fmt.Sprint(w.s.Now().UnixMilli()) }

// remake replaces a table whose partition keys have changed.
func (w *writer) remake(ctx context.Context, t *foundTable, sh *shape, in *glue.TableInput) error {
	name := *in.Name
	b := catalog.Batch{Database: w.db, Replace: true, Create: in, Put: w.partitions(t, sh, in.StorageDescriptor)}
	if err := w.authorize(ctx, "glue:DeleteTable", name); err != nil {
		return err
	}
	if err := w.apply(ctx, "glue:CreateTable", name, b); err != nil {
		return err
	}
	w.log("INFO", "Updated table %s in database %s", name, w.db)
	w.crawl.Summary.Table.Update.add(name)
	for _, p := range b.Put {
		w.crawl.Summary.Partition.Add.add(name + " " + strings.Join(p.Values, "/"))
	}
	return nil
}

// vanished treats the crawler's own tables whose data is gone.
func (w *writer) vanished(ctx context.Context, seen map[string]bool) error {
	for _, t := range w.existing {
		if t.Parameters["UPDATED_BY_CRAWLER"] != w.key.crawler || t.StorageDescriptor == nil {
			continue
		}
		location := awsapi.Val(t.StorageDescriptor.Location)
		if seen[sameLocation(location)] || !w.targeted(location) {
			continue
		}
		switch *w.d.SchemaChangePolicy.DeleteBehavior {
		case glue.DeleteBehaviorDeleteFromDatabase:
			if err := w.apply(ctx, "glue:DeleteTable", *t.Name, catalog.Batch{Database: w.db, Table: *t.Name, Delete: true}); err != nil {
				return err
			}
			w.log("INFO", "Deleted table %s in database %s: its data is gone", *t.Name, w.db)
			w.crawl.Summary.Table.Delete.add(*t.Name)
		case glue.DeleteBehaviorDeprecateInDatabase:
			if err := w.deprecate(ctx, t); err != nil {
				return err
			}
		default:
			w.log("INFO", "The data of table %s is gone; the policy is to log that only", *t.Name)
		}
	}
	return nil
}

func (w *writer) targeted(location string) bool {
	for _, t := range w.d.Targets.S3Targets {
		if within(location, sameLocation(awsapi.Val(t.Path))) {
			return true
		}
	}
	return false
}

func (w *writer) deprecate(ctx context.Context, t *glue.Table) error {
	if t.Parameters["DEPRECATED_BY_CRAWLER"] != "" {
		return nil
	}
	in := inputOf(t)
	in.Parameters = maps.Clone(in.Parameters)
	if in.Parameters == nil {
		in.Parameters = map[string]string{}
	}
	in.Parameters["DEPRECATED_BY_CRAWLER"] = w.millis()
	if err := w.apply(ctx, "glue:UpdateTable", *t.Name, catalog.Batch{Database: w.db, Update: in, Expect: *t.VersionId}); err != nil {
		return err
	}
	w.warn("Table %s in database %s is deprecated", *t.Name, w.db)
	w.crawl.Summary.Table.Update.add(*t.Name)
	return nil
}
