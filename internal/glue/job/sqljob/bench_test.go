package sqljob

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarn/internal/table"
)

// The flights joined with their dimensions, landed: against DuckDB's COPY of
// the same query over the same files into the same Parquet, with an fsync.
func BenchmarkDelays(b *testing.B) {
	w := newWorld(b)
	w.flights()
	script, err := Script(w.spec(delays))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("landed", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.runner.Run(w.ctx, []byte(script), nil, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		sess, err := w.engine.Session(w.ctx)
		if err != nil {
			b.Fatal(err)
		}
		defer sess.Close()
		query := strings.TrimSuffix(strings.TrimSpace(delays), ";")
		for _, name := range []string{"flights", "airlines", "planes"} {
			rel, err := w.runner.Reader.Relation(w.ctx, sess, "flights_raw", name, table.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer rel.Close()
			query = strings.ReplaceAll(query, "raw."+name, rel.SQL)
		}
		file := filepath.Join(w.lake.TempDir(), "bare.parquet")
		defer os.Remove(file)
		for b.Loop() {
			if _, err := sess.Exec(w.ctx, "COPY ("+query+") TO '"+file+"' (FORMAT parquet, COMPRESSION zstd)"); err != nil {
				b.Fatal(err)
			}
			f, err := os.Open(file)
			if err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	})
}
