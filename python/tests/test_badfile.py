import gzip
import io

import pytest

from tarn_runner import badfile

COLUMNS = [("a", "int"), ("b", "string"), ("c", "double")]
GOOD = "a,b,c\n" + "".join(f"{i},x{i},{i}.5\n" for i in range(2000))
HEADER = {"withHeader": True}


def fault(name, data, fmt="csv", options=HEADER, columns=COLUMNS):
    return badfile.first_fault("s3://b/" + name, io.BytesIO(data), fmt, options, columns)


@pytest.mark.parametrize(
    ("name", "data", "want"),
    [
        ("f.csv", GOOD.encode(), ""),
        ("f.csv", (GOOD + "2O13,y,1.0\n").encode(), 'a "2O13" is not an int: s3://b/f.csv, line 2,002: 2O13,y,1.0'),
        ("f.csv.gz", gzip.compress((GOOD + "1,y,x\n").encode()), 'c "x" is not a double: s3://b/f.csv.gz, line 2,002: 1,y,x'),
        ("f.csv", b"a,b,c\n7,y\n", "2 fields where 3 are expected: s3://b/f.csv, line 2: 7,y"),
        ("f.csv", b"a,c\n1,2.5\n", "missing column b: s3://b/f.csv, line 1: a,c"),
        ("f.csv", b"a,b,c,d\n1,x,2.5,9\n", "unexpected column d: s3://b/f.csv, line 1: a,b,c,d"),
        ("f.csv", b"b,a,c\nx,1,2.5\n", "columns in another order than a, b, c: s3://b/f.csv, line 1: b,a,c"),
        ("f.csv", b"\xef\xbb\xbfa,b,c\n1,x,2.5\n", ""),
        ("f.csv", b'a,b,c\n1,"x\ny",2.5\n99999999999,x,1\n', 'a "99999999999" is not an int: s3://b/f.csv, line 4: 99999999999,x,1'),
        ("f.csv", b"a,b,c\n1,\xff,2\n", "s3://b/f.csv, line 1: not UTF-8 text (invalid start byte)"),
    ],
)
def test_csv(name, data, want):
    assert fault(name, data) == want


def test_truncated_gzip():
    said = fault("f.csv.gz", gzip.compress(GOOD.encode())[:-500])
    assert said.startswith("s3://b/f.csv.gz: the gzip stream ends early: the file is cut off, after line 1,")


def test_not_gzip():
    assert "the gzip stream is damaged" in fault("f.csv.gz", b"hello")


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b'{"a":1,"b":"x"}\n\n{"a":2}\n', ""),
        (b'{"a":1}\n{"a":"zz","b":"y"}\n', 'a "zz" is not an int: s3://b/f.json, line 2: {"a":"zz","b":"y"}'),
        (b'{"a":1}\n[1]\n', "not a JSON object: s3://b/f.json, line 2: [1]"),
        (b'{"a":1,\n', 'not JSON (Expecting property name enclosed in double quotes, column 1): s3://b/f.json, line 1: {"a":1,'),
    ],
)
def test_json(data, want):
    assert fault("f.json", data, "json", {}) == want


@pytest.mark.parametrize(
    ("text", "kind", "ok"),
    [
        ("127", "tinyint", True), ("128", "tinyint", False), ("-128", "tinyint", True), ("1.0", "int", False), ("NA", "bigint", False),
        ("1e3", "double", True), (".5", "float", True), ("NaN", "double", True), ("", "double", False), ("1,5", "decimal(3,1)", False),
        ("TRUE", "boolean", True), ("yes", "boolean", False), ("2013-02-29", "date", False), ("2012-02-29", "date", True),
        ("2013-01-01 05:00:00", "timestamp", True), ("2013-01-01T05:00:00Z", "timestamp", True), ("noon", "timestamp", False), ("x", "string", True),  # noqa: E501
    ],
)  # fmt: skip
def test_fits(text, kind, ok):
    assert badfile.fits(text, kind) is ok


def test_message_is_about_something_else():
    assert badfile.explain("[TABLE_OR_VIEW_NOT_FOUND] reading file s3://b/x.csv", []) == ""


def test_unknown_file_keeps_the_cause():
    text = "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file s3://b/x.parquet. SQLSTATE\nCaused by: java.lang.RuntimeException: corrupted file\n"  # noqa: E501
    assert badfile.explain(text, []) == "s3://b/x.parquet: RuntimeException: corrupted file"
