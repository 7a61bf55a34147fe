"""From the name of a run, as the user gives it, to a `Run`: discover (cheap), then read."""
