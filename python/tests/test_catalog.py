import pytest

from awsglue import _aws, _catalog, _types


@pytest.mark.parametrize(
    ("relative", "keys", "want"),
    [
        ("a=1/b=x/f", ["a", "b"], ("1", "x")),
        ("A=1/f", ["a"], ("1",)),
        ("a=x%2Fy/f", ["a"], ("x/y",)),
        ("a=1/f", ["a", "b"], None),
        ("b=1/f", ["a"], None),
        ("f", [], ()),
    ],
)
def test_path_values(relative, keys, want):
    assert _catalog.path_values(relative, keys) == want


@pytest.mark.parametrize(("name", "want"), [("x", ["x"]), ("a.b", ["a", "b"]), ("`a.b`.c", ["a.b", "c"]), ("a.`b c`", ["a", "b c"])])
def test_path(name, want):
    assert _types.path(name) == want


@pytest.mark.parametrize(
    ("word", "want"),
    [
        ("long", "bigint"),
        ("Integer", "int"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("varchar(3)", "string"),
        ("array<struct<a:int>>", "array<struct<a:int>>"),
    ],
)
def test_spark_type(word, want):
    assert _types.spark_type(word) == want


def test_spark_type_unknown():
    with pytest.raises(ValueError, match="'sometype'"):
        _types.spark_type("sometype")


@pytest.mark.parametrize("url", ["http://x", "lake/raw", "s3:///raw", ""])
def test_not_s3(url):
    with pytest.raises(ValueError, match="s3://bucket"):
        _aws.split(url)


def test_data_objects(aws):
    s3 = aws.client("s3")
    keys = [
        "raw/f/a.csv",
        "raw/f/_SUCCESS",
        "raw/f/.tmp/x",
        "raw/f/sub/b.csv",
        "raw/f/empty",
        "raw/flights/c.csv",
        "raw/f/p=_x/d.csv",
        "raw/f/skip.txt",
    ]
    for k in keys:
        s3.put_object(Bucket="lake", Key=k, Body=b"" if k.endswith("empty") else b"x")
    found = [o.key for o in _aws.data_objects("s3://lake/raw/f", ["*.txt"])]
    assert found == ["raw/f/a.csv", "raw/f/p=_x/d.csv", "raw/f/sub/b.csv"]
    assert [o.key for o in _aws.data_objects("s3://lake/raw/f/", recurse=False)] == ["raw/f/a.csv", "raw/f/skip.txt"]
    assert [o.key for o in _aws.data_objects("s3://lake/raw/f/a.csv")] == ["raw/f/a.csv"]


def open_csv(**parameters):
    serde = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    return _catalog.Table("d", "t", "", [], [], {"skip.header.line.count": "1"}, serde, parameters).reader()


def test_open_csv_doubles_quotes_unless_told_otherwise():
    plain = {"separator": ",", "quoteChar": '"', "withHeader": True}
    assert open_csv() == ("csv", plain)
    assert open_csv(escapeChar="\\") == ("csv", plain)
    assert open_csv(escapeChar="^", separatorChar=";") == ("csv", {**plain, "separator": ";", "escaper": "^"})
