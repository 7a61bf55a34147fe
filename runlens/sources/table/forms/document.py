"""Histories written as one JSON document: lists of records, dicts of lists, and what stands around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from runlens.sources.naming import in_words
from runlens.sources.nested import flat
from runlens.sources.table.cells import number, says_nothing
from runlens.sources.table.forms.listed import lists_in
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.repeated import counting
from runlens.sources.table.names import AXES, first
from runlens.sources.table.store import Columns, settings_in

_HISTORIES = (
    "log_history", "history", "logs", "log", "training_history", "train_history", "metrics_history", "metrics",
    "records", "steps", "epochs", "rows", "results", "data",
)  # fmt: skip
"""Keys under which a document keeps its history, the likeliest first."""


def read_document(text: str, columns: Columns, lost: Lost) -> str:
    """Add the history that a JSON document holds to `columns`, and what of it is no record to `lost`.

    Returns
    -------
    str
        Why there is none, empty if there is.
    """
    try:
        document = json.loads(text, object_pairs_hook=counting(columns))
    except (ValueError, RecursionError) as error:
        columns.repeated.clear()
        if (told := lists_in(text)) is not None:
            return _add_document(told, columns, lost)
        rows = _one_after_another(text, columns, lost)
        if not rows:
            return (
                f"it is no whole JSON ({in_words(error)})" if isinstance(error, ValueError) else "it is nested too deep"
            )
        columns.add_objects(rows)
        if text.lstrip().startswith("["):  # not objects that follow each other, but a list that was cut
            lost.cut = f"it is no whole JSON: {in_words(error)}"
        return ""
    return _add_document(document, columns, lost)


def _add_document(document: object, columns: Columns, lost: Lost) -> str:
    """As `read_document`, for what was parsed."""
    if isinstance(document, list):
        return _add_list(document, columns, lost)
    if not isinstance(document, dict):
        return "it holds a single value"
    heads, cells = document.get("columns"), document.get("data")
    if isinstance(heads, list) and isinstance(cells, list):  # pandas' `split`, W&B's tables
        names = [str(name) for name in heads]
        columns.add_objects(dict(zip(names, row, strict=False)) for row in cells if isinstance(row, list))
        return ""
    held = [key for key in _HISTORIES if _is_history(document.get(key))]
    held = held or [key for key, value in document.items() if _is_records(value)]
    if held:
        _say(document, columns)
        return _add_document(document[held[0]], columns, lost)
    if rows := _keyed_rows(document):
        columns.add_objects(rows)
        columns.in_order = True
        return ""
    lists = dict(_lists(document))
    if not lists:
        columns.add_objects([document])
        return "it holds a single row"
    _say(document, columns)
    _add_lists(lists, columns)
    for name, cells in flat(document, "/"):
        if isinstance(cells, list) and len(cells) == columns.rows and all(isinstance(cell, str) for cell in cells):
            columns.add_texts(name, range(len(cells)), [cell.strip() for cell in cells])
    return ""


def holds_history(document: Mapping[str, Any]) -> bool:
    """Whether an object holds more than one row: records, lists of numbers, or rows under keys that count."""
    heads, cells = document.get("columns"), document.get("data")
    return (
        (isinstance(heads, list) and isinstance(cells, list))
        or any(_is_history(document.get(key)) for key in _HISTORIES)
        or any(_is_records(value) for value in document.values())
        or bool(_keyed_rows(document))
        or bool(_lists(document))
    )


def _say(document: Mapping[str, object], columns: Columns) -> None:
    """Keep what stands beside a history as a row without a place: configuration."""
    plain = {key: value for key, value in document.items() if not isinstance(value, (list, dict))}
    inner = settings_in(document)
    if said := plain if inner is document else {**plain, **inner}:
        columns.said[-1] = said


def _is_records(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(row, dict) for row in value[:20])


def _is_history(value: object) -> bool:
    if isinstance(value, dict):
        return bool(_keyed_rows(value)) or any(True for _ in _lists(value))
    return _is_records(value)


def _add_list(document: list[Any], columns: Columns, lost: Lost) -> str:
    rows = [row for row in document if isinstance(row, dict)]
    if rows:
        columns.add_objects(rows)
        lost.entries += sum(not (isinstance(row, dict) or row is None) for row in document)
        return ""
    lists = [row for row in document if isinstance(row, list)]
    width = len(lists[0]) if lists else 0
    if width == 3 and all(isinstance(cell, (int, float)) for cell in lists[0]) and lists[0][0] > 1e8:
        names = ["Wall time", "Step", "Value"]  # TensorBoard's own download
    elif width and all(isinstance(cell, str) for cell in lists[0]):
        names, lists = [str(cell) for cell in lists[0]], lists[1:]
    else:
        names = [f"column {i + 1}" for i in range(width)]
    if width:
        columns.add_objects(dict(zip(names, row, strict=False)) for row in lists)
        return ""
    if document and all(isinstance(value, (int, float)) for value in document):
        _add_lists({"value": document}, columns)
        return ""
    return "it is empty" if not document else "its entries are no records"


def _keyed_rows(document: Mapping[str, Any]) -> list[dict[str, object]]:
    """Rows of a dict whose keys count (`{"1": {"loss": …}, "2": …}`, `epoch_1`), or of pandas' dict of such columns."""
    if len(document) < 2 or not all(isinstance(value, dict) for value in document.values()):
        inner = [v for v in document.values() if isinstance(v, dict) and v and all(_index(k) is not None for k in v)]
        if (
            not inner
            or len(inner) < len(document)
            or any(isinstance(x, (dict, list)) for v in inner for x in v.values())
        ):
            return []
    if all(_index(key) is not None for key in document):
        rows: list[dict[str, object]] = []
        for key, value in document.items():
            named = {} if first(value, AXES) else {"epoch" if "epoch" in key.lower() else "step": _index(key)}
            rows.append({**named, **value})
        return rows
    turned: dict[int, dict[str, object]] = {}
    for name, column in document.items():
        for key, cell in column.items():
            at = _index(key)
            if at is None or isinstance(cell, (dict, list)):
                return []
            turned.setdefault(at, {})[name] = cell
    return [turned[at] if first(turned[at], AXES) else {"index": at, **turned[at]} for at in sorted(turned)]


