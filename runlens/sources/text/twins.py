"""Lines of one form for training and for held-out data, of which only the first metric says which it is."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from runlens.sources.text.layout import Layout
from runlens.sources.text.pairs import Field
from runlens.sources.text.words import MEASURED, SCORE, TRAINING, spaced

PAIRS = 2
"""Metrics of a line that stand there with a letter and without one, so that it is no chance of their names."""


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
    whole = [_of_its_split(layout, training) for layout in layouts] if training else list(layouts)
    told = {f.name for layout in whole for f in layout.fields if f.split}
    return [_with_letters(_behind(layout, told)) for layout in whole]


def _with_letters(layout: Layout) -> Layout:
    """The layout, without the split of those of its metrics that stand beside one of the same name with a letter.

    `Validation: | | 0/? [00:00<?] Epoch 29: v_recons 0.38 recons 0.37 v_loss 2.06 loss 1.39`: the open bar names
    the whole line, and `v_` those that were measured on held-out data. One such pair may be a value beside another.
    """
    split = layout.split
    names = {f.name for f in layout.fields}
    bare = [f.name.removeprefix(f"{split}/") for f in layout.fields if split and f.split == split]
    paired = {name for name in bare if any(f"{split}/{letters}_{name}" in names for letters in ("v", "val", "valid"))}
    if len(paired) < PAIRS or "loss" not in paired:
        return layout
    fields = tuple(
        replace(f, name=plain, split="") if (plain := f.name.removeprefix(f"{split}/")) in paired else f
        for f in layout.fields
    )
    return replace(layout, fields=fields, split="")


def _behind(layout: Layout, told: Set[str]) -> Layout:
    """The layout, what is measured and stands behind a metric of held-out data on its line with the same split.

    `valid loss: 0.5 acc: 0.8` has no metric of training to which the accuracy might belong. Where one is named before
    (`train loss: 0.4 val loss: 0.5 acc: 0.8`) it is a score of held-out data as well, by a guess; where a loss stands
    there without a split (`loss: 0.4 val_loss: 0.5 acc: 0.8`) nobody can tell. What is called so elsewhere with a split
    (`told`) is of training where it has none.
    """
    out: list[Field] = []
    split, plain, trained = "", False, False
    for f in layout.fields:
        named = f.split or ("train" if TRAINING.search(spaced(f.name)) else "")
        if named == "train":
            split, trained = "", True
        elif f.split:
            split = f.split
        elif not split:
            plain = plain or MEASURED.search(f.name) is not None
        elif not plain and (SCORE if trained else MEASURED).search(f.name):
            name = f"{split}/{f.name}"
            if not told & {name, f"{split} {f.name}", f"{split}_{f.name}"}:
                f = replace(f, name=name, split=split, behind=trained)
        out.append(f)
    return replace(layout, fields=tuple(out)) if split else layout


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
