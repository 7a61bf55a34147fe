"""Write a damaged table, read it, judge it, and say what is wrong with that."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import numpy as np

import runlens
from runlens.errors import RunLensError
from runlens.model import Run
from runlens.sources import discover, read
from tests.fuzz import whole
from tests.fuzz.adversary import sheet as s
from tests.fuzz.adversary.cells import CELLS
from tests.fuzz.adversary.texts import TEXTS
from tests.fuzz.harness import Lost, Outcome


def written(draw: Random, kind: str, form: str, folder: Path) -> tuple[s.Sheet, Path]:
    """One table of one kind of damage in one form."""
    made = s.sheet(draw)
    if kind in CELLS:
        CELLS[kind](draw, made)
    path = folder / s.FORMS[form]
    if form == "parquet":
        path.write_bytes(s.parquet(made))
        return made, path
    text = {
        "csv": lambda: s.delimited(made, ","),
        "cells": lambda: s.delimited(made, made.delimiter),
        "lines": lambda: "\n".join(s.objects(made)) + "\n",
        "list": lambda: "[" + ",\n".join(s.objects(made)) + "]\n",
    }[form]()
    raw = TEXTS[kind](draw, made, text) if kind in TEXTS else text.encode("utf-8", "surrogatepass")
    path.write_bytes(raw)
    return made, path


def _read(path: Path) -> Run:
    """All that stands in a table, or what another reader makes of it."""
    try:
        return whole.read(path)
    except RunLensError:
        (ref,) = discover(str(path))
        return read(ref)


def held(made: s.Sheet, path: Path) -> Outcome:
    """Read and judge; raises `Lost` where a loss is missing, made up or out of place and nobody says so."""
    try:
        run = _read(path)
    except RunLensError:
        report = _report(path)
        if report is not None and report.exit_code == 0:
            raise Lost("it cannot be read, and passes") from None
        return "refused"
    right, astray, invented = _compared(run, made)
    missing = len(made.truth) - right - astray
    if path.suffix not in (".csv", ".tsv"):  # a key that was not written, and an empty cell of parquet
        missing = max(missing - made.short, 0)
    told = sum(note.records for note in run.notes)
    cut = any(note.kind in ("truncated", "damaged") for note in run.notes)
    guessed = any(note.kind == "guessed" for note in run.notes)
    said = f"{right} right, {astray} astray, {missing} missing of {len(made.truth)}; {told} told: "
    said += "; ".join(note.message for note in run.notes)
    if invented:
        raise Lost(f"made up {invented[:5]}; {said}")
    if missing > told and not (made.blind or cut):
        raise Lost(f"lost; {said}")
    if astray and not guessed and told < astray:
        raise Lost(f"out of place; {said}")
    infinite = sum(int(np.sum(~np.isfinite(one.value))) for name, one in run.series.items() if "loss" in name.lower())
    if infinite != made.non_finite:
        raise Lost(f"{infinite} of {made.non_finite} that are not finite; {said}")
    report = _report(path)
    codes = {f.code for one in report.runs for f in one.findings} if report is not None else set()
    if made.non_finite and "LOSS003" not in codes:
        raise Lost(f"nothing said of {made.non_finite} that are not finite; {said}")
    if made.stops and report is not None and not any(f.severity.rank for one in report.runs for f in one.findings):
        raise Lost(f"nothing said of a loss that stops; {said}")
    assert report is not None
    worst = max((f.severity.rank for one in report.runs for f in one.findings), default=0)
    share = missing / len(made.truth)
    if not made.blind and report.exit_code == 0 and (share >= 0.2 or (share >= 0.02 and worst == 0)):
        raise Lost(f"passes with rank {worst}; {said}")
    return "told" if run.notes else "read"


def _compared(run: Run, made: s.Sheet) -> tuple[int, int, list[tuple[str, int, float]]]:
    """Losses read right, those at another step than theirs, and what nobody wrote."""
    right, astray = set(), set()
    invented = []
    for name, one in run.series.items():
        for step, value in zip(one.step.tolist(), one.value.tolist(), strict=True):
            loss = repr(value)
            if loss in made.truth:
                (right if step == made.truth[loss] else astray).add(loss)
            elif math.isfinite(value) and "loss" in name.lower():
                invented.append((name, step, value))
    return len(right), len(astray - right), invented


def _report(path: Path) -> runlens.Report | None:
    try:
        return runlens.check(path)
    except RunLensError:
        return None
