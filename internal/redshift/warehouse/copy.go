package warehouse

import (
	"compress/bzip2"
	"compress/gzip"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
	"tarn/internal/table"
)

// load is one COPY.
type load struct {
	s        *Session
	stmt     *sql.CopyStmt
	text     textFormat
	json     *jsonFormat
	convert  conversion
	gzip     bool
	zstd     bool
	bzip2    bool
	fill     bool // FILLRECORD
	noLoad   bool
	maxError int // errors at which the load fails
	target   *relation
	columns  []*column // in the order of the file's fields
	blanks   []bool    // which of them got a value that ends in blanks
	rows     int64
	errors   []loadError
}

// loadError is a row that could not be loaded.
type loadError struct {
	file   string
	line   int64
	column *column
	raw    string
	rowError
}

// copy runs COPY.
func (s *Session) copy(ctx context.Context, stmt *sql.CopyStmt) (wire.Result, error) {
	l, err := s.newLoad(stmt)
	if err != nil {
		return nil, err
	}
	if s.w.files == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	lake, err := s.lakeIdentity(ctx, "COPY", stmt.Auth)
	if err != nil {
		return nil, err
	}
	files, err := l.list(lake)
	if err != nil {
		return nil, err
	}
	r, err := s.within(ctx, s.writes(stmt.Table), func() (wire.Result, error) {
		if err := l.resolve(ctx); err != nil {
			return nil, err
		}
		var err error
		switch stmt.Format {
		case "parquet":
			err = l.parquet(ctx, lake, files)
		case "json":
			if err = l.jsonShape(lake); err == nil {
				err = l.textFiles(ctx, lake, files)
			}
		default:
			err = l.textFiles(ctx, lake, files)
		}
		if err != nil {
			return nil, err
		}
		return counted{done("COPY"), l.rows}, s.keepErrors(ctx, l, s.engine)
	})
	if err != nil {
		// What was loaded is undone; why stays to be read.
		if len(l.errors) > 0 {
			s.fail(ctx)
			if kept := s.keepErrorsApart(ctx, l); kept != nil {
				return nil, errors.Join(err, kept)
			}
		}
		return nil, err
	}
	s.lastCopy.query, s.lastCopy.rows = s.query, l.rows
	s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000",
		Message: fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", l.target.Name, l.rows)})
	if n := len(l.errors); n > 0 {
		s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000",
			Message: fmt.Sprintf("Load into table '%s' completed, %d record(s) could not be loaded.  Check 'stl_load_errors' system table for details.", l.target.Name, n)})
	}
	return r, nil
}

// lakeIdentity is for whom objects are read and written.
func (s *Session) lakeIdentity(ctx context.Context, what string, a sql.CopyAuth) (context.Context, error) {
	if s.w.principals == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	if a.MasterKey != "" {
		return nil, unsupported("client-side encryption is not supported")
	}
	if a.AccessKeyID != "" {
		ctx, err := s.w.principals.Keys(ctx, a.AccessKeyID, a.SecretAccessKey, a.SessionToken)
		if err != nil {
			e := fail("28000", "the credentials of %s are not valid: %v", what, err)
			return nil, e
		}
		return ctx, nil
	}
	if a.IAMRole == "" {
		e := fail("42601", "%s needs IAM_ROLE or access keys", what)
		e.Hint = "add IAM_ROLE default"
		return nil, e
	}
	out, err := s.w.principals.Role(ctx, a.IAMRole)
	if err != nil {
		return nil, lakeError(err)
	}
	return out, nil
}

// newLoad reads the options.
func (s *Session) newLoad(stmt *sql.CopyStmt) (*load, error) {
	l := &load{s: s, stmt: stmt, maxError: 1, text: textFormat{delimiter: "|", quote: '"'},
		convert: conversion{null: `\N`, now: s.w.now()}}
	switch stmt.Format {
	case "":
	case "csv":
		l.text.csv, l.text.delimiter = true, ","
	case "parquet", "json":
	default:
		return nil, unsupported("COPY FORMAT %s is not supported yet: CSV, delimited text, JSON and PARQUET are", strings.ToUpper(stmt.Format))
	}
	for _, o := range stmt.Options {
		if err := l.option(o); err != nil {
			return nil, err
		}
	}
	if l.text.csv && (l.text.escape || l.text.removeQuotes) {
		return nil, fail("42601", "CSV can't be used with ESCAPE or REMOVEQUOTES")
	}
	if l.text.csv && l.text.delimiter == string(l.text.quote) {
		return nil, fail("42601", "the delimiter and the quote of CSV must differ")
	}
	return l, nil
}

