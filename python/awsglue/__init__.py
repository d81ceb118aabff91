"""awsglue for Spark Connect: the modules that AWS Glue scripts import."""

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection

__all__ = ["DynamicFrame", "DynamicFrameCollection"]
