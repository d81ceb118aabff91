"""DynamicFrame: a DataFrame with Glue's own operations.

A frame here has one type a column. In Glue a field may be a choice of several; files that would give one are refused when
they are read, with the file and the value, unless resolveChoice says what to make of them: see _choice.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from pyspark.sql import functions as F
from pyspark.sql import types as t

from awsglue import _choice, _relational, _types

# What exists in Glue and not here: named, so that a script's author learns it at once.
_ABSENT = {
    "simplify_ddb_json": "use apply_mapping with the typed members (`item.name.S`)",
    "with_frame_schema": "use toDF() and cast the columns",
    "mapPartitions": "use toDF() and mapInPandas",
    "mapPartitionsWithIndex": "use toDF() and mapInPandas",
    "unnest_ddb_json": "use apply_mapping with the typed members (`item.name.S`)",
}

_COMPARISONS = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class DynamicFrame:
    def __init__(self, dataframe, glue_ctx, name: str = ""):
        self._df = dataframe
        self.glue_ctx = glue_ctx
        self.name = name
        # Of a frame as it was read from text: reads it again with some columns as text.
        self._read_as_text: Callable | None = None

    def __getattr__(self, name: str):
        if name in _ABSENT:
            raise NotImplementedError(f"DynamicFrame.{name} is not available here: {_ABSENT[name]}")
        raise AttributeError(f"DynamicFrame has no attribute {name!r}")

    @classmethod
    def fromDF(cls, dataframe, glue_ctx, name: str = "") -> DynamicFrame:
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options=None):
        return self._df

    def _with(self, dataframe, name: str = "") -> DynamicFrame:
        return DynamicFrame(dataframe, self.glue_ctx, name or self.name)

    def schema(self):
        return self._df.schema

    def printSchema(self) -> None:
        self._df.printSchema()

    def show(self, num_rows: int = 20) -> None:
        self._df.show(num_rows)

    def count(self) -> int:
        return self._df.count()

    def repartition(self, num_partitions: int, transformation_ctx: str = "", **more) -> DynamicFrame:
        return self._with(self._df.repartition(num_partitions), transformation_ctx)

    def coalesce(self, num_partitions: int, transformation_ctx: str = "", **more) -> DynamicFrame:
        return self._with(self._df.coalesce(num_partitions), transformation_ctx)

    def union(self, frame2: DynamicFrame, transformation_ctx: str = "", **more) -> DynamicFrame:
        return self._with(self._df.unionByName(frame2._df, allowMissingColumns=True), transformation_ctx)

    def select_fields(self, paths: Iterable[str], transformation_ctx: str = "", **more) -> DynamicFrame:
        """The columns named, in the order given; a path into a struct keeps only that part of it; absent ones are ignored."""
        paths = [paths] if isinstance(paths, str) else list(paths)
        wanted: dict[str, list[list[str]]] = {}
        for p in paths:
            steps = _types.path(p)
            if _find(self._df.schema, steps) is not None:
                wanted.setdefault(steps[0], []).append(steps[1:])
        schema = self._df.schema
        columns = [_keep(F.col(_types.quote(n)), _find(schema, [n]).dataType, rest).alias(n) for n, rest in wanted.items()]
        return self._with(self._df.select(*columns), transformation_ctx)

    def drop_fields(self, paths: Iterable[str], transformation_ctx: str = "", **more) -> DynamicFrame:
        paths = [paths] if isinstance(paths, str) else list(paths)
        frame = self._df
        for p in paths:
            steps = _types.path(p)
            if _find(frame.schema, steps) is None:
                continue
            if len(steps) == 1:
                frame = frame.drop(F.col(_types.quote(steps[0])))
            else:
                inner = ".".join(_types.quote(s) for s in steps[1:])
                frame = frame.withColumn(steps[0], F.col(_types.quote(steps[0])).dropFields(inner))
        return self._with(frame, transformation_ctx)

    def rename_field(self, oldName: str, newName: str, transformation_ctx: str = "", **more) -> DynamicFrame:
        old, new = _types.path(oldName), _types.path(newName)
        if _find(self._df.schema, old) is None:
            raise ValueError(f"rename_field: no field {oldName!r}; the frame has {', '.join(self._df.columns)}")
        if len(old) == 1 and len(new) == 1:
            columns = [
                F.col(_types.quote(c)).alias(new[0]) if c.lower() == old[0].lower() else F.col(_types.quote(c)) for c in self._df.columns
            ]
            return self._with(self._df.select(*columns), transformation_ctx)
        if old[:-1] == new[:-1]:
            top = _find(self._df.schema, old[:1])
            renamed = _renamed(_column(top.name), top.dataType, old[1:], new[-1]).alias(top.name)
            columns = [renamed if c == top.name else _column(c) for c in self._df.columns]
            return self._with(self._df.select(*columns), transformation_ctx)
        mappings = []
        for field in _relational.leaves(self._df.schema, []):
            target = new if field[0] == old else field[0]
            mappings.append((field[0], None, target, None))
        return self._with(_map_columns(self._df, mappings), transformation_ctx)

    def apply_mapping(self, mappings, case_sensitive: bool = True, transformation_ctx: str = "", **more) -> DynamicFrame:
        """Selects, renames, casts and reorders by (source, source type, target, target type). A value that cannot be
        cast becomes null; a source that does not exist is left out."""
        steps = []
        for m in mappings:
            if len(m) == 4:
                source, _, target, kind = m
            elif len(m) == 3:
                source, target, kind = m
            elif len(m) == 2:
                (source, target), kind = m, None
            else:
                raise ValueError(f"a mapping is (source, source type, target, target type), not {m!r}")
            steps.append((_types.path(source), None, _types.path(target), kind))
        return self._with(_map_columns(self._df, steps), transformation_ctx)

    def filter(self, f: Callable, transformation_ctx: str = "", **more) -> DynamicFrame:
        """Rows for which f(record) is true; the record is read like a dictionary."""
        keep = F.udf(_Predicate(f), t.BooleanType())
        return self._with(self._df.where(keep(F.struct(*map(_column, self._df.columns)))), transformation_ctx)

    def map(self, f: Callable, transformation_ctx: str = "", preservesPartitioning=False, **more) -> DynamicFrame:
        """f(record) for each row. The schema is that of the first 100 results: a row that does not fit it ends the job."""
        sample = [f(_record(row)) for row in self._df.limit(100).collect()]
        if not sample:
            return self._with(self._df, transformation_ctx)
        schema = _schema_of(sample, self._df.schema)
        change = F.udf(_Mapper(f, schema), schema)
        mapped = self._df.select(change(F.struct(*map(_column, self._df.columns))).alias("r")).select("r.*")
        return self._with(mapped, transformation_ctx)

    def join(self, paths1, paths2, frame2: DynamicFrame, transformation_ctx: str = "", **more) -> DynamicFrame:
        """Inner equality join. A column of frame2 that has the name of one of this frame gets a leading dot."""
        paths1 = [paths1] if isinstance(paths1, str) else list(paths1)
        paths2 = [paths2] if isinstance(paths2, str) else list(paths2)
        if len(paths1) != len(paths2) or not paths1:
            raise ValueError(f"join needs as many keys on both sides: {paths1} and {paths2}")
        left = self._df
        taken = {c.lower() for c in left.columns}
        renamed = {c: "." + c if c.lower() in taken else c for c in frame2._df.columns}
        right = frame2._df.select(*(_column(c).alias(n) for c, n in renamed.items()))
        condition = None
        for one, two in zip(paths1, paths2, strict=True):
            steps = _types.path(two)
            first = next((n for c, n in renamed.items() if c.lower() == steps[0].lower()), None)
            if first is None:
                raise ValueError(f"join: no field {two!r}; the second frame has {', '.join(frame2._df.columns)}")
            equal = left[_types.column_path(one)] == right[".".join(map(_types.quote, [first, *steps[1:]]))]
            condition = equal if condition is None else condition & equal
        return self._with(left.join(right, condition, "inner"), transformation_ctx)

    def resolveChoice(self, specs=None, choice: str = "", database=None, table_name=None, transformation_ctx="", **more) -> DynamicFrame:
        """Casts, and splits columns of several types: on the frame as it was read, see _choice. Any other has one type a column,
        and what makes columns or structs of several changes nothing there."""
        if bool(specs) == bool(choice):
            raise ValueError("resolveChoice takes specs or choice, one of the two")
        if choice == "match_catalog":
            from awsglue import _catalog

            table = _catalog.get_table(database, table_name)
            have = {c.lower() for c in self._df.columns}
            specs, choice = [(n, f"cast:{k}") for n, k in table.columns + table.keys if n.lower() in have], ""
        elif choice:
            _check_action(choice)
            specs = []
        frame = self._df
        for _, action in specs:
            _check_action(action)
        if self._read_as_text is not None:
            kinds = {f.name: f.dataType for f in frame.schema.fields}
            of_columns = [(self._require(n, "resolveChoice").name, a) for n, a in specs if len(_types.path(n)) == 1]
            if of_columns or choice:
                frame = _choice.resolve(self._read_as_text, kinds, of_columns, choice)
            specs = [(n, a) for n, a in specs if len(_types.path(n)) != 1 or kinds[self._require(n, "").name] == t.StringType()]
        for name, action in specs:
            verb, _, kind = action.partition(":")
            if verb in ("make_cols", "make_struct"):
                continue
            steps = _types.path(name)
            if _find(frame.schema, steps) is None:
                raise ValueError(f"resolveChoice: no field {name!r}; the frame has {', '.join(frame.columns)}")
            value = F.col(_types.column_path(name)).try_cast(_types.spark_type(kind))
            if len(steps) == 1:
                frame = frame.withColumn(steps[0], value)
            else:
                inner = ".".join(_types.quote(s) for s in steps[1:])
                frame = frame.withColumn(steps[0], F.col(_types.quote(steps[0])).withField(inner, value))
        return self._with(frame, transformation_ctx)

    def unnest(self, transformation_ctx: str = "", **more) -> DynamicFrame:
        """Structs become columns whose names hold dots."""
        return self._with(_relational.unnest(self._df), transformation_ctx)

    def relationalize(self, root_table_name: str, staging_path: str = "", options=None, transformation_ctx: str = "", **more):
        """Flat frames of a nested one, as a collection: see _relational."""
        frames = _relational.relationalize(self._df, root_table_name, staging_path)
        return DynamicFrameCollection({n: self._with(f, n) for n, f in frames.items()}, self.glue_ctx)

    def unbox(self, path: str, format: str, transformation_ctx: str = "", info="", stageThreshold=0, totalThreshold=0, **options):
        self._require(path, "unbox")
        return self._with(_relational.unbox(self._df, path, format, options), transformation_ctx)

    def spigot(self, path: str, options=None, transformation_ctx: str = "", **more) -> DynamicFrame:
        """Writes a sample as JSON and passes the frame on: the first topk records, each with the probability prob."""
        chosen = options or {}
        frame = self._df
        if "prob" in chosen:
            frame = frame.sample(float(chosen["prob"]))
        frame.limit(int(chosen.get("topk", 100))).write.mode("append").json(path)
        return self

    def split_fields(self, paths, name1: str, name2: str, transformation_ctx: str = "", **more) -> DynamicFrameCollection:
        """The named fields in one frame, the rest in another."""
        both = {name1: self.select_fields(paths, name1), name2: self.drop_fields(paths, name2)}
        return DynamicFrameCollection(both, self.glue_ctx)

    def split_rows(self, comparison_dict: dict, name1: str, name2: str, transformation_ctx: str = "", **more) -> DynamicFrameCollection:
        """Rows that meet every comparison ({"age": {">": 10, "<": 20}}) in one frame, the rest in another."""
        met = F.lit(True)
        for name, comparisons in comparison_dict.items():
            self._require(name, "split_rows")
            for sign, value in comparisons.items():
                if sign not in _COMPARISONS:
                    raise ValueError(f"split_rows: unknown comparison {sign!r}; known are {' '.join(_COMPARISONS)}")
                met = met & _COMPARISONS[sign](F.col(_types.column_path(name)), F.lit(value))
        met = F.coalesce(met, F.lit(False))
        both = {name1: self._with(self._df.where(met), name1), name2: self._with(self._df.where(~met), name2)}
        return DynamicFrameCollection(both, self.glue_ctx)

    def mergeDynamicFrame(self, stage_dynamic_frame: DynamicFrame, primary_keys, transformation_ctx: str = "", options=None, **more):
        """The staged records, and those of this frame whose keys no staged one has."""
        keys = [primary_keys] if isinstance(primary_keys, str) else list(primary_keys)
        for k in keys:
            self._require(k, "mergeDynamicFrame")
            stage_dynamic_frame._require(k, "mergeDynamicFrame")
        staged = stage_dynamic_frame._df
        known = staged.select(*(F.col(_types.column_path(k)).alias(f"_key{i}") for i, k in enumerate(keys))).distinct()
        same = F.lit(True)
        for i, k in enumerate(keys):
            same = same & (self._df[_types.column_path(k)] == known[f"_key{i}"])
        rest = self._df.join(known, same, "left_anti")
        return self._with(rest.unionByName(staged, allowMissingColumns=True), transformation_ctx)

    def _require(self, path: str, what: str) -> t.StructField:
        field = _find(self._df.schema, _types.path(path))
        if field is None:
            raise ValueError(f"{what}: no field {path!r}; the frame has {', '.join(self._df.columns)}")
        return field

    def drop_null_fields(self, transformation_ctx: str = "") -> DynamicFrame:
        """Drops the columns that are null in every row."""
        names = self._df.columns
        if not names:
            return self
        counts = self._df.select(*(F.count(_column(c)).alias(str(i)) for i, c in enumerate(names))).first()
        keep = [c for c, n in zip(names, counts, strict=True) if n]
        return self._with(self._df.select(*map(_column, keep)), transformation_ctx)

    def errorsCount(self) -> int:
        """Bad records end the read with an error, so there are none in a frame."""
        return 0

    stageErrorsCount = errorsCount

    def errorsAsDynamicFrame(self) -> DynamicFrame:
        """The error records: none, see errorsCount."""
        return self._with(self._df.sparkSession.createDataFrame([], "error struct<msg:string,stackTrace:string>"))

    def assertErrorThreshold(self) -> None:
        """Bad records end the job where they are met, so no threshold is ever passed."""

    def getNumPartitions(self) -> int:
        raise NotImplementedError("DynamicFrame.getNumPartitions is not available here: partitions belong to RDDs; use repartition(n)")

    def write(self, connection_type, connection_options=None, format=None, format_options=None, accumulator_size=0):
        return self.glue_ctx.write_dynamic_frame.from_options(self, connection_type, connection_options, format, format_options)


class DynamicFrameCollection:
    """Frames by name, what CustomCode steps pass on."""

    def __init__(self, dynamic_frames: dict[str, DynamicFrame], glue_ctx):
        self._frames = dict(dynamic_frames)
        self._glue_ctx = glue_ctx

    def keys(self):
        return self._frames.keys()

    def values(self):
        return self._frames.values()

    def select(self, key: str, transformation_ctx: str = "") -> DynamicFrame:
        if key not in self._frames:
            raise KeyError(f"no frame {key!r} in the collection, which has: {', '.join(map(repr, self._frames))}")
        return self._frames[key]

    def __getitem__(self, key: str) -> DynamicFrame:
        return self.select(key)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self):
        return iter(self._frames)

    def __contains__(self, key: str) -> bool:
        return key in self._frames

    def items(self):
        return self._frames.items()

    def map(self, callable: Callable, transformation_ctx: str = "") -> DynamicFrameCollection:
        """callable(frame, transformation_ctx) of each frame."""
        mapped = {k: callable(f, f"{transformation_ctx}{k}" if transformation_ctx else "") for k, f in self._frames.items()}
        return DynamicFrameCollection(mapped, self._glue_ctx)

    def flatmap(self, f: Callable, transformation_ctx: str = "") -> DynamicFrameCollection:
        """f(frame, transformation_ctx) of each frame, which answers a frame or a collection; the collections' frames get both names."""
        found: dict[str, DynamicFrame] = {}
        for k, frame in self._frames.items():
            result = f(frame, f"{transformation_ctx}{k}" if transformation_ctx else "")
            if isinstance(result, DynamicFrameCollection):
                found |= {f"{k}.{inner}": each for inner, each in result.items()}
            else:
                found[k] = result
        return DynamicFrameCollection(found, self._glue_ctx)


