"""TREND: a run beside its twins: the good nights before it, or runs that should equal it."""
