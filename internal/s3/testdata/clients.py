"""Drives a running lake with the clients that people have: boto3, the AWS CLI, plain HTTP."""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request
import uuid

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["TARN_ENDPOINT"]
TMP = os.environ["TARN_TMP"]
ROOT = (os.environ["ROOT_KEY"], os.environ["ROOT_SECRET"])
OTHER = (os.environ["OTHER_KEY"], os.environ["OTHER_SECRET"])
GUEST = (os.environ["GUEST_KEY"], os.environ["GUEST_SECRET"])
MIB = 1 << 20

try:
    import awscrt  # noqa: F401

    HAS_CRT = True
except ImportError:
    HAS_CRT = False


def client(who=ROOT, **config):
    s3 = config.pop("s3", {"addressing_style": "path"})
    return boto3.client(
        "s3", endpoint_url=ENDPOINT, region_name=config.pop("region", "us-east-1"),
        aws_access_key_id=who[0], aws_secret_access_key=who[1],
        config=Config(s3=s3, retries={"max_attempts": 1}, **config),
    )


s3 = client()


def fetch(url, method="GET", body=None, headers=None):
    """One plain HTTP request: (status, headers, body)."""
    u = urllib.parse.urlsplit(url)
    conn = http.client.HTTPConnection(u.hostname if "localhost" not in u.hostname else "127.0.0.1", u.port, timeout=30)
    h = {"host": u.netloc, **(headers or {})}
    conn.request(method, u.path + ("?" + u.query if u.query else ""), body=body, headers=h)
    r = conn.getresponse()
    out = r.read()
    conn.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, out


def signed(method, url, body=b"", headers=None):
    """One request signed by botocore, with no more headers than these."""
    r = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers or {})
    botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(*ROOT), "s3", "us-east-1").add_auth(r)
    p = r.prepare()
    return fetch(p.url, method, body, dict(p.headers))


class Case(unittest.TestCase):
    maxDiff = None

    def bucket(self):
        name = "b-" + uuid.uuid4().hex[:20]
        s3.create_bucket(Bucket=name)
        return name

    def refused(self, code, status, call, **args):
        with self.assertRaises(ClientError) as c:
            call(**args)
        got = c.exception.response
        self.assertEqual((code, status), (got["Error"]["Code"], got["ResponseMetadata"]["HTTPStatusCode"]), got)
        return got


class Buckets(Case):
    def test_lifecycle(self):
        name = self.bucket()
        s3.create_bucket(Bucket=name)  # again, in us-east-1
        self.refused("BucketAlreadyExists", 409, client(OTHER).create_bucket, Bucket=name)
        self.assertEqual("us-east-1", s3.head_bucket(Bucket=name)["BucketRegion"])
        self.assertIsNone(s3.get_bucket_location(Bucket=name)["LocationConstraint"])
        self.assertIn(name, [b["Name"] for b in s3.list_buckets()["Buckets"]])
        self.assertNotIn(name, [b["Name"] for b in client(OTHER).list_buckets()["Buckets"]])
        s3.put_object(Bucket=name, Key="k", Body=b"")
        self.refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
        s3.delete_object(Bucket=name, Key="k")
        s3.delete_bucket(Bucket=name)
        self.refused("404", 404, s3.head_bucket, Bucket=name)
        self.refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket=name)
        self.refused("NoSuchBucket", 404, s3.delete_bucket, Bucket=name)
        self.refused("NoSuchBucket", 404, s3.put_object, Bucket=name, Key="k", Body=b"x")

    def test_region(self):
        eu, name = client(region="eu-central-1"), "b-" + uuid.uuid4().hex[:20]
        c = {"LocationConstraint": "eu-central-1"}
        eu.create_bucket(Bucket=name, CreateBucketConfiguration=c)
        self.assertEqual("eu-central-1", eu.get_bucket_location(Bucket=name)["LocationConstraint"])
        self.refused("BucketAlreadyOwnedByYou", 409, eu.create_bucket, Bucket=name, CreateBucketConfiguration=c)
        eu.delete_bucket(Bucket=name)

    def test_names(self):
        for bad in ["ab", "UPPER-case", "a..b", "-abc", "abc-", "192.168.1.1", "xn--abc", "a_b_c"]:
            status, _, body = fetch(client(signature_version="s3v4").generate_presigned_url("create_bucket", Params={"Bucket": "x" * 3}).replace("xxx", bad), "PUT")
            self.assertIn(status, (400, 403), (bad, body))

    def test_paged_buckets(self):
        names = sorted(self.bucket() for _ in range(3))
        got, token = [], {}
        while True:
            page = s3.list_buckets(MaxBuckets=1, Prefix="b-", **token)
            got += [b["Name"] for b in page["Buckets"]]
            if "ContinuationToken" not in page:
                break
            token = {"ContinuationToken": page["ContinuationToken"]}
        self.assertEqual(names, [n for n in got if n in names])

    def test_other_account(self):
        name, other = self.bucket(), client(OTHER)
        s3.put_object(Bucket=name, Key="k", Body=b"x")
        self.refused("403", 403, other.head_bucket, Bucket=name)
        self.refused("AccessDenied", 403, other.get_object, Bucket=name, Key="k")
        self.refused("AccessDenied", 403, other.put_object, Bucket=name, Key="k", Body=b"y")
        self.refused("AccessDenied", 403, other.list_objects_v2, Bucket=name)
        self.refused("AccessDenied", 403, other.delete_objects, Bucket=name, Delete={"Objects": [{"Key": "k"}]})
        self.refused("AccessDenied", 403, s3.get_object, Bucket=name, Key="k", ExpectedBucketOwner="111111111111")
        s3.get_object(Bucket=name, Key="k", ExpectedBucketOwner="000000000000")

    def test_guest(self):
        name, guest = self.bucket(), client(GUEST)
        for k in ("open/k", "private/k"):
            s3.put_object(Bucket=name, Key=k, Body=b"x")
        guest.get_object(Bucket=name, Key="open/k")
        self.refused("AccessDenied", 403, guest.get_object, Bucket=name, Key="private/k")
        self.refused("AccessDenied", 403, guest.copy_object, Bucket=name, Key="open/2", CopySource=name + "/private/k")
        r = guest.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "open/k"}, {"Key": "private/k"}]})
        self.assertEqual([("private/k", "AccessDenied")], [(e["Key"], e["Code"]) for e in r["Errors"]])
        self.assertEqual(["open/k"], [d["Key"] for d in r["Deleted"]])

    def test_unconfigured(self):
        name = self.bucket()
        for call, code in [
            ("get_bucket_policy", "NoSuchBucketPolicy"), ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
            ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"), ("get_bucket_cors", "NoSuchCORSConfiguration"),
            ("get_bucket_website", "NoSuchWebsiteConfiguration"), ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
            ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"), ("get_bucket_tagging", "NoSuchTagSet"),
            ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
        ]:
            self.refused(code, 404, getattr(s3, call), Bucket=name)
        self.assertNotIn("Status", s3.get_bucket_versioning(Bucket=name))
        self.assertEqual("BucketOwner", s3.get_bucket_request_payment(Bucket=name)["Payer"])
        self.assertEqual("FULL_CONTROL", s3.get_bucket_acl(Bucket=name)["Grants"][0]["Permission"])
        self.assertNotIn("TopicConfigurations", s3.get_bucket_notification_configuration(Bucket=name))
        self.assertNotIn("LoggingEnabled", s3.get_bucket_logging(Bucket=name))
        self.refused("NotImplemented", 501, s3.put_bucket_versioning, Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def test_tagging(self):
        name = self.bucket()
        tags = [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "ä"}]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        self.assertEqual(tags, s3.get_bucket_tagging(Bucket=name)["TagSet"])
        s3.delete_bucket_tagging(Bucket=name)
        self.refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=name)


