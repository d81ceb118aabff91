"""awsglue for Spark Connect: the modules that AWS Glue scripts import.

Importing the package alone loads no Spark: Python shell jobs use awsglue.utils without it.
"""

__all__ = ["DynamicFrame", "DynamicFrameCollection"]


def __getattr__(name: str):
    if name in __all__:
        from awsglue import dynamicframe

        return getattr(dynamicframe, name)
    raise AttributeError(f"module 'awsglue' has no attribute {name!r}")