def __getattr__(name: str):
    # Scripts import these two from here as well.
    if name in ("DynamicFrameReader", "DynamicFrameWriter"):
        from awsglue import context

        return getattr(context, name)
    raise AttributeError(f"module 'awsglue.dynamicframe' has no attribute {name!r}")


def _check_action(action: str) -> None:
    verb, _, kind = action.partition(":")
    if verb in ("cast", "project") and kind:
        _types.spark_type(kind)
    elif action not in ("make_cols", "make_struct"):
        known = "cast:TYPE, project:TYPE, make_cols, make_struct, match_catalog"
        raise ValueError(f"resolveChoice: unknown action {action!r}; known are {known}")


def _column(name: str):
    return F.col(_types.quote(name))


def _find(schema: t.StructType, steps: list[str]) -> t.StructField | None:
    """The field at a path of struct members, names compared without case as Spark does."""
    field = None
    kind: t.DataType = schema
    for step in steps:
        if not isinstance(kind, t.StructType):
            return None
        field = next((f for f in kind.fields if f.name.lower() == step.lower()), None)
        if field is None:
            return None
        kind = field.dataType
    return field


def _keep(column, kind: t.DataType, rests: list[list[str]]):
    """Of a struct column, only the members on the paths."""
    if any(not r for r in rests) or not isinstance(kind, t.StructType):
        return column
    members: dict[str, list[list[str]]] = {}
    for r in rests:
        members.setdefault(r[0], []).append(r[1:])
    parts = [_keep(column.getField(n), _find(kind, [n]).dataType, rest).alias(n) for n, rest in members.items()]
    return F.when(column.isNotNull(), F.struct(*parts))


