"""What a script raised, in one sentence with its place."""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback

from awsglue.utils import parse_arguments
from tarn_runner import refusal

_SHOWN = 120
_FRAME = re.compile(r'\s*File "([^"]+)", line (\d+), in (\S+)')


def describe(err: BaseException, script: str, name: str) -> dict:
    """class, message, and the last line of the script that was running (not of a library it called)."""
    line = script_line(err, script)
    kind, text = said(err)
    return {"class": kind, "message": text, "file": name, "line": line, "text": source(script, line)}


def script_line(err: BaseException, script: str) -> int:
    if isinstance(err, SyntaxError) and err.filename and os.path.realpath(err.filename) == os.path.realpath(script):
        return err.lineno or 0
    target = os.path.realpath(script)
    lines = [f.lineno for f in traceback.extract_tb(err.__traceback__) if os.path.realpath(f.filename) == target]
    return lines[-1] or 0 if lines else 0


def source(script: str, line: int) -> str:
    """The line as it stands in the script."""
    text = linecache.getline(script, line).strip()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def said(err: BaseException) -> tuple[str, str]:
    """The exception's name, and its text without the JVM's stack: what follows it is for the log."""
    kind = type(err).__name__
    if isinstance(err, SyntaxError):
        return kind, err.msg
    text = str(err.code if isinstance(err, SystemExit) else err)
    if refused := refusal.explain(text, os.environ.get("TARN_ROLE", "")):
        return "AccessDeniedException", refused
    if type(err).__module__.startswith("pyspark.errors"):
        known = explain(err) or full_disk(text) or missing(text) or in_python(text)
        return kind, known or plan_left_out(plain(text)) or kind
    return kind, plain(text) or kind


def in_python(text: str) -> str:
    """What a function of the script raised inside of Spark, with its own line."""
    if "An exception was thrown from the Python worker" not in text:
        return ""
    lines = plain_lines(text)
    frames = [m.groups() for m in map(_FRAME.match, lines) if m]
    last = next((line.strip() for line in reversed(lines) if re.match(r"[A-Za-z_][\w.]*(: |$)", line)), "")
    if not frames or not last:
        return ""
    file, line, function = frames[-1]
    return f"{last} (in {function} of {os.path.basename(file)}, line {line}, called by Spark)"


_NO_BLOCK = re.compile(r"local directory for \S+ with requested size (\d+) .*?in any directory \(\s*(\S+)\s*\) is (\d+)")


def full_disk(text: str) -> str:
    """Spark gathers what it writes to S3 in blocks on the disk, which tarn's own data is on too."""
    if found := _NO_BLOCK.search(text):
        need, place, free = found.groups()
        cause = f"{int(free) >> 20} MB are free for {place}, where a block of {int(need) >> 20} MB is written before it goes to S3"
    elif "No space left on device" in text or "StorageFull" in text:
        words = ("No space left on device", "StorageFull")
        cause = next(line.strip() for line in text.splitlines() if any(w in line for w in words))[:300]
    else:
        return ""
    return f"the disk is full: {cause}. Make room on the disk of tarn's data folder and start the run again"


def plan_left_out(text: str) -> str:
    """An error of analysis ends with the query's plan, which is in the log."""
    return re.sub(r"(SQLSTATE: \w+); .*", r"\1", text)


def plain_lines(text: str) -> list[str]:
    for mark in ("\n\nJVM stacktrace", "\nJVM stacktrace", "\n\tat "):
        text = text.partition(mark)[0]
    return text.splitlines()


def plain(text: str) -> str:
    """A message in one line, without what the JVM adds."""
    return re.sub(r"\s*\n\s*", " ", "\n".join(plain_lines(text))).strip()


def missing(text: str) -> str:
    """What a table or database that Spark does not find may need."""
    if not re.match(r"\[(TABLE_OR_VIEW|SCHEMA)_NOT_FOUND\]", text) or "enable-glue-datacatalog" in parse_arguments(sys.argv):
        return ""
    first = plain(text).partition(" Verify the spelling")[0]
    need = "Tables of the Glue catalog need the job argument --enable-glue-datacatalog"
    return f"{first} {need} (Iceberg tables: glue_catalog.DATABASE.TABLE)"


def log_text(err: BaseException) -> str:
    """The traceback for the log, from the script on, and of the JVM only what caused it: its frames name no script, and
    there are hundreds of them."""
    lines: list[str] = []
    for line in "".join(traceback.format_exception(err)).splitlines():
        if line.startswith(("\tat ", "\t... ", "JVM stacktrace:")) or (line.startswith("Caused by: ") and line in lines):
            continue
        if line or (lines and lines[-1]):
            lines.append(line)
    own = [i for i, line in enumerate(lines) if re.match(r'  File "(<frozen runpy>|[^"]*tarn_runner/(child|once)\.py)"', line)]
    for i in reversed(own):
        end = i + 1
        while end < len(lines) and lines[end].startswith("    "):
            end += 1
        del lines[i:end]
    return "\n".join(lines).rstrip() + "\n"


def explain(err: BaseException) -> str:
    """For a file that Spark could not read: which file, which line, which value."""
    from pyspark.sql.connect.session import SparkSession

    from tarn_runner import badfile

    session = SparkSession._get_default_session()
    return badfile.explain(str(err), getattr(session, "_tarn_reads", []))
