"""A Python shell job: boto3, its own modules, and no Spark."""

import sys

import boto3
import extra_package
from awsglue.utils import getResolvedOptions
from extra_module import LIMIT

args = getResolvedOptions(sys.argv, ["bucket", "greeting"])
s3 = boto3.client("s3")
s3.put_object(Bucket=args["bucket"], Key="out/shell.txt", Body=args["greeting"])
text = s3.get_object(Bucket=args["bucket"], Key="out/shell.txt")["Body"].read().decode()
me = boto3.client("sts").get_caller_identity()["Arn"]
assert ":assumed-role/glue/" in me, me
assert "pyspark" not in sys.modules
print("RESULT", text, extra_package.double(LIMIT))
