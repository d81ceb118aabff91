package table

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"

	"tarn/api/glue"
	"tarn/internal/awsapi"
)

// keptFile is a data file of the present snapshot that the next one keeps.
type keptFile struct {
	entry iceberg.ManifestEntry
}

// attempts bound how often a commit that lost a race is tried again.
const attempts = 5

// staged is a commit that is written and not yet published.
type staged struct {
	location string
	snapshot int64
	meta     icetable.Metadata
	gone     []icetable.Snapshot // expired by it
}

// commit writes manifest, manifest list and metadata, and hands the metadata
// to the catalog.
func (l *landing) commit(ctx context.Context, files []*dataFile) (done staged, err error) {
	started, stored := l.base, len(l.put)
	for try := range attempts {
		if try > 0 {
			// What the lost try wrote refers to nothing now.
			if err := l.w.lake.Delete(ctx, l.bucket, l.put[stored:]...); err != nil {
				return staged{}, err
			}
			l.put = l.put[:stored]
			// Someone else's change of the catalog's entry. If it also changed
			// the table, only a full replacement may go on top of it.
			if err := l.loadBase(ctx); err != nil {
				return staged{}, err
			}
			if !l.mayFollow(started) {
				return staged{}, &ConflictError{Table: l.Database + "." + l.Table}
			}
		}
		done, err = l.stage(ctx, files)
		if err != nil {
			return staged{}, err
		}
		if err = l.publish(ctx, done.location); err == nil {
			return done, nil
		}
		if !awsapi.IsCode(err, "ConcurrentModificationException") && !awsapi.IsCode(err, "AlreadyExistsException") {
			if l.published(ctx, done.location) {
				return done, nil
			}
			return staged{}, err
		}
	}
	return staged{}, &ConflictError{Table: l.Database + "." + l.Table, Err: err}
}

// mayFollow says whether what was prepared on top of started still holds on
// top of the newly loaded base.
func (l *landing) mayFollow(started *icetable.Table) bool {
	if l.base == nil || started == nil {
		return l.base == nil && started == nil
	}
	if l.base.MetadataLocation() == started.MetadataLocation() {
		return true
	}
	if l.Mode != Replace {
		return false
	}
	// The data files carry field ids: they must mean the same still.
	b := &schemaBuilder{last: l.base.Metadata().LastColumnID()}
	again, err := b.build(l.columns, l.base.Schema())
	return err == nil && again.Equals(l.schema)
}

// stage writes everything but the catalog's entry.
func (l *landing) stage(ctx context.Context, files []*dataFile) (out staged, err error) {
	b, err := l.metadataBuilder()
	if err != nil {
		return staged{}, fmt.Errorf("%s.%s: %w", l.Database, l.Table, err)
	}
	version := 0
	var sequence int64 = 1
	var parent *int64
	if l.base != nil {
		version = metadataVersion(l.base.MetadataLocation()) + 1
		sequence = l.base.Metadata().LastSequenceNumber() + 1
		if s := l.base.CurrentSnapshot(); s != nil {
			parent = &s.SnapshotID
		}
	}
	id := l.w.newID()
	snapshotID := int64(binary.BigEndian.Uint64(id[:8]) >> 1)
	list, err := l.writeManifests(ctx, b, files, snapshotID, sequence, parent)
	if err != nil {
		return staged{}, err
	}
	at := max(l.w.now().UnixMilli(), b.LastUpdatedMS())
	if l.base != nil {
		at = max(at, l.base.Metadata().LastUpdatedMillis())
	}
	schemaID := b.CurrentSchema().ID
	snapshot := &icetable.Snapshot{
		SnapshotID: snapshotID, ParentSnapshotID: parent, SequenceNumber: sequence, TimestampMs: at,
		ManifestList: list, SchemaID: &schemaID, Summary: l.summary(files),
	}
	if l.version() >= 3 { // every row has an id
		rows := int64(0)
		for _, f := range files {
			rows += f.rows
		}
		for _, k := range l.keep {
			rows += k.entry.DataFile().Count()
		}
		snapshot.FirstRowID, snapshot.AddedRows = new(b.NextRowID()), &rows
	}
	if err := b.AddSnapshot(snapshot); err != nil {
		return staged{}, err
	}
	if err := b.SetSnapshotRef(icetable.MainBranch, snapshotID, icetable.BranchRef); err != nil {
		return staged{}, err
	}
	if l.base != nil {
		if out.gone, err = l.expired(b, *snapshot); err != nil {
			return staged{}, fmt.Errorf("expire snapshots: %w", err)
		}
	}
	meta, err := b.Build()
	if err != nil {
		return staged{}, err
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return staged{}, err
	}
	key := path.Join(l.prefix, "metadata", fmt.Sprintf("%05d-%s.metadata.json", version, id))
	if err := l.putBytes(ctx, key, text); err != nil {
		return staged{}, err
	}
	out.location, out.snapshot, out.meta = "s3://"+l.bucket+"/"+key, snapshotID, meta
	return out, nil
}

