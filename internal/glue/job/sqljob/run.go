package sqljob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/table"
)

// Catalog is what the runner needs beyond package table: the names there are.
type Catalog interface {
	table.Catalog
	GetTables(context.Context, *glue.GetTablesInput) (*glue.GetTablesOutput, error)
}

// Runner carries SQL steps out.
type Runner struct {
	Engine  *engine.Engine
	Reader  *table.Reader
	Writer  *table.Writer
	Catalog Catalog
	Now     func() time.Time
	// NewID names a run's scratch database: a fresh word of [a-z0-9].
	NewID func() string
	// Properties answers the properties of the workflow run that a run belongs
	// to (--WORKFLOW_NAME, --WORKFLOW_RUN_ID), where start and end are; nil or
	// an empty map if it belongs to none.
	Properties func(ctx context.Context, workflow, run string) (map[string]string, error)
}

// Result is what a run did.
type Result struct {
	Table   string  `json:"table"`
	Rows    int64   `json:"rows"`
	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"`
	Before  int64   `json:"before"`
	Seconds float64 `json:"seconds"`
	Mode    string  `json:"mode"`
}

// Run carries out a script that Script wrote, for the caller in ctx. args are
// the job's arguments with their dashes; log gets what a person wants to know.
func (r *Runner) Run(ctx context.Context, script []byte, args map[string]string, log io.Writer) (Result, error) {
	spec, err := ParseScript(script)
	if err != nil {
		return Result{}, err
	}
	return r.RunSpec(ctx, spec, args, log)
}

// run is one run under way.
type run struct {
	*Runner
	spec     *Spec
	args     map[string]string
	log      io.Writer
	bound    bound
	analysis *analysis
	inputs   map[string]*input // by the name as written
	own      []string          // names of the query's own common table expressions
	order    []string
}

type input struct {
	ref      tableRef
	database string
	table    *glue.Table
	sketch   *table.Sketch
	relation *table.Relation
}

// RunSpec carries out a step.
func (r *Runner) RunSpec(ctx context.Context, spec Spec, args map[string]string, log io.Writer) (result Result, err error) {
	started := r.Now()
	x := &run{Runner: r, spec: &spec, args: args, log: log, inputs: map[string]*input{}}
	landing, err := x.landing(ctx)
	if err != nil {
		return result, err
	}
	id := "job_" + r.NewID()
	drop, err := r.Engine.Scratch(ctx, id)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	sess, err := r.Engine.Session(ctx, engine.WithSetting("TimeZone", "'UTC'"))
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, sess.Close()) }()
	if x.analysis, err = spec.analyse(ctx, sess, x.bound.text, x.bound.origin); err != nil {
		return result, err
	}
	defer func() {
		for _, in := range x.inputs {
			err = errors.Join(err, in.relation.Close())
		}
	}()
	if err := x.open(ctx, sess, id); err != nil {
		return result, err
	}
	landing.Query, landing.Wrap = x.bound.text, x.explain
	landed, err := r.Writer.Land(ctx, sess, landing)
	if err != nil {
		return result, x.final(err)
	}
	result = Result{Table: spec.Database + "." + spec.Table, Rows: landed.Rows, Files: landed.Files, Bytes: landed.Bytes, Before: landed.Before,
		Seconds: r.Now().Sub(started).Seconds(), Mode: string(landing.Mode)}
	now := ""
	if landed.Total != landed.Rows {
		now = "has " + count(landed.Total, "row") + ", "
	}
	fmt.Fprintf(log, "%s: %s in %s, %s, %.1f s (it %shad %s)\n", result.Table, count(result.Rows, "row"), count(int64(result.Files), "file"), size(result.Bytes), result.Seconds, now, thousands(result.Before))
	if landed.Expired > 0 || landed.Removed > 0 {
		fmt.Fprintf(log, "%s: %s expired, %s removed that nothing refers to\n", result.Table, count(int64(landed.Expired), "old snapshot"), count(int64(landed.Removed), "file"))
	}
	if landed.CleanupErr != nil {
		fmt.Fprintf(log, "%s: files that nothing refers to are left: %v\n", result.Table, landed.CleanupErr)
	}
	return result, nil
}