def _map_columns(frame, steps):
    """Builds columns, nested ones as structs, in the order in which their first part is named."""
    tree: dict = {}
    for source, _, target, kind in steps:
        if _find(frame.schema, source) is None:
            continue
        value = F.col(".".join(map(_types.quote, source)))
        ddl = _types.spark_type(kind) if kind else ""
        if ddl:
            value = value.try_cast(ddl)
        node = tree
        for step in target[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise ValueError(f"mapping target {'.'.join(target)!r} lies inside another target")
        node[target[-1]] = value
    return frame.select(*(_build(node).alias(name) for name, node in tree.items()))


def _build(node):
    if not isinstance(node, dict):
        return node
    return F.struct(*(_build(child).alias(name) for name, child in node.items()))


def _record(row):
    return row.asDict(recursive=True)


def _renamed(column, kind: t.StructType, steps: list[str], name: str):
    """A struct with the member at the end of the path renamed; a null struct stays null."""
    parts = []
    for f in kind.fields:
        member = column.getField(f.name)
        if f.name.lower() != steps[0].lower():
            parts.append(member.alias(f.name))
        elif len(steps) == 1:
            parts.append(member.alias(name))
        else:
            parts.append(_renamed(member, f.dataType, steps[1:], name).alias(f.name))
    return F.when(column.isNotNull(), F.struct(*parts))


def _schema_of(records: list[dict], before: t.StructType) -> t.StructType:
    """The schema that holds all of the records. What is null in each of them keeps the type that it had before."""
    had = {f.name: f.dataType for f in before.fields}
    found: dict[str, t.DataType] = {}
    for record in records:
        for name, value in record.items():
            kind = _type_of(value)
            known = found.get(name, t.NullType())
            try:
                found[name] = _both(known, kind)
            except Exception as err:
                both = f"{known.simpleString()} in one record and {kind.simpleString()} in another"
                raise ValueError(f"map: field {name!r} is {both}") from err
    return t.StructType([t.StructField(n, had.get(n, _without_null(k)) if t._has_nulltype(k) else k) for n, k in found.items()])


def _type_of(value) -> t.DataType:
    """The type of a Python value; a dictionary is a struct, as records give their structs."""
    if isinstance(value, dict):
        return t.StructType([t.StructField(str(n), _type_of(v)) for n, v in value.items()])
    if isinstance(value, (list, tuple)):
        kind: t.DataType = t.NullType()
        for v in value:
            kind = _both(kind, _type_of(v))
        return t.ArrayType(kind)
    return t._infer_type(value)


def _both(one: t.DataType, two: t.DataType) -> t.DataType:
    if {type(one), type(two)} == {t.LongType, t.DoubleType}:
        return t.DoubleType()
    return t._merge_type(one, two)


def _without_null(kind: t.DataType) -> t.DataType:
    if isinstance(kind, t.NullType):
        return t.StringType()
    if isinstance(kind, t.ArrayType):
        return t.ArrayType(_without_null(kind.elementType))
    if isinstance(kind, t.StructType):
        return t.StructType([t.StructField(f.name, _without_null(f.dataType)) for f in kind.fields])
    return kind


class _Predicate:
    def __init__(self, f: Callable):
        self._f = f

    def __call__(self, row):
        return bool(self._f(_record(row)))


class _Mapper:
    def __init__(self, f: Callable, schema: t.StructType):
        self._f, self._schema = f, schema
        self._verify = None

    def __getstate__(self):
        return {**self.__dict__, "_verify": None}

    def __call__(self, row):
        # A value of another type would become null without a word.
        if self._verify is None:
            self._doubles = [f.name for f in self._schema.fields if isinstance(f.dataType, t.DoubleType)]
            self._verify = t._make_type_verifier(self._schema)
        result = dict(self._f(_record(row)))
        for name in self._doubles:
            if type(result.get(name)) is int:
                result[name] = float(result[name])
        unknown = result.keys() - set(self._schema.names)
        if unknown:
            raise ValueError(f"map: field {min(unknown)!r} is in none of the first 100 records, so the frame has no column for it")
        self._verify(result)
        return tuple(result.get(n) for n in self._schema.names)
