"""Readers of the forms in which tables are written: delimited text, JSON lines, JSON documents, parquet."""
