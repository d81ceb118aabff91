package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// badInput breaks one thing after another on the way of the flights. Each time the
// error is at its place in the CLI, in Glue's API and in the console, what was published stays, and
// when the fault is mended a run goes on to whole figures.
func (p *tarn) badInput(t *testing.T) {
	b := &broken{tarn: p, dir: renamed(t, flights(t, 1, 2), "bad")}
	b.page = p.signIn(t)
	p.project(b.dir, "apply")
	b.airports(t, b.file(t, "pushed/airports.csv"))
	p.project(b.dir, "run")
	expect(t, p.asked(b.dir), counted(t, b.dir))
	for _, c := range []struct {
		name string
		do   func(*broken, *testing.T)
	}{
		{"a value that is not of its column's type", (*broken).value},
		{"a row with a field too many", (*broken).row},
		{"a truncated gzip", (*broken).gzip},
		{"a column that is not there", (*broken).column},
		{"a script that raises", (*broken).raises},
		{"a Spark that dies", (*broken).spark},
		{"wrong keys", (*broken).keys},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := *b
			in.tarn = p.in(t)
			c.do(&in, t)
		})
	}
}

// broken is a project that has run well once.
type broken struct {
	*tarn
	dir  string
	page *page
}

func (b *broken) value(t *testing.T) {
	good := b.file(t, "pushed/airports.csv")
	lines := strings.SplitAfter(good, "\n")
	f := strings.Split(lines[1234], ",")
	f[2] = "north"
	lines[1234] = strings.Join(f, ",")
	b.airports(t, strings.Join(lines, ""))
	b.fails(t, "delays", `raw/airports/airports.csv`, "line 1,235", "column lat", `"north"`)
	b.airports(t, good)
	b.mended(t)
}

func (b *broken) row(t *testing.T) {
	good := b.file(t, "pushed/airports.csv")
	lines := strings.SplitAfter(good, "\n")
	lines[41] = strings.TrimSuffix(lines[41], "\n") + ",surplus\n"
	b.airports(t, strings.Join(lines, ""))
	b.fails(t, "delays", `raw/airports/airports.csv`, "line 42")
	b.airports(t, good)
	b.mended(t)
}

func (b *broken) gzip(t *testing.T) {
	addMonth(t, b.dir, 3)
	path := filepath.Join(b.dir, "data", month(3))
	if err := os.Truncate(path, 200_000); err != nil {
		t.Fatal(err)
	}
	b.fails(t, "clean_flights", "raw/flights/"+month(3), "cut off", "line ")
	addMonth(t, b.dir, 3)
	b.mended(t)
}

func (b *broken) column(t *testing.T) {
	addMonth(t, b.dir, 4)
	mend := b.edit(t, "jobs/delays.sql", "p.manufacturer", "p.tail_num")
	b.project(b.dir, "apply")
	b.fails(t, "delays", "jobs/delays.sql:3:22", "tail_num", `Did you mean "tailnum"?`)
	mend()
	b.project(b.dir, "apply")
	b.mended(t)
}

// raises: what the script has written before it raises is not published, and not read twice.
func (b *broken) raises(t *testing.T) {
	addMonth(t, b.dir, 5)
	mend := b.edit(t, "jobs/clean_flights.py", "job.commit()", `raise ValueError("no such airline: ZZ")`)
	b.project(b.dir, "apply")
	b.fails(t, "clean_flights", "ValueError: no such airline: ZZ", "clean_flights.py, line 36")
	mend()
	b.project(b.dir, "apply")
	b.mended(t)
}

func (b *broken) spark(t *testing.T) {
	addMonth(t, b.dir, 6)
	mend := b.edit(t, "jobs/clean_flights.py", "raw = glue", `print("endless", flush=True)
glue.spark_session.range(0, 10**15, 1, 8).selectExpr("sum(sqrt(id))").collect()
raw = glue`)
	b.project(b.dir, "apply")
	java := javas(children(t, b.cmd.Process.Pid))
	if len(java) != 1 {
		t.Fatalf("%d Java processes: %v", len(java), java)
	}
	killed := make(chan error, 1)
	go func() {
		began := eventually(2*time.Minute, func() bool {
			out, err := b.try(binary(t), "logs", "clean_flights", "-C", b.dir)
			return err == nil && strings.Contains(out, "endless")
		})
		if !began {
			killed <- fmt.Errorf("the script does not begin")
			return
		}
		time.Sleep(time.Second)
		killed <- syscall.Kill(java[0].pid, syscall.SIGKILL)
	}()
	b.fails(t, "clean_flights", "Spark ended during this run (signal: killed); the next run starts it anew")
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	mend()
	b.project(b.dir, "apply")
	b.mended(t)
}

