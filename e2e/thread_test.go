package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// expect compares what a client printed with the figures of the data.
func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const (
	figures = "327346 6.90 F9 21.92"
	query   = "select count(*), avg(arr_delay::float) from flights.delays"
	latest  = "select carrier, avg(arr_delay::float) as late from flights.delays group by 1 order by 2 desc limit 1"
)

// TestThread runs the flights example once, and looks at its result with
// everything that a user of AWS has.
func TestThread(t *testing.T) {
	p := start(t, dataFolder(t))
	dir := filepath.Join(t.TempDir(), "flights")
	demo := p.run(binary(t), "demo", dir, "--data", p.data)
	t.Log(demo)
	for _, figure := range []string{"using the tarn at " + p.endpoint, "336,776 flights in the raw table, 327,346 of them", "6.90 minutes on average", "F9  Frontier Airlines Inc.", "21.92 minutes late"} {
		if !strings.Contains(demo, figure) {
			t.Errorf("the demo does not say %q", figure)
		}
	}

	t.Run("psql", func(t *testing.T) {
		p := p.in(t)
		out := p.run("psql", "-At", "-F", " ", "-c", "select count(*), to_char(avg(arr_delay::float), 'FM990.00') from flights.delays", "-c", "select carrier, to_char(avg(arr_delay::float), 'FM990.00') from flights.delays group by 1 order by avg(arr_delay::float) desc limit 1")
		expect(t, strings.Join(strings.Fields(out), " "), figures)
		expect(t, strings.TrimSpace(p.run("psql", "-At", "-c", "select count(*) from flights_raw.flights")), "336776")
	})
	t.Run("redshift_connector", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(fmt.Sprintf(`
import os, redshift_connector
c = redshift_connector.connect(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), database="dev", user="awsuser", password=os.environ["PGPASSWORD"], ssl=False)
k = c.cursor()
k.execute(%q); n, a = k.fetchone()
k.execute(%q); f, l = k.fetchone()
print(n, f"{a:.2f}", f, f"{l:.2f}")`, query, latest)), figures)
	})
	t.Run("psycopg", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(fmt.Sprintf(`
import psycopg
with psycopg.connect("sslmode=prefer client_encoding=utf8") as c:
    n, a = c.execute(%q).fetchone()
    f, l = c.execute(%q).fetchone()
print(n, f"{a:.2f}", f, f"{l:.2f}")`, query, latest)), figures)
	})
	t.Run("redshift data", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(fmt.Sprintf(`
import boto3, time
d = boto3.client("redshift-data")
def ask(sql):
    i = d.execute_statement(ClusterIdentifier="tarn", Database="dev", DbUser="awsuser", Sql=sql)["Id"]
    while (s := d.describe_statement(Id=i))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        time.sleep(0.05)
    assert s["Status"] == "FINISHED", s
    return [next(iter(f.values())) for f in d.get_statement_result(Id=i)["Records"][0]]
n, a = ask(%q)
f, l = ask(%q)
print(n, f"{a:.2f}", f, f"{l:.2f}")`, query, latest)), figures)
	})
	t.Run("awswrangler", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(`
import awswrangler as wr
d = wr.s3.read_parquet_table(database="flights", table="clean_flights", columns=["carrier", "arr_delay"])
m = d.groupby("carrier").arr_delay.mean().astype(float).sort_values(ascending=False)
print(len(d), f"{float(d.arr_delay.mean()):.2f}", m.index[0], f"{m.iloc[0]:.2f}")`), figures)
	})
	t.Run("pyiceberg", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(`
import os
from pyiceberg.catalog import load_catalog
c = load_catalog("glue", type="glue", **{"glue.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": os.environ["AWS_REGION"]})
d = c.load_table("flights.delays").scan(selected_fields=("carrier", "arr_delay")).to_pandas()
m = d.groupby("carrier").arr_delay.mean().sort_values(ascending=False)
print(len(d), f"{d.arr_delay.mean():.2f}", m.index[0], f"{m.iloc[0]:.2f}")`), figures)
	})
	t.Run("Spark", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.glueScript("spark-read", `
import sys
from awsglue.context import GlueContext
from pyspark.context import SparkContext
from pyspark.sql import functions as F
glue = GlueContext(SparkContext.getOrCreate())
d = glue.create_data_frame.from_catalog(database="flights", table_name="delays")
n, a = d.agg(F.count("*"), F.avg("arr_delay")).first()
r = d.groupBy("carrier").agg(F.avg("arr_delay").alias("late")).orderBy(F.desc("late")).first()
print("RESULT", n, f"{a:.2f}", r[0], f"{r[1]:.2f}")`), figures)
	})
	t.Run("dashboard in Chromium", func(t *testing.T) { p.in(t).browser(t, dir) })
	t.Run("definition comes out equal", func(t *testing.T) {
		p := p.in(t)
		expect(t, p.script(fmt.Sprintf(`
import boto3, json
q = boto3.client("quicksight")
d = q.describe_dashboard_definition(AwsAccountId="000000000000", DashboardId="flights-delays")["Definition"]
want = json.load(open(%q))
for x in want["DataSetIdentifierDeclarations"]:
    x["DataSetArn"] = "arn:aws:quicksight:us-east-1:000000000000:dataset/flights-" + x["Identifier"]
print("equal" if d == want else "different")`, filepath.Join(dir, "dashboards", "delays.json"))), "equal")
	})
	t.Run("manufacturers", func(t *testing.T) {
		p := p.in(t)
		got := ""
		for _, r := range p.sql(dir, "select p.manufacturer as m, count(*) as n from raw.flights f join raw.planes p on p.tailnum = f.tailnum where p.manufacturer in ('BOEING','EMBRAER','AIRBUS') group by 1 order by 2 desc") {
			got += fmt.Sprint(r["m"], " ", r["n"], " ")
		}
		expect(t, strings.TrimSpace(got), "BOEING 82912 EMBRAER 66068 AIRBUS 47302")
	})
	t.Run("a second plan has nothing to do", func(t *testing.T) {
		p := p.in(t)
		out, err := p.try(binary(t), "plan", "--check", "-C", dir)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("aws cli", func(t *testing.T) { p.in(t).cli(t) })
}

// glueScript runs a script as a Glue job and gives its line that starts with RESULT.
func (p *tarn) glueScript(name, text string, more ...string) string {
	p.t.Helper()
	out := p.script(fmt.Sprintf(`
import boto3, time
s3, glue, logs = boto3.client("s3"), boto3.client("glue"), boto3.client("logs")
s3.put_object(Bucket="flights-000000000000-us-east-1", Key=".tarn/%[1]s.py", Body=%[2]q)
try: glue.delete_job(JobName=%[1]q)
except Exception as e: print(e)
glue.create_job(Name=%[1]q, Role=%[3]q, Command={"Name": "glueetl", "ScriptLocation": "s3://flights-000000000000-us-east-1/.tarn/%[1]s.py", "PythonVersion": "3"}, GlueVersion="6.0", DefaultArguments={"--datalake-formats": "iceberg", "--TempDir": "s3://flights-000000000000-us-east-1/.tarn/tmp/"})
run = glue.start_job_run(JobName=%[1]q)["JobRunId"]
while (r := glue.get_job_run(JobName=%[1]q, RunId=run)["JobRun"])["JobRunState"] not in ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"):
    time.sleep(0.1)
text = "".join(e["message"] + "\n" for e in logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True)["events"])
print("STATE", r["JobRunState"], r.get("ErrorMessage", ""))
print(text)`, name, text, role(more)))
	for _, l := range strings.Split(out, "\n") {
		if rest, ok := strings.CutPrefix(l, "RESULT "); ok {
			return rest
		}
	}
	return out
}

func role(more []string) string {
	if len(more) > 0 {
		return more[0]
	}
	return "arn:aws:iam::000000000000:role/flights"
}

// cli runs the commands that every tutorial has.
func (p *tarn) cli(t *testing.T) {
	has := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is not in\n%s", w, out)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "airports.csv")
	p.aws("s3", "cp", "--no-progress", "s3://flights-000000000000-us-east-1/raw/airports/airports.csv", file)
	has(p.aws("glue", "get-tables", "--database-name", "flights"), `"Name": "delays"`, `"table_type": "ICEBERG"`)
	has(p.aws("quicksight", "describe-dashboard-definition", "--aws-account-id", "000000000000", "--dashboard-id", "flights-delays"), `"ResourceStatus": "CREATION_SUCCESSFUL"`)
	var run struct{ JobRuns []struct{ Id string } }
	if err := json.Unmarshal([]byte(p.aws("glue", "get-job-runs", "--job-name", "flights-clean_flights")), &run); err != nil || len(run.JobRuns) == 0 {
		t.Fatalf("%v %v", run, err)
	}
	// Version 2 of the CLI has logs tail; Debian's is older than AWS_ENDPOINT_URL.
	has(p.run("/usr/bin/aws", "logs", "tail", "/aws-glue/jobs/output", "--since", "1h", "--log-stream-names", run.JobRuns[0].Id, "--endpoint-url", p.endpoint), "12 of 12 files are new")
	has(p.aws("redshift-data", "execute-statement", "--cluster-identifier", "tarn", "--database", "dev", "--db-user", "awsuser", "--sql", "select 1"), `"Id"`)
	has(p.aws("glue", "start-workflow-run", "--name", "flights"), `"RunId": "wr_`)

	wrong := &tarn{t: t, env: append(p.env, "AWS_SECRET_ACCESS_KEY=wrong")}
	for _, c := range []struct{ cmd, want string }{
		{"s3api list-buckets", "SignatureDoesNotMatch"}, {"glue get-databases", "InvalidSignatureException"}, {"logs describe-log-groups", "InvalidSignatureException"},
		{"redshift-data list-statements", "InvalidSignatureException"}, {"quicksight list-dashboards --aws-account-id 000000000000", "InvalidSignatureException"}, {"sts get-caller-identity", "SignatureDoesNotMatch"},
	} {
		out, err := wrong.try(filepath.Join(filepath.Dir(python(t)), "aws"), strings.Fields(c.cmd)...)
		if err == nil || !strings.Contains(out, c.want) {
			t.Errorf("aws %s with a wrong key: %v %s", c.cmd, err, out)
		}
	}
}

// browser opens the dashboard in Chromium and reads what a person would.
func (p *tarn) browser(t *testing.T, dir string) {
	key := ""
	for _, w := range strings.Fields(p.out.String()) {
		if i := strings.Index(w, "/_/?k="); i > 0 {
			key = w[i+len("/_/?k="):]
		}
	}
	cmd := exec.Command("node", "dashboard.mjs", p.endpoint, key, filepath.Join(root(t), "build", "e2e"))
	cmd.Dir = filepath.Join(root(t), "e2e")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got struct {
		Flights, Mean, First, FirstMean, Title string
		AfterClick                             string
		Raw                                    string
		Errors                                 []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Flights != "327,346" || got.Mean != "6.90" && got.Mean != "6.9" || !strings.HasPrefix(got.First, "Frontier") && got.First != "F9" || !strings.HasPrefix(got.FirstMean, "21.9") || len(got.Errors) > 0 {
		t.Errorf("the dashboard shows %+v", got)
	}
	if got.AfterClick != "681" {
		t.Errorf("after a click on %s the dashboard counts %s flights, want 681", got.First, got.AfterClick)
	}
}
