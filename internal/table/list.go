package table

import (
	"context"
	"strings"

	"tarn/api/glue"
)

// part is a piece of a table that has one descriptor: the table itself, or one
// of its partitions.
type part struct {
	sd     *glue.StorageDescriptor
	values []PartitionValue
}

// parts returns the table's partitions that expression (the catalog's own
// grammar, "" = all) selects, or the table itself if it is not partitioned.
func (r *Reader) parts(ctx context.Context, t *glue.Table, expression string) ([]part, error) {
	if len(t.PartitionKeys) == 0 {
		return []part{{sd: t.StorageDescriptor}}, nil
	}
	in := &glue.GetPartitionsInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name}
	if expression != "" {
		in.Expression = new(expression)
	}
	var out []part
	for {
		page, err := r.catalog.GetPartitions(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Partitions {
			if len(p.Values) != len(t.PartitionKeys) {
				return nil, &Error{Table: nameOf(t), Message: "a partition has " + strings.Join(p.Values, ", ") + " for its keys", Hint: "delete the partition and crawl again"}
			}
			values := make([]PartitionValue, len(p.Values))
			for i, v := range p.Values {
				values[i] = PartitionValue{Name: val(t.PartitionKeys[i].Name), Value: v, Null: v == hiveNull}
			}
			sd := p.StorageDescriptor
			if sd == nil || val(sd.Location) == "" {
				return nil, &Error{Table: nameOf(t), Message: "partition " + strings.Join(p.Values, "/") + " has no location", Hint: "crawl the table again"}
			}
			out = append(out, part{sd: sd, values: values})
		}
		if val(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// files lists the objects of a part that hold rows. enough stops a preview
// early; it is asked after each file.
func (r *Reader) files(ctx context.Context, name string, p part, exclude func(key string) bool, enough func() bool, add func(File)) error {
	locations := append([]string{val(p.sd.Location)}, p.sd.AdditionalLocations...)
	for _, location := range locations {
		bucket, prefix, err := parseLocation(location)
		if err != nil {
			return &Error{Table: name, Message: err.Error(), Hint: "correct the table's Location"}
		}
		folder := prefix
		if folder != "" && !strings.HasSuffix(folder, "/") {
			folder += "/"
		}
		found := false
		for o, err := range r.lake.List(ctx, bucket, folder) {
			if err != nil {
				return err
			}
			if hidden(strings.TrimPrefix(o.Key, folder)) || o.Size == 0 || exclude(o.Key) {
				continue
			}
			found = true
			add(File{Bucket: bucket, Key: o.Key, Size: o.Size, ETag: o.ETag, Partition: p.values})
			if enough() {
				return nil
			}
		}
		if found || folder == prefix {
			continue
		}
		// A location may also be one object.
		for o, err := range r.lake.List(ctx, bucket, prefix) {
			if err != nil {
				return err
			}
			if o.Key == prefix && o.Size > 0 {
				add(File{Bucket: bucket, Key: o.Key, Size: o.Size, ETag: o.ETag, Partition: p.values})
			}
			break // the object itself sorts first
		}
	}
	return nil
}

// hidden says whether Hive's readers pass over a key: a part of its path
// starts with _ or a dot (_SUCCESS, _temporary/, .hive-staging/).
func hidden(key string) bool {
	for _, p := range strings.Split(key, "/") {
		partition := strings.Contains(p, "=") // _x=1
		if !partition && (strings.HasPrefix(p, "_") || strings.HasPrefix(p, ".")) {
			return true
		}
	}
	return false
}
