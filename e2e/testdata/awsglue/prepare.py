"""A bucket with data, a role, catalog tables and jobs. Arguments: the folder of the scripts."""

import io
import json
import pathlib
import sys
import zipfile

import boto3

scripts = pathlib.Path(sys.argv[1])
s3, glue, iam = boto3.client("s3"), boto3.client("glue"), boto3.client("iam")
bucket = "glue-000000000000"
s3.create_bucket(Bucket=bucket)


def put(key, body):
    s3.put_object(Bucket=bucket, Key=key, Body=body)


trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="glue", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*"], "Resource": "*"}]}
iam.put_role_policy(RoleName="glue", PolicyName="p", PolicyDocument=json.dumps(allow))

put("in/carriers/a.csv", "id|name|note\n1|'Delta | Air'|'it''s'\n2|United|\n")
put("in/plain/a.csv", 'x,1\n"y ""quoted"", z",2\n')
people = [
    {"id": 1, "who": {"name": "Ann", "age": "41"}, "delay": "12.5", "when": "2013-01-02 03:04:05", "tags": ["a", "b"], "empty": None},
    {"id": 2, "who": {"name": "Bob", "age": "n/a"}, "delay": "NA", "when": "never", "tags": [], "empty": None},
    {"id": 3, "who": None, "delay": None, "when": None, "tags": None, "empty": None},
]
put("in/people/a.json", "".join(json.dumps(p) + "\n" for p in people))
put("in/deep/y=2013/a.json", '{"v": 1}\n')
put("in/deep/y=2014/a.json", '{"v": 2}\n')
put("in/deep/y=2014/_SUCCESS", "")
put("in/deep/y=2014/skip.json", '{"v": 3}\n')

put("in/document/a.json", '{"meta": 1,\n "records": [{"a": 1, "b": {"c": "x"}},\n {"a": 2, "b": null}]}\n')
put("lake/mixed/a.csv", "1,1.5\nx2,many\n3,\n")
put("lake/old/y=1/a.csv", "1\n")

put("lake/sales/year=2013/month=1/a.csv", "1,1.5\n2,2.5\n")
put("lake/sales/year=2013/month=2/a.csv", "3,x\n".replace("x", "3.5"))
put("lake/sales/year=2014/month=1/a.csv", "4,4.5\n")
put("elsewhere/2015/a.csv", "5,5.5\n")
put("lake/events/a.json", '{"id": 1}\n{"id": 2}\n')

text = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"}


def storage(location, columns, library, **parameters):
    return {
        "Location": f"s3://{bucket}/{location}",
        "Columns": [{"Name": n, "Type": k} for n, k in columns],
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": parameters},
        **text,
    }


glue.create_database(DatabaseInput={"Name": "lake", "LocationUri": f"s3://{bucket}/lake/"})
lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
sales = [("id", "int"), ("amount", "double")]
glue.create_table(
    DatabaseName="lake",
    TableInput={
        "Name": "sales",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "csv"},
        "PartitionKeys": [{"Name": "year", "Type": "string"}, {"Name": "month", "Type": "int"}],
        "StorageDescriptor": storage("lake/sales/", sales, lazy, **{"field.delim": ","}),
    },
)
places = [("2013", "1", "lake/sales/year=2013/month=1/"), ("2013", "2", "lake/sales/year=2013/month=2/"), ("2014", "1", "lake/sales/year=2014/month=1/")]
for year, month, place in [*places, ("2015", "7", "elsewhere/2015/")]:
    glue.create_partition(
        DatabaseName="lake",
        TableName="sales",
        PartitionInput={"Values": [year, month], "StorageDescriptor": storage(place, sales, lazy, **{"field.delim": ","})},
    )
glue.create_table(
    DatabaseName="lake",
    TableInput={
        "Name": "events",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "json"},
        "StorageDescriptor": storage("lake/events/", [("id", "bigint")], "org.openx.data.jsonserde.JsonSerDe"),
    },
)

glue.create_table(
    DatabaseName="lake",
    TableInput={
        "Name": "mixed",
        "Parameters": {"classification": "csv"},
        "StorageDescriptor": storage("lake/mixed/", [("id", "bigint"), ("amount", "double")], lazy, **{"field.delim": ","}),
    },
)
glue.create_table(
    DatabaseName="lake",
    TableInput={
        "Name": "old",
        "Parameters": {"classification": "csv"},
        "PartitionKeys": [{"Name": "y", "Type": "int"}],
        "StorageDescriptor": storage("lake/old/", [("id", "int")], lazy),
    },
)
old = {"Values": ["1"], "StorageDescriptor": storage("lake/old/y=1/", [("id", "int")], lazy)}
glue.create_partition(DatabaseName="lake", TableName="old", PartitionInput=old)

put("code/extra_module.py", "LIMIT = 2\n\n\ndef small(record):\n    return record['id'] < LIMIT\n")
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as z:
    z.writestr("extra_package/__init__.py", "def double(n):\n    return 2 * n\n")
put("code/extra_package.zip", archive.getvalue())
for script in scripts.glob("job_*.py"):
    put(f"code/{script.name}", script.read_bytes())


def job(name, script, arguments, command="glueetl", **more):
    glue.create_job(
        Name=name,
        Role=role,
        Command={"Name": command, "ScriptLocation": f"s3://{bucket}/code/{script}.py", "PythonVersion": "3.9" if command == "pythonshell" else "3"},
        DefaultArguments={"--TempDir": f"s3://{bucket}/tmp/", "--bucket": bucket, **arguments},
        **more,
    )


spark = {"GlueVersion": "6.0"}
extra = f"s3://{bucket}/code/extra_module.py,s3://{bucket}/code/extra_package.zip"
job("frames", "job_frames", {"--extra-py-files": extra, "--dashed-name": "a value", "--empty": "", "--number": "-1"}, **spark)
job("lake", "job_lake", {"--datalake-formats": "iceberg"}, **spark)
job("bookmark", "job_bookmark", {"--job-bookmark-option": "job-bookmark-enable", "--fail": "no"}, **spark)
job("shell", "job_shell", {"--extra-py-files": extra}, command="pythonshell", MaxCapacity=0.0625)
job("metastore", "job_metastore", {"--enable-glue-datacatalog": "true", "--datalake-formats": "iceberg"}, **spark)
