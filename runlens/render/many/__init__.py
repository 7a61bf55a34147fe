"""The page of many runs: one row a run, the gravest first, and what was not checked said once."""
