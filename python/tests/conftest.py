import boto3
import pytest
from moto import mock_aws

from awsglue import _aws


@pytest.fixture
def aws(monkeypatch):
    """S3 and Glue in memory, with a bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    _aws._clients.__dict__.clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="lake")
        yield boto3
    _aws._clients.__dict__.clear()
