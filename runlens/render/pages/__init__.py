"""Pages of the terminal that are not the report: compare, reference, show."""