// expired takes old snapshots out of the next metadata, whose branch is at the
// new snapshot.
func (l *landing) expired(b *icetable.MetadataBuilder, added icetable.Snapshot) ([]icetable.Snapshot, error) {
	meta := l.base.Metadata()
	props := iceberg.Properties{}
	maps.Copy(props, meta.Properties())
	maps.Copy(props, l.Properties)
	refs := maps.Collect(meta.Refs())
	main := refs[icetable.MainBranch]
	main.SnapshotID, main.SnapshotRefType = added.SnapshotID, icetable.BranchRef
	refs[icetable.MainBranch] = main
	return expire(b, props, refs, append(slices.Clone(meta.Snapshots()), added), added.TimestampMs)
}

// version is the format's, of the table as it is or will be.
func (l *landing) version() int {
	if l.base == nil {
		return 2
	}
	return max(2, l.base.Metadata().Version())
}

// metadataBuilder starts the table's next metadata: schema, spec, properties.
func (l *landing) metadataBuilder() (*icetable.MetadataBuilder, error) {
	var b *icetable.MetadataBuilder
	var err error
	if l.base == nil {
		if b, err = icetable.NewMetadataBuilder(2); err == nil {
			err = errors.Join(b.SetUUID(l.w.newID()), b.SetLoc(l.location()))
		}
	} else {
		b, err = icetable.MetadataBuilderFromBase(l.base.Metadata(), l.base.MetadataLocation())
		if err == nil && l.base.Metadata().Version() < l.version() {
			err = b.SetFormatVersion(l.version())
		}
	}
	if err != nil {
		return nil, err
	}
	if err := b.AddSchema(l.schema); err != nil {
		return nil, err
	}
	if err := b.SetCurrentSchemaID(-1); err != nil {
		return nil, err
	}
	if err := b.AddPartitionSpec(&l.spec, l.base == nil); err != nil {
		return nil, err
	}
	if err := b.SetDefaultSpecID(-1); err != nil {
		return nil, err
	}
	if l.base == nil {
		order := icetable.UnsortedSortOrder
		if err := b.AddSortOrder(&order); err != nil {
			return nil, err
		}
		if err := b.SetDefaultSortOrderID(-1); err != nil {
			return nil, err
		}
	}
	properties := iceberg.Properties{}
	if l.base == nil {
		maps.Copy(properties, iceberg.Properties{
			"write.format.default":            "parquet",
			"write.parquet.compression-codec": "zstd",
			"commit.retry.num-retries":        "4",
		})
	}
	maps.Copy(properties, l.Properties)
	if len(properties) > 0 {
		if err := b.SetProperties(properties); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// writeManifests writes the new files' manifest, one of the kept files for
// each of their specs, and the list of both.
func (l *landing) writeManifests(ctx context.Context, b *icetable.MetadataBuilder, files []*dataFile, snapshot, sequence int64, parent *int64) (string, error) {
	var manifests []iceberg.ManifestFile
	write := func(spec iceberg.PartitionSpec, entries []iceberg.ManifestEntry) error {
		var out bytes.Buffer
		key := path.Join(l.prefix, "metadata", fmt.Sprintf(ownFiles+"%s-m%d.avro", l.w.newID(), len(manifests)))
		m, err := iceberg.WriteManifest("s3://"+l.bucket+"/"+key, &out, l.version(), spec, b.CurrentSchema(), snapshot, entries)
		if err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
		manifests = append(manifests, m)
		return l.putBytes(ctx, key, out.Bytes())
	}
	spec, err := b.CurrentSpec()
	if err != nil {
		return "", err
	}
	if len(files) > 0 {
		entries := make([]iceberg.ManifestEntry, len(files))
		for i, f := range files {
			entry, err := l.rebind(f, *spec)
			if err != nil {
				return "", err
			}
			entries[i] = iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &snapshot, nil, nil, entry)
		}
		if err := write(*spec, entries); err != nil {
			return "", err
		}
	}
	if len(l.keep) > 0 {
		entries := make([]iceberg.ManifestEntry, len(l.keep))
		for i, k := range l.keep {
			was, seq := k.entry.SnapshotID(), k.entry.SequenceNum()
			entries[i] = iceberg.NewManifestEntry(iceberg.EntryStatusEXISTING, &was, &seq, k.entry.FileSequenceNum(), k.entry.DataFile())
		}
		if err := write(*spec, entries); err != nil {
			return "", err
		}
	}
	var out bytes.Buffer
	if err := iceberg.WriteManifestList(l.version(), &out, snapshot, parent, &sequence, b.NextRowID(), manifests); err != nil {
		return "", fmt.Errorf("write manifest list: %w", err)
	}
	key := path.Join(l.prefix, "metadata", fmt.Sprintf(ownFiles+"snap-%d-%s.avro", snapshot, l.w.newID()))
	return "s3://" + l.bucket + "/" + key, l.putBytes(ctx, key, out.Bytes())
}

// rebind gives a data file the spec id and field ids that the metadata gave
// its spec; they differ once a table has had other specs.
func (l *landing) rebind(f *dataFile, spec iceberg.PartitionSpec) (iceberg.DataFile, error) {
	same := spec.ID() == l.spec.ID()
	for i := range spec.NumFields() {
		same = same && spec.Field(i).FieldID == l.spec.Field(i).FieldID
	}
	if same {
		return f.entry, nil
	}
	values, logical := map[int]any{}, map[int]string{}
	for i := range spec.NumFields() {
		field := spec.Field(i)
		values[field.FieldID] = f.values[l.spec.Field(i).FieldID]
		source, _ := l.schema.FindFieldByID(field.SourceID())
		switch field.Transform.ResultType(source.Type).(type) {
		case iceberg.DateType:
			logical[field.FieldID] = "date"
		case iceberg.TimestampType, iceberg.TimestampTzType:
			logical[field.FieldID] = "timestamp-micros"
		}
	}
	e := f.entry
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, e.FilePath(), iceberg.ParquetFile, values, logical, nil, e.Count(), e.FileSizeBytes())
	if err != nil {
		return nil, err
	}
	return b.ColumnSizes(e.ColumnSizes()).ValueCounts(e.ValueCounts()).NullValueCounts(e.NullValueCounts()).
		LowerBoundValues(e.LowerBoundValues()).UpperBoundValues(e.UpperBoundValues()).Build(), nil
}

