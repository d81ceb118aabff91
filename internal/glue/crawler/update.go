package crawler

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/crawler/classify"
	"tarn/internal/glue/crawler/schema"
)

func (w *writer) logsUpdates() bool {
	return *w.d.SchemaChangePolicy.UpdateBehavior == glue.UpdateBehaviorLog
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
