package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// unload is one UNLOAD.
type unload struct {
	s        *Session
	stmt     *sql.UnloadStmt
	text     unloadText
	bucket   string
	prefix   string
	suffix   string
	serial   bool // PARALLEL OFF
	clean    bool // CLEANPATH
	over     bool // ALLOWOVERWRITE
	manifest bool
	verbose  bool
	maxSize  int64
	columns  []wire.Column
	types    []sql.Type
	parts    []int // the columns of PARTITION BY
	rows     int64
	files    []unloaded
	counts   map[string]int // files of each folder
	dir      string         // of files that are not yet in the lake
}

// unloaded is a file of the result.
type unloaded struct {
	key, path  string
	folder     string
	rows, size int64
}

// unload runs UNLOAD: the query's rows become files, which are put into the lake once all of them are
// written, the manifest last.
func (s *Session) unload(ctx context.Context, stmt *sql.UnloadStmt) (wire.Result, error) {
	if s.w.files == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	u, err := s.newUnload(stmt)
	if err != nil {
		return nil, err
	}
	lake, err := s.lakeIdentity(ctx, "UNLOAD", stmt.Auth)
	if err != nil {
		return nil, err
	}
	if u.dir, err = os.MkdirTemp(s.w.files.TempDir(), "unload"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(u.dir)
	r, err := s.within(ctx, target{}, func() (wire.Result, error) {
		plan, cat, err := s.plan(ctx, stmt, nil)
		if err != nil {
			return nil, err
		}
		if err := u.resolve(plan); err != nil {
			return nil, err
		}
		if stmt.Format == "parquet" {
			err = u.parquet(ctx, plan, cat)
		} else {
			err = u.textFiles(ctx, plan, cat)
		}
		return counted{done(stmt.Tag()), u.rows}, err
	})
	if err != nil {
		return nil, err
	}
	if err := u.publish(lake); err != nil {
		return nil, err
	}
	s.lastUnload.query, s.lastUnload.rows = s.query, u.rows
	s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000", Message: fmt.Sprintf("UNLOAD completed, %d record(s) unloaded successfully.", u.rows)})
	return r, nil
}

func (s *Session) newUnload(stmt *sql.UnloadStmt) (*unload, error) {
	u := &unload{s: s, stmt: stmt, counts: map[string]int{}, maxSize: 6200 << 20, text: unloadText{delimiter: "|", format: s.Format()}}
	var err error
	if u.bucket, u.prefix, err = s3URL(stmt.To); err != nil {
		return nil, unsupported("UNLOAD writes to s3://bucket/prefix, not to %q", stmt.To)
	}
	switch stmt.Format {
	case "csv":
		u.text.csv, u.text.delimiter = true, ","
	case "json":
		u.text.json = true
	case "parquet":
		u.suffix = ".parquet"
	}
	if q := stmt.Query.Query; q.Limit != nil {
		e := fail("0A000", "Limit clause is not supported in the outermost query of UNLOAD")
		e.Hint = "put the query with its LIMIT into a subquery"
		return nil, e
	}
	for _, o := range stmt.Options {
		if err := u.option(o); err != nil {
			return nil, err
		}
	}
	if u.over && u.clean {
		return nil, fail("42601", "ALLOWOVERWRITE and CLEANPATH can't be used together")
	}
	if len(stmt.PartitionBy) > 0 && !strings.HasSuffix(u.prefix, "/") {
		u.prefix += "/"
	}
	return u, nil
}

func (u *unload) option(o sql.CopyOption) error {
	text := !u.text.csv && !u.text.json && u.stmt.Format == ""
	switch o.Name {
	case "DELIMITER", "NULL", "HEADER", "GZIP", "ZSTD", "ADDQUOTES", "ESCAPE":
		if u.stmt.Format == "parquet" || u.text.json && o.Name != "GZIP" && o.Name != "ZSTD" ||
			!text && (o.Name == "ADDQUOTES" || o.Name == "ESCAPE") {
			return fail("0A000", "%s option is not supported for UNLOAD to %s", o.Name, strings.ToUpper(u.stmt.Format))
		}
	}
	switch o.Name {
	case "DELIMITER":
		if u.text.delimiter = unescape(o.Value); len(u.text.delimiter) != 1 {
			return fail("22023", "the delimiter of UNLOAD is one character, not %q", o.Value)
		}
	case "NULL":
		u.text.null = o.Value
	case "HEADER":
		u.text.header = true
	case "ADDQUOTES":
		u.text.addQuotes = true
	case "ESCAPE":
		u.text.escape = true
	case "GZIP":
		u.text.compression, u.suffix = "gzip", ".gz"
	case "ZSTD":
		u.text.compression, u.suffix = "zstd", ".zst"
	case "PARALLEL":
		u.serial = o.Value == "OFF" || o.Value == "FALSE"
	case "ALLOWOVERWRITE":
		u.over = true
	case "CLEANPATH":
		u.clean = true
	case "MANIFEST":
		u.manifest = true
	case "VERBOSE":
		u.verbose = true
	case "EXTENSION":
		u.suffix = "." + strings.TrimPrefix(o.Value, ".")
	case "MAXFILESIZE":
		number, unit, _ := strings.Cut(o.Value, " ")
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n <= 0 {
			return fail("22023", "invalid value of MAXFILESIZE: %q", o.Value)
		}
		size := n * (1 << 20)
		if unit == "GB" {
			size *= 1 << 10
		}
		if size < 5<<20 || size > 6.2*(1<<30) {
			return fail("22023", "MAXFILESIZE must be between 5 MB and 6.2 GB")
		}
		u.maxSize = int64(size)
	case "REGION", "ROWGROUPSIZE", "ENCRYPTED", "AUTO": // the lake encrypts as its bucket says
	default:
		return unsupported("UNLOAD option %s is not supported", o.Name)
	}
	return nil
}

// resolve notes the query's columns, and finds those of PARTITION BY.
func (u *unload) resolve(plan *sql.Plan) error {
	u.columns = u.s.columns(plan.Columns)
	for _, c := range plan.Columns {
		u.types = append(u.types, c.Type)
	}
	for _, id := range u.stmt.PartitionBy {
		i := slices.IndexFunc(u.columns, func(c wire.Column) bool { return c.Name == id.Name })
		if i < 0 {
			return fail("42703", "column %q of PARTITION BY is not in the query", id.Name)
		}
		u.parts = append(u.parts, i)
	}
	if len(u.parts) == len(u.columns) && !u.stmt.Include {
		return fail("0A000", "all columns of the query are partition columns: nothing is left for the files")
	}
	if u.stmt.Format == "parquet" || u.text.json {
		for i, c := range u.columns {
			if slices.ContainsFunc(u.columns[:i], func(d wire.Column) bool { return d.Name == c.Name }) {
				return fail("42701", "column %q specified more than once", c.Name)
			}
		}
	}
	return nil
}

// kept says whether a column goes into the files.
func (u *unload) kept(i int) bool { return u.stmt.Include || !slices.Contains(u.parts, i) }

// query prints the query, whose columns are c1, c2, ... in the order of the partitions.
func (u *unload) query(scan *scan, plan *sql.Plan) (string, error) {
	text, err := scan.print(plan)
	if err != nil || len(u.parts) == 0 {
		return text, err
	}
	names := make([]string, len(u.columns))
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i+1)
	}
	var keys []string
	for _, i := range u.parts {
		keys = append(keys, names[i])
	}
	return fmt.Sprintf("SELECT * FROM (%s) AS q(%s) ORDER BY %s", text, strings.Join(names, ", "), strings.Join(keys, ", ")), nil
}

