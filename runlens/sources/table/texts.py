"""Columns of words of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlens.sources.worded import Coded, Texts, coded

if TYPE_CHECKING:
    from runlens.sources.table.store import Columns


def words_of(columns: Columns) -> tuple[dict[str, Coded], dict[str, object]]:
    """Columns of words that change now and then, and those that say one word all along (`coded`)."""
    every = dict(columns.texts)
    for name, cells in columns.labels.items():
        every[name] = Texts()
        every[name].add([row for row, _ in cells], [text for _, text in cells])
    return coded(every, columns.parts)
