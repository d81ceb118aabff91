"""Glue's machine learning transforms are not available: importing one says so."""
