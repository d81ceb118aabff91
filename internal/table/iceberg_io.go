package table

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	icebergio "github.com/apache/iceberg-go/io"
	icetable "github.com/apache/iceberg-go/table"

	"tarn/api/glue"
)

// lakeIO lets iceberg-go read objects as the local files they are. Writing
// goes its own way: files are adopted, not copied.
type lakeIO struct {
	ctx  context.Context //nolint:containedctx // iceberg-go's IO takes none
	lake Lake
}

var _ icebergio.IO = lakeIO{}

func (l lakeIO) Open(name string) (icebergio.File, error) {
	bucket, key, err := parseLocation(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	pin, err := l.lake.Open(l.ctx, bucket, key)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f, err := os.Open(pin.Path)
	if err != nil {
		pin.Close()
		return nil, err
	}
	return &pinnedFile{File: f, pin: pin}, nil
}

func (l lakeIO) Remove(name string) error {
	return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrPermission}
}

// pinnedFile lets its pin go when it is closed.
type pinnedFile struct {
	*os.File
	pin Pinned
}

func (f *pinnedFile) Close() error {
	err := f.File.Close()
	f.pin.Close()
	return err
}

// loadIceberg reads the metadata that the catalog points to.
func loadIceberg(ctx context.Context, lake Lake, t *glue.Table) (*icetable.Table, error) {
	location := t.Parameters["metadata_location"]
	if location == "" {
		return nil, &Error{Table: nameOf(t), Message: "it has no metadata_location", Hint: "the table was not created by an Iceberg client"}
	}
	load := func(ctx context.Context) (icebergio.IO, error) { return lakeIO{ctx, lake}, nil }
	out, err := icetable.NewFromLocation(ctx, icetable.Identifier{val(t.DatabaseName), val(t.Name)}, location, load, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: read Iceberg metadata %s: %w", nameOf(t), location, err)
	}
	return out, nil
}