// name is the key of a folder's next file.
func (u *unload) name(folder string) string {
	n := u.counts[folder]
	u.counts[folder]++
	if u.serial {
		return fmt.Sprintf("%s%s%03d%s", u.prefix, folder, n, u.suffix)
	}
	return fmt.Sprintf("%s%s0000_part_%02d%s", u.prefix, folder, n, u.suffix)
}

// partition is the folder of a row.
func (u *unload) partition(row []any) (string, error) {
	var b strings.Builder
	for _, i := range u.parts {
		value := "__HIVE_DEFAULT_PARTITION__"
		if row[i] != nil {
			text, err := u.text.value(u.columns[i], row[i])
			if err != nil {
				return "", err
			}
			if text != "" {
				value = url.PathEscape(text)
			}
		}
		fmt.Fprintf(&b, "%s=%s/", u.columns[i].Name, value)
	}
	return b.String(), nil
}

func (u *unload) textFiles(ctx context.Context, plan *sql.Plan, cat *catalog) error {
	scan := cat.scan()
	defer scan.release()
	text, err := u.query(scan, plan)
	if err != nil {
		return err
	}
	got, err := u.s.engine.Query(ctx, text)
	if err != nil {
		return scan.explain(err)
	}
	in := &rows{columns: u.columns, types: u.types, rows: got, out: make([]any, len(u.columns)), end: func(_ int64, err error) error { return err }}
	defer in.Close()
	for i := range u.columns {
		if u.kept(i) {
			u.text.columns = append(u.text.columns, i)
		}
	}
	var w *unloadWriter
	finish := func() error {
		if w == nil {
			return nil
		}
		size, err := w.Close()
		u.files = append(u.files, unloaded{key: w.key, folder: w.folder, path: w.path, rows: w.rows, size: size})
		w = nil
		return err
	}
	open := func(folder string) error {
		w, err = newUnloadWriter(filepath.Join(u.dir, fmt.Sprint("f", len(u.files))), &u.text, u.columns)
		if err == nil {
			w.key, w.folder = u.name(folder), folder
		}
		return err
	}
	for {
		row, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(scan.explain(err), finish())
		}
		folder, err := u.partition(row)
		if err != nil {
			return errors.Join(err, finish())
		}
		if w == nil || w.folder != folder || w.size >= u.maxSize {
			if err := finish(); err != nil {
				return err
			}
			if err := open(folder); err != nil {
				return err
			}
		}
		if err := w.write(row); err != nil {
			return errors.Join(err, finish())
		}
		u.rows++
	}
	// A query without rows leaves an empty file, except of JSON and of partitions.
	if len(u.files) == 0 && w == nil && len(u.parts) == 0 && !u.text.json {
		if err := open(""); err != nil {
			return err
		}
	}
	return finish()
}

