"""Damage to cells, and CELLS: all kinds that are done to a table before it is written in a form."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.adversary import rows
from tests.fuzz.adversary.sheet import Cell, Sheet
from tests.fuzz.adversary.strike import Kind, struck


def _cells(change: Callable[[Random, str], str | None], *names: str) -> Kind:
    """Some cells of some columns are written in another way."""

    def strike(draw: Random, made: Sheet) -> None:
        for row in struck(draw, made):
            for name in names:
                row[name] = change(draw, row[name] or "")

    return strike


def _all_cells(change: Callable[[str], str], *names: str) -> Kind:
    def strike(draw: Random, made: Sheet) -> None:
        for row in made.rows:
            for name in names:
                row[name] = change(row[name] or "")

    return strike


def _far(draw: Random, made: Sheet) -> None:
    """Steps in thousands, so that they have something to set apart."""
    made.truth = {loss: step * 1000 + 1000 for loss, step in made.truth.items()}
    for row in made.rows:
        row["step"] = str(int(row["step"] or "0") * 1000 + 1000)


def thousands(draw: Random, made: Sheet) -> None:
    """`1,000`, here and there or everywhere."""
    _far(draw, made)
    for row in made.rows if draw.random() < 0.5 else struck(draw, made):
        row["step"] = f"{int(row['step'] or '0'):,}"


def kilo(draw: Random, made: Sheet) -> None:
    """`1k`."""
    _far(draw, made)
    for row in made.rows if draw.random() < 0.5 else struck(draw, made):
        row["step"] = f"{int(row['step'] or '0') // 1000}k"


def powers(draw: Random, made: Sheet) -> None:
    """`1e3`."""
    _far(draw, made)
    for row in made.rows if draw.random() < 0.5 else struck(draw, made):
        row["step"] = f"{int(row['step'] or '0') // 1000}e3"


def overwritten(finite: bool, *others: Cell) -> Kind:
    """Losses in whose place something else stands that says nothing, or that there is no number."""

    def strike(draw: Random, made: Sheet) -> None:
        other = draw.choice(others)
        for row in struck(draw, made):
            made.truth.pop(repr(float(row["loss"] or "")))
            made.non_finite += not finite
            row["loss"] = other

    return strike


def dates(draw: Random, made: Sheet) -> None:
    """Dates in place of steps."""
    form = draw.choice(
        ("2026-01-{d:02d} {h:02d}:{m:02d}:00", "2026-01-{d:02d}T{h:02d}:{m:02d}:00Z", "{h:02d}:{m:02d}:00")
    )
    everywhere = draw.random() < 0.4
    for i, row in enumerate(made.rows):
        if everywhere or row in struck(draw, made)[:0] or i % 11 == 3:
            row["step"] = form.format(d=1 + i // 200, h=i // 60, m=i % 60)
    if everywhere:
        made.truth = {loss: i for i, loss in enumerate(made.truth)}


def three_digits(draw: Random, made: Sheet) -> None:
    """Losses of three decimals, some with a comma: is `2,345` two, or two thousand?"""
    made.truth = {}
    for i, row in enumerate(made.rows):
        row["loss"] = f"{9.9 - 0.03 * i - 0.001 * draw.randrange(1, 9):.3f}"
        made.truth[repr(float(row["loss"]))] = int(row["step"] or "0")
    for row in made.rows if draw.random() < 0.2 else struck(draw, made):
        row["loss"] = (row["loss"] or "").replace(".", ",")


def texts(draw: Random, made: Sheet) -> None:
    """Numbers as text in JSON: all of a column, or all columns."""
    made.quoted |= set(draw.choice((("loss",), ("step",), ("step", "loss", "lr"))))


_FULL = str.maketrans("0123456789.", "０１２３４５６７８９．")
CELLS: dict[str, Kind] = {
    "decimal commas": _cells(lambda d, t: t.replace(".", ","), "loss"),
    "decimal commas everywhere": _all_cells(lambda t: t.replace(".", ","), "loss", "lr"),
    "thousands": thousands,
    "units": _cells(lambda d, t: t + d.choice((" nats", "nats", " %", "%", " (ema)", "s", "*", " USD")), "loss"),
    "quotes": _cells(
        lambda d, t: d.choice(('"{}', '{}"', '"{}"', '""{}""', "'{}'", '"{}" ', ' "{}"')).format(t), "loss"
    ),
    "a quote in the step": _cells(lambda d, t: d.choice(('"{}', '{}"', "'{}'")).format(t), "step"),
    "blanks": _cells(
        lambda d, t: d.choice(("  {}", "{}  ", "\u00a0{}", "{}\u200b", "\ufeff{}", "\t{}")).format(t), "loss"
    ),
    "zeros in cells": _cells(lambda d, t: t[:3] + "\0" + t[3:], "loss"),
    "no numbers": _cells(lambda d, t: d.choice(("oops", "error", "x", "n.a.", "1/0", "(none)")), "loss"),
    "blank losses": overwritten(True, "", None, "-", "--", "?", "null", "None", "N/A"),
    "non-finite": overwritten(
        False,
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "inf",
        "1.#QNAN",
        "1.#INF",
        "-1.#IND",
        "-nan(ind)",
        "1e999",
        "+Infinity",
    ),
    "written otherwise": _cells(
        lambda d, t: d.choice(
            ("{}D+00", "{}e+00", "+{}", "0{}", "[{}]", "({})", "tensor({})", "{}f", "${}", "={}", "{}.0")
        ).format(t),
        "loss",
    ),
    "wide digits": _cells(lambda d, t: t.translate(_FULL), "loss"),
    "steps as floats": _cells(lambda d, t: t + ".0", "step"),
    "steps with fractions": _cells(lambda d, t: t + ".5", "step"),
    "steps of so many": _cells(
        lambda d, t: d.choice(("{}/400", "step {}", "{}:", "#{}", "{}.", "{} of 400")).format(t), "step"
    ),
    "thousands k": kilo,
    "powers": powers,
    "dates": dates,
    "a head again": rows.head_again,
    "a late head": rows.head_late,
    "columns swap": rows.columns_swap,
    "a key changes": rows.key_changes,
    "a column more": rows.column_more,
    "short rows": rows.short,
    "out of order": rows.shuffled,
    "doubled": rows.doubled,
    "steps alike": rows.same_steps,
    "words between": rows.words_between,
    "blank from here": rows.blank_end,
    "blank steps": rows.blank_steps,
    "numbers as text": texts,
    "three digits": three_digits,
    "nested": rows.nested,
    "two names": rows.two_names,
}
"""Damage to the cells and rows, before they are written in a form."""
