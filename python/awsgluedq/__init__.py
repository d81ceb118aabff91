"""Glue's data quality transforms are not available: importing one says so."""
