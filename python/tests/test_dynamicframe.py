import pickle

import pytest
from pyspark.sql import types as t

from awsglue import _publish, _read, dynamicframe

BEFORE = t.StructType(
    [
        t.StructField("note", t.StringType()),
        t.StructField("tags", t.ArrayType(t.StringType())),
        t.StructField("who", t.StructType([t.StructField("name", t.StringType())])),
    ]
)


@pytest.mark.parametrize(
    ("records", "want"),
    [
        ([{"id": 1}, {"id": 2, "v": "x"}], "struct<id:bigint,v:string>"),
        ([{"id": 1}, {"id": 1.5}], "struct<id:double>"),
        ([{"note": None, "tags": [], "who": None}], "struct<note:string,tags:array<string>,who:struct<name:string>>"),
        ([{"tags": []}, {"tags": [1]}], "struct<tags:array<bigint>>"),
        ([{"new": None, "list": [], "deep": {"a": None}}], "struct<new:string,list:array<string>,deep:struct<a:string>>"),
    ],
)
def test_schema_of(records, want):
    assert dynamicframe._schema_of(records, BEFORE).simpleString() == want


def test_schema_of_two_types():
    with pytest.raises(ValueError, match="map: field 'a' is bigint in one record and array<bigint> in another"):
        dynamicframe._schema_of([{"a": 1}, {"a": [1]}], BEFORE)


def test_mapper_refuses_what_does_not_fit():
    schema = dynamicframe._schema_of([{"id": 1, "v": 0.5}], BEFORE)

    class Row(dict):
        def asDict(self, recursive):
            return self

    change = pickle.loads(pickle.dumps(dynamicframe._Mapper(dict, schema)))
    assert change(Row(id=2, v=3)) == (2, 3.0)
    assert change(Row(v=1.5)) == (None, 1.5)
    with pytest.raises(Exception, match="id"):
        change(Row(id="two"))
    with pytest.raises(ValueError, match="'w' is in none of the first 100 records"):
        change(Row(id=1, w=1))


@pytest.mark.parametrize(
    ("have", "new", "want"),
    [
        ("bigint", "int", "bigint"),
        ("int", "bigint", "bigint"),
        ("double", "float", "double"),
        ("int", "double", "double"),
        ("string", "int", "int"),
    ],
)
def test_wider(have, new, want):
    assert _publish._wider(have, new) == want


@pytest.mark.parametrize(
    ("options", "want"),
    [({}, '"'), ({"quoteChar": "'"}, "'"), ({"quoteChar": -1}, '"'), ({"quoteChar": "'", "escaper": "\\"}, "\\")],
)
def test_escape(options, want):
    assert _read.escape(options) == want
