"""A watch that is left alone for months: what it remembers, what it says of runs that end, and its metrics."""