// landing settles parameters and how the answer lands.
func (x *run) landing(ctx context.Context) (table.Landing, error) {
	s := x.spec
	out := table.Landing{Database: s.Database, Table: s.Table, Location: s.location(x.args["--bucket"]), Keys: s.Keys,
		Parameters: s.Parameters, Mode: table.Replace, AllowEmpty: isTrue(x.args["--allow_empty"])}
	fields, err := s.partition()
	if err != nil {
		return out, err
	}
	timed := -1
	for i, f := range fields {
		out.Partition = append(out.Partition, table.PartitionField{Column: f.column, Transform: table.Transform(f.transform)})
		if f.transform != "identity" && timed < 0 {
			timed = i
		}
	}
	query := unended(s.Query)
	x.bound = bind(query, nil)
	for name, at := range x.bound.names {
		if name != "start" && name != "end" {
			return out, s.at(at, fmt.Sprintf("the parameter $%s is not known", name), "SQL jobs have $start and $end.", nil)
		}
	}
	if len(x.bound.names) == 0 {
		return out, nil
	}
	at, uses := x.bound.names["start"]
	if !uses {
		at = x.bound.names["end"]
	}
	if uses && len(s.Keys) == 0 && timed < 0 {
		return out, s.at(at, "$start is used, but nothing says how its rows replace those of an earlier run",
			"Give jobs."+s.Name+" `keys:` (rows of equal keys are replaced) or `partition: [month(column)]` (whole partitions are).", nil)
	}
	start, end, err := x.interval(ctx, at)
	if err != nil {
		return out, err
	}
	switch {
	case !uses:
	case len(s.Keys) > 0:
		out.Mode = table.Merge
	default:
		out.Mode, out.RangeColumn = table.ReplaceRange, fields[timed].column
		start, end = widen(fields[timed].transform, start, end)
		out.From, out.To = start, end
	}
	stamp := func(t time.Time) string { return "TIMESTAMP '" + t.Format("2006-01-02 15:04:05.999999") + "'" }
	x.bound = bind(query, map[string]string{"start": stamp(start), "end": stamp(end)})
	fmt.Fprintf(x.log, "$start %s  $end %s\n", start.Format("2006-01-02 15:04:05"), end.Format("2006-01-02 15:04:05"))
	return out, nil
}

