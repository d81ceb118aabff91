"""What the transforms share: `X.apply(…)` is `X()(…)`."""

from __future__ import annotations


class GlueTransform:
    @classmethod
    def apply(cls, *args, **kwargs):
        return cls()(*args, **kwargs)

    @classmethod
    def name(cls) -> str:
        return cls.__name__
