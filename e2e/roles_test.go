package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// roleScript tries four ways to the data, says how each went, and ends with the
// first refusal.
const roleScript = `
from awsglue.context import GlueContext
from pyspark.context import SparkContext
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
failed = None
def attempt(what, count):
    global failed
    try:
        print("RESULT", what, count())
    except Exception as e:
        failed = failed or e
        message, _, trace = str(e).partition("JVM stacktrace")
        cause = next((l for l in trace.splitlines() if "Denied" in l), "") # a file's reader names it below its own complaint
        print("RESULT", what, "refused", message.replace("\n", " "), cause)
attempt("path", lambda: spark.read.option("header", True).csv("s3://flights-000000000000-us-east-1/raw/flights/flights-2013-01.csv.gz").count())
attempt("catalog", lambda: glue.create_dynamic_frame.from_catalog(database="flights", table_name="clean_flights").count())
attempt("iceberg", lambda: spark.table("glue_catalog.flights.delays").count())
attempt("metastore", lambda: spark.table("flights.clean_flights").count())
if failed: raise failed
`

// roleJobs makes three roles, and a job for each that runs roleScript.
const roleJobs = `
import boto3, json
s3, glue, iam = boto3.client("s3"), boto3.client("glue"), boto3.client("iam")
bucket = "flights-000000000000-us-east-1"
s3.put_object(Bucket=bucket, Key=".tarn/roles.py", Body=%s)
def allow(actions, *resources): return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
roles = {
    "both": [allow(["s3:*", "glue:*"], "*")],
    "no-data": [allow("glue:*", "*"), allow("s3:*", f"arn:aws:s3:::{bucket}/.tarn/*"), allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")],
    "no-catalog": [allow("s3:*", "*")],
}
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
for name, statements in roles.items():
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    glue.create_job(Name=name, Role=arn, Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/.tarn/roles.py", "PythonVersion": "3"}, GlueVersion="6.0",
        DefaultArguments={"--datalake-formats": "iceberg", "--enable-glue-datacatalog": "true", "--TempDir": f"s3://{bucket}/.tarn/tmp/"})
`

// roleRuns starts the jobs of a list at the same time and says how each ended.
const roleRuns = `
import boto3, json, time
glue, logs = boto3.client("glue"), boto3.client("logs")
def end(name, run):
    while (r := glue.get_job_run(JobName=name, RunId=run)["JobRun"])["JobRunState"] not in ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"):
        time.sleep(0.1)
    text = "".join(e["message"] + "\n" for e in logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True)["events"])
    ways = dict(l.split(" ", 2)[1:] for l in text.splitlines() if l.startswith("RESULT "))
    return {"Role": name, "State": r["JobRunState"], "Error": r.get("ErrorMessage", ""), "Ways": ways}
runs = [(n, glue.start_job_run(JobName=n)["JobRunId"]) for n in %s]
print(json.dumps([end(n, r) for n, r in runs]))
`

// roles: one warm Spark serves jobs of several roles, and each may do what its
// role may, one after another and at the same time.
func (p *tarn) roles(t *testing.T) {
	type run struct {
		Role, State, Error string
		Ways               map[string]string
	}
	p.script(fmt.Sprintf(roleJobs, quoted(roleScript)))
	var runs []run
	for _, together := range []string{`["both"]`, `["no-data"]`, `["both"]`, `["no-catalog"]`, `["no-data", "both", "no-catalog"]`} {
		var ended []run
		out := p.script(fmt.Sprintf(roleRuns, together))
		if err := json.Unmarshal([]byte(out), &ended); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		runs = append(runs, ended...)
	}
	open := map[string]string{"path": "27004", "catalog": "327346", "iceberg": "327346", "metastore": "327346"}
	// What refuses each way, and which of its operations.
	refused := map[string]map[string]string{
		"both":       {},
		"no-data":    {"path": "s3", "catalog": "s3", "iceberg": "s3", "metastore": "s3"},
		"no-catalog": {"catalog": "glue:GetTable", "iceberg": "glue:GetTable", "metastore": "glue:Get"},
	}
	for i, r := range runs {
		for way, count := range open {
			got, by := r.Ways[way], refused[r.Role][way]
			switch {
			case by == "":
				if got != count {
					t.Errorf("run %d: %s by %s: %s, want %s", i, r.Role, way, got, count)
				}
			case !strings.HasPrefix(got, "refused") || !denied(got) || by != "s3" && !strings.Contains(got, by):
				t.Errorf("run %d: %s by %s: %s, want a refusal by %s", i, r.Role, way, got, by)
			}
		}
		if len(refused[r.Role]) == 0 {
			if r.State != "SUCCEEDED" {
				t.Errorf("run %d of %s: %s %s", i, r.Role, r.State, r.Error)
			}
		} else if r.State != "FAILED" || !denied(r.Error) {
			t.Errorf("run %d of %s: %s %s, want FAILED by a refusal", i, r.Role, r.State, r.Error)
		}
	}
	if n := len(javas(children(t, p.cmd.Process.Pid))); n != 1 {
		t.Errorf("%d Java processes, want the one that all roles share", n)
	}
}

// denied tells whether a text speaks of a refusal as S3 and Glue do.
func denied(text string) bool {
	return strings.Contains(text, "AccessDenied") || strings.Contains(text, "Access Denied") || strings.Contains(text, "not authorized to perform")
}

// quoted is a text as Python and JSON write it.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has one
	}
	return string(b)
}

func javas(all []child) []child {
	var out []child
	for _, c := range all {
		if c.name == "java" {
			out = append(out, c)
		}
	}
	return out
}
