"""Console logs: what trainers print, line by line, of any framework.

`stretches` reads lines, `tokens` takes them apart in columns, `layout` reads one line of each shape closely (by the
tables in `frameworks`, `words` and `units`), `gather` takes all lines of a shape together, `axis` finds out where each
stands, and `build` makes the series.
"""

from __future__ import annotations

import io
import re
import time as clock
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import Note, Run, RunRef
from runlens.model.words import percent
from runlens.sources.appended import Trainings, every_one, number_of, of_one_file, told
from runlens.sources.contract import HEAD, Look
from runlens.sources.naming import in_words, printable
from runlens.sources.table.forms.packed import BROKEN, wide
from runlens.sources.table.head import tells_of_progress
from runlens.sources.table.trials import width_of_numbers, without_course
from runlens.sources.text.axis.log import FEWEST, LARGEST, Log, counts_in_all, last_log
from runlens.sources.text.axis.steps import Axis, axis_of
from runlens.sources.text.axis.tried import of_trials
from runlens.sources.text.build import Built, guesses, series_of
from runlens.sources.text.ends import before_a_step, state_of
from runlens.sources.text.gather import Gathered, gather
from runlens.sources.text.launches import on_one_axis, part_of
from runlens.sources.text.rows import rows_of, starts_of
from runlens.sources.text.stretches import called_for, is_packed, open_log, stretches
from runlens.sources.text.words import LOSS
from runlens.sources.unread import copies, is_said_to_be_a_log, is_text, lower_rank, same_run

UNDERSTOOD = 0.5
"""Share of the lines that look like metrics that must be understood: below it what is read may be the lesser part."""
SAID = 0.95
"""Share understood below which it is a note: a warning here and there that holds a number is none."""
_ALONE = 8
"""Rows that a log without any step must have in one look to be taken in a folder: fewer are results or settings."""
_DESCENT = re.compile(rf"^(?!val/|test/).*(?:{LOSS.pattern}|(?<![a-z])(?:reward|return)s?(?![a-z]))", re.IGNORECASE)
"""A name that such a log must have: scores alone are those of answers, folds or checkpoints."""
_SUFFIX = re.compile(r"\.(log|txt|out|err)(\.(gz|bz2|xz))?$", re.IGNORECASE)
_TEXT = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(32, 256)))
_FULLER = ("tensorboard", "wandb_file", "trainer_state", "table", "trackers")
"""Sources that hold the same run with more of it, where their files lie beside a console log."""