func (l *load) option(o sql.CopyOption) error {
	if l.stmt.Format == "parquet" {
		switch o.Name {
		case "STATUPDATE", "COMPUPDATE", "MANIFEST", "FILLRECORD", "REGION", "ACCEPTINVCHARS", "EXPLICIT_IDS":
		default:
			return fail("0A000", "%s argument is not supported for PARQUET based COPY", o.Name)
		}
	}
	if l.stmt.Format == "json" {
		switch o.Name {
		case "DELIMITER", "QUOTE", "IGNOREHEADER", "ESCAPE", "REMOVEQUOTES", "FILLRECORD", "IGNOREBLANKLINES":
			return fail("0A000", "%s argument is not supported for JSON based COPY", o.Name)
		}
	}
	number := func() (int, error) {
		n, err := strconv.Atoi(o.Value)
		if err != nil || n < 0 {
			return 0, fail("22023", "invalid value of %s: %q", o.Name, o.Value)
		}
		return n, nil
	}
	var err error
	switch o.Name {
	case "DELIMITER":
		l.text.delimiter = unescape(o.Value)
		if l.text.delimiter == "" {
			return fail("22023", "the delimiter is empty")
		}
	case "QUOTE":
		if len(o.Value) != 1 {
			return fail("22023", "QUOTE takes one character, not %q", o.Value)
		}
		l.text.quote = o.Value[0]
	case "NULL":
		l.convert.null = o.Value
		l.convert.emptyNull = l.convert.emptyNull || o.Value == ""
	case "IGNOREHEADER":
		l.text.header, err = number()
	case "MAXERROR":
		var n int
		if n, err = number(); n > 100000 {
			return fail("22023", "MAXERROR can't be more than 100000")
		}
		l.maxError = max(n, 1)
	case "GZIP":
		l.gzip = true
	case "ZSTD":
		l.zstd = true
	case "BZIP2":
		l.bzip2 = true
	case "DATEFORMAT":
		l.convert.dateFormat = o.Value
	case "TIMEFORMAT":
		l.convert.timeFormat = o.Value
	case "ACCEPTANYDATE":
		l.convert.anyDate = true
	case "ACCEPTINVCHARS":
		c := byte('?')
		if o.HasValue {
			if len(o.Value) != 1 {
				return fail("22023", "ACCEPTINVCHARS takes one ASCII character")
			}
			c = o.Value[0]
		}
		l.text.invalid = &c
	case "BLANKSASNULL":
		l.convert.blankNull = true
	case "EMPTYASNULL":
		l.convert.emptyNull = true
	case "TRIMBLANKS":
		l.convert.trimBlanks = true
	case "TRUNCATECOLUMNS":
		l.convert.truncate = true
	case "ROUNDEC":
		l.convert.roundDec = true
	case "ESCAPE":
		l.text.escape = true
	case "REMOVEQUOTES":
		l.text.removeQuotes = true
	case "IGNOREBLANKLINES":
		l.text.blankLines = true
	case "IGNOREALLERRORS":
		l.maxError = int(^uint(0) >> 1)
	case "FILLRECORD":
		l.fill = true
	case "EXPLICIT_IDS":
		l.convert.explicitIDs = true
	case "NOLOAD":
		l.noLoad = true
	case "ENCODING":
		if v := strings.ToUpper(o.Value); v != "UTF8" && v != "AUTO" {
			return unsupported("ENCODING %s is not supported: store the files as UTF-8", v)
		}
	case "MANIFEST", "REGION", "COMPUPDATE", "STATUPDATE", "COMPROWS":
	default:
		return unsupported("COPY option %s is not supported", o.Name)
	}
	return err
}

