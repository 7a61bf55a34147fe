"""What the beginning of a file says: whether it is a table, in which form, and whether a training run is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Literal

from runlens.sources.nested import flat
from runlens.sources.table.cells import number, says_nothing
from runlens.sources.table.forms.dialect import dialect_of, head_and_rows
from runlens.sources.table.forms.document import holds_history
from runlens.sources.table.forms.jsonl import logged_row
from runlens.sources.table.forms.listed import lists_in
from runlens.sources.table.forms.packed import text_of, unpacked
from runlens.sources.table.names import AXES, LABELS, METRICS, RUNS, VALUES, canonical, every, first

Form = Literal["parquet", "lines", "logged", "document", "delimited"]

_NAMED = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_AXIS_KEY = re.compile(
    r'"(?:'
    + "|".join(re.escape(s) for s in sorted((a for a in AXES), key=len, reverse=True))
    + r')"\s*:\s*(?:"?[-\d.]|\[|\{)',
    re.IGNORECASE,
)
_KEYS = re.compile(r'"([^"\\\n]{1,200})"\s*:\s*(?:"?[-+\d.NI]|\[\s*[-+\d.NI])')
_LONGEST = 500
"""Characters of a name: what is longer is text."""
_LOGGED_LINES = 2
"""Lines of a logger with an object in them that make a log of such lines."""
_FLAT = 100
"""Single values in a row by which an object that is longer than what was read of it is known to hold no history."""
_KEY = re.compile(r'[\s,]*"(?:[^"\\]|\\.)*"\s*:\s*')
_ROWS = 3
"""Lines that make rows of metrics: two may be a question and its answer."""
_SHOWN = 20
"""Lines of a delimited table without an axis that must be rows of numbers."""
_OF_TRAINING = frozenset(
    {
        "train_loss", "eval_loss", "eval_score", "perplexity", "grad_norm", "learning_rate", "tokens",
        "tokens_per_second", "samples_per_second", "step_time", "tflops", "mfu", "loss_scale",
    }
)  # fmt: skip
_REWARD = re.compile(
    r"(?<![a-z])(rew(ards?)?|ep_?rew\w*|returns?|eprewmean|episode_reward|score|fitness)(?![a-z])", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIDE = re.compile(r"(?:net)?([dg])(?:_\w+)?")
"""What belongs to a discriminator or a generator by its first letter: `G_GAN`, `D_real`."""
_LOSS = re.compile(r"loss", re.IGNORECASE)
_OF_DETECTIONS = frozenset({"image_id", "category_id", "score"})
"""Keys of COCO's results: what a model found in pictures, no course of a training."""


@lru_cache(maxsize=4)  # as of what follows: one text, whose hash is worked out once
def _text(raw: bytes) -> str:
    return text_of(unpacked(raw))


_LIST = re.compile(r"\[\s*(?:$|[\[{\"\]]|-?[\d.]+(?:[eE][-+]?\d+)?\s*[,\]]|null|true|false|NaN|-?Infinity)")
"""The beginning of a list in JSON; a logger's `[01/31 10:00:00]` begins with a bracket, too."""


@lru_cache(maxsize=4)  # of one file it is asked five times, before the next is opened
def form_of(raw: bytes) -> Form | None:
    """The form of a table by its first bytes (unpacked here if they are packed), None if it is none.

    Parameters
    ----------
    raw : bytes
        Some 64 KiB from the beginning of the file.
    """
    if raw.startswith(b"PAR1"):
        return "parquet"
    text = _text(raw)
    start = text.lstrip("\0 \t\r\n")
    if not start:
        return None
    if lists_in(text) is not None:
        return "document"
    if start[0] == "{" or _LIST.match(start):
        return _json_form(start)
    lines = text.splitlines()[:200] if "{" in text else []
    if sum(logged_row(line) is not None for line in lines) >= _LOGGED_LINES:
        return "logged"
    if start[0] == "[":
        return "document"
    return "delimited" if dialect_of(text) is not None else None