// parquet lets the engine write the files.
func (u *unload) parquet(ctx context.Context, plan *sql.Plan, cat *catalog) error {
	scan := cat.scan()
	defer scan.release()
	text, err := scan.print(plan)
	if err != nil {
		return err
	}
	var inner, items, keys []string
	for i, c := range u.columns {
		inner = append(inner, fmt.Sprintf("c%d", i+1))
		item := fmt.Sprintf("c%d", i+1)
		switch t := u.types[i]; {
		case t.Kind == sql.KSuper:
			item += "::VARCHAR"
		case t.IsInterval():
			return unsupported("an interval can't be unloaded to Parquet: cast column %q to text", c.Name)
		default:
			item += "::" + storable(t).DuckDB()
		}
		items = append(items, item+" AS "+engine.QuoteIdent(c.Name))
	}
	options := "FORMAT parquet, COMPRESSION snappy"
	path := filepath.Join(u.dir, "out.parquet")
	for _, i := range u.parts {
		keys = append(keys, engine.QuoteIdent(u.columns[i].Name))
	}
	if len(keys) > 0 {
		path = filepath.Join(u.dir, "out")
		options += fmt.Sprintf(", PARTITION_BY (%s), WRITE_PARTITION_COLUMNS %t", strings.Join(keys, ", "), u.stmt.Include)
	}
	query := fmt.Sprintf("COPY (SELECT %s FROM (%s) AS q(%s)) TO %s (%s)", strings.Join(items, ", "), text, strings.Join(inner, ", "), engine.QuoteText(path), options)
	if u.rows, err = u.s.engine.Exec(ctx, query); err != nil {
		return scan.explain(err)
	}
	return filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) && file == path {
			return nil // partitions of no rows
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		folder := ""
		if rel, err := filepath.Rel(path, filepath.Dir(file)); len(keys) > 0 && err == nil {
			folder = filepath.ToSlash(rel) + "/"
		}
		u.files = append(u.files, unloaded{key: u.name(folder), folder: folder, path: file, rows: u.rows, size: info.Size()})
		return nil
	})
}