// unescape reads a delimiter: \t and octal numbers.
func unescape(s string) string {
	switch s {
	case `\t`:
		return "\t"
	}
	if digits, ok := strings.CutPrefix(s, `\`); ok && len(digits) == 3 {
		if n, err := strconv.ParseUint(digits, 8, 8); err == nil {
			return string([]byte{byte(n)})
		}
	}
	return s
}

// list finds the objects to load.
func (l *load) list(ctx context.Context) ([]table.File, error) {
	bucket, prefix, err := s3URL(l.stmt.From)
	if err != nil {
		return nil, err
	}
	if _, manifest := l.stmt.Option("MANIFEST"); manifest {
		return l.manifest(ctx, bucket, prefix)
	}
	var out []table.File
	for o, err := range l.s.w.files.List(ctx, bucket, prefix) {
		if err != nil {
			return nil, l.source(err, l.stmt.From)
		}
		if o.Size == 0 && strings.HasSuffix(o.Key, "/") {
			continue // the mark of an empty folder
		}
		out = append(out, table.File{Bucket: bucket, Key: o.Key, Size: o.Size, ETag: o.ETag})
	}
	if len(out) == 0 {
		e := fail("XX000", "The specified S3 prefix '%s' does not exist", prefix)
		e.Detail = "no object of bucket " + bucket + " starts with it"
		return nil, e
	}
	return out, nil
}

// source says which object could not be read.
func (l *load) source(err error, url string) error {
	e := fail("XX000", "S3ServiceException: %v", err)
	e.Detail, e.Err = url, err
	return e
}

func s3URL(url string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, key, slash := strings.Cut(rest, "/")
	if !ok || bucket == "" || !slash {
		return "", "", unsupported("COPY reads from s3://bucket/prefix, not from %q", url)
	}
	return bucket, key, nil
}

// manifest reads the list of objects in a manifest.
func (l *load) manifest(ctx context.Context, bucket, key string) ([]table.File, error) {
	pin, err := l.s.w.files.Open(ctx, bucket, key)
	if err != nil {
		return nil, l.source(err, l.stmt.From)
	}
	defer pin.Close()
	body, err := os.ReadFile(pin.Path)
	if err != nil {
		return nil, err
	}
	var m struct {
		Entries []struct {
			URL       string `json:"url"`
			Mandatory bool   `json:"mandatory"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fail("XX000", "manifest %s: %v", l.stmt.From, err)
	}
	var out []table.File
	for _, entry := range m.Entries {
		b, k, err := s3URL(entry.URL)
		if err != nil {
			return nil, fail("XX000", "Manifest file entry %q is not a full path (error 8001)", entry.URL)
		}
		object, err := l.s.w.files.Open(ctx, b, k)
		if err != nil {
			if entry.Mandatory {
				return nil, l.source(err, entry.URL)
			}
			continue
		}
		out = append(out, table.File{Bucket: b, Key: k, Size: object.Size, ETag: object.ETag})
		object.Close()
	}
	if len(out) == 0 {
		return nil, fail("XX000", "the manifest %s names no object that is there", l.stmt.From)
	}
	return out, nil
}

// resolve finds the table and the columns that the fields go to.
func (l *load) resolve(ctx context.Context) error {
	cat := l.s.catalog(ctx)
	r, err := cat.table(l.stmt.Table)
	if err != nil {
		return err
	}
	if err := cat.allowRelation(l.s.subject(), r, "a"); err != nil {
		return err
	}
	l.target = r
	if len(l.stmt.Columns) == 0 {
		for i := range r.Columns {
			c := &r.Columns[i]
			if c.Identity != nil && !l.convert.explicitIDs && !c.Identity.ByDefault {
				continue
			}
			l.columns = append(l.columns, c)
		}
		return nil
	}
	for _, id := range l.stmt.Columns {
		c := r.column(id.Name)
		if c == nil {
			return fail("42703", "column %q of relation %q does not exist", id.Name, r.Name)
		}
		if c.Identity != nil && !c.Identity.ByDefault && !l.convert.explicitIDs {
			return fail("0A000", "cannot set identity column %q to a value", c.Name)
		}
		l.columns = append(l.columns, c)
	}
	for i := range r.Columns {
		c := &r.Columns[i]
		if c.NotNull && c.Default == "" && c.Identity == nil && !l.has(c) {
			return fail("23502", "column %q is NOT NULL without a default, and COPY does not fill it", c.Name)
		}
	}
	return nil
}

