"""Damage to rows and heads."""

from __future__ import annotations

from random import Random

from tests.fuzz.adversary.sheet import Head, Line, Sheet
from tests.fuzz.adversary.strike import struck


def head_again(draw: Random, made: Sheet) -> None:
    """The head once more, as a log that is opened anew writes it."""
    for _ in range(draw.randint(1, 3)):
        made.items.insert(made.at(draw.random()), made.items[0])


def head_late(draw: Random, made: Sheet) -> None:
    """The head behind some rows, or at the end."""
    made.items.insert(draw.choice((2, 5, len(made.items))), made.items.pop(0))


def columns_swap(draw: Random, made: Sheet) -> None:
    """From some row on columns stand in another order, under a new head."""
    at = made.at(draw.uniform(0.2, 0.8))
    names = list(made.items[0].names)  # type: ignore[union-attr]
    draw.shuffle(names)
    for i in range(at, len(made.items)):
        row = made.items[i]
        made.items[i] = {name: row[name] for name in names}  # type: ignore[index,call-overload]
    made.items.insert(at, Head(tuple(names)))


def key_changes(draw: Random, made: Sheet) -> None:
    """From some row on the step or the loss has another name."""
    at = made.at(draw.uniform(0.2, 0.8))
    old, new = draw.choice((("step", "global_step"), ("step", "iteration"), ("loss", "train_loss"), ("loss", "Loss")))
    for i in range(at, len(made.items)):
        row = made.items[i]
        made.items[i] = {new if name == old else name: cell for name, cell in row.items()}  # type: ignore[union-attr]
    made.items.insert(at, Head(tuple(made.items[at])))  # type: ignore[arg-type]


def column_more(draw: Random, made: Sheet) -> None:
    """From some row on there is a column more, with or without a head that says so."""
    at, told = made.at(draw.uniform(0.2, 0.8)), draw.random() < 0.5
    place = draw.randrange(4)
    for i in range(at, len(made.items)):
        cells = list(made.items[i].items())  # type: ignore[union-attr]
        made.items[i] = dict([*cells[:place], ("grad_norm", "0.5"), *cells[place:]])
    if told:
        made.items.insert(at, Head(tuple(made.items[at])))  # type: ignore[arg-type]
    else:
        made.items[0] = Head((*made.items[0].names, "grad_norm"))  # type: ignore[union-attr]
        for row in made.rows[: at - 1]:
            row.pop("grad_norm", None)
        made.items[0] = Head(tuple(n for n in made.items[0].names if n != "grad_norm"))


def short(draw: Random, made: Sheet) -> None:
    """Rows that end early."""
    for row in struck(draw, made):
        for name in list(row)[draw.choice((1, 2, 2)) :]:
            del row[name]
        made.short += "loss" not in row


def shuffled(draw: Random, made: Sheet) -> None:
    """Rows out of order: all of them, or two stretches that changed places."""
    head, *rows = made.items
    if draw.random() < 0.5:
        draw.shuffle(rows)
    else:
        cut = draw.randrange(1, len(rows))
        rows = rows[cut:] + rows[:cut]
    made.items = [head, *rows]


def doubled(draw: Random, made: Sheet) -> None:
    """Rows written twice, at once or by a second copy of the whole behind the first, with its head."""
    if draw.random() < 0.5:
        for row in struck(draw, made):
            made.items.insert(next(i for i, item in enumerate(made.items) if item is row), dict(row))
    else:
        made.items = [*made.items, *made.items]


def same_steps(draw: Random, made: Sheet) -> None:
    """Steps that several rows have, as of a logger that counts epochs or stands still."""
    each = draw.choice((2, 3, 10))
    for loss, step in list(made.truth.items()):
        made.truth[loss] = step // each
    for row in made.rows:
        row["step"] = str(int(row["step"] or "0") // each)


def words_between(draw: Random, made: Sheet) -> None:
    """Lines of another program between the rows."""
    text = draw.choice(
        (
            "# epoch 2",
            "WARNING: NCCL timeout",
            "Traceback (most recent call last):",
            "---",
            "mean,2.3,",
            "total",
            "==> b.csv <==",
        )
    )
    for _ in range(draw.choice((1, 2, 5))):
        made.items.insert(made.at(draw.random()), Line(text))


def blank_end(draw: Random, made: Sheet) -> None:
    """Losses that are blank from some row on."""
    at = int(draw.uniform(0.3, 0.75) * len(made.rows))
    blank = draw.choice(("", None, "null", "NaN", "nan"))
    for row in made.rows[at:]:
        made.truth.pop(repr(float(row["loss"] or "")))
        row["loss"] = blank
    made.stops = True
    made.non_finite = len(made.rows[at:]) if blank in ("NaN", "nan") else 0


def blank_steps(draw: Random, made: Sheet) -> None:
    """Rows that say no step."""
    for row in struck(draw, made):
        row["step"] = draw.choice(("", None, "N/A", "x", "?"))


def nested(draw: Random, made: Sheet) -> None:
    """From some row on the metrics stand one level deeper, or in a list."""
    at, how = (
        int(draw.uniform(0.2, 0.8) * len(made.rows)),
        draw.choice(('{{"value": {}}}', "[{}]", '{{"mean": {}, "n": 3}}')),
    )
    for row in made.rows[at:]:
        row["loss"] = how.format(row["loss"])


def two_names(draw: Random, made: Sheet) -> None:
    """The loss stands in two columns, each of which says it in some rows."""
    made.items[0] = Head((*made.items[0].names, "train_loss"))  # type: ignore[union-attr]
    for row in made.rows:
        row["train_loss"] = None
        if draw.random() < 0.5:
            row["train_loss"], row["loss"] = row["loss"], None
