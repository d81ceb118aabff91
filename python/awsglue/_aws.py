"""boto3 clients and S3 addresses: the only place where awsglue talks to AWS."""

from __future__ import annotations

import datetime
import fnmatch
import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import boto3
from botocore.config import Config

_clients = threading.local()


def client(service: str):
    """One client a service and thread. Endpoint, region and credentials come from the environment, as for any SDK user."""
    held = _clients.__dict__.setdefault("by_service", {})
    if service not in held:
        path_style = bool(os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3"))
        config = Config(
            retries={"mode": "standard", "max_attempts": 5},
            s3={"addressing_style": "path"} if path_style else None,
        )
        held[service] = boto3.client(service, config=config)
    return held[service]


@dataclass(frozen=True)
class Object:
    """An S3 object as a listing shows it."""

    bucket: str
    key: str
    size: int
    etag: str
    modified: datetime.datetime

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def modified_ms(self) -> int:
        return int(self.modified.timestamp() * 1000)


def split(url: str) -> tuple[str, str]:
    """s3://bucket/key, also with s3a or s3n, as (bucket, key)."""
    scheme, sep, rest = url.partition("://")
    if not sep or scheme not in ("s3", "s3a", "s3n"):
        raise ValueError(f"not an S3 address: {url!r} (expected s3://bucket/prefix/)")
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise ValueError(f"no bucket in {url!r} (expected s3://bucket/prefix/)")
    return bucket, key


def folder(url: str) -> str:
    """The address as a folder: normal scheme, one slash at the end."""
    bucket, key = split(url)
    key = key.rstrip("/")
    return f"s3://{bucket}/{key}/" if key else f"s3://{bucket}/"


def hidden(relative: str) -> bool:
    """Names that readers of a lake skip: markers, checksums, temporary folders."""
    parts = relative.split("/")
    return any(p.startswith((".", "_")) and "=" not in p for p in parts) or relative.endswith("_$folder$")


def list_objects(bucket: str, prefix: str) -> Iterator[Object]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", ()):
            yield Object(bucket, item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])


def data_objects(url: str, exclusions: Iterable[str] = (), recurse: bool = True) -> list[Object]:
    """The data files at an address, which is one object or a folder."""
    bucket, key = split(url)
    globs = [split(g)[1] if "://" in g else key.rstrip("/") + "/" + g for g in exclusions]
    found = []
    for item in list_objects(bucket, key):
        rest = item.key[len(key) :]
        # The prefix `raw/fl` must not take `raw/flights/…`: below a folder there is a slash.
        if rest and key and not key.endswith("/") and not rest.startswith("/"):
            continue
        relative = rest.lstrip("/")
        if item.key.endswith("/") or item.size == 0 or (relative and hidden(relative)):
            continue
        if not recurse and "/" in relative:
            continue
        if any(fnmatch.fnmatchcase(item.key, g.replace("**", "*")) for g in globs):
            continue
        found.append(item)
    return found


def exclusions_of(value) -> list[str]:
    """Exclusions arrive as a JSON list in a string, or as a list."""
    if not value:
        return []
    return json.loads(value) if isinstance(value, str) else list(value)