func (l *load) has(c *column) bool {
	for _, x := range l.columns {
		if x == c {
			return true
		}
	}
	return false
}

// textFiles loads rows of text: into a staging table first, so that defaults, identities and the
// sort order come from one INSERT.
func (l *load) textFiles(ctx context.Context, lake context.Context, files []table.File) error {
	l.blanks = make([]bool, len(l.columns))
	name := fmt.Sprintf("copy%d", l.s.query)
	var defs, items []string
	for i, c := range l.columns {
		def, item := c.Type.DuckDB(), fmt.Sprintf("c%d", i+1)
		if c.Type.Kind == sql.KSuper { // the appender would make a JSON string of the text
			def, item = "VARCHAR", fmt.Sprintf("CAST(c%d AS JSON) AS c%d", i+1, i+1)
		}
		defs, items = append(defs, fmt.Sprintf("c%d %s", i+1, def)), append(items, item)
	}
	if _, err := l.s.engine.Exec(ctx, "CREATE TEMP TABLE "+name+" ("+strings.Join(defs, ", ")+")"); err != nil {
		return err
	}
	app, err := l.s.engine.Appender("temp", "main", name)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err = l.textFile(ctx, lake, f, app); err != nil {
			break
		}
	}
	if closed := app.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if !l.noLoad {
		if err := l.insert(ctx, "(SELECT "+strings.Join(items, ", ")+" FROM temp.main."+name+")", false); err != nil {
			return err
		}
	}
	_, err = l.s.engine.Exec(ctx, "DROP TABLE temp.main."+name)
	return err
}

func (l *load) textFile(ctx, lake context.Context, f table.File, app *engine.Appender) error {
	url := "s3://" + f.Bucket + "/" + f.Key
	pin, err := l.s.w.files.Open(lake, f.Bucket, f.Key)
	if err != nil {
		return l.source(err, url)
	}
	defer pin.Close()
	file, err := os.Open(pin.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	body, stop, err := l.decompress(file)
	if err != nil {
		return l.source(err, url)
	}
	defer stop()
	in, err := l.reader(body)
	if err != nil {
		return l.source(err, url)
	}
	values := make([]driver.Value, len(l.columns))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rec, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			if bad := l.row(rec, values); bad != nil {
				err = bad
			}
		}
		if bad, ok := errors.AsType[*rowError](err); ok {
			if err := l.reject(url, rec, bad); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return l.source(fmt.Errorf("line %d: %w", rec.line, err), url)
		}
		if err := app.Append(values...); err != nil {
			return err
		}
		l.rows++
	}
}

// reader cuts a file into records.
func (l *load) reader(body io.Reader) (interface{ next() (record, error) }, error) {
	if l.json != nil {
		return newJSONReader(body, l.json), nil
	}
	return newTextReader(body, l.text)
}

// decompress opens a file as the options say. Redshift goes by the options alone.
func (l *load) decompress(file *os.File) (io.Reader, func(), error) {
	switch {
	case l.gzip:
		r, err := gzip.NewReader(file)
		if err != nil {
			return nil, nil, fmt.Errorf("not a gzip file: %w", err)
		}
		return r, func() { r.Close() }, nil
	case l.zstd:
		r, err := zstd.NewReader(file)
		if err != nil {
			return nil, nil, fmt.Errorf("not a zstd file: %w", err)
		}
		return r, r.Close, nil
	case l.bzip2:
		return bzip2.NewReader(file), func() {}, nil
	}
	return file, func() {}, nil
}