// interval is the run's, as zone-less times of the project's time zone.
func (x *run) interval(ctx context.Context, at int) (start, end time.Time, err error) {
	zone := time.UTC
	if tz := x.spec.Timezone; tz != "" {
		if zone, err = time.LoadLocation(tz); err != nil {
			return start, end, fmt.Errorf("time zone %q: %w", tz, err)
		}
	}
	from, to := x.args["--start"], x.args["--end"]
	if workflow := x.args["--WORKFLOW_NAME"]; (from == "" || to == "") && workflow != "" && x.Properties != nil {
		given, err := x.Properties(ctx, workflow, x.args["--WORKFLOW_RUN_ID"])
		if err != nil {
			return start, end, fmt.Errorf("properties of workflow %s's run: %w", workflow, err)
		}
		from, to = cmp.Or(from, given["start"]), cmp.Or(to, given["end"])
	}
	if from == "" || to == "" {
		return start, end, x.spec.at(at, "this run has no interval for $start and $end", "Start it with --start and --end, or as part of the pipeline.", nil)
	}
	if start, err = parseTime(from, zone); err != nil {
		return start, end, fmt.Errorf("start: %w", err)
	}
	if end, err = parseTime(to, zone); err != nil {
		return start, end, fmt.Errorf("end: %w", err)
	}
	if !start.Before(end) {
		return start, end, x.spec.at(at, fmt.Sprintf("the interval from %s to %s is empty", from, to), "Its end must lie after its start.", nil)
	}
	local := func(t time.Time) time.Time {
		t = t.In(zone)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return local(start), local(end), nil
}

func parseTime(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time like 2013-01-01 or 2013-01-01T05:00:00Z", text)
}

// widen moves an interval's ends outwards to whole partitions.
func widen(transform string, start, end time.Time) (time.Time, time.Time) {
	floor := func(t time.Time) time.Time {
		switch transform {
		case "year":
			return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		case "month":
			return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		case "day":
			return t.Truncate(24 * time.Hour)
		}
		return t.Truncate(time.Hour)
	}
	to := floor(end)
	if !to.Equal(end) {
		switch transform {
		case "year":
			to = to.AddDate(1, 0, 0)
		case "month":
			to = to.AddDate(0, 1, 0)
		case "day":
			to = to.AddDate(0, 0, 1)
		default:
			to = to.Add(time.Hour)
		}
	}
	return floor(start), to
}

func isTrue(s string) bool { return strings.EqualFold(s, "true") || s == "1" }

// open makes a view of every table that the query names, under the name it
// uses, in a database of the run's own: the query runs as it was written.
func (x *run) open(ctx context.Context, sess *engine.Session, id string) error {
	schemas := map[string]bool{"": true, "main": true}
	if err := x.definitions(ctx); err != nil {
		return err
	}
	if err := x.fence(ctx, sess, id); err != nil {
		return err
	}
	if err := x.learn(ctx, sess, id, schemas); err != nil {
		return err
	}
	for _, name := range x.order {
		in := x.inputs[name]
		var err error
		if in.relation, err = x.Reader.RelationOf(ctx, sess, in.table, table.Options{Filter: in.sketch.Filter()}); err != nil {
			return x.input(in.ref, err)
		}
		if err := x.view(ctx, sess, id, schemas, in.ref, in.relation.SQL); err != nil {
			return x.input(in.ref, in.relation.Explain(err))
		}
		fmt.Fprintf(x.log, "reads %s: %d files, %s\n", in.ref, in.relation.Files, size(in.relation.Bytes))
	}
	_, err := sess.Exec(ctx, "USE "+engine.QuoteIdent(id))
	return err
}

// definitions fetches the tables that the query names.
func (x *run) definitions(ctx context.Context) error {
	for _, ref := range x.analysis.tables {
		in := &input{ref: ref, database: x.database(ref)}
		t, err := x.Reader.Table(ctx, in.database, ref.name)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			if ref.schema == "" && x.analysis.ctes[ref.name] {
				x.own = append(x.own, ref.name)
				continue
			}
			return x.unknownTable(ctx, in, err)
		}
		if err != nil {
			return x.spec.at(ref.position, fmt.Sprintf("%s can't be read: %v", ref, err), "", err)
		}
		in.table = t
		x.inputs[ref.String()] = in
		x.order = append(x.order, ref.String())
	}
	return nil
}

// fence stands where a common table expression's name is used out of its
// scope: there the engine would look for a system table or a file of the name.
func (x *run) fence(ctx context.Context, sess *engine.Session, id string) error {
	for _, name := range x.own {
		message := fmt.Sprintf("there is no table %s here: the WITH that defines it belongs to another part of the query", name)
		if _, err := sess.Exec(ctx, "CREATE VIEW "+engine.QuoteIdent(id)+".main."+engine.QuoteIdent(name)+" AS SELECT 1 AS "+engine.QuoteIdent(name)+" WHERE error("+engine.QuoteText(message)+") IS NULL"); err != nil {
			return err
		}
	}
	return nil
}