def claims(head: bytes, path: Path) -> bool:
    """Whether a file is text, and is named as a log or begins with lines of metrics."""
    if is_packed(path):
        return _SUFFIX.search(path.name) is not None
    begin = head.lstrip()[:2]
    if not wide(head) and (
        not begin or begin == b'{"' or head.translate(None, _TEXT + b"\0") or head.count(0) > len(head) // 2
    ):
        return False
    return _SUFFIX.search(path.name) is not None or gather(stretches(io.BytesIO(head))).counts


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of those files that hold lines of metrics; in a folder, beside fuller logs of a run, none."""
    if look.named:
        return [ref for file in files for ref in _refs(file, look.root)]
    fuller = _fuller(look)
    alone = {folder for folder in {f.parent for f in files} if sum(f.parent == folder for f in files) == 1}
    logs = [
        file
        for file in files
        if file.parent not in fuller
        and lower_rank(file) is None
        and not (file.name.startswith("debug") and "wandb" in file.parts)  # what W&B logs of itself
        and not (file.parent in alone and any(other.is_relative_to(file.parent) for other in fuller))
        and (_holds_metrics(file) or counts_in_all(file))
    ]
    again = copies(logs)
    return [ref for file in logs if file not in again for ref in _refs(file, look.root)]


def left_out(path: Path, look: Look) -> str:
    """Why a text is in no run; empty where a fuller log stands beside it, and for a text that is not named as a log."""
    if not (is_said_to_be_a_log(path) and is_text(path)) or path.parent in _fuller(look):
        return ""
    if _holds_metrics(path) or counts_in_all(path):
        whole = copies([*look.beside.get("text", ()), path]).get(path)
        return same_run(path) or (
            f"it is a copy of {printable(whole.relative_to(look.root).as_posix())}" if whole is not None else ""
        )
    return "no line of it tells a step and a metric"


def _fuller(look: Look) -> set[Path]:
    return {file.parent for source in _FULLER for file in look.beside.get(source, ())}


def _refs(path: Path, root: Path) -> list[RunRef]:
    """The run of a log, or those that were appended to it one after another."""
    name = path.relative_to(root).as_posix()
    ref = RunRef("text", str(path), _SUFFIX.sub("", name) or name, (str(path),))
    return of_one_file(ref, _trainings(path))


def members(ref: RunRef) -> list[RunRef]:
    """All trainings of a log, also those that were given up for the next one, for who names one of them."""
    return every_one(ref, _trainings(Path(ref.location), whatever=True))


def _trainings(path: Path, whatever: bool = False) -> Trainings:
    """What a log holds; one training for one that is packed or very large, unless `whatever`, and for one that cannot
    be read (reading it says why).
    """
    try:
        there = path.stat()
        if not whatever and (is_packed(path) or there.st_size > LARGEST):
            return Trainings()
        return last_log(path, there.st_size, there.st_mtime_ns).held
    except (*BROKEN, OSError, ReadError):
        return Trainings()


def _holds_metrics(path: Path) -> bool:
    """Whether the beginning, the middle or the end of a file has lines of metrics."""
    try:
        with open_log(path) as file:
            parts = [file.read(HEAD)]
            size = path.stat().st_size
            if not is_packed(path) and size > HEAD:
                for at in (size // 2, max(size - HEAD, 0)):
                    file.seek(at)
                    parts.append(file.read(HEAD).partition(b"\n")[2])
    except PermissionError:
        return True  # so that reading it says so
    except (*BROKEN, OSError):
        return False
    return any(_enough(gather(stretches(io.BytesIO(part)), called_for(path))) for part in parts)


def _enough(gathered: Gathered) -> bool:
    if not gathered.counts or gathered.understood < UNDERSTOOD:
        return False
    rows = rows_of(gathered, clock.time())
    built = series_of(rows, axis_of(rows))
    if not any(o.counts or o.kind == "box" for o in rows.layouts):
        return any(len(s) >= _ALONE and _DESCENT.search(name) for name, s in built.series.items())
    return _has_series(built)


def _has_series(built: Built) -> bool:
    """Whether a series of numbers has several points: a word alone is no log."""
    return any(len(s) >= FEWEST for name, s in built.series.items() if name not in built.texts)


def read(ref: RunRef) -> Run:
    """Read one console log.

    Every `name: value`, `name=value` and `name value` on a line that says a step, an epoch or a bar is a point, as are
    lines that are such pairs alone, where they repeat; settings that are printed before are configuration. A log
    without a point that ends with the crash of a training is a run that crashed before its first step.

    Raises
    ------
    NotALog
        It has no lines of metrics, or too few of those that look like some are understood.
    AccessRefused, ReadError
        The file cannot be opened or read.
    """
    path, where, read_at = Path(ref.location), printable(ref.location), clock.time()
    try:
        there = path.stat()
        log = last_log(path, there.st_size, there.st_mtime_ns)
        if not ref.member:
            last_log.cache_clear()  # nobody asks again
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except (*BROKEN, OSError) as error:
        raise ReadError(f"{where} cannot be read ({in_words(error)}); look at the file and the disk") from error
    try:
        return _of_rows(ref, log, read_at)
    except NotALog:
        if not before_a_step(log.gathered.tail):
            raise
    return Run(ref.id, ref.id, ref.location, state="crashed", config=log.gathered.config, read_at=read_at)


def _of_rows(ref: RunRef, log: Log, read_at: float) -> Run:
    """The run that the lines of metrics make; refused where there are none."""
    path, where = Path(ref.location), printable(ref.location)
    gathered, rows, axis, held = log.gathered, log.rows, log.axis, log.held
    _refuse_too_little(gathered, path, where)
    number = number_of(ref, held, where)
    if len(held.begins) > 1:
        begin, stop, on = held.part(number, len(rows))
        rows, axis = part_of(rows, begin, stop)
        held = replace(held, on=on)
    axis = on_one_axis(axis, held.on)
    own = held.between.get(number)
    tail = gathered.tail if number == len(held.begins) - 1 else held.between[number + 1].text
    built = series_of(rows, axis)
    if not _has_series(built):
        raise NotALog(
            f"{where} is no log that RunLens knows: none of its {gathered.lines:,} lines of text is one of a series of "
            "metrics; name a log of a training loop"
        )
    if axis.counts == "lines" and not tells_of_progress(built.series):
        raise NotALog(
            f"{where} is no log that RunLens knows: it names neither a step nor anything that a training logs, such as "
            "a loss; name a log of a training loop"
        )
    if axis.counts == "lines" and (each := of_trials(built.series)):
        raise NotALog(
            f"{where} is no log of one training: its lines say no step, and each {each}; name the log of one trial"
        )
    if (axis.counts == "lines" or any(o.axis == "sample" for o in rows.layouts)) and without_course(built.series):
        raise NotALog(
            f"{where} is no log of a training: its lines say no step and no time, and what they measure follows no "
            "course, as results of samples, folds or models do; name a log of a training loop"
        )
    config = built.config | gathered.config | dict(own.config if own is not None else {})
    if axis.planned:
        config.setdefault("max_steps", axis.planned)
    return Run(
        id=ref.id,
        name=ref.id,
        source=ref.location,
        state=state_of(tail, built.once),
        config=config,
        summary={**built.once, "lines_understood": round(gathered.understood, 4)},
        series=built.series,
        texts=built.texts,
        notes=(
            *_notes(gathered, axis, where),
            *rows.notes,
            *guesses(built, rows, where),
            *_lost(gathered, built, where),
            *told(held, number, where),
            *_cut(log.broken, gathered, where),
        ),
        axis_name=next(
            (o.axis for o in rows.layouts if o.axis and o.fields), "lines" if axis.counts == "lines" else ""
        ),
        starts=starts_of(built.series, rows, gathered.taken_up, held.on),
        read_at=read_at,
    )


def _refuse_too_little(gathered: Gathered, path: Path, where: str) -> None:
    if not gathered.lines:
        raise NotALog(f"{where} is empty; nothing was printed into it yet")
    if not gathered.counts and (width := width_of_numbers(path)):
        raise NotALog(
            f"{where} is a table of {width} columns of numbers that have no names; write these into a first line, such "
            "as `step,loss`"
        )
    if not gathered.counts:
        raise NotALog(
            f"{where} is no log that RunLens knows: none of its {gathered.lines:,} lines of text names a step or an "
            "epoch with metrics, such as `step 100 | loss: 2.5`"
        )
    if gathered.understood < UNDERSTOOD:
        total = gathered.used + gathered.strange
        raise NotALog(
            f"of {total:,} lines of {where} that look like metrics only {gathered.used:,} are understood, too few to "
            f"judge by; others are like {printable(gathered.examples[0])}"
        )


def _notes(gathered: Gathered, axis: Axis, where: str) -> tuple[Note, ...]:
    notes = []
    if gathered.understood < SAID:
        total = gathered.used + gathered.strange
        said = (
            f"{percent(gathered.understood)} of {total:,} lines of metrics in {where} were understood; "
            f"{gathered.strange:,} were not, such as {printable(gathered.examples[0], 120)}"
        )
        notes.append(Note("unsupported", said, gathered.strange))
    if axis.counts == "lines":
        said = f"{where} prints no step: the x axis counts its rows of metrics from 0"
        notes.append(Note("unsupported", said))
    return tuple(notes)


def _lost(gathered: Gathered, built: Built, where: str) -> list[Note]:
    """A note for each series of which values stand on lines that were left out."""
    notes = []
    for name, lost in gathered.lost.items():
        share = lost / (lost + len(built.series[name])) if name in built.series else 1.0
        values = f"{lost:,} value{'s' if lost > 1 else ''} of {printable(name)} in {where} ({percent(share)})"
        said = f"{values} stand{'s' if lost == 1 else ''} on lines with a number that is none and were left out"
        notes.append(Note("damaged", said, lost, series=name, share=share))
    return notes


def _cut(broken: Sequence[str], gathered: Gathered, where: str) -> list[Note]:
    said = f"the log {where} breaks off after {gathered.lines:,} lines"
    return [Note("truncated", f"{said} ({why})") for why in broken]