def _json_form(start: str) -> Form:
    if start[0] == "[":
        return "document"
    first_line, _, rest = start.partition("\n")
    try:
        row = json.loads(first_line)
    except (ValueError, RecursionError):
        following = next((line for line in rest.split("\n") if line.strip()), "")
        whole = first_line.rstrip().endswith("}") or following.lstrip().startswith('{"')
        return "lines" if whole else "document"
    if rest.strip() or not isinstance(row, dict):
        return "lines"
    return "document" if any(isinstance(value, (list, dict)) for value in row.values()) else "lines"


def first_rows(raw: bytes, most: int) -> tuple[list[str], list[list[str]]]:
    """The head and the cells of the first `most` lines of a delimited table; both empty for any other file."""
    return head_and_rows(_text(raw), most) if form_of(raw) == "delimited" else ([], [])


def names_in(raw: bytes) -> list[str]:
    """Names of the columns that the first bytes of a table show, in order."""
    text = _text(raw)
    form = form_of(raw)
    if form == "document" and isinstance(told := lists_in(text), dict):
        return list(told)
    if form == "delimited":
        dialect = dialect_of(text)
        return dialect.names if dialect else []
    if form == "logged":
        rows = [row for line in text.splitlines() if (row := logged_row(line)) is not None]
        return list(dict.fromkeys(key for row in rows for key in row))
    kinds = {tuple(row): row for line in text.splitlines()[:500] if (row := _row(line))}  # one of each kind of row
    found = [name for row in kinds.values() for name, _ in flat(row, "/", means=True)]
    return list(dict.fromkeys([*found, *_KEYS.findall(text)]))


def _row(line: str) -> dict[str, object] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def has_axis(raw: bytes) -> bool:
    """Whether the first bytes of a table show a column that may be its x axis, with a number under it."""
    if form_of(raw) in ("lines", "document"):
        return _AXIS_KEY.search(_text(raw)) is not None
    return first(names_in(raw), AXES) is not None


def is_log(raw: bytes, names: list[str] | None = None) -> bool:
    """Whether the first bytes of a file are those of a table in which a training run is logged.

    A table with a step, and with a metric that is understood: a folder holds other tables too, such as training data.
    `names` is what `names_in` says of them, where it is known.
    """
    if form_of(raw) is None:
        return False
    names = names_in(raw) if names is None else names
    if _OF_DETECTIONS.issubset(names):
        return False
    if [canonical(name) for name in names] == ["wall_time", "step", "value"]:  # TensorBoard's download of one tag
        return True
    if names[:3] == ["r", "l", "t"]:  # `monitor.csv` of stable-baselines3: reward, length and time of each episode
        return True
    if is_long(raw, names):
        return True
    return tells_of_training(names) and (
        has_axis(raw) or form_of(raw) == "document" or rows_of_metrics(raw) or is_curve(raw)
    )


def is_long(raw: bytes, names: list[str]) -> bool:
    """Whether a delimited table has a row for each metric at each place, `epoch,split,metric,value`, and one of those
    metrics is known.
    """
    by, value = first(names, METRICS), first(names, VALUES)
    if by is None or value is None or first(names, AXES) is None:
        return False
    head, rows = first_rows(raw, _SHOWN)
    if head != names:
        return False
    there = list(dict.fromkeys(row[names.index(by)].strip() for row in rows if len(row) == len(names)))
    return number(next(iter(there), "0")) is None and tells_of_training(there)


def rows_of_metrics(raw: bytes) -> bool:
    """Whether lines of JSON without an axis are rows of a training log all the same, in the order written.

    DETR's published logs say no epoch. Each of three whole lines or more holds a training loss, and two of three of its
    values are numbers: samples of a data set that carry a loss are mostly text.
    """
    from runlens.roles.names.reading import read_name

    if form_of(raw) != "lines":
        return False
    rows = [row for line in _text(raw).splitlines()[:50] if (row := _row(line))]
    if len(rows) < _ROWS:
        return False
    names = list(dict.fromkeys(name for row in rows for name in row))[:500]
    losses = {name for name in names if (claim := read_name(name, names)) is not None and claim.role == "train_loss"}
    numbers = [sum(isinstance(v, int | float) and not isinstance(v, bool) for v in row.values()) for row in rows]
    return all(losses & row.keys() for row in rows) and all(
        3 * n >= 2 * len(row) for n, row in zip(numbers, rows, strict=True)
    )


