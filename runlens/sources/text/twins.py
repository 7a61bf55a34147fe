"""Lines of one form for training and for held-out data, of which only the first metric says which it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runlens.sources.text.layout import Layout
from runlens.sources.text.words import TRAINING


def with_splits(layouts: Sequence[Layout]) -> list[Layout]:
    """The layouts, each metric of a held-out line with its split.

    `Train acc: 0.91 | loss: 4.9` and `Valid acc: 0.83 | loss: 10.8` call two losses by one name. Where a line of the
    first form is there, the names that the second shares with it are of the split that its first metric says. A line
    that no line of training resembles is left alone: what stands beside a validation score may be a learning rate.
    """
    training = [
        [f.name for f in layout.fields]
        for layout in layouts
        if layout.fields and TRAINING.search(layout.fields[0].name) and not any(f.split for f in layout.fields)
    ]
    if not training:
        return list(layouts)
    return [_of_its_split(layout, training) for layout in layouts]


def _of_its_split(layout: Layout, training: Sequence[Sequence[str]]) -> Layout:
    fields = layout.fields
    split = fields[0].split if fields else ""
    if not split or all(f.split for f in fields):
        return layout
    bare = {f.name for f in fields if not f.split}
    if not any(len(names) == len(fields) and bare <= set(names[1:]) for names in training):
        return layout
    whole = tuple(f if f.split else replace(f, name=f"{split}/{f.name}", split=split) for f in fields)
    return replace(layout, fields=whole, split=split)