class Objects(Case):
    def setUp(self):
        self.b = self.bucket()

    def put(self, key="k", body=b"0123456789", **args):
        return s3.put_object(Bucket=self.b, Key=key, Body=body, **args)

    def read(self, key="k", **args):
        return s3.get_object(Bucket=self.b, Key=key, **args)["Body"].read()

    def test_round_trip(self):
        expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        put = self.put(
            body=b"hello", ContentType="text/plain", CacheControl="max-age=1", ContentDisposition='attachment; filename="x"', ContentEncoding="identity",
            ContentLanguage="de", Metadata={"Mixed-Case": "v", "two": "a b"}, Tagging="a=1&b=x%20y", StorageClass="STANDARD_IA", Expires=expires,
            WebsiteRedirectLocation="/other",
        )
        self.assertEqual('"%s"' % hashlib.md5(b"hello").hexdigest(), put["ETag"])
        for r in (s3.get_object(Bucket=self.b, Key="k"), s3.head_object(Bucket=self.b, Key="k")):
            want = {
                "ContentType": "text/plain", "CacheControl": "max-age=1", "ContentDisposition": 'attachment; filename="x"', "ContentEncoding": "identity",
                "ContentLanguage": "de", "Metadata": {"mixed-case": "v", "two": "a b"}, "StorageClass": "STANDARD_IA", "ContentLength": 5,
                "ETag": put["ETag"], "AcceptRanges": "bytes", "WebsiteRedirectLocation": "/other",
            }
            self.assertEqual(want, {k: r.get(k) for k in want})
            self.assertLess(abs(r["LastModified"].timestamp() - time.time()), 60)
            self.assertEqual("Wed, 02 Jan 2030 03:04:05 GMT", r["ExpiresString"])
        self.assertEqual(2, s3.get_object(Bucket=self.b, Key="k")["TagCount"])
        self.assertEqual(b"hello", self.read())

    def test_defaults(self):
        self.put()
        r = s3.get_object(Bucket=self.b, Key="k")
        self.assertEqual("binary/octet-stream", r["ContentType"])
        self.assertNotIn("StorageClass", r)
        self.assertEqual({}, r["Metadata"])

    def test_missing(self):
        e = self.refused("NoSuchKey", 404, s3.get_object, Bucket=self.b, Key="none")
        self.assertEqual("The specified key does not exist.", e["Error"]["Message"])
        self.assertEqual("none", e["Error"]["Key"])
        self.refused("404", 404, s3.head_object, Bucket=self.b, Key="none")
        s3.delete_object(Bucket=self.b, Key="none")

    def test_keys(self):
        keys = ["a", "a/b", "a//b", "a/", "./p", "../p", "ä ö", "a+b", "a%20b", "a?b#c", "x" * 1024, "\U0001f600", "a&b<c>'\"", "tab\there", "nl\nx", "a=b;c,d:e@f$!*()"]
        for k in keys:
            self.put(k, k.encode())
        for k in keys:
            self.assertEqual(k.encode(), self.read(k))
            s3.head_object(Bucket=self.b, Key=k)
        self.assertEqual(sorted(keys, key=str.encode), [o["Key"] for o in s3.list_objects_v2(Bucket=self.b)["Contents"]])
        self.refused("KeyTooLongError", 400, s3.put_object, Bucket=self.b, Key="x" * 1025, Body=b"")
        r = s3.delete_objects(Bucket=self.b, Delete={"Objects": [{"Key": k} for k in keys]})
        self.assertEqual(sorted(keys), sorted(d["Key"] for d in r["Deleted"]))
        self.assertEqual(0, s3.list_objects_v2(Bucket=self.b)["KeyCount"])

    def test_ranges(self):
        self.put()
        for spec, want, content_range in [
            ("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"),
            ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=-30", b"0123456789", "bytes 0-9/10"), ("bytes=5-100", b"56789", "bytes 5-9/10"),
        ]:
            r = s3.get_object(Bucket=self.b, Key="k", Range=spec)
            self.assertEqual((206, want, content_range, len(want)), (r["ResponseMetadata"]["HTTPStatusCode"], r["Body"].read(), r["ContentRange"], r["ContentLength"]))
        e = self.refused("InvalidRange", 416, s3.get_object, Bucket=self.b, Key="k", Range="bytes=10-")
        self.assertEqual("10", e["Error"]["ActualObjectSize"])
        self.refused("InvalidRange", 416, s3.get_object, Bucket=self.b, Key="k", Range="bytes=-0")
        for ignored in ("bytes=4-2", "lines=1-2", "bytes=0-1,3-4", "bytes=x-"):
            r = s3.get_object(Bucket=self.b, Key="k", Range=ignored)
            self.assertEqual((200, b"0123456789"), (r["ResponseMetadata"]["HTTPStatusCode"], r["Body"].read()))
        self.put("empty", b"")
        self.refused("InvalidRange", 416, s3.get_object, Bucket=self.b, Key="empty", Range="bytes=0-1")
        self.assertEqual(3, s3.head_object(Bucket=self.b, Key="k", Range="bytes=2-4")["ContentLength"])

    def test_overrides(self):
        self.put(ContentType="text/plain")
        r = s3.get_object(
            Bucket=self.b, Key="k", ResponseContentType="text/csv", ResponseCacheControl="no-store", ResponseContentDisposition="inline",
            ResponseContentEncoding="x-own", ResponseContentLanguage="fr",
        )
        self.assertEqual(("text/csv", "no-store", "inline", "x-own", "fr"), tuple(r[k] for k in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")))

    def test_conditional_reads(self):
        etag = self.put()["ETag"]
        now = s3.head_object(Bucket=self.b, Key="k")["LastModified"]
        hour = datetime.timedelta(hours=1)
        for call in (s3.get_object, s3.head_object):
            call(Bucket=self.b, Key="k", IfMatch=etag)
            call(Bucket=self.b, Key="k", IfNoneMatch='"other"')
            call(Bucket=self.b, Key="k", IfModifiedSince=now - hour)
            call(Bucket=self.b, Key="k", IfUnmodifiedSince=now)
            call(Bucket=self.b, Key="k", IfMatch=etag, IfUnmodifiedSince=now - hour)
            self.refused("304", 304, call, Bucket=self.b, Key="k", IfNoneMatch=etag)
            self.refused("304", 304, call, Bucket=self.b, Key="k", IfModifiedSince=now)
        self.refused("PreconditionFailed", 412, s3.get_object, Bucket=self.b, Key="k", IfMatch='"other"')
        self.refused("PreconditionFailed", 412, s3.get_object, Bucket=self.b, Key="k", IfUnmodifiedSince=now - hour)
        self.refused("412", 412, s3.head_object, Bucket=self.b, Key="k", IfMatch='"other"')

    def test_conditional_writes(self):
        etag = self.put("c", IfNoneMatch="*")["ETag"]
        self.refused("PreconditionFailed", 412, self.put, key="c", IfNoneMatch="*")
        self.refused("PreconditionFailed", 412, self.put, key="c", IfMatch='"other"')
        self.refused("NoSuchKey", 404, self.put, key="none", IfMatch='"other"')
        etag = self.put("c", b"new", IfMatch=etag)["ETag"]
        self.refused("PreconditionFailed", 412, s3.delete_object, Bucket=self.b, Key="c", IfMatch='"other"')
        s3.delete_object(Bucket=self.b, Key="c", IfMatch=etag)

    def test_one_winner(self):
        def write(i):
            try:
                client().put_object(Bucket=self.b, Key="race", Body=b"%d" % i, IfNoneMatch="*")
                return i
            except ClientError as e:
                assert e.response["Error"]["Code"] == "PreconditionFailed", e
                return None

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            won = [w for w in pool.map(write, range(8)) if w is not None]
        self.assertEqual(1, len(won))
        self.assertEqual(b"%d" % won[0], self.read("race"))

    def test_checksums(self):
        algorithms = ["CRC32", "SHA1", "SHA256"] + (["CRC32C", "CRC64NVME"] if HAS_CRT else [])
        for a in algorithms:
            put = self.put(a, b"checked", ChecksumAlgorithm=a)
            r = s3.get_object(Bucket=self.b, Key=a, ChecksumMode="ENABLED")
            self.assertEqual(b"checked", r["Body"].read())
            self.assertEqual(put["Checksum" + a], r["Checksum" + a])
            self.assertEqual("FULL_OBJECT", r["ChecksumType"])
            self.assertEqual(r["Checksum" + a], s3.head_object(Bucket=self.b, Key=a, ChecksumMode="ENABLED")["Checksum" + a])
            self.assertNotIn("Checksum" + a, s3.head_object(Bucket=self.b, Key=a))
        wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        self.refused("BadDigest", 400, self.put, key="bad", ChecksumSHA256=wrong)
        self.refused("InvalidRequest", 400, self.put, key="bad", ChecksumSHA256="nonsense")
        self.refused("BadDigest", 400, self.put, key="bad", ContentMD5=base64.b64encode(hashlib.md5(b"x").digest()).decode())
        self.refused("InvalidDigest", 400, self.put, key="bad", ContentMD5="x")
        self.refused("404", 404, s3.head_object, Bucket=self.b, Key="bad")
        self.put("good", ContentMD5=base64.b64encode(hashlib.md5(b"0123456789").digest()).decode())
        old = client(request_checksum_calculation="when_required")
        self.assertIn("ChecksumCRC64NVME", old.put_object(Bucket=self.b, Key="default", Body=b"123456789"))
        self.assertEqual("rosUhgp5mIg=", s3.head_object(Bucket=self.b, Key="default", ChecksumMode="ENABLED")["ChecksumCRC64NVME"])

    def test_streams(self):
        """Bodies without a known checksum go as aws-chunked with trailers: unsigned over TLS alone, signed here."""

        class Unseekable(io.RawIOBase):
            def __init__(self, b):
                self.b = io.BytesIO(b)

            def readable(self):
                return True

            def readinto(self, p):
                return self.b.readinto(p)

        body = os.urandom(3 * MIB + 17)
        s3.upload_fileobj(Unseekable(body), self.b, "stream")
        self.assertEqual(body, self.read("stream"))

    def test_limits(self):
        self.put("meta", Metadata={"k": "v" * 2047})
        self.refused("MetadataTooLarge", 400, self.put, Metadata={"k": "v" * 2048})
        self.refused("BadRequest", 400, self.put, Tagging="&".join("k%d=v" % i for i in range(11)))
        self.refused("InvalidTag", 400, self.put, Tagging="k" * 129 + "=v")
        self.refused("InvalidTag", 400, self.put, Tagging="k=" + "v" * 257)
        self.refused("InvalidTag", 400, self.put, Tagging="k=1&k=2")
        self.put("tags", Tagging="&".join("k%d=%s" % (i, "v" * 256) for i in range(10)))
        self.assertEqual(10, len(s3.get_object_tagging(Bucket=self.b, Key="tags")["TagSet"]))

    def test_refused_extras(self):
        self.refused("AccessControlListNotSupported", 400, self.put, ACL="public-read")
        self.refused("AccessControlListNotSupported", 400, self.put, GrantRead="id=x")
        self.put(ACL="bucket-owner-full-control")
        self.refused("NotImplemented", 501, self.put, ServerSideEncryption="aws:kms")
        self.refused("InvalidRequest", 400, self.put, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=datetime.datetime(2030, 1, 1))

    def test_refused_without_the_body(self):
        """boto3 waits a second for a "100 Continue" before it sends a body: a refusal must not wait for that body."""
        self.put()
        begin = time.monotonic()
        for _ in range(3):
            self.refused("PreconditionFailed", 412, s3.put_object, Bucket=self.b, Key="k", Body=b"x" * 100, IfNoneMatch="*")
        self.assertLess(time.monotonic() - begin, 2.5)

    def test_length_is_needed(self):
        u = urllib.parse.urlsplit(ENDPOINT)
        for extra in ({}, {"transfer-encoding": "chunked"}):
            r = botocore.awsrequest.AWSRequest(method="PUT", url=ENDPOINT + "/" + self.b + "/k", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
            botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(*ROOT), "s3", "us-east-1").add_auth(r)
            conn = http.client.HTTPConnection("127.0.0.1", u.port, timeout=30)
            conn.putrequest("PUT", "/" + self.b + "/k", skip_host=True)
            for k, v in {"host": u.netloc, **dict(r.prepare().headers), **extra}.items():
                if k.lower() not in ("content-length",):
                    conn.putheader(k, v)
            conn.endheaders()
            if extra:
                conn.send(b"2\r\nhi\r\n0\r\n\r\n")
            answer = conn.getresponse()
            self.assertEqual(411, answer.status, answer.read())
            conn.close()

    def test_client_goes_away(self):
        url = client(signature_version="s3v4").generate_presigned_url("put_object", Params={"Bucket": self.b, "Key": "cut"})
        u = urllib.parse.urlsplit(url)
        conn = http.client.HTTPConnection(u.hostname, u.port)
        conn.putrequest("PUT", u.path + "?" + u.query)
        conn.putheader("Content-Length", "1000000")
        conn.endheaders()
        conn.send(b"x" * 500_000)
        conn.close()
        time.sleep(0.3)
        self.assertEqual(0, s3.list_objects_v2(Bucket=self.b)["KeyCount"])

    def test_tagging(self):
        self.put()
        tags = [{"Key": "z", "Value": "1"}, {"Key": "a", "Value": ""}]
        s3.put_object_tagging(Bucket=self.b, Key="k", Tagging={"TagSet": tags})
        self.assertEqual(tags, s3.get_object_tagging(Bucket=self.b, Key="k")["TagSet"])
        s3.delete_object_tagging(Bucket=self.b, Key="k")
        self.assertEqual([], s3.get_object_tagging(Bucket=self.b, Key="k")["TagSet"])
        self.refused("NoSuchKey", 404, s3.get_object_tagging, Bucket=self.b, Key="none")
        self.assertEqual(b"0123456789", self.read())

    def test_copy(self):
        src = self.put("src ä+%", Metadata={"m": "1"}, ContentType="text/plain", Tagging="t=1")
        other = self.bucket()
        r = s3.copy_object(Bucket=other, Key="dst", CopySource={"Bucket": self.b, "Key": "src ä+%"})
        self.assertEqual(src["ETag"], r["CopyObjectResult"]["ETag"])
        h = s3.head_object(Bucket=other, Key="dst")
        self.assertEqual(({"m": "1"}, "text/plain"), (h["Metadata"], h["ContentType"]))
        self.assertEqual(1, len(s3.get_object_tagging(Bucket=other, Key="dst")["TagSet"]))
        s3.copy_object(
            Bucket=other, Key="dst", CopySource=self.b + "/src ä+%", MetadataDirective="REPLACE", Metadata={"n": "2"},
            TaggingDirective="REPLACE", Tagging="u=2&v=3", StorageClass="GLACIER_IR",
        )
        h = s3.head_object(Bucket=other, Key="dst")
        self.assertEqual(({"n": "2"}, "binary/octet-stream", "GLACIER_IR"), (h["Metadata"], h["ContentType"], h["StorageClass"]))
        s3.delete_object(Bucket=self.b, Key="src ä+%")
        self.assertEqual(b"0123456789", s3.get_object(Bucket=other, Key="dst")["Body"].read())
        self.refused("InvalidRequest", 400, s3.copy_object, Bucket=other, Key="dst", CopySource=other + "/dst")
        s3.copy_object(Bucket=other, Key="dst", CopySource=other + "/dst", MetadataDirective="REPLACE", Metadata={"n": "3"})
        self.assertEqual({"n": "3"}, s3.head_object(Bucket=other, Key="dst")["Metadata"])
        self.refused("NoSuchKey", 404, s3.copy_object, Bucket=other, Key="x", CopySource=other + "/none")
        self.refused("NoSuchBucket", 404, s3.copy_object, Bucket=other, Key="x", CopySource="no-such-bucket-x/none")
        self.refused("PreconditionFailed", 412, s3.copy_object, Bucket=other, Key="x", CopySource=other + "/dst", CopySourceIfMatch='"z"')
        self.refused("PreconditionFailed", 412, s3.copy_object, Bucket=other, Key="x", CopySource=other + "/dst", CopySourceIfNoneMatch=src["ETag"])
        self.refused("InvalidArgument", 400, s3.copy_object, Bucket=other, Key="x", CopySource=other + "/dst", MetadataDirective="KEEP")
        self.refused("InvalidArgument", 400, s3.copy_object, Bucket=other, Key="x", CopySource=other + "/dst", TaggingDirective="KEEP")
        r = s3.copy_object(Bucket=other, Key="sha", CopySource=other + "/dst", ChecksumAlgorithm="SHA256")
        self.assertEqual(base64.b64encode(hashlib.sha256(b"0123456789").digest()).decode(), r["CopyObjectResult"]["ChecksumSHA256"])

    def test_copy_of_parts_is_one_part(self):
        parts = [b"a" * 5 * MIB, b"b" * 7]
        whole = b"".join(parts)
        for algorithm in ("CRC32", "SHA256"):
            up = s3.create_multipart_upload(Bucket=self.b, Key="parts", ChecksumAlgorithm=algorithm, Metadata={"m": "1"})["UploadId"]
            done = []
            for n, body in enumerate(parts, 1):
                r = s3.upload_part(Bucket=self.b, Key="parts", UploadId=up, PartNumber=n, Body=body, ChecksumAlgorithm=algorithm)
                done.append({"PartNumber": n, "ETag": r["ETag"], "Checksum" + algorithm: r["Checksum" + algorithm]})
            s3.complete_multipart_upload(Bucket=self.b, Key="parts", UploadId=up, MultipartUpload={"Parts": done})
            r = s3.copy_object(Bucket=self.b, Key="whole", CopySource=self.b + "/parts")["CopyObjectResult"]
            self.assertEqual('"%s"' % hashlib.md5(whole).hexdigest(), r["ETag"])
            self.assertEqual("FULL_OBJECT", r["ChecksumType"])
            got = s3.get_object(Bucket=self.b, Key="whole", ChecksumMode="ENABLED")  # boto3 compares the checksum
            self.assertEqual((whole, r["ETag"], {"m": "1"}), (got["Body"].read(), got["ETag"], got["Metadata"]))
            self.assertEqual(r["Checksum" + algorithm], got["Checksum" + algorithm])
            self.assertNotIn("PartsCount", s3.head_object(Bucket=self.b, Key="whole", PartNumber=1))

    def test_storage_classes(self):
        self.put(StorageClass="STANDARD_IA")
        self.assertEqual("STANDARD_IA", s3.head_object(Bucket=self.b, Key="k")["StorageClass"])
        self.refused("InvalidStorageClass", 400, s3.put_object, Bucket=self.b, Key="k", StorageClass="NOPE")
        self.refused("InvalidStorageClass", 400, s3.create_multipart_upload, Bucket=self.b, Key="k", StorageClass="NOPE")
        s3.copy_object(Bucket=self.b, Key="k", CopySource=self.b + "/k", StorageClass="GLACIER")  # as Glue's transition_s3_path does
        self.assertEqual("GLACIER", s3.head_object(Bucket=self.b, Key="k")["StorageClass"])

    def test_missing_is_told_to_those_who_may_list(self):
        guest = client(GUEST)
        guest_bucket = "private-list-" + uuid.uuid4().hex[:12]
        s3.create_bucket(Bucket=guest_bucket)
        self.refused("NoSuchKey", 404, s3.get_object, Bucket=guest_bucket, Key="none")
        self.refused("AccessDenied", 403, guest.get_object, Bucket=guest_bucket, Key="none")
        self.refused("403", 403, guest.head_object, Bucket=guest_bucket, Key="none")
        self.refused("AccessDenied", 403, guest.copy_object, Bucket=self.b, Key="x", CopySource=guest_bucket + "/none")

    def test_documents_are_held_to_their_digests(self):
        self.put()
        body = b"<Delete><Object><Key>k</Key></Object></Delete>"
        good = base64.b64encode(hashlib.md5(body).digest()).decode()
        for headers, code in (
            ({"content-md5": base64.b64encode(hashlib.md5(b"x").digest()).decode()}, b"BadDigest"),
            ({"x-amz-checksum-crc32": "AAAAAA=="}, b"BadDigest"),
            ({"content-md5": "short"}, b"InvalidDigest"),
            ({"content-md5": good}, None),
        ):
            status, _, answer = signed("POST", ENDPOINT + "/" + self.b + "?delete", body, headers)
            if code is None:
                self.assertEqual(200, status, answer)
            else:
                self.assertEqual(400, status, answer)
                self.assertIn(code, answer)
                s3.head_object(Bucket=self.b, Key="k")

    def test_delete_many(self):
        for i in range(5):
            self.put("k%d" % i)
        r = s3.delete_objects(Bucket=self.b, Delete={"Objects": [{"Key": "k%d" % i} for i in range(3)] + [{"Key": "none"}]})
        self.assertEqual(4, len(r["Deleted"]))
        r = s3.delete_objects(Bucket=self.b, Delete={"Objects": [{"Key": "k3"}], "Quiet": True})
        self.assertNotIn("Deleted", r)
        self.assertEqual(["k4"], [o["Key"] for o in s3.list_objects_v2(Bucket=self.b)["Contents"]])
        self.refused("MalformedXML", 400, s3.delete_objects, Bucket=self.b, Delete={"Objects": [{"Key": "x"}] * 1001})
        boto3.resource("s3", endpoint_url=ENDPOINT, aws_access_key_id=ROOT[0], aws_secret_access_key=ROOT[1]).Bucket(self.b).object_versions.delete()
        self.assertEqual(0, s3.list_objects_v2(Bucket=self.b)["KeyCount"])

    def test_attributes(self):
        self.put(ChecksumAlgorithm="SHA256")
        r = s3.get_object_attributes(Bucket=self.b, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"])
        self.assertEqual((hashlib.md5(b"0123456789").hexdigest(), 10, "STANDARD"), (r["ETag"], r["ObjectSize"], r["StorageClass"]))
        self.assertEqual(base64.b64encode(hashlib.sha256(b"0123456789").digest()).decode(), r["Checksum"]["ChecksumSHA256"])

    def test_safe_headers(self):
        self.put("evil.html", b"<script>", ContentType="text/html")
        url = client(signature_version="s3v4").generate_presigned_url("get_object", Params={"Bucket": self.b, "Key": "evil.html"})
        _, h, _ = fetch(url)
        self.assertEqual(("sandbox", "nosniff"), (h.get("content-security-policy"), h.get("x-content-type-options")))


class Listing(Case):
    @classmethod
    def setUpClass(cls):
        cls.b = "b-" + uuid.uuid4().hex[:20]
        s3.create_bucket(Bucket=cls.b)
        cls.keys = ["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla", "quux ä+", "quux/1", "quux/2", "quux/3"]
        for k in cls.keys:
            s3.put_object(Bucket=cls.b, Key=k, Body=k.encode())

    def pages(self, call, token, next_token, **args):
        out, extra = [], {}
        while True:
            r = call(Bucket=self.b, **args, **extra)
            names = [o["Key"] for o in r.get("Contents", [])] + [p["Prefix"] for p in r.get("CommonPrefixes", [])]
            out.append(sorted(names))
            if not r["IsTruncated"]:
                return out
            extra = {token: r[next_token] if next_token in r else r["Contents"][-1]["Key"]}

    def test_delimiter(self):
        want = ["asdf", "boo/", "cquux/", "quux ä+", "quux/"]
        for n in (1, 2, 3, 5, 1000):
            chunks = [want[i : i + n] for i in range(0, len(want), n)]
            self.assertEqual(chunks, self.pages(s3.list_objects_v2, "ContinuationToken", "NextContinuationToken", Delimiter="/", MaxKeys=n))
            self.assertEqual(chunks, self.pages(s3.list_objects, "Marker", "NextMarker", Delimiter="/", MaxKeys=n))
        self.assertEqual([["boo/bar", "boo/baz/"]], self.pages(s3.list_objects_v2, "ContinuationToken", "NextContinuationToken", Delimiter="/", Prefix="boo/"))

    def test_flat(self):
        want = sorted(self.keys, key=str.encode)
        for n in (1, 4, 9, 1000):
            flat = sum(self.pages(s3.list_objects_v2, "ContinuationToken", "NextContinuationToken", MaxKeys=n), [])
            self.assertEqual(want, flat)
            self.assertEqual(want, sum(self.pages(s3.list_objects, "Marker", "NextMarker", MaxKeys=n), []))

    def test_details(self):
        r = s3.list_objects_v2(Bucket=self.b, StartAfter="cquux/thud", FetchOwner=True, MaxKeys=2)
        self.assertEqual((["quux ä+", "quux/1"], 2, True, "cquux/thud", 2), ([o["Key"] for o in r["Contents"]], r["KeyCount"], r["IsTruncated"], r["StartAfter"], r["MaxKeys"]))
        o = r["Contents"][0]
        self.assertEqual((8, "STANDARD", '"%s"' % hashlib.md5("quux ä+".encode()).hexdigest(), "000000000000"), (o["Size"], o["StorageClass"], o["ETag"], o["Owner"]["ID"]))
        self.assertNotIn("Owner", s3.list_objects_v2(Bucket=self.b)["Contents"][0])
        r = s3.list_objects_v2(Bucket=self.b, MaxKeys=0)
        self.assertEqual((0, False), (r["KeyCount"], r["IsTruncated"]))
        self.refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=self.b, ContinuationToken="junk!")
        self.refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=self.b, MaxKeys=-1)
        raw = client(signature_version="s3v4").generate_presigned_url("list_objects_v2", Params={"Bucket": self.b, "Prefix": "quux ", "EncodingType": "url"})
        status, _, body = fetch(raw)
        self.assertEqual(200, status, body)
        self.assertIn(b"<Key>quux+%C3%A4%2B</Key>", body)


class Multipart(Case):
    def setUp(self):
        self.b = self.bucket()

    def start(self, key="m", **args):
        return dict(Bucket=self.b, Key=key, UploadId=s3.create_multipart_upload(Bucket=self.b, Key=key, **args)["UploadId"])

    def finish(self, up, parts, **args):
        return s3.complete_multipart_upload(**up, MultipartUpload={"Parts": parts}, **args)

    def test_whole(self):
        bodies = [os.urandom(5 * MIB), os.urandom(6 * MIB), b"tail"]
        up = self.start(ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1")
        parts = [{"PartNumber": n, "ETag": s3.upload_part(**up, PartNumber=n, Body=b)["ETag"]} for n, b in zip((1, 3, 9), bodies)]
        listed = s3.list_parts(**up)["Parts"]
        self.assertEqual([(1, 5 * MIB), (3, 6 * MIB), (9, 4)], [(p["PartNumber"], p["Size"]) for p in listed])
        page = s3.list_parts(**up, MaxParts=2)
        self.assertEqual((True, 3), (page["IsTruncated"], page["NextPartNumberMarker"]))
        self.assertEqual([9], [p["PartNumber"] for p in s3.list_parts(**up, PartNumberMarker=3)["Parts"]])
        self.assertEqual([up["UploadId"]], [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=self.b)["Uploads"]])
        done = self.finish(up, parts)
        whole = hashlib.md5(b"".join(hashlib.md5(b).digest() for b in bodies)).hexdigest() + "-3"
        self.assertEqual('"%s"' % whole, done["ETag"])
        self.assertEqual(done["ETag"], self.finish(up, parts)["ETag"])  # a client whose connection broke asks again
        data = b"".join(bodies)
        r = s3.get_object(Bucket=self.b, Key="m")
        self.assertEqual((data, "text/x", {"a": "b"}), (r["Body"].read(), r["ContentType"], r["Metadata"]))
        for first, last in [(0, 10), (5 * MIB - 3, 5 * MIB + 3), (11 * MIB - 1, 11 * MIB + 3), (4 * MIB, 11 * MIB + 1)]:
            self.assertEqual(data[first : last + 1], s3.get_object(Bucket=self.b, Key="m", Range="bytes=%d-%d" % (first, last))["Body"].read())
        r = s3.get_object(Bucket=self.b, Key="m", PartNumber=3)
        self.assertEqual((206, bodies[1], 3), (r["ResponseMetadata"]["HTTPStatusCode"], r["Body"].read(), r["PartsCount"]))
        self.assertEqual(4, s3.head_object(Bucket=self.b, Key="m", PartNumber=9)["ContentLength"])
        self.refused("NoSuchUpload", 404, s3.list_parts, **up)
        s3.copy_object(Bucket=self.b, Key="copy", CopySource=self.b + "/m")
        s3.delete_object(Bucket=self.b, Key="m")
        self.assertEqual(data, s3.get_object(Bucket=self.b, Key="copy")["Body"].read())

    def test_rules(self):
        up = self.start()
        small = s3.upload_part(**up, PartNumber=1, Body=b"small")["ETag"]
        last = s3.upload_part(**up, PartNumber=2, Body=b"last")["ETag"]
        e = self.refused("EntityTooSmall", 400, self.finish, up=up, parts=[{"PartNumber": 1, "ETag": small}, {"PartNumber": 2, "ETag": last}])
        self.assertEqual(("1", "5"), (e["Error"]["PartNumber"], e["Error"]["ProposedSize"]))
        self.refused("InvalidPart", 400, self.finish, up=up, parts=[{"PartNumber": 1, "ETag": last}])
        self.refused("InvalidPart", 400, self.finish, up=up, parts=[{"PartNumber": 3, "ETag": last}])
        self.refused("InvalidPartOrder", 400, self.finish, up=up, parts=[{"PartNumber": 2, "ETag": last}, {"PartNumber": 1, "ETag": small}])
        self.refused("MalformedXML", 400, self.finish, up=up, parts=[])
        self.refused("InvalidArgument", 400, s3.upload_part, **up, PartNumber=0, Body=b"")
        self.refused("InvalidArgument", 400, s3.upload_part, **up, PartNumber=10001, Body=b"")
        s3.upload_part(**up, PartNumber=2, Body=b"again")
        self.refused("InvalidPart", 400, self.finish, up=up, parts=[{"PartNumber": 2, "ETag": last}])
        s3.abort_multipart_upload(**up)
        self.refused("NoSuchUpload", 404, s3.abort_multipart_upload, **up)
        self.refused("NoSuchUpload", 404, s3.upload_part, **up, PartNumber=1, Body=b"")
        self.refused("NoSuchUpload", 404, self.finish, up=up, parts=[{"PartNumber": 1, "ETag": small}])
        self.refused("NoSuchUpload", 404, s3.upload_part, Bucket=self.b, Key="m", UploadId="nope", PartNumber=1, Body=b"")
        self.refused("404", 404, s3.head_object, Bucket=self.b, Key="m")

    def test_condition(self):
        s3.put_object(Bucket=self.b, Key="m", Body=b"first")
        up = self.start()
        etag = s3.upload_part(**up, PartNumber=1, Body=b"x")["ETag"]
        self.refused("PreconditionFailed", 412, self.finish, up=up, parts=[{"PartNumber": 1, "ETag": etag}], IfNoneMatch="*")
        s3.delete_object(Bucket=self.b, Key="m")
        self.finish(up, [{"PartNumber": 1, "ETag": etag}], IfNoneMatch="*")

    def test_copied_parts(self):
        data = os.urandom(6 * MIB)
        s3.put_object(Bucket=self.b, Key="src", Body=data)
        up = self.start()
        src = {"Bucket": self.b, "Key": "src"}
        one = s3.upload_part_copy(**up, PartNumber=1, CopySource=src)["CopyPartResult"]["ETag"]
        two = s3.upload_part_copy(**up, PartNumber=2, CopySource=src, CopySourceRange="bytes=100-199")["CopyPartResult"]["ETag"]
        self.assertEqual(hashlib.md5(data[100:200]).hexdigest(), two.strip('"'))
        self.refused("InvalidArgument", 400, s3.upload_part_copy, **up, PartNumber=3, CopySource=src, CopySourceRange="bytes=0-%d" % (6 * MIB))
        s3.delete_object(Bucket=self.b, Key="src")
        self.finish(up, [{"PartNumber": 1, "ETag": one}, {"PartNumber": 2, "ETag": two}])
        self.assertEqual(data + data[100:200], s3.get_object(Bucket=self.b, Key="m")["Body"].read())

    def test_composite(self):
        bodies = [os.urandom(5 * MIB), b"tail"]
        up = self.start(ChecksumAlgorithm="SHA256")
        parts = []
        for n, b in enumerate(bodies, 1):
            r = s3.upload_part(**up, PartNumber=n, Body=b, ChecksumAlgorithm="SHA256")
            parts.append({"PartNumber": n, "ETag": r["ETag"], "ChecksumSHA256": r["ChecksumSHA256"]})
        self.refused("InvalidRequest", 400, self.finish, up=up, parts=[{k: p[k] for k in ("PartNumber", "ETag")} for p in parts])
        done = self.finish(up, parts)
        want = base64.b64encode(hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in bodies)).digest()).decode() + "-2"
        self.assertEqual((want, "COMPOSITE"), (done["ChecksumSHA256"], done["ChecksumType"]))
        self.assertEqual(want, s3.head_object(Bucket=self.b, Key="m", ChecksumMode="ENABLED")["ChecksumSHA256"])
        r = s3.get_object_attributes(Bucket=self.b, Key="m", ObjectAttributes=["ObjectParts", "Checksum"])
        self.assertEqual((2, [1, 2]), (r["ObjectParts"]["TotalPartsCount"], [p["PartNumber"] for p in r["ObjectParts"]["Parts"]]))
        self.assertEqual(parts[1]["ChecksumSHA256"], r["ObjectParts"]["Parts"][1]["ChecksumSHA256"])

    def test_full_object(self):
        import zlib

        bodies = [os.urandom(5 * MIB), os.urandom(12345)]
        up = self.start(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
        parts = [{"PartNumber": n, "ETag": s3.upload_part(**up, PartNumber=n, Body=b, ChecksumAlgorithm="CRC32")["ETag"]} for n, b in enumerate(bodies, 1)]
        want = base64.b64encode(zlib.crc32(b"".join(bodies)).to_bytes(4, "big")).decode()
        self.refused("BadDigest", 400, self.finish, up=up, parts=parts, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
        done = self.finish(up, parts, ChecksumCRC32=want, ChecksumType="FULL_OBJECT")
        self.assertEqual((want, "FULL_OBJECT"), (done["ChecksumCRC32"], done["ChecksumType"]))

    def test_transfer(self):
        path = os.path.join(TMP, "transfer")
        data = os.urandom(20 * MIB + 3)
        with open(path, "wb") as f:
            f.write(data)
        config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
        s3.upload_file(path, self.b, "t", Config=config)
        s3.download_file(self.b, "t", path + ".back", Config=config)
        with open(path + ".back", "rb") as f:
            self.assertEqual(hashlib.sha256(data).digest(), hashlib.sha256(f.read()).digest())
        s3.copy({"Bucket": self.b, "Key": "t"}, self.b, "t2", Config=config)
        self.assertEqual(len(data), s3.head_object(Bucket=self.b, Key="t2")["ContentLength"])

    def test_listing(self):
        ups = [self.start(k)["UploadId"] for k in ("a", "a", "d/1", "d/2", "z")]
        r = s3.list_multipart_uploads(Bucket=self.b, Delimiter="/")
        self.assertEqual((["a", "a", "z"], ["d/"]), ([u["Key"] for u in r["Uploads"]], [p["Prefix"] for p in r["CommonPrefixes"]]))
        got, marker = [], {}
        while True:
            r = s3.list_multipart_uploads(Bucket=self.b, MaxUploads=2, **marker)
            got += [u["UploadId"] for u in r["Uploads"]]
            if not r["IsTruncated"]:
                break
            marker = {"KeyMarker": r["NextKeyMarker"], "UploadIdMarker": r["NextUploadIdMarker"]}
        self.assertEqual(sorted(ups), sorted(got))
        s3.delete_bucket(Bucket=self.b)


class Presigned(Case):
    def setUp(self):
        self.b = self.bucket()

    def test_get_and_put(self):
        for version in ("s3", "s3v4"):
            c = client(signature_version=version)
            url = c.generate_presigned_url("put_object", Params={"Bucket": self.b, "Key": "p q"})
            self.assertEqual(200, fetch(url, "PUT", b"presigned")[0])
            url = c.generate_presigned_url("get_object", Params={"Bucket": self.b, "Key": "p q", "ResponseContentType": "text/csv"})
            status, h, body = fetch(url)
            self.assertEqual((200, b"presigned", "text/csv"), (status, body, h["content-type"]))
            status, _, body = fetch(url.replace("p%20q", "other"))
            self.assertEqual(403, status)
            self.assertIn(b"SignatureDoesNotMatch", body)

    def test_unsigned_headers(self):
        s3.put_object(Bucket=self.b, Key="secret", Body=b"secret")
        for version in ("s3", "s3v4"):
            url = client(signature_version=version).generate_presigned_url("put_object", Params={"Bucket": self.b, "Key": "k"})
            status, _, body = fetch(url, "PUT", b"", {"x-amz-copy-source": self.b + "/secret"})
            self.assertEqual(403, status)
            if version == "s3v4":
                self.assertIn(b"<Code>AccessDenied</Code>", body)
                self.assertIn(b"<HeadersNotSigned>x-amz-copy-source</HeadersNotSigned>", body)
            self.refused("404", 404, s3.head_object, Bucket=self.b, Key="k")

    def test_what_is_wrong_is_said(self):
        url = client(signature_version="s3v4").generate_presigned_url("get_object", Params={"Bucket": self.b, "Key": "k"}, ExpiresIn=700000)
        status, _, body = fetch(url)
        self.assertEqual(400, status)
        self.assertIn(b"<Code>AuthorizationQueryParametersError</Code>", body)
        e = self.refused("SignatureDoesNotMatch", 403, client((ROOT[0], "wrong")).list_objects_v2, Bucket=self.b)["Error"]
        self.assertEqual(ROOT[0], e["AWSAccessKeyId"])
        self.assertTrue(e["StringToSign"].startswith("AWS4-HMAC-SHA256\n"), e)
        self.assertIn("/" + self.b, e["CanonicalRequest"])
        e = self.refused("InvalidAccessKeyId", 403, client(("AKIANOBODY", "x")).list_objects_v2, Bucket=self.b)["Error"]
        self.assertEqual("AKIANOBODY", e["AWSAccessKeyId"])

    def test_expired(self):
        for version in ("s3", "s3v4"):
            url = client(signature_version=version).generate_presigned_url("get_object", Params={"Bucket": self.b, "Key": "k"}, ExpiresIn=1)
            time.sleep(2.1)
            status, _, body = fetch(url)
            self.assertEqual(403, status)
            self.assertIn(b"<Code>AccessDenied</Code>", body)

    def form(self, url, fields, body, filename="dir/up.txt"):
        edge = "edge" + uuid.uuid4().hex
        out = b""
        for k, v in fields.items():
            out += ('--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (edge, k, v)).encode()
        out += ('--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: text/plain\r\n\r\n' % (edge, filename)).encode()
        out += body + ("\r\n--%s--\r\n" % edge).encode()
        return fetch(url, "POST", out, {"Content-Type": "multipart/form-data; boundary=" + edge})

    def test_post(self):
        for version in ("s3v4", "s3"):
            c = client(signature_version=version)
            post = c.generate_presigned_post(
                self.b, "up/${filename}", Fields={"success_action_status": "201", "x-amz-meta-m": "1"},
                Conditions=[{"success_action_status": "201"}, {"x-amz-meta-m": "1"}, ["content-length-range", 1, 10]],
            )
            status, h, body = self.form(post["url"], post["fields"], b"from form")
            self.assertEqual(201, status, body)
            self.assertIn(b"<Key>up/up.txt</Key>", body)
            r = s3.get_object(Bucket=self.b, Key="up/up.txt")
            self.assertEqual((b"from form", {"m": "1"}), (r["Body"].read(), r["Metadata"]))
            s3.delete_object(Bucket=self.b, Key="up/up.txt")
            for fields, data, code, want in [
                (post["fields"], b"x" * 11, b"EntityTooLarge", 400), (post["fields"], b"", b"EntityTooSmall", 400),
                ({**post["fields"], "x-amz-meta-m": "2"}, b"x", b"AccessDenied", 403), ({**post["fields"], "extra": "2"}, b"x", b"AccessDenied", 403),
                ({**post["fields"], "policy": base64.b64encode(b"{}").decode()}, b"x", b"SignatureDoesNotMatch", 403),
                ({k: v for k, v in post["fields"].items() if k != "policy"}, b"x", b"AccessDenied", 403),
            ]:
                status, _, body = self.form(post["url"], fields, data)
                self.assertEqual((want, True), (status, b"<Code>" + code + b"</Code>" in body), body)
            self.assertEqual(0, s3.list_objects_v2(Bucket=self.b)["KeyCount"])


class Styles(Case):
    def test_virtual_host(self):
        b = self.bucket()
        s3.put_object(Bucket=b, Key="dir/k", Body=b"virtual")
        port = urllib.parse.urlsplit(ENDPOINT).port
        c = boto3.client(
            "s3", endpoint_url="http://localhost:%d" % port, region_name="us-east-1", aws_access_key_id=ROOT[0], aws_secret_access_key=ROOT[1],
            config=Config(s3={"addressing_style": "virtual"}, signature_version="s3v4"),
        )
        url = c.generate_presigned_url("get_object", Params={"Bucket": b, "Key": "dir/k"})
        self.assertIn(b + ".localhost", url)
        self.assertEqual((200, b"virtual"), fetch(url)[::2])
        url = c.generate_presigned_url("list_objects_v2", Params={"Bucket": b})
        status, _, body = fetch(url)
        self.assertEqual(200, status)
        self.assertIn(b"<Key>dir/k</Key>", body)

    def test_bad_keys(self):
        self.refused("InvalidAccessKeyId", 403, client(("AKIDNOBODY", "x")).list_buckets)
        self.refused("SignatureDoesNotMatch", 403, client((ROOT[0], "wrong")).list_buckets)
        status, _, body = fetch(ENDPOINT + "/" + self.bucket() + "/k")
        self.assertEqual(403, status)
        self.assertIn(b"AccessDenied", body)

    def signed_chunks(self, bucket, key, body, trailer, break_at=None, wrong_sum=False):
        """aws-chunked with signed chunks, as the Java SDK sends it over plain HTTP; and optionally a signed trailer."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        scope = day + "/us-east-1/s3/aws4_request"
        signing = ("AWS4" + ROOT[1]).encode()
        for p in scope.split("/"):
            signing = hmac.new(signing, p.encode(), hashlib.sha256).digest()
        sign = lambda text: hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
        empty = hashlib.sha256(b"").hexdigest()
        mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
        headers = {
            "content-encoding": "aws-chunked", "host": urllib.parse.urlsplit(ENDPOINT).netloc, "x-amz-content-sha256": mode, "x-amz-date": stamp,
            "x-amz-decoded-content-length": str(len(body)),
        }
        if trailer:
            headers["x-amz-trailer"] = "x-amz-checksum-sha256"
        names = ";".join(sorted(headers))
        canonical = "\n".join(["PUT", "/" + bucket + "/" + key, "", *[k + ":" + headers[k] for k in sorted(headers)], "", names, mode])
        previous = sign("\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]))
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (ROOT[0], scope, names, previous)
        out, size = b"", 64 * 1024
        for i in list(range(0, len(body), size)) + [len(body)]:
            chunk = body[i : i + size]
            previous = sign("\n".join(["AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, empty, hashlib.sha256(chunk).hexdigest()]))
            if break_at == i:
                chunk = b"!" + chunk[1:]
            out += b"%x;chunk-signature=%s\r\n" % (len(chunk), previous.encode()) + chunk + (b"\r\n" if chunk else b"")
        if trailer:
            line = "x-amz-checksum-sha256:" + base64.b64encode(hashlib.sha256(b"wrong" if wrong_sum else body).digest()).decode()
            signature = sign("\n".join(["AWS4-HMAC-SHA256-TRAILER", stamp, scope, previous, hashlib.sha256((line + "\n").encode()).hexdigest()]))
            out += (line + "\r\nx-amz-trailer-signature:" + signature + "\r\n").encode()
        return fetch(ENDPOINT + "/" + bucket + "/" + key, "PUT", out + b"\r\n", headers)

    def test_signed_chunks(self):
        b, body = self.bucket(), os.urandom(200_000)
        for trailer in (False, True):
            status, _, answer = self.signed_chunks(b, "k", body, trailer)
            self.assertEqual(200, status, answer)
            r = s3.get_object(Bucket=b, Key="k")
            self.assertEqual(body, r["Body"].read())
            self.assertNotIn("ContentEncoding", r)
            s3.delete_object(Bucket=b, Key="k")
            status, _, answer = self.signed_chunks(b, "k", body, trailer, break_at=65536)
            self.assertEqual((403, True), (status, b"SignatureDoesNotMatch" in answer), answer)
        status, _, answer = self.signed_chunks(b, "k", body, True, wrong_sum=True)
        self.assertEqual((400, True), (status, b"BadDigest" in answer), answer)
        self.assertEqual(0, s3.list_objects_v2(Bucket=b)["KeyCount"])


@unittest.skipUnless(shutil.which("aws"), "the AWS CLI is not installed")
class CommandLine(Case):
    def aws(self, *args):
        env = dict(os.environ, AWS_ACCESS_KEY_ID=ROOT[0], AWS_SECRET_ACCESS_KEY=ROOT[1], AWS_ENDPOINT_URL=ENDPOINT)
        r = subprocess.run(["aws", "--no-cli-pager", *args] if b"aws-cli/2" in VERSION else ["aws", *args], env=env, capture_output=True, timeout=120)
        self.assertEqual(0, r.returncode, r.stderr.decode())
        return r.stdout.decode()

    def test_copies(self):
        b = self.bucket()
        small, large = os.path.join(TMP, "small"), os.path.join(TMP, "large")
        with open(small, "wb") as f:
            f.write(b"small")
        with open(large, "wb") as f:
            for _ in range(100):
                f.write(os.urandom(MIB))
        for path in (small, large):
            self.aws("s3", "cp", path, "s3://%s/%s" % (b, os.path.basename(path)))
            self.aws("s3", "cp", "s3://%s/%s" % (b, os.path.basename(path)), path + ".back")
            with open(path, "rb") as f, open(path + ".back", "rb") as g:
                self.assertEqual(hashlib.file_digest(f, "sha256").digest(), hashlib.file_digest(g, "sha256").digest())
        self.assertIn("104857600 large", self.aws("s3", "ls", "s3://" + b))
        tree = os.path.join(TMP, "tree")
        for i in range(20):
            os.makedirs(os.path.join(tree, "d%d" % (i % 3)), exist_ok=True)
            with open(os.path.join(tree, "d%d" % (i % 3), "f%d" % i), "wb") as f:
                f.write(b"%d" % i)
        self.aws("s3", "sync", tree, "s3://%s/tree/" % b)
        self.assertEqual("", self.aws("s3", "sync", tree, "s3://%s/tree/" % b))
        self.aws("s3", "sync", "s3://%s/tree/" % b, tree + ".back")
        self.assertEqual(20, sum(len(files) for _, _, files in os.walk(tree + ".back")))
        self.aws("s3", "mv", "s3://%s/small" % b, "s3://%s/moved" % b)
        self.aws("s3", "rm", "--recursive", "s3://%s/" % b)
        self.aws("s3", "rb", "s3://" + b)


VERSION = subprocess.run(["aws", "--version"], capture_output=True).stdout if shutil.which("aws") else b""

if __name__ == "__main__":
    print("boto3", boto3.__version__, "botocore", botocore.__version__, "crt" if HAS_CRT else "without crt", VERSION.decode().strip(), file=sys.stderr)
    unittest.main(argv=sys.argv[:1] + os.environ.get("TARN_CLIENT_TESTS", "").split(), verbosity=1)
