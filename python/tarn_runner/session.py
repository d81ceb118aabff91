"""The job's Spark session: one of its own on a Spark that is shared, with nothing but this job's credentials in it.

Two jobs of different roles use one Spark at the same time. What keeps them apart:
- S3A: the keys are settings of the session, and the server's file system is one that shares connections only between
  those who give the same keys. Hadoop's own cache would hand one session's connection to another.
- Iceberg's Glue catalog: its clients take credentials from a provider configured for the catalog, and a catalog belongs to a
  session. The provider asks an address of this process that only this session knows.
- Glue's catalog as Spark's metastore (--enable-glue-datacatalog) is asked with the keys of the session that asks.
- The server's own environment holds no keys, so a session without them is refused.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from awsglue.utils import parse_arguments

_PROVIDER = "org.apache.iceberg.aws.s3.VendedCredentialsProvider"
_S3_FILE_IO = "org.apache.iceberg.aws.s3.S3FileIO"
# The same, but that a refused metadata file ends the reading at once (fileio.scala).
_LAKE_FILE_IO = "tarn.spark.LakeFileIO"


def install(request: dict) -> None:
    """Makes SparkSession.builder.getOrCreate() give this job's session, made when it is first asked for."""
    from pyspark.sql.connect.session import SparkSession

    original = SparkSession.Builder.create

    def create(self):
        settings = settings_of(dict(os.environ), parse_arguments(["", *request["argv"]]), _serve_credentials())
        asked = {k: v for k, v in self._options.items() if k not in ("spark.remote", "spark.master")}
        chosen = {**settings, **asked}
        self._options = {**other_catalogs(chosen), **chosen, "spark.remote": _remote()}
        session = original(self)
        if brought := _python_files(request.get("paths") or []):
            session.addArtifacts(*brought, pyfile=True)
        return session

    SparkSession.Builder.create = create

    def get_or_create(self):
        with SparkSession._lock:
            session = SparkSession.getActiveSession() or SparkSession._get_default_session()
            if session is None:
                return self.create()
            self._options.pop("spark.remote", None)
            self._apply_options(session)
            return session

    SparkSession.Builder.getOrCreate = get_or_create


def _python_files(paths: list[str]) -> list[str]:
    """What functions that run inside of Spark import: archives, and the modules of the folders on the path."""
    found: dict[str, None] = {}
    for path in paths:
        if os.path.isdir(path):
            found |= dict.fromkeys(sorted(glob.glob(os.path.join(glob.escape(path), "*.py"))))
        elif path.endswith((".zip", ".egg", ".whl")):
            found[path] = None
    return list(found)


def _remote() -> str:
    return f"{os.environ['SPARK_REMOTE']}/;user_id={os.environ.get('TARN_RUN_ID', 'job')};session_id={os.environ['TARN_SPARK_SESSION']}"


def settings_of(env: dict[str, str], arguments: dict[str, str], credentials_url: str) -> dict[str, str]:
    """The settings of a session for these credentials and job arguments."""
    endpoint, region = env.get("AWS_ENDPOINT_URL", ""), env.get("AWS_REGION", "us-east-1")
    plain = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        # Otherwise a broken value in a column that is not asked for would pass, and counts depend on the query.
        "spark.sql.csv.parser.columnPruning.enabled": "false",
        "spark.sql.ansi.enabled": env.get("TARN_SPARK_ANSI", "true"),
    }
    s3 = {
        "access.key": env.get("AWS_ACCESS_KEY_ID", ""),
        "secret.key": env.get("AWS_SECRET_ACCESS_KEY", ""),
        "endpoint.region": region,
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    }
    token = env.get("AWS_SESSION_TOKEN", "")
    if token:
        s3["session.token"] = token
        s3["aws.credentials.provider"] = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider"
    plain["spark.tarn.glue.catalog"] = str("enable-glue-datacatalog" in arguments).lower()
    plain["spark.tarn.glue.endpoint"] = endpoint
    catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": _LAKE_FILE_IO,
        ".client.region": region,
        ".client.credentials-provider": _PROVIDER,
        ".client.credentials-provider.credentials.uri": credentials_url,
        ".client.credentials-provider.uri": credentials_url,
        # The clients of S3 overwrite the provider's address with this one.
        ".client.refresh-credentials-endpoint": credentials_url,
    }
    if warehouse := env.get("TARN_TEMP_DIR"):
        catalog[".warehouse"] = warehouse.rstrip("/") + "/warehouse"
    if endpoint:
        s3 |= {
            "endpoint": endpoint,
            "path.style.access": "true",
            "connection.ssl.enabled": str(endpoint.startswith("https:")).lower(),
        }
        catalog |= {".glue.endpoint": endpoint, ".s3.endpoint": endpoint, ".s3.path-style-access": "true"}
    settings = plain | {f"fs.s3a.{k}": v for k, v in s3.items()}
    settings |= {f"spark.sql.catalog.glue_catalog{k}": v for k, v in catalog.items()}
    return settings | {k: _LAKE_FILE_IO if v == _S3_FILE_IO else v for k, v in _given(arguments.get("conf", ""))}


def other_catalogs(settings: dict[str, str]) -> dict[str, str]:
    """What Iceberg catalogs of other names that a job sets up need to reach the same Glue and S3 with the job's own keys."""
    ours = "spark.sql.catalog.glue_catalog"
    iceberg = {k for k, v in settings.items() if k.count(".") == 3 and v.startswith("org.apache.iceberg.spark.Spark")}
    names = [k for k in iceberg if k.startswith("spark.sql.catalog.") and k != ours]
    return {n + k.removeprefix(ours): v for n in names for k, v in settings.items() if k.startswith(ours + ".")}


def _given(conf: str):
    """--conf holds `k=v`, and often `k=v --conf k2=v2` in one value."""
    for part in conf.split("--conf"):
        key, equals, value = part.strip().partition("=")
        if equals and key.strip():
            yield key.strip(), value.strip()


def _serve_credentials() -> str:
    """An address that answers this job's credentials to who knows it, for as long as the job runs."""
    secret = "/" + secrets.token_urlsafe(32)
    config = {
        "s3.access-key-id": os.environ.get("AWS_ACCESS_KEY_ID", ""),
        "s3.secret-access-key": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        "s3.session-token": os.environ.get("AWS_SESSION_TOKEN", ""),
        "s3.session-token-expires-at-ms": os.environ.get("TARN_CREDENTIALS_EXPIRE_MS", "4102444800000"),
    }
    body = json.dumps({"storage-credentials": [{"prefix": "s3", "config": config}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if not secrets.compare_digest(self.path.partition("?")[0], secret):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}{secret}"


def close() -> None:
    """Ends what the session still runs and forgets it on the server."""
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession._get_default_session()
    if session is None:
        return
    try:
        # At once or not at all: the server may be gone.
        session.client.set_retry_policies([])
        session.interruptAll()
        session.client.release_session()
    except Exception as err:  # noqa: BLE001  the server may be gone; the job's own result stands
        print(f"the Spark session could not be released: {type(err).__name__}", flush=True)


def release() -> None:
    """Ends the session of a job that was killed, from outside."""
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession(_remote())
    session.interruptAll()
    session.client.release_session()