// row converts a record's fields.
func (l *load) row(rec record, values []driver.Value) *rowError {
	fields := rec.fields
	if len(fields) > len(values) {
		return &rowError{code: 1202, reason: "Extra column(s) found", column: len(values) - 1, value: fields[len(values)].text}
	}
	for i, c := range l.columns {
		if i >= len(fields) {
			if !l.fill {
				return &rowError{code: 1203, reason: "Delimiter not found", column: i}
			}
			values[i] = nil
			if c.Type.IsText() && !l.convert.emptyNull {
				values[i] = ""
			}
			if values[i] == nil && c.NotNull {
				return &rowError{code: 1213, reason: "Missing data for not-null field", column: i}
			}
			continue
		}
		v, bad := l.convert.value(fields[i], c.Type)
		if bad == nil && v == nil && c.NotNull {
			bad = &rowError{code: 1213, reason: "Missing data for not-null field", value: fields[i].text}
		}
		if bad != nil {
			bad.column = i
			return bad
		}
		if s, ok := v.(string); ok && strings.HasSuffix(s, " ") {
			l.blanks[i] = true
		}
		values[i] = v
	}
	return nil
}

// reject keeps a bad row's reason, and fails the load once there are too many.
func (l *load) reject(url string, rec record, bad *rowError) error {
	e := loadError{file: url, line: rec.line, raw: clip(rec.raw, 1024), rowError: *bad}
	if bad.column >= 0 && bad.column < len(l.columns) {
		e.column = l.columns[bad.column]
	}
	if len(l.errors) < 10000 {
		l.errors = append(l.errors, e)
	}
	if len(l.errors) < l.maxError {
		return nil
	}
	out := fail("XX000", "Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", l.target.Name)
	out.Detail = fmt.Sprintf("%s (error %d) in %s, line %d", e.reason, e.code, url, e.line)
	if e.column != nil {
		out.Detail += fmt.Sprintf(", column %s %s", e.column.Name, formatType(e.column.Type))
		out.Column = e.column.Name
	}
	if e.value != "" {
		out.Detail += fmt.Sprintf(", value '%s'", clip(e.value, 100))
	}
	out.Table = l.target.Name
	return out
}

// insert moves rows from a relation of the engine into the table. unchecked says that texts may be
// too long.
func (l *load) insert(ctx context.Context, from string, unchecked bool) error {
	cat := l.s.catalog(ctx)
	cat.staged = &staged{sql: from}
	stmt := &sql.InsertStmt{Table: l.stmt.Table}
	items := &sql.Select{From: []sql.TableExpr{&sql.TableRef{Name: sql.QName{{Name: stagedName}}}}}
	for i, c := range l.columns {
		name := fmt.Sprintf("c%d", i+1)
		t := c.Type
		if t.IsText() && unchecked {
			t = sql.Varchar(sql.MaxVarchar) // the assignment checks the length
		}
		cat.staged.columns = append(cat.staged.columns, sql.Column{Name: name, Type: t, TrailingBlanks: unchecked || l.blanks[i]})
		stmt.Columns = append(stmt.Columns, sql.Ident{Name: c.Name})
		items.Items = append(items.Items, sql.SelectItem{X: &sql.ColumnRef{Name: sql.QName{{Name: name}}}})
	}
	stmt.Query = &sql.Query{Body: items}
	for _, key := range l.target.sortKey() {
		for i, c := range l.columns {
			if c.Name == key {
				stmt.Query.OrderBy = append(stmt.Query.OrderBy, sql.OrderItem{X: &sql.ColumnRef{Name: sql.QName{{Name: fmt.Sprintf("c%d", i+1)}}}})
			}
		}
	}
	cat.explicit = l.convert.explicitIDs
	plan, err := l.s.planIn(ctx, cat, stmt, nil)
	if err != nil {
		return err
	}
	n, err := l.s.change(ctx, plan, cat, nil)
	l.rows = n
	return err
}

