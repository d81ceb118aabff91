package table

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"tarn/internal/engine"
)

// castFailed is the engine's word about a value that a cast can't take. Where
// the cast is the query's own it is none of a scan's business.
var castFailed = regexp.MustCompile(`(?s)^Could not convert string '(.*)' to [A-Z0-9_]+(?: when casting from source column .*)?$`)

// parquetLayout is how Parquet files were read: which columns they are cast
// from, since a cast says nothing of the file that it fails in.
type parquetLayout struct {
	casts []parquetCast
}

type parquetCast struct {
	have, sql string // the files' column, and the expression that reads it
	want      Column
}

// probeTime bounds the search for the file that a query failed on.
const probeTime = 30 * time.Second

// explainParquet finds the file and column of an error that the engine gives
// neither for, by reading the files one by one.
func (s *Scan) explainParquet(failed *engine.Error) *Error {
	if s.parquet == nil || s.probe == nil {
		return nil
	}
	if failed.Kind == engine.Conversion {
		return s.findCast(failed)
	}
	if !damaged(failed) {
		return nil
	}
	deadline := time.Now().Add(probeTime)
	for i := range s.Files {
		f := &s.Files[i]
		if strings.Contains(failed.Message, `"`) && !strings.Contains(failed.Message, f.Path) {
			continue // another file is named
		}
		err := s.query("SELECT sum(hash(f)) FROM read_parquet("+engine.QuoteText(f.Path)+", hive_partitioning = false) f", deadline)
		var again *engine.Error
		if errors.As(err, &again) && again.Kind != engine.Cancelled {
			return s.damage(f, again, deadline)
		}
		if time.Now().After(deadline) {
			return nil
		}
	}
	return nil
}

// ofFile is how the engine's errors about a Parquet file read. Only for those
// is it worth reading the files again.
var ofFile = regexp.MustCompile(`(?i)parquet|thrift|TProtocol|decompress|corrupt|don't know what type|read file|magic bytes|dictionary|page|buffer`)

// damaged says whether an error may be one of a broken file.
func damaged(failed *engine.Error) bool {
	switch failed.Kind {
	case engine.IO, engine.InvalidInput, "invalid", "serialization", "not implemented", "unknown", engine.Internal:
		return ofFile.MatchString(failed.Message)
	}
	return false
}

// damage says what is wrong with a file that can't be read.
func (s *Scan) damage(f *LinkedFile, failed *engine.Error, deadline time.Time) *Error {
	what, _, _ := strings.Cut(failed.Message, "\n")
	what = strings.TrimPrefix(what, "Failed to read file "+`"`+f.Path+`": `)
	what = strings.Trim(strings.ReplaceAll(what, f.Path, "it"), ".: ")
	if strings.HasPrefix(what, "don't know what type") {
		what = "its headers can't be decoded"
	}
	out := &Error{Bucket: f.Bucket, Key: f.Key, Message: "the Parquet file is damaged: " + what, Hint: "write or upload the file again"}
	if strings.Contains(what, "magic bytes") || strings.Contains(what, "too small to be a Parquet file") {
		out.Message = "not a whole Parquet file"
		return out
	}
	for _, c := range s.columns {
		if time.Now().After(deadline) {
			break
		}
		err := s.query("SELECT sum(hash("+quote(c)+")) FROM read_parquet("+engine.QuoteText(f.Path)+", hive_partitioning = false)", deadline)
		var again *engine.Error
		if errors.As(err, &again) && damaged(again) {
			out.Column = c
			break
		}
	}
	return out
}

// findCast finds the first value that the declared type of its column does not take.
func (s *Scan) findCast(failed *engine.Error) *Error {
	deadline := time.Now().Add(probeTime)
	paths := make([]*LinkedFile, len(s.Files))
	for i := range s.Files {
		paths[i] = &s.Files[i]
	}
	for _, c := range s.parquet.casts {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		var file, value string
		var row int64
		try := strings.Replace(c.sql, "CAST(", "TRY_CAST(", 1)
		err := s.probe(ctx, fmt.Sprintf("SELECT filename, file_row_number, %s::VARCHAR FROM read_parquet(%s, union_by_name = true, filename = true, file_row_number = true, hive_partitioning = false) WHERE %s IS NOT NULL AND %s IS NULL LIMIT 1",
			quote(c.have), pathList(paths), quote(c.have), try), &file, &row, &value)
		cancel()
		if err != nil {
			continue
		}
		f := s.byPath[file]
		if g := castFailed.FindStringSubmatch(failed.Message); f == nil || g != nil && g[1] != value || g == nil && !strings.Contains(failed.Message, value) {
			continue
		}
		return &Error{Bucket: f.Bucket, Key: f.Key, Column: c.want.Name, Value: value, Message: fmt.Sprintf("%q of row %s is not %s", clip(value, 100), thousands(row+1), article(c.want.Hive)),
			Hint: "correct the file, or the column's type in the catalog"}
	}
	return nil
}

// query runs a statement for its error.
func (s *Scan) query(text string, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	var ignored any
	return s.probe(ctx, text, &ignored)
}

// prober runs statements beside the session that a relation was made with,
// whose transaction may have failed by the time that a file is to be found.
func prober(sess *engine.Session) func(context.Context, string, ...any) error {
	return func(ctx context.Context, text string, dst ...any) error {
		beside, err := sess.Beside(ctx)
		if err != nil {
			return err
		}
		return errors.Join(beside.QueryRow(ctx, text, nil, dst...), beside.Close())
	}
}

// object is the file's address.
func (f *LinkedFile) object() string { return "s3://" + f.Bucket + "/" + f.Key }

// named finds the file whose link a text mentions. Links are numbered: none is
// the beginning of another.
func (s *Scan) named(text string) *LinkedFile {
	if s.Dir == "" || !strings.Contains(text, s.Dir) {
		return nil
	}
	for i := range s.Files {
		if f := &s.Files[i]; strings.Contains(text, f.Path) {
			return f
		}
	}
	return nil
}
