"""What the columns of a table mean: which is the step, which the wall time, and whether a file has a step at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

STEP = (
    "step",
    "_step",
    "global_step",
    "train/global_step",
    "trainer/global_step",
    "training_step",
    "train_step",
    "iteration",
    "iter",
    "iterations",
    "steps",
    "num_updates",
)
"""Names of the step column, the first that a table has is taken; compared without case, blanks and `-` as `_`."""

TIME = ("time", "timestamp", "_timestamp", "wall_time", "walltime", "datetime", "created_at")
"""Names of the wall-time column, compared in the same way; unix seconds, milliseconds or ISO 8601."""

_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_PACKED = (".gz", ".bz2", ".xz")
_STEP_KEY = re.compile(
    r'"(?:' + "|".join(re.escape(s) for s in sorted(STEP, key=len, reverse=True)) + r')"\s*:', re.IGNORECASE
)


def canonical(column: str) -> str:
    """The name as compared with `STEP` and `TIME`."""
    return column.strip().strip("\ufeff").lower().replace(" ", "_").replace("-", "_")


def step_column(columns: Iterable[str]) -> str | None:
    """The column that is the step, or None."""
    return _first(columns, STEP)


def time_columns(columns: Iterable[str]) -> list[str]:
    """The columns that may be the wall time, likeliest first; whether their values are times is still to be seen."""
    known = {canonical(column): column for column in columns}
    return [known[name] for name in TIME if name in known]


def _first(columns: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(canonical(column), column)
    return next((known[name] for name in wanted if name in known), None)


def suffix(name: str) -> str:
    """The suffix that says how a table is written, such as `.csv` of `history.csv.gz`; empty if it is no table's."""
    name = name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return next((s for s in _SUFFIXES if name.endswith(s)), "")


def is_table_name(name: str) -> bool:
    """Whether a file is a table by its name."""
    return bool(suffix(name))


def looks_like_json(head: bytes) -> bool:
    """Whether the first bytes of a file begin a JSON object."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def has_step_column(head: bytes) -> bool:
    """Whether the first bytes of a file of text begin a table with a step column."""
    text = decode(head)
    if looks_like_json(head) or text.lstrip()[:1] == "{":
        return _STEP_KEY.search(text) is not None
    header = next((line for line in text.splitlines() if line.strip()), "")
    cells = re.split(r"[,;\t]", header)
    return len(cells) > 1 and step_column(cell.strip().strip('"') for cell in cells) is not None


def decode(raw: bytes) -> str:
    """Text of a file: UTF-16 if it says so by a byte-order mark, else UTF-8; bytes that are neither become U+FFFD."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")