def is_curve(raw: bytes) -> bool:
    """Whether a delimited table without an axis holds a training loss, or nothing but losses, and numbers alone, row
    after row.
    """
    from runlens.roles.names.reading import read_name

    names, rows = first_rows(raw, _SHOWN)
    claims = (read_name(name, names) for name in names)
    if not (
        any(claim is not None and claim.role == "train_loss" for claim in claims)
        or (any(names) and all(_LOSS.search(name) for name in names if name))
    ):
        return False
    plain = (number(cell) is not None or says_nothing(cell) for row in rows for cell in row)
    return len(rows) >= _ROWS and all(plain)


def is_summary(raw: bytes) -> bool:
    """Whether a file is one JSON object of single values: results at the end (`all_results.json`), or settings."""
    found = _whole(raw)
    return found is not None and not any(isinstance(value, (list, dict)) for value in found.values())


def is_lone(raw: bytes) -> bool:
    """Whether a file is one JSON object without a history, nested or not: no series is in it.

    Of an object that goes on behind `raw`, such as the words of a tokenizer, the first `_FLAT` values tell.
    """
    found = _whole(raw)
    return is_flat(raw) if found is None else not holds_history(found)


def is_flat(raw: bytes) -> bool:
    """Whether a JSON object begins with `_FLAT` single values and none that may hold a history."""
    text, values = _text(raw).lstrip(), 0
    decoder = json.JSONDecoder()
    at = 1 if text.startswith("{") else len(text)
    while values < _FLAT and at < len(text):
        key = _KEY.match(text, at)
        if key is None or text[key.end() : key.end() + 1] in ("{", "["):
            return False
        try:
            _, at = decoder.raw_decode(text, key.end())
        except (ValueError, RecursionError):
            return False
        values += 1
    return values == _FLAT


def _whole(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def tells_of_progress(names: Iterable[str]) -> bool:
    """Whether one of the names is that of a loss, a score or a reward: what settings, such as a rate, do not tell."""
    from runlens.roles.names.reading import read_name

    names = [name for name in names if len(name) <= _LONGEST]
    claims = (read_name(name, names) for name in names[:2000] if not (_LOSS.search(name) or _REWARD.search(name)))
    return any(_LOSS.search(name) or _REWARD.search(name) for name in names) or any(
        claim is not None and claim.role in ("train_loss", "eval_loss", "eval_score", "perplexity") for claim in claims
    )


def tells_of_training(names: Collection[str]) -> bool:
    """Whether one of the names is that of a metric that RunLens understands."""
    from runlens.roles.names.reading import read_name

    if {found[1] for name in names if (found := _SIDE.fullmatch(canonical(name)[:40]))} == {"d", "g"}:
        return True
    for name in list(names)[:2000]:
        if len(name) > _LONGEST:
            continue
        if canonical(name) in AXES:
            continue
        if _LOSS.search(name) or _REWARD.search(_CAMEL.sub("_", name)):
            return True
        claim = read_name(name, names)
        if claim is not None and claim.role in _OF_TRAINING:
            return True
    return False


def may_hold_many(names: Collection[str]) -> bool:
    """Whether a table may hold several runs, by its names."""
    return bool(every(names, (*RUNS, *LABELS)))


def suffix(name: str) -> str:
    """The suffix that says how a table is written, such as `.csv` of `history.csv.gz`; empty if it is no table's."""
    name = name.lower()
    for packed in (".gz", ".bz2", ".xz", ".zst", ".zstd"):
        name = name.removesuffix(packed)
    return next((s for s in _NAMED if name.endswith(s)), "")
