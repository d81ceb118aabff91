package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestAwsglue runs Glue scripts that check themselves: what awsglue promises of
// frames, the catalog and bookmarks, on a real Spark. Each ends with a line RESULT.
func TestAwsglue(t *testing.T) {
	p := start(t, dataFolder(t))
	scripts := filepath.Join(root(t), "e2e", "testdata", "awsglue")
	p.run(python(t), filepath.Join(scripts, "prepare.py"), scripts)
	job := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		return p.in(t).run(python(t), append([]string{filepath.Join(scripts, "run.py"), name}, args...)...)
	}
	result := func(t *testing.T, out, want string) {
		t.Helper()
		if !strings.HasPrefix(out, "STATE SUCCEEDED") || !strings.Contains(out, "\nRESULT "+want+"\n") {
			t.Errorf("want RESULT %s:\n%s", want, out)
		}
	}

	t.Run("frames", func(t *testing.T) { result(t, job(t, "frames"), "ok") })
	t.Run("lake", func(t *testing.T) { result(t, job(t, "lake"), "ok") })
	t.Run("metastore", func(t *testing.T) { result(t, job(t, "metastore"), "ok") })
	t.Run("bookmarks", func(t *testing.T) {
		p := p.in(t)
		drop := func(name, text string) {
			p.script(`import boto3; boto3.client("s3").put_object(Bucket="glue-000000000000", Key="drop/` + name + `", Body=` + quoted(text) + `)`)
		}
		// What has been published, as another client of the lake sees it.
		published := func() string {
			return p.script(`
import boto3, io, pyarrow.parquet as pq
s3 = boto3.client("s3")
bucket, _, folder = boto3.client("glue").get_table(DatabaseName="lake", Name="taken")["Table"]["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
def files(prefix):
    for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ()):
        yield s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read()
print(sorted(n for f in files(folder) for n in pq.read_table(io.BytesIO(f))["n"].to_pylist()), sum(f.count(b"\n") for f in files("out/sales/")))`)
		}
		drop("1.json", "{\"n\": 1}\n{\"n\": 2}\n")
		rows := p.script(`
import boto3
glue = boto3.client("glue")
print(len(glue.get_partitions(DatabaseName="lake", TableName="sales")["Partitions"]) + 1)`) // two rows in the first
		result(t, job(t, "bookmark"), "2 "+rows)
		expect(t, published(), "[1, 2] "+rows)
		drop("2.json", "{\"n\": 3}\n")
		if out := job(t, "bookmark", "--fail", "yes"); !strings.HasPrefix(out, "STATE FAILED RuntimeError: after the writes") {
			t.Errorf("a failing run: %s", out)
		}
		expect(t, published(), "[1, 2] "+rows)
		drop("3.json", "{\"n\": 4}\n")
		result(t, job(t, "bookmark"), "2 0")
		expect(t, published(), "[1, 2, 3, 4] "+rows)
		// Nothing is new.
		result(t, job(t, "bookmark"), "0 0")
		expect(t, published(), "[1, 2, 3, 4] "+rows)
	})
	t.Run("python shell", func(t *testing.T) { result(t, job(t, "shell", "--greeting", "hello"), "hello 4") })
}