func (b *broken) keys(t *testing.T) {
	runs := func() string {
		return b.script(`
import boto3
print(len(boto3.client("glue").get_workflow_runs(Name="bad")["Runs"]))`)
	}
	before, published := runs(), b.published(b.dir)
	wrong := &tarn{t: t, env: append(b.env, "AWS_SECRET_ACCESS_KEY=wrong", "PGPASSWORD=wrong")}
	for _, c := range [][]string{{"plan"}, {"apply"}, {"run"}, {"run", "--resume"}, {"logs"}, {"sql", "select 1"}} {
		out, err := wrong.try(binary(t), append(c, "-C", b.dir)...)
		if err == nil {
			t.Errorf("tarn %s does it with a wrong key: %s", c[0], out)
		}
		contains(t, out, "The request signature we calculated does not match the signature you provided", "AWS_SECRET_ACCESS_KEY")
	}
	out, err := wrong.try("psql", "-c", "select 1")
	if err == nil {
		t.Errorf("psql does it with a wrong password: %s", out)
	}
	contains(t, out, "password authentication failed")
	expect(t, runs(), before)
	expect(t, b.published(b.dir), published)
}

// fails runs the project, and looks for the words of its error in all places.
func (b *broken) fails(t *testing.T, job string, want ...string) {
	t.Helper()
	before := b.published(b.dir)
	out, err := b.try(binary(t), "run", "-C", b.dir)
	if err == nil {
		t.Fatalf("the run succeeds:\n%s", out)
	}
	t.Log(out)
	contains(t, out, append(want, "tarn run --resume")...)
	contains(t, b.script(fmt.Sprintf(`
import boto3
r = boto3.client("glue").get_job_runs(JobName="bad-%s", MaxResults=1)["JobRuns"][0]
print(r["JobRunState"], r["ErrorMessage"])`, job)), append(want, "FAILED")...)
	var seen struct {
		JobRuns []struct{ JobRunState, ErrorMessage string }
	}
	b.page.call(t, "glue", "GetJobRuns", map[string]any{"JobName": "bad-" + job, "MaxResults": 1}, &seen)
	contains(t, seen.JobRuns[0].ErrorMessage, want...)
	after := b.published(b.dir)
	if job == "delays" { // what comes before it in the run has been published
		before, _, _ = strings.Cut(before, ", ")
		after, _, _ = strings.Cut(after, ", ")
	}
	expect(t, after, before)
}

// mended goes on where the last run has failed.
func (b *broken) mended(t *testing.T) {
	t.Helper()
	b.project(b.dir, "run", "--resume")
	expect(t, b.asked(b.dir), counted(t, b.dir))
}

func (b *broken) file(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(b.dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// airports pushes a file of airports.
func (b *broken) airports(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "airports.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.aws("s3", "cp", "--no-progress", path, "s3://bad-000000000000-us-east-1/raw/airports/airports.csv")
}

// edit changes a file of the project, and answers what changes it back.
func (b *broken) edit(t *testing.T, name, old, new string) func() {
	t.Helper()
	good := b.file(t, name)
	if strings.Count(good, old) != 1 {
		t.Fatalf("%s has not one %q", name, old)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(b.dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(good, old, new, 1))
	return func() { write(good) }
}

// renamed gives a copy of the example a name of its own, so that it shares nothing with the others.
func renamed(t testing.TB, dir, name string) string {
	t.Helper()
	for file, change := range map[string]*strings.Replacer{
		"tarn.yaml":             strings.NewReplacer("name: flights", "name: "+name),
		"jobs/clean_flights.py": strings.NewReplacer(`"flights_raw"`, `"`+name+`_raw"`, `catalogDatabase="flights"`, `catalogDatabase="`+name+`"`),
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(change.Replace(string(raw))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// counted is what asked must say of a project's files.
func counted(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "data", "flights-*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	raw, arrived, sum, days := 0, 0, 0, map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(z).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]int{}
		for i, n := range rows[0] {
			at[n] = i
		}
		for _, r := range rows[1:] {
			raw++
			if late, err := strconv.Atoi(r[at["arr_delay"]]); err == nil {
				arrived++
				sum += late
				days[r[at["month"]]+"-"+r[at["day"]]] = true
			}
		}
	}
	return fmt.Sprintf("%d %.2f in %d days, %d clean, %d raw", arrived, float64(sum)/float64(arrived), len(days), arrived, raw)
}

// page is the console as a signed-in browser sees it.
type page struct {
	client   *http.Client
	endpoint string
}

// signIn opens the console by the link that tarn printed.
func (p *tarn) signIn(t testing.TB) *page {
	t.Helper()
	_, after, ok := strings.Cut(p.out.String(), "/_/?k=")
	if !ok {
		t.Fatalf("no link to the console in\n%s", p.out)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &page{&http.Client{Jar: jar, Timeout: time.Minute}, p.endpoint}
	c.post(t, "/_/session", map[string]any{"Key": strings.Fields(after)[0]}, nil)
	return c
}

func (c *page) call(t testing.TB, service, operation string, in, out any) {
	t.Helper()
	c.post(t, "/_/api/"+service+"/"+operation, in, out)
}

func (c *page) post(t testing.TB, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Tarn", "1")
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		t.Fatalf("%s: %s %v %s", path, resp.Status, err, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, raw)
		}
	}
}
