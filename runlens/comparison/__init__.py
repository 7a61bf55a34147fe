"""Eval curves: taken from a run, matched with a reference's, and compared."""
