"""Fuzzers: seeded inputs, broken in every way that logs break in, for every reader, with a plain reader as the judge.

`python -m tests.fuzz` runs them as long as it is told to; `test_fuzz.py` runs a share of them with the other tests.
A case is made again by its number: `python -m tests.fuzz --only jsonl --case 1234`.
"""