func (l *landing) summary(files []*dataFile) *icetable.Summary {
	var added, size, kept, keptSize int64
	for _, f := range files {
		added += f.rows
		size += f.size
	}
	for _, k := range l.keep {
		kept += k.entry.DataFile().Count()
		keptSize += k.entry.DataFile().FileSizeBytes()
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	p := iceberg.Properties{
		"added-data-files": strconv.Itoa(len(files)), "added-records": number(added), "added-files-size": number(size),
		"total-data-files": strconv.Itoa(len(files) + len(l.keep)), "total-records": number(added + kept), "total-files-size": number(size + keptSize),
		"total-delete-files": "0", "total-position-deletes": "0", "total-equality-deletes": "0",
	}
	operation := icetable.OpAppend
	if l.base != nil && l.base.CurrentSnapshot() != nil {
		operation = icetable.OpOverwrite
		p["deleted-records"] = number(max(0, totalRecords(l.base)-kept))
	}
	return &icetable.Summary{Operation: operation, Properties: p}
}

// metadataVersion reads the number that a metadata file's name starts with.
func metadataVersion(location string) int {
	name := path.Base(location)
	digits, _, _ := strings.Cut(strings.TrimPrefix(name, "v"), "-")
	digits, _, _ = strings.Cut(digits, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// publish makes the metadata the table's: the one step that readers see.
func (l *landing) publish(ctx context.Context, location string) error {
	columns, err := catalogColumns(l.schema)
	if err != nil {
		return err
	}
	parameters := map[string]string{}
	input := &glue.TableInput{Name: new(l.Table), TableType: new("EXTERNAL_TABLE"), Parameters: parameters, PartitionKeys: []*glue.Column{}}
	if l.current != nil {
		maps.Copy(parameters, l.current.Parameters)
		parameters["previous_metadata_location"] = l.current.Parameters["metadata_location"]
		input.Description, input.Owner, input.Retention = l.current.Description, l.current.Owner, l.current.Retention
	}
	maps.Copy(parameters, l.Parameters)
	parameters["table_type"] = "ICEBERG"
	parameters["metadata_location"] = location
	if l.Description != "" {
		input.Description = new(l.Description)
	}
	input.StorageDescriptor = &glue.StorageDescriptor{Columns: columns, Location: new(l.location())}
	if l.current == nil {
		_, err = l.w.catalog.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: new(l.Database), TableInput: input})
		return err
	}
	_, err = l.w.catalog.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: new(l.Database), TableInput: input, VersionId: l.current.VersionId, SkipArchive: new(true)})
	return err
}

// published looks whether a commit that answered an error took place all the
// same.
func (l *landing) published(ctx context.Context, location string) bool {
	t, err := l.w.reader.Table(context.WithoutCancel(ctx), l.Database, l.Table)
	return err == nil && t.Parameters["metadata_location"] == location
}
