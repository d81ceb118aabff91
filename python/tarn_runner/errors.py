"""What a script raised, in one sentence with its place."""

from __future__ import annotations

import os
import re
import traceback


def describe(err: BaseException, script: str, name: str) -> dict:
    """class, message, and the last line of the script that was running (not of a library it called)."""
    line = script_line(err, script)
    return {"class": type(err).__name__, "message": message(err), "file": name, "line": line}


def script_line(err: BaseException, script: str) -> int:
    if isinstance(err, SyntaxError) and err.filename and os.path.realpath(err.filename) == os.path.realpath(script):
        return err.lineno or 0
    target = os.path.realpath(script)
    lines = [f.lineno for f in traceback.extract_tb(err.__traceback__) if os.path.realpath(f.filename) == target]
    return lines[-1] or 0 if lines else 0


def message(err: BaseException) -> str:
    """Without the JVM's stack: what follows it is for the log."""
    if type(err).__module__.startswith("pyspark.errors"):
        explained = explain(err)
        if explained:
            return explained
    if isinstance(err, SyntaxError):
        return err.msg
    text = str(err.code if isinstance(err, SystemExit) else err)
    for mark in ("\n\nJVM stacktrace", "\nJVM stacktrace", "\n\tat "):
        text = text.partition(mark)[0]
    return re.sub(r"\s*\n\s*", " ", text).strip() or type(err).__name__


def explain(err: BaseException) -> str:
    """For a file that Spark could not read: which file, which line, which value."""
    from pyspark.sql.connect.session import SparkSession

    from tarn_runner import badfile

    session = SparkSession._get_default_session()
    return badfile.explain(str(err), getattr(session, "_tarn_reads", []))
