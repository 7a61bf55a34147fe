"""LOG: what the log itself tells, and what is missing from it."""