def _index(key: str) -> int | None:
    digits = key.lower().removeprefix("epoch").removeprefix("step").removeprefix("iter").strip("_- :")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _lists(document: Mapping[str, object]) -> list[tuple[str, list[Any]]]:
    """Lists of numbers by name, those in dicts too."""
    return [
        (name, value)
        for name, value in flat(document, "/")
        if isinstance(value, list) and len(value) > 1 and all(not isinstance(cell, (dict, list)) for cell in value[:20])
        and any(isinstance(cell, (int, float)) for cell in value)
    ]  # fmt: skip


def _add_lists(lists: Mapping[str, list[Any]], columns: Columns) -> None:
    """Add lists as columns; a shorter one whose length divides the longest's stands at equal distances."""
    longest = max(map(len, lists.values()))
    for name, cells in lists.items():
        apart = longest // len(cells) if longest % len(cells) == 0 else 1
        rows = [(i + 1) * apart - 1 for i in range(len(cells))]
        said = [(row, number(cell, name), cell) for row, cell in zip(rows, cells, strict=True)]
        at, values = [row for row, v, _ in said if v is not None], [v for _, v, _ in said if v is not None]
        columns.add(name, np.array(at, dtype=np.int64), np.array(values, dtype=np.float64))
        columns.lose(name, sum(v is None and not says_nothing(cell) for _, v, cell in said))
    columns.rows = longest
    columns.in_order = True


def _one_after_another(text: str, columns: Columns, lost: Lost) -> list[dict[str, object]]:
    """Objects that follow each other over many lines each; one that is broken is counted, but for a torn last one."""
    decoder = json.JSONDecoder(object_pairs_hook=counting(columns))
    rows: list[dict[str, object]] = []
    broken: list[tuple[int, int]] = []
    at = text.find("{")
    while at >= 0:
        try:
            row, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            following = text.find("\n{", at)
            if following >= 0 or (text.endswith("\n") and not text.lstrip().startswith("[")):
                broken.append((at, following if following >= 0 else len(text)))
            at = following + 1 if following >= 0 else -1
            continue
        rows.append(row)
        at = text.find("{", end)
    if rows:
        lost.total = text.count("\n") + (not text.endswith("\n"))
        for begin, end in broken:
            lost.add(text.count("\n", 0, begin) + 1, len(text[begin:end].encode("utf-8", "replace")))
    return rows