// view shows a relation to the query under the name that it uses.
func (x *run) view(ctx context.Context, sess *engine.Session, id string, schemas map[string]bool, ref tableRef, relation string) error {
	schema := cmp.Or(ref.schema, "main")
	if !schemas[schema] {
		if _, err := sess.Exec(ctx, "CREATE SCHEMA "+engine.QuoteIdent(id)+"."+engine.QuoteIdent(schema)); err != nil {
			return err
		}
		schemas[schema] = true
	}
	_, err := sess.Exec(ctx, "CREATE OR REPLACE VIEW "+engine.QuoteIdent(id)+"."+engine.QuoteIdent(schema)+"."+engine.QuoteIdent(ref.name)+" AS SELECT * FROM "+relation)
	return err
}

// learn plans the query over sketches of its tables: what it filters them by
// says which partitions and files are to be read.
func (x *run) learn(ctx context.Context, sess *engine.Session, id string, schemas map[string]bool) error {
	worth := false
	for _, in := range x.inputs {
		worth = worth || table.Prunes(in.table)
	}
	if !worth {
		return nil
	}
	var sketches []*table.Sketch
	defer func() {
		for _, k := range sketches {
			_ = k.Close() // what stays is removed at the next start
		}
	}()
	for i, name := range x.order {
		in := x.inputs[name]
		k, err := x.Reader.Sketch(ctx, in.table, i)
		if err != nil {
			return x.input(in.ref, err)
		}
		in.sketch, sketches = k, append(sketches, k)
		if err := x.view(ctx, sess, id, schemas, in.ref, k.SQL); err != nil {
			return x.input(in.ref, err)
		}
	}
	if _, err := sess.Exec(ctx, "USE "+engine.QuoteIdent(id)); err != nil {
		return err
	}
	return table.Learn(ctx, sess, x.bound.text, nil, sketches...)
}

// database is the catalog database that a name's schema stands for.
func (x *run) database(ref tableRef) string {
	switch ref.schema {
	case "", x.spec.Project:
		return x.spec.Database
	case "raw":
		return x.spec.RawDatabase
	}
	return ref.schema
}

// input is an error of a table that the query reads.
func (x *run) input(ref tableRef, err error) error {
	var bad *table.Error
	if !errors.As(err, &bad) {
		return err
	}
	e := x.spec.at(ref.position, fmt.Sprintf("%s can't be read", ref), "", err)
	e.Message += ": " + bad.Error()
	return e
}

// unknownTable says which tables there are.
func (x *run) unknownTable(ctx context.Context, in *input, err error) error {
	names, listErr := x.tables(ctx, in.database)
	if listErr != nil && !awsapi.IsCode(listErr, "EntityNotFoundException") {
		return errors.Join(err, listErr)
	}
	message := fmt.Sprintf("there is no table %s", in.ref)
	hint := fmt.Sprintf("The catalog's database %s is not there.", in.database)
	switch {
	case listErr == nil && len(names) == 0:
		hint = fmt.Sprintf("The catalog's database %s has no tables yet: run what makes them first.", in.database)
	case listErr == nil:
		hint = strings.Replace(offer(in.ref.name, names), "It has", "There are", 1)
	}
	if in.ref.schema == "" && nearest(in.ref.name, names) == "" {
		if raw, err := x.tables(ctx, x.spec.RawDatabase); err == nil && slices.Contains(raw, in.ref.name) {
			hint = fmt.Sprintf("Did you mean %q?", "raw."+in.ref.name)
		}
	}
	return x.spec.at(in.ref.position, message, hint, err)
}

