"""Glue's data quality transforms, by name."""

from __future__ import annotations

_ABSENT = {
    "EvaluateDataQuality": "count the rows that break a rule with toDF(), and raise",
}


def __getattr__(name: str):
    if name in _ABSENT:
        raise NotImplementedError(f"awsgluedq.transforms.{name} is not available here: {_ABSENT[name]}")
    raise AttributeError(f"module 'awsgluedq.transforms' has no attribute {name!r}")
