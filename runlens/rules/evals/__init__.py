"""EVAL: evaluations, by themselves and beside a reference."""
