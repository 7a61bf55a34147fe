"""Lines of console logs and of MLflow's files, some hundred broken ones in a file: each is held to what it says."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from runlens import sources
from runlens.model import Run
from tests.fuzz.edit import edited, may_be, must_be, numbers
from tests.fuzz.harness import Lost, Outcome

_ROWS = 300
_SHAPES = (
    "step {i} | loss: {v} | lr: 1.0e-04",
    "iter {i}: loss {v}, time 12.50ms",
    "[{i}] step={i} loss={v} lr=0.1",
    "INFO step: {i} loss: {v} grad_norm: 1.5",
    "{{'loss': {v}, 'learning_rate': 0.0001, 'step': {i}}}",
    "global_step: {i}, loss: {v}, lr: 0.001",
)
_UNITS = "naxif"
_LETTERS = "0123456789.e+-, xan|:=[](){}'\"%/\t"


def of_values(draw: Random, folder: Path) -> Counter[Outcome]:
    """One number of each line changed, every third line sound: no value is made up, no sound one missed."""
    shape = draw.choice(_SHAPES)
    made = numbers(draw)
    texts = [
        _sound(draw) if i % 3 == 0 else edited(draw, made[draw.getrandbits(20) % len(made)], _LETTERS)
        for i in range(_ROWS)
    ]
    run = _read(folder, "".join(shape.format(i=i, v=text) + "\n" for i, text in enumerate(texts)))
    at = _points(run, "loss")
    counts: Counter[Outcome] = Counter()
    missing = 0
    for i, text in enumerate(texts):
        value, sure = at.get(i), must_be(text)
        if value is not None and not _is_one_of(
            value, may_be(text) | may_be(text.rstrip(_UNITS)) | _within(f"{text} {i}")
        ):
            raise Lost(f"step {i} says {text!r}, and {value!r} was made of it in {shape!r}")
        if i % 3 == 0:
            if value is None or repr(value) != repr(sure):
                raise Lost(f"step {i} says {text!r} and was read as {value!r} in {shape!r}: {run.notes}")
            continue
        missing += value is None and sure is not None
        counts["read" if value is not None else "told"] += 1
    if missing and not run.notes:
        raise Lost(f"{missing} of {_ROWS} lines lost without a word in {shape!r}")
    return counts


def _within(text: str) -> set[str]:
    """Numbers that stand in an odd text: units follow them (`2.5ms`), and lists begin with them."""
    forms = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", r"\d+(?:[eE][-+]?\d+)?"
    said = (text, text.replace(",", "."))  # which may be a decimal comma
    numbers_in = [one for form in forms for way in said for one in re.findall(form, way)]
    found = [float(one) for one in numbers_in]
    words = {repr(float(word)) for word in re.findall(r"[-+]?\b(?:nan|inf(?:inity)?)\b", text.lower())}
    grouped = [float(one.replace(",", "")) for one in re.findall(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text)]
    scales = (1.0, 0.01, 1e-3, 1e3, 1e6, 1e9, 60.0, 3600.0, 86400.0)
    scaled = {repr(value * scale) for value in (*found, *grouped) for scale in scales}
    return words | scaled | {repr(a / b) for a in found for b in found if b}


def _is_one_of(value: float, texts: set[str]) -> bool:
    """Whether a number is one of those, but for the last bit: a number in groups is put together from its parts."""
    return repr(value) in texts or any(math.isclose(value, float(one), rel_tol=1e-15) for one in texts)


def _sound(draw: Random) -> str:
    return f"{1 + draw.random():.4f}"


def of_times(draw: Random, folder: Path) -> Counter[Outcome]:
    """Times before each line, one in four broken, but for the first, which tells their form: each sound one is kept."""
    form = draw.choice(("%Y-%m-%d %H:%M:%S,{ms:03d}", "[%Y-%m-%dT%H:%M:%S.{ms:03d}]", "%Y/%m/%d %H:%M:%S.{ms:03d}"))
    began = 1.7e9 + draw.randrange(10**7)
    moments = [began + 2.5 * i for i in range(_ROWS)]
    stamps = [_stamp(form, moment) for moment in moments]
    letters = "0123456789:-/., T[]Z"
    stamps[1:] = [stamp if draw.getrandbits(2) else edited(draw, stamp, letters) for stamp in stamps[1:]]
    run = _read(folder, "".join(f"{stamp} INFO step: {i} loss: {2 + i / 1000}\n" for i, stamp in enumerate(stamps)))
    loss = run.series["loss"]
    times: dict[int, list[float]] = defaultdict(
        list
    )  # a broken line may be read at the step of the sound one before it
    for step, time in zip(loss.step.tolist(), loss.time.tolist(), strict=True):
        times[step].append(time)
    counts: Counter[Outcome] = Counter()
    for i, (stamp, moment) in enumerate(zip(stamps, moments, strict=True)):
        if stamp == _stamp(form, moment):
            known = [time for time in times.get(i, ()) if time == time]
            if known and not any(abs(time - moment) <= 1.5 or _near(time, moments) for time in known):
                raise Lost(f"{stamp!r} is {moment} and was read as {known}")
        else:
            counts["read" if i in times else "told"] += 1
    if len(times) + sum(note.records for note in run.notes) < 0.7 * _ROWS:
        raise Lost(f"{len(times)} of {_ROWS} lines read: {run.notes}")
    return counts


def _stamp(form: str, moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(form).format(ms=round(moment % 1 * 1000))


def _near(time: float, moments: list[float]) -> bool:
    """Whether a time lies within those that were printed: one that falls is taken for that of its neighbour."""
    return moments[0] - 1 <= time <= moments[-1] + 86400


def of_mlflow(draw: Random, folder: Path) -> Counter[Outcome]:
    """Lines `time value step` of MLflow with a letter changed."""
    made = numbers(draw)
    lines = []
    for i in range(_ROWS):
        line = f"{1_700_000_000_000 + i} {made[draw.getrandbits(20) % len(made)]} {i}"
        lines.append(
            edited(draw, line, "0123456789.eE+- nanif\tx", ("", "nan", "1 2 3 4", "1 2", "x y z")) if i % 2 else line
        )
    metric = folder / "mlruns" / "0" / "abc" / "metrics" / "loss"
    metric.parent.mkdir(parents=True)
    metric.write_text("\n".join(lines) + "\n")
    (metric.parents[1] / "meta.yaml").write_text("run_id: abc\nstatus: 3\n")
    (ref,) = sources.discover(str(folder))
    run = sources.read(ref)
    loss = run.series["loss"]
    found = Counter(map(repr, loss.value.tolist()))
    counts: Counter[Outcome] = Counter()
    other = missing = 0
    for line in lines:
        cells = line.split()
        values = [must_be(cell) for cell in cells]
        if len(values) == 3 and None not in values:
            missing += not found[repr(values[1])]
            found[repr(values[1])] -= bool(found[repr(values[1])])
            counts["read"] += 1
        else:
            other += bool(cells)
            counts["told"] += 1
    told = sum(note.records for note in run.notes if note.kind == "damaged")
    left = +found
    if missing or left.total() + told < other or left.total() > other:
        raise Lost(f"{missing} missing; {told} told and {left} read of {other} other lines: {run.notes}")
    return counts


def _points(run: Run, name: str) -> dict[int, float]:
    series = run.series.get(name) or run.series.get(f"train/{name}")
    return {} if series is None else dict(zip(series.step.tolist(), series.value.tolist(), strict=True))


def _read(folder: Path, text: str) -> Run:
    path = folder / "train.log"
    path.write_text(text, encoding="utf-8")
    refs = sources.discover(str(path))
    return sources.read(refs[0])


TARGETS = {"printed-values": of_values, "printed-times": of_times, "printed-mlflow": of_mlflow}