// parquet loads Parquet files, column by position.
func (l *load) parquet(ctx, lake context.Context, files []table.File) error {
	scan, err := l.s.w.files.Link(lake, files, table.LinkOptions{Table: l.target.Name, Suffix: ".parquet"})
	if err != nil {
		return l.source(err, l.stmt.From)
	}
	defer scan.Close()
	explain := func(err error) error {
		if found := scan.Explain(err); found != err { //nolint:errorlint // identity is the question
			e := fail("XX000", "Spectrum Scan Error: %v", found)
			e.Err = found
			return e
		}
		return err
	}
	var paths []string
	for _, f := range scan.Files {
		paths = append(paths, engine.QuoteText(f.Path))
	}
	from := "read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false)"
	d, err := l.s.engine.Describe(ctx, "SELECT * FROM "+from)
	if err != nil {
		return explain(err)
	}
	if len(d.Columns) > len(l.columns) || len(d.Columns) < len(l.columns) && !l.fill {
		e := fail("XX000", "Spectrum Scan Error: the file has %d columns, the table %d", len(d.Columns), len(l.columns))
		e.Detail = l.stmt.From
		return e
	}
	var items []string
	for i, c := range l.columns {
		item := "NULL"
		if i < len(d.Columns) {
			if !compatible(d.Columns[i].Type, c.Type) {
				e := fail("XX000", "Spectrum Scan Error: File '%s' has an incompatible Parquet schema for column '%s.%s'. Column type: %s, Parquet schema: %s",
					l.stmt.From, l.target.Name, c.Name, strings.ToUpper(formatType(c.Type)), d.Columns[i].Type)
				e.Column = c.Name
				return e
			}
			item = engine.QuoteIdent(d.Columns[i].Name)
			if c.Type.Kind == sql.KSuper {
				item = "to_json(" + item + ")"
			}
		}
		items = append(items, fmt.Sprintf("CAST(%s AS %s) AS c%d", item, c.Type.DuckDB(), i+1))
	}
	return explain(l.insert(ctx, "(SELECT "+strings.Join(items, ", ")+" FROM "+from+")", true))
}

// compatible says whether a Parquet column of the engine's type may fill a column.
func compatible(from string, to sql.Type) bool {
	base, _, _ := strings.Cut(from, "(")
	switch to.Kind {
	case sql.KInt2, sql.KInt4, sql.KInt8:
		return strings.HasSuffix(base, "INT") || strings.HasSuffix(base, "INTEGER")
	case sql.KFloat4, sql.KFloat8:
		return base == "FLOAT" || base == "DOUBLE"
	case sql.KDecimal:
		return base == "DECIMAL" || strings.HasSuffix(base, "INT") || strings.HasSuffix(base, "INTEGER")
	case sql.KBool:
		return base == "BOOLEAN"
	case sql.KDate:
		return base == "DATE"
	case sql.KTimestamp, sql.KTimestampTZ:
		return strings.HasPrefix(base, "TIMESTAMP") || base == "DATE"
	case sql.KTime, sql.KTimeTZ:
		return strings.HasPrefix(base, "TIME") && !strings.HasPrefix(base, "TIMESTAMP")
	case sql.KChar, sql.KVarchar:
		return base == "VARCHAR" || strings.HasPrefix(base, "ENUM") || base == "UUID"
	case sql.KVarbyte:
		return base == "BLOB" || base == "VARCHAR"
	}
	return true
}

// keepErrors writes the rows that were skipped to stl_load_errors.
func (s *Session) keepErrors(ctx context.Context, l *load, sess *engine.Session) error {
	st := store{sess, l.database()}
	for _, e := range l.errors {
		var column, kind, length any
		position := 0
		if e.column != nil {
			column, kind = clip(e.column.Name, 127), typeWord(e.column.Type)
			if e.column.Type.Len > 0 {
				length = strconv.Itoa(e.column.Type.Len)
			}
			position = e.rowError.column + 1
		}
		_, err := st.exec(ctx, "INSERT INTO {db}._tarn.load_error VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", int32(s.user.ID), l.target.OID,
			s.w.now().UTC(), int64(s.start.PID), s.query, clip(e.file, 256), e.line, column, kind, length, int32(position), strings.ToValidUTF8(e.raw, "?"),
			strings.ToValidUTF8(clip(e.value, 1024), "?"), int32(e.code), clip(e.reason, 100))
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *load) database() string {
	if l.target.Temp {
		return l.s.database
	}
	return l.target.Database
}

// keepErrorsApart does so after the load was undone, in a transaction of its own.
func (s *Session) keepErrorsApart(ctx context.Context, l *load) error {
	if l.target == nil {
		return nil
	}
	sess, err := s.w.engine.Session(ctx)
	if err != nil {
		return err
	}
	defer sess.Close()
	return sess.Write(ctx, alias(l.database()), func() error { return s.keepErrors(ctx, l, sess) })
}