// publish puts the files into the lake.
func (u *unload) publish(lake context.Context) error {
	folders := map[string]bool{"": true}
	if len(u.parts) > 0 {
		folders = map[string]bool{}
		for _, f := range u.files {
			folders[f.folder] = true
		}
	}
	var old []string
	for folder := range folders {
		for o, err := range u.s.w.files.List(lake, u.bucket, u.prefix+folder) {
			if err != nil {
				return u.failed(err)
			}
			old = append(old, o.Key)
		}
	}
	if len(old) > 0 && !u.over && !u.clean {
		e := fail("XX000", "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.")
		e.Detail = "s3://" + u.bucket + "/" + old[0] + " is there"
		return e
	}
	if len(old) > 0 && u.clean {
		if err := u.s.w.files.Delete(lake, u.bucket, old...); err != nil {
			return u.failed(err)
		}
	}
	for _, f := range u.files {
		if _, err := u.s.w.files.Put(lake, u.bucket, f.key, f.path); err != nil {
			return u.failed(err)
		}
	}
	if !u.manifest {
		return nil
	}
	path := filepath.Join(u.dir, "manifest")
	if err := os.WriteFile(path, u.manifestText(), 0o600); err != nil {
		return err
	}
	if _, err := u.s.w.files.Put(lake, u.bucket, u.prefix+"manifest", path); err != nil {
		return u.failed(err)
	}
	return nil
}

func (u *unload) failed(err error) error {
	e := fail("XX000", "S3ServiceException: %v", err)
	e.Detail, e.Err = u.stmt.To, err
	return e
}

func (u *unload) manifestText() []byte {
	type meta struct {
		Length int64  `json:"content_length"`
		Rows   *int64 `json:"record_count,omitempty"`
	}
	type entry struct {
		URL  string `json:"url"`
		Meta *meta  `json:"meta,omitempty"`
	}
	type element struct {
		Name string         `json:"name"`
		Type map[string]any `json:"type"`
	}
	out := struct {
		Entries []entry        `json:"entries"`
		Schema  map[string]any `json:"schema,omitempty"`
		Meta    *meta          `json:"meta,omitempty"`
		Author  map[string]any `json:"author,omitempty"`
	}{Entries: []entry{}}
	var size int64
	for _, f := range u.files {
		e := entry{URL: "s3://" + u.bucket + "/" + f.key}
		if u.verbose {
			e.Meta = &meta{Length: f.size}
			if u.stmt.Format != "parquet" || len(u.files) == 1 {
				e.Meta.Rows = &f.rows
			}
		}
		size += f.size
		out.Entries = append(out.Entries, e)
	}
	if u.verbose {
		var elements []element
		for i, c := range u.columns {
			if !u.kept(i) {
				continue
			}
			t := u.types[i]
			e := element{c.Name, map[string]any{"base": t.BaseName()}}
			if t.Kind == sql.KDecimal {
				e.Type["precision"], e.Type["scale"] = t.Prec, t.Scale
			} else if t.IsText() && t.Len > 0 {
				e.Type["max_length"] = t.Len
			}
			elements = append(elements, e)
		}
		out.Schema = map[string]any{"elements": elements}
		out.Meta = &meta{Length: size, Rows: &u.rows}
		out.Author = map[string]any{"name": "Amazon Redshift", "version": "1.0.0"}
	}
	b, _ := json.MarshalIndent(out, "", "  ") // strings and numbers alone
	return b
}
