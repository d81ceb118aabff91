"""A SparkContext for scripts that begin with one, where the engine is reached over Spark Connect and has none."""

from __future__ import annotations

import sys


class _NoJVM:
    """Class attributes that pyspark itself looks at are None; on an instance they explain themselves."""

    def __init__(self, name: str):
        self._name = name

    def __get__(self, instance, owner):
        if instance is None:
            return
        raise _unavailable(f"SparkContext.{self._name}", "it needs the JVM inside the script's own process")


def _unavailable(what: str, why: str) -> Exception:
    return NotImplementedError(
        f"{what} is not available: {why}, and this job reaches Spark over Spark Connect. Use DataFrames and spark.sql"
    )


class SparkContext:
    """Stands where scripts expect a SparkContext; everything real is done by the session."""

    _jvm = _NoJVM("_jvm")
    _jsc = _NoJVM("_jsc")
    _gateway = None
    _active_spark_context = None
    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar")

    def __init__(self, master=None, appName=None, *args, conf=None, **more):
        if hasattr(master, "getAll"):
            conf = master
        self._conf = conf
        options = dict(conf.getAll()) if conf is not None else {}
        builder = _session_class().builder
        for key, value in options.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate()
        type(self)._active_spark_context = self

    @classmethod
    def getOrCreate(cls, conf=None) -> SparkContext:
        return cls._active_spark_context or cls(conf=conf)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def version(self) -> str:
        return self._session.version

    @property
    def applicationId(self) -> str:
        return self._session.session_id

    @property
    def appName(self) -> str:
        return self._session.conf.get("spark.app.name", "")

    @property
    def defaultParallelism(self) -> int:
        return int(self._session.conf.get("spark.sql.shuffle.partitions"))

    def getConf(self):
        from pyspark.conf import SparkConf

        return self._conf or SparkConf(loadDefaults=False)

    def setLogLevel(self, logLevel: str) -> None:
        """Accepted: the log of the shared engine is not the script's to set."""

    def setJobGroup(self, groupId, description, interruptOnCancel=False) -> None:
        self._session.addTag(str(groupId).replace(",", "_"))

    def addPyFile(self, path: str) -> None:
        self._session.addArtifacts(path, pyfile=True)

    def addFile(self, path: str, recursive: bool = False) -> None:
        self._session.addArtifacts(path, file=True)

    def stop(self) -> None:
        type(self)._active_spark_context = None

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        raise _unavailable(f"SparkContext.{name}", "it belongs to RDDs and the JVM")


def _session_class():
    from pyspark.sql.connect.session import SparkSession

    return SparkSession


def install() -> None:
    """Puts the stand-in, and the session of Spark Connect, where scripts import them from."""
    import pyspark
    import pyspark.context
    import pyspark.sql
    import pyspark.sql.session

    connected = _session_class()
    builder = connected.Builder
    # A catalog is there in any case; a master is the service's business.
    builder.enableHiveSupport = lambda self: self
    original = connected.__init__

    def construct(self, connection, *args, **more):
        # SparkSession(sc) is another handle of the one session.
        if isinstance(connection, SparkContext):
            self.__dict__.update(connection._session.__dict__)
            return
        original(self, connection, *args, **more)

    connected.__init__ = construct
    connected.sparkContext = property(lambda self: SparkContext.getOrCreate())
    for module in (pyspark, pyspark.context):
        module.SparkContext = SparkContext
    for module in (pyspark.sql, pyspark.sql.session):
        module.SparkSession = connected
    sys.modules["pyspark.context"].SparkContext = SparkContext
