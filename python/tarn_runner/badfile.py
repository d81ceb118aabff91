"""Why a file could not be read. Spark names the file; this reads it again, as what the job had asked for, up to the first
row that does not fit, and names the line, the column and the value."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import time
import zlib
from datetime import date, datetime

_FILE = re.compile(r"reading file (s3[an]?://\S+?)\.?\s")
_CAUSE = re.compile(r"Caused by: [\w.$]*?(\w+): (.+)")
_PATIENCE_S = 20
_SHOWN = 120


def explain(text: str, reads: list[dict]) -> str:
    """The first fault of the file that Spark's message names; empty where the message is about something else."""
    found = _FILE.search(text + " ")
    if not found or "FAILED_READ_FILE" not in text:
        return ""
    url = found.group(1)
    read = next((r for r in reversed(reads) if any(url == u or url.startswith(u.rstrip("/") + "/") for u in r["urls"])), None)
    if read is not None:
        try:
            fault = first_fault(url, _open(url), read["format"], read["options"], read["columns"])
        except Exception as err:  # noqa: BLE001  an explanation is extra; without it Spark's own words stand
            fault = f"({type(err).__name__} while looking for the reason)"
        if fault:
            return fault + _hint(fault, read["columns"])
    causes = _CAUSE.findall(text)
    return f"{url}: {': '.join(causes[-1])}" if causes else f"{url} cannot be read"


def _hint(fault: str, columns) -> str:
    """What makes a value of another type than its column's pass; only a catalog's columns have types."""
    kinds = dict(columns or ())
    misfit = re.match(r"(\S+) .* is not an? ", fault)
    if not misfit or misfit.group(1) not in kinds:
        return ""
    name = misfit.group(1)
    return f" (resolveChoice(specs=[({name!r}, 'cast:{kinds[name]}')]) on the frame as it was read makes such values null)"


def _open(url: str):
    import boto3

    bucket, _, key = url.split("://", 1)[1].partition("/")
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]


def first_fault(url: str, raw, fmt: str, options: dict, columns: list[tuple[str, str]] | None) -> str:
    """The first row of a csv or json file that does not fit, as a sentence; empty where all do."""
    if fmt not in ("csv", "json"):
        return ""
    lines = _Lines(_decompressed(url, raw))
    try:
        check = _csv_fault if fmt == "csv" else _json_fault
        found = check(lines, options, columns)
    except (EOFError, zlib.error, gzip.BadGzipFile) as err:
        what = "ends early: the file is cut off" if isinstance(err, EOFError) else f"is damaged: {err}"
        return f"{url}: the gzip stream {what}, after line {lines.number:,}"
    except UnicodeDecodeError as err:
        return f"{url}, line {lines.number + 1:,}: not UTF-8 text ({err.reason})"
    if found is None:
        return ""
    what, line, text = found
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f"{what}: {url}, line {line:,}: {shown}"


def _decompressed(url: str, raw):
    name = url.lower()
    if name.endswith(".gz"):
        return gzip.GzipFile(fileobj=raw)
    if name.endswith((".zst", ".zstd", ".bz2")):
        import pyarrow

        return pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "bz2" if name.endswith("2") else "zstd")
    return raw


class _Lines:
    """Lines of text, counted and remembered for the message."""

    def __init__(self, raw):
        self._text = io.TextIOWrapper(_Raw(raw), encoding="utf-8-sig", newline="")
        self._deadline = time.monotonic() + _PATIENCE_S
        self.number = 0
        self.last = ""

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = self._text.readline()
        if not line or (self.number % 10_000 == 0 and time.monotonic() > self._deadline):
            raise StopIteration
        self.number += 1
        self.last = line.rstrip("\r\n")
        return line


class _Raw(io.RawIOBase):
    """Whatever has read(n), as a file that TextIOWrapper takes."""

    def __init__(self, raw):
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read1(self, n: int = -1) -> bytes:
        return self._raw.read(n if n > 0 else 65536)


def _csv_fault(lines: _Lines, options: dict, columns):
    quote = str(options.get("quoteChar", '"'))
    settings = {"delimiter": options.get("separator", ",")}
    if quote == "-1":
        settings["quoting"] = csv.QUOTE_NONE
    else:
        settings["quotechar"] = quote
    header = str(options.get("withHeader", False)).lower() == "true"
    names: list[str] | None = [n for n, _ in columns] if columns else None
    rows = csv.reader(lines, **settings)
    for row in rows:
        if header:
            header = False
            if names is None:
                names = row
            elif [n.lower() for n in row] != [n.lower() for n in names]:
                return _header_fault(row, names), lines.number, lines.last
            continue
        if not row:
            continue
        names = names or [f"col{i}" for i in range(len(row))]
        if len(row) != len(names):
            return f"{len(row)} fields where {len(names)} are expected", lines.number, lines.last
        for (name, kind), value in zip(columns or [(n, "string") for n in names], row, strict=False):
            if value != "" and value != options.get("nullValue") and not fits(value, kind):
                return f'{name} "{value}" is not {_article(kind)}', lines.number, lines.last
    return None


def _header_fault(row: list[str], names: list[str]) -> str:
    have = {n.lower() for n in row}
    want = {n.lower() for n in names}
    missing = [n for n in names if n.lower() not in have]
    extra = [n for n in row if n.lower() not in want]
    if missing:
        return "missing column " + ", ".join(missing)
    if extra:
        return "unexpected column " + ", ".join(extra)
    return "columns in another order than " + ", ".join(names)


def _json_fault(lines: _Lines, options: dict, columns):
    kinds = {n.lower(): k for n, k in columns or ()}
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as err:
            return f"not JSON ({err.msg}, column {err.colno})", lines.number, lines.last
        if not isinstance(record, dict):
            return "not a JSON object", lines.number, lines.last
        for name, value in record.items():
            kind = kinds.get(name.lower())
            if kind and value is not None and not _json_fits(value, kind):
                return f"{name} {json.dumps(value)} is not {_article(kind)}", lines.number, lines.last
    return None


_INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64, "long": 64}


def fits(text: str, kind: str) -> bool:
    """Whether a CSV reader can make a value of a Hive type of this text."""
    kind = kind.lower().strip()
    text = text.strip()
    if kind in _INTEGERS:
        if not re.fullmatch(r"[+-]?\d+", text):
            return False
        bound = 1 << (_INTEGERS[kind] - 1)
        return -bound <= int(text) < bound
    if kind in ("float", "double", "real") or kind.startswith("decimal"):
        return bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?|[+-]?(NaN|Inf|Infinity)", text))
    if kind == "boolean":
        return text.lower() in ("true", "false")
    if kind == "date":
        return _parses(date.fromisoformat, text[:10])
    if kind == "timestamp":
        return _parses(datetime.fromisoformat, re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))
    return True


def _parses(parse, text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _json_fits(value, kind: str) -> bool:
    kind = kind.lower()
    if kind in _INTEGERS:
        return isinstance(value, int) and not isinstance(value, bool) and fits(str(value), kind)
    if kind in ("float", "double", "real") or kind.startswith("decimal"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind.startswith("array<"):
        return isinstance(value, list)
    if kind.startswith(("struct<", "map<")):
        return isinstance(value, dict)
    if kind in ("date", "timestamp"):
        return isinstance(value, str) and fits(value, kind)
    return True


def _article(kind: str) -> str:
    return ("an " if kind[:1] in "aeiou" else "a ") + kind
