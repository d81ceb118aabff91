package crawler

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/crawler/classify"
)

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

func (w *writer) millis() string { return fmt.Sprint(w.s.Now().UnixMilli()) }

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