func (x *run) tables(ctx context.Context, database string) ([]string, error) {
	var names []string
	in := &glue.GetTablesInput{DatabaseName: new(database)}
	for {
		page, err := x.Catalog.GetTables(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.TableList {
			names = append(names, awsapi.Val(t.Name))
		}
		if awsapi.Val(page.NextToken) == "" {
			return names, nil
		}
		in.NextToken = page.NextToken
	}
}

// explain gives an engine's error about the query its place in the user's
// file, and says what there is in place of what is missing.
func (x *run) explain(err error) error {
	for _, name := range x.order {
		if e := x.inputs[name].relation.Explain(err); e != err { //nolint:errorlint // identity is the question
			return x.badInput(name, e)
		}
	}
	var failed *engine.Error
	if !errors.As(err, &failed) {
		return err
	}
	at := -1
	if failed.Position >= 0 && failed.Position <= len(x.bound.text) {
		at = x.bound.origin(failed.Position)
	}
	switch failed.Kind {
	case engine.Missing:
		if failed.ObjectType == "Column" {
			return x.unknownColumn(failed, at)
		}
	case engine.Cancelled, engine.OutOfMemory, engine.DiskFull, engine.IO, engine.Closed, engine.Fatal, engine.Internal:
		return err
	case engine.Conversion:
		// Its place may lie in a view's text: the message holds the value.
		at = -1
	}
	message, rest, _ := strings.Cut(failed.Message, "\n")
	return x.spec.at(at, message, strings.TrimSpace(rest), err)
}

// badInput is a bad row of a table that the query reads.
func (x *run) badInput(name string, err error) error {
	var bad *table.Error
	if !errors.As(err, &bad) {
		return err
	}
	hint := ""
	if bad.Column != "" && bad.Value != "" {
		// A query for the row would fail on it as this one has.
		hint = fmt.Sprintf("Correct the row, or keep the column as text (columns: {%s: string} of the source) and use TRY_CAST.", bad.Column)
	}
	bad.Table = name
	return &Error{File: x.spec.File, Message: bad.Error(), Hint: hint, Err: err}
}

func (x *run) unknownColumn(failed *engine.Error, at int) error {
	name, owner := failed.Name, ""
	if m := regexp.MustCompile(`"([^"]+)" does not have a column named "([^"]+)"`).FindStringSubmatch(failed.Message); m != nil {
		owner, name = m[1], m[2]
	}
	if ref, ok := x.analysis.aliases[strings.ToLower(owner)]; ok {
		if in := x.inputs[ref.String()]; in != nil {
			return x.spec.at(at, fmt.Sprintf("%s has no column %q", ref, name), offer(name, columnNames(in)), failed)
		}
	}
	var all []string
	for _, n := range x.order {
		all = append(all, columnNames(x.inputs[n])...)
	}
	if owner == "" && len(x.order) == 1 && len(x.analysis.ctes) == 0 {
		return x.spec.at(at, fmt.Sprintf("%s has no column %q", x.order[0], name), offer(name, all), failed)
	}
	hint := ""
	if len(failed.Candidates) > 0 && failed.Candidates[0] != "" {
		if n := nearest(name, append(all, failed.Candidates...)); n != "" {
			hint = fmt.Sprintf("Did you mean %q?", n)
		}
	} else if n := nearest(name, all); n != "" {
		hint = fmt.Sprintf("Did you mean %q?", n)
	}
	if owner != "" {
		return x.spec.at(at, fmt.Sprintf("%s has no column %q", owner, name), hint, failed)
	}
	return x.spec.at(at, fmt.Sprintf("no table of the query has a column %q", name), hint, failed)
}

func columnNames(in *input) []string {
	out := make([]string, len(in.relation.Columns))
	for i, c := range in.relation.Columns {
		out[i] = c.Name
	}
	return out
}

// final words an error of the landing.
func (x *run) final(err error) error {
	var empty *table.EmptyError
	if errors.As(err, &empty) {
		why := ""
		for _, name := range x.order {
			if x.inputs[name].relation.Files == 0 {
				why = fmt.Sprintf(": %s is empty", name)
				break
			}
		}
		return &Error{File: x.spec.File, Message: fmt.Sprintf("%s would replace %s rows by none%s. The old table is untouched.", x.spec.Table, thousands(empty.Rows), why),
			Hint: fmt.Sprintf("If that is right:  tarn run %s --allow-empty", x.spec.Name), Err: err}
	}
	return err
}

// thousands writes 18204 as 18,204.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes 1 row, 1,234 rows.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
