"""Cells of tables, a thousand in a file: each number is the one that stands there, every other cell is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from runlens.model import Run
from runlens.sources import table
from tests.fuzz.edit import edited, is_blank, may_be, must_be, numbers
from tests.fuzz.harness import Lost, Outcome

_NAMES = ("loss", "lr", "grad_norm", "eval/loss", "acc")
_ROWS = 250


def _columns(draw: Random) -> dict[str, list[str]]:
    """Edited numbers under five names; a whole one here and there, so that each column is one of numbers."""
    made = numbers(draw)
    return {name: [edited(draw, made[draw.getrandbits(20) % len(made)]) for _ in range(_ROWS)] for name in _NAMES}


def of_delimited(draw: Random, folder: Path) -> Counter[Outcome]:
    """Cells between tabs or bars, in which no comma divides."""
    columns = _columns(draw)
    divider = draw.choice("\t|")
    lines = [divider.join(("step", *_NAMES))]
    lines += [divider.join((str(i), *cells)) for i, cells in enumerate(zip(*columns.values(), strict=True))]
    path = folder / "history.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return compared(_read(path), columns)


def of_quoted(draw: Random, folder: Path) -> Counter[Outcome]:
    """Cells in quotes between commas."""
    columns = _columns(draw)
    lines = [",".join(("step", *_NAMES))]
    lines += [",".join((str(i), *(f'"{c}"' for c in row))) for i, row in enumerate(zip(*columns.values(), strict=True))]
    path = folder / "history.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return compared(_read(path), columns)


def of_parquet(draw: Random, folder: Path) -> Counter[Outcome]:
    """Cells of text in a parquet file."""
    import pyarrow
    from pyarrow import parquet

    columns = _columns(draw)
    path = folder / "history.parquet"
    parquet.write_table(pyarrow.table({"step": list(range(_ROWS)), **columns}), path)
    return compared(_read(path), columns)


def of_steps(draw: Random, folder: Path) -> Counter[Outcome]:
    """Steps with odd ones among them: no row is lost, each sound step is its own, and each odd one is told."""
    steps = [str(i) if draw.getrandbits(4) else edited(draw, str(i)) for i in range(8 * _ROWS)]
    path = folder / "history.csv"
    path.write_text("step\tloss\n" + "".join(f"{s}\t{i}.5\n" for i, s in enumerate(steps)), encoding="utf-8")
    run = _read(path)
    loss = run.series["loss"]
    place = {int(v): s for s, v in zip(loss.step.tolist(), loss.value.tolist(), strict=True)}
    told = sum(note.records for note in run.notes)
    counted_on = any(note.kind == "guessed" for note in run.notes)  # from one that falls to 1, as a restart does
    counts: Counter[Outcome] = Counter()
    lost = 0
    for i, text in enumerate(steps):
        sound = must_be(text)
        if i not in place:
            lost += 1
        elif not counted_on and sound is not None and abs(sound) < 2**53 and sound == int(sound) != place[i]:
            raise Lost(f"row {i} says {text!r} and stands at {place[i]}")
        if text != str(i):
            counts["read" if sound is not None else "told"] += 1
    odd = sum(must_be(text) is None and not may_be(text) and not is_blank(text) for text in steps)
    if told < max(lost, odd):
        raise Lost(f"{told} told of {lost} rows lost and {odd} odd steps: {run.notes}")
    return counts


def compared(run: Run, columns: Mapping[str, Sequence[str]]) -> Counter[Outcome]:
    """Hold a run against the texts in its columns, which stand at the steps 0, 1, 2 …."""
    counts: Counter[Outcome] = Counter()
    for name, texts in columns.items():
        series = run.series.get(name)
        at = {} if series is None else dict(zip(series.step.tolist(), series.value.tolist(), strict=True))
        lost = 0
        for step, text in enumerate(texts):
            sure, value = must_be(text), at.get(step)
            if sure is not None:
                if value is None or repr(value) != repr(sure):
                    raise Lost(f"{name} at {step} says {text!r} and was read as {value!r}")
                counts["read"] += 1
            elif value is not None:
                if repr(value) not in may_be(text):
                    raise Lost(f"{name} at {step} says {text!r}, and {value!r} was made of it")
                counts["read"] += 1
            elif is_blank(text):
                counts["read"] += 1
            else:
                lost += 1
        told = sum(note.records for note in run.notes if note.series == name)
        if told < lost:
            raise Lost(f"{told} told of {lost} odd cells of {name}: {run.notes}")
        counts["told"] += lost
    return counts


def _read(path: Path) -> Run:
    (ref,) = table.find(str(path))
    return table.read(ref)


TARGETS = {
    "cells-delimited": of_delimited,
    "cells-quoted": of_quoted,
    "cells-parquet": of_parquet,
    "cells-steps": of_steps,
}
