"""The training step of each line, from what lines count: steps, batches of an epoch, samples, epochs, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.sources.text.axis.constants import moving
from runlens.sources.text.axis.epochs import carried, epochs_of
from runlens.sources.text.axis.fractions import came_in_blocks, steps_of
from runlens.sources.text.rows import Rows
from runlens.sources.text.words import LOSS, LOSS_ALONE
from runlens.sources.text.writers import first_writer

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NEAR = 3
"""Lines after a row of metrics in which the bar is drawn again that says its step (tqdm's `write`)."""
_ROWS_A_BAR = 1.5
"""Rows of one form to each step that the bars say, up to which they are the axis: of more all but the last of each
step would be lost."""
_SAME = 3
"""Lines of as many epochs that say one and the same step."""
_STILL = 8
"""Lines without epochs that do: a few are several metrics of one step."""
_FEWEST = 3
"""Rows from which a bar must tell them apart to be believed."""
_HEADINGS = 2
"""Headings of epochs to each line that says a step, beyond which such a step, where it begins anew, is of one epoch."""
_CROSSED = 2
"""Epochs over which lines of one form must count on to count the steps of the whole run among others that do not."""
_PER_EPOCH = 1.5
"""Rows of one form for each epoch from which on the epoch does not tell them apart."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where each line stands."""

    step: Ints
    """(n,): on one axis for all lines."""
    counts: str
    """What the axis counts: `steps`, `samples`, `epochs`, or `lines` where nothing better is printed."""
    planned: int = 0
    """Steps in all as the lines say (`iteration 100/ 5000`), 0 if they do not or do not agree."""
    of_all: bool = False
    """Whether the lines say of how many steps of the whole run theirs is one."""


def axis_of(rows: Rows) -> Axis:
    """Put all lines on one axis.

    Parameters
    ----------
    rows : Rows

    Notes
    -----
    Lines that say the step of the whole run are believed first; a step that begins again in every epoch is one within
    the epoch, as are the counts of bars and of `[ 50/312]`. Lines that say no step, such as evaluations, stand where
    training was when they were written.
    """
    training = ~rows.held_out & rows.of_kind("row", "bar", "keras", "box", "opens")
    epoch = epochs_of(rows)
    step, it = moving(rows), rows.counters["it"].copy()
    fields = rows.measure | rows.of_kind("opens")
    if not bool(
        (training & fields).any()
    ):  # evaluations alone, such as those of a server: their steps are all there are
        training = rows.of_kind("row")
    within, on = _within_epoch(rows, step, epoch, training)
    it[within] = step[within]
    step[within | on] = np.nan
    counted = training & fields & np.isnan(step) & np.isfinite(it)
    if bool(counted.any()) and not bool((training & fields & np.isfinite(step)).any()):
        step[counted] = _whole_run(it, rows.counters["of"], epoch, counted)
    counts, planned = "steps", 0
    sampled = training & np.isfinite(rows.counters["sample"])
    if bool(sampled.any()):
        step[sampled] = _whole_run(rows.counters["sample"], rows.counters["of"], epoch, sampled)
        counts = "samples"
    known = training & fields & np.isfinite(step)
    once = _says_it_once(rows, step, known, training & fields)
    if once or _says_the_same(step[known], epoch[known]) or _is_within_epochs(rows, step, known):
        known[:] = False
    if bool(known.any()):
        of_all = counts == "steps" and not bool(within.any() or counted.any())
        if of_all:
            planned = _planned(rows.counters["of"][known])
        return Axis(_spread(rows, step, known, sampled), counts, planned, of_all)
    shown = _bars(rows)
    if bool(shown.any()):
        placed = _by_epochs(rows, shown, _by_bars(rows, shown))
        main = training & fields if bool((training & fields).any()) else fields.copy()
        if bool(main.any()):
            main &= _alike(rows, _main(rows, main))
        if _tells_apart(placed[main]):
            return Axis(placed, "steps", _planned(rows.counters["of"][shown]))
    return _without_steps(rows, epoch)


def _says_the_same(step: Floats, epoch: Floats) -> bool:
    """Whether a step is one number while epochs go by, or in many lines: not how far training is."""
    if len(step) < _SAME or not bool(np.all(step == step[0])):
        return False
    return len(np.unique(epoch[np.isfinite(epoch)])) >= _SAME or len(step) >= _STILL


def _says_it_once(rows: Rows, step: Floats, known: Bools, metrics: Bools) -> bool:
    """Whether one step is all that lines say, and many rows of one form say none: it is not where all of these stand.

    Such as DeepSpeed's `step=0, skipped=0, lr=[0.0]` before hundreds of rows of losses and epochs.
    """
    if not bool(known.any()) or not bool(np.all(step[known] == step[known][0])):
        return False
    unsaid = np.bincount(rows.of_layout[metrics & ~known], minlength=1)
    return int(unsaid.max()) >= max(_STILL, 2 * int(np.count_nonzero(known)))


def _is_within_epochs(rows: Rows, step: Floats, known: Bools) -> bool:
    """Whether few lines say a step, which goes back to where it began, among many headings of epochs."""
    own = step[known]
    turns = np.diff(rows.counters["epoch"][rows.of_kind("epoch")])
    return len(own) >= 2 and int(np.count_nonzero(turns > 0)) > _HEADINGS * len(own) and bool(np.any(own[1:] <= own[0]))


def _within_epoch(rows: Rows, step: Floats, epoch: Floats, training: Bools) -> tuple[Bools, Bools]:
    """Lines whose step begins again with each epoch; and those of a form among them that counts on over epochs
    (Sockeye's `Checkpoint [5] Updates=1000 Epoch=2` beside `Epoch[2] Batch [50]`), which stand where they are written.
    """
    which = np.flatnonzero(training & np.isfinite(step) & np.isfinite(epoch))
    within, whole = np.zeros(len(step), dtype=bool), np.zeros(len(step), dtype=bool)
    rises, falls = _at_new_epochs(step[which], epoch[which])
    if not falls or falls < rises:
        return within, whole
    within[which] = True
    layouts = rows.of_layout[which]
    for number in np.unique(layouts) if len(rows.layouts) > 1 else ():
        own, others = which[layouts == number], which[layouts != number]
        on, back = _at_new_epochs(step[own], epoch[own])
        if on >= _CROSSED and not back and len(others) and step[own].max() > step[others].max():
            within[own], whole[own] = False, True
    return within, whole


def _at_new_epochs(step: Floats, epoch: Floats) -> tuple[int, int]:
    """At how many beginnings of an epoch the step does not fall, and at how many it does."""
    later = np.flatnonzero(np.floor(epoch[1:]) > np.floor(epoch[:-1])) if len(step) else np.empty(0, dtype=np.int64)
    falls = int(np.count_nonzero(step[later + 1] < step[later]))
    return len(later) - falls, falls


def _whole_run(it: Floats, of: Floats, epoch: Floats, which: Bools) -> Floats:
    """Steps of the whole run from those within the epoch."""
    own, size, turn = it[which], of[which], epoch[which]
    top = np.nanmax(own)
    grown = np.diff(own)[np.diff(own) > 0]
    apart = float(np.median(grown)) if len(grown) else 1.0
    size = np.where(np.isfinite(size), size, top + (apart if np.nanmin(own) == 0 else 0.0))
    if not bool(np.isfinite(turn).all()):
        falls = np.diff(own) < 0
        whole = own[:-1] >= 0.9 * size[:-1]  # an epoch that was not finished is begun anew
        whole_bars = len(own) > 1 and bool(np.all(own == own[0])) and bool(np.all(own >= size))  # one an epoch
        turn = np.concatenate([[0], np.cumsum((falls & whole) | whole_bars)]).astype(np.float64)
    first = 0.0 if bool(np.any(turn < 1)) else 1.0
    return np.asarray((np.floor(turn) - first) * size + own, dtype=np.float64)


def _planned(of: Floats) -> int:
    known = of[np.isfinite(of)]
    return int(known[0]) if len(known) and bool(np.all(known == known[0])) and known[0] < 2**53 else 0


def _spread(rows: Rows, step: Floats, known: Bools, sampled: Bools) -> Ints:
    """Steps for all lines: their own, that of their box, or the last one said before them."""
    main = _main(rows, known)
    like = _alike(rows, main)
    top = float(np.nanmax(step[known & like]))
    own = np.isfinite(step) & (known | (rows.held_out & (step <= 1.05 * top + 1) & ~sampled.any()))
    own &= like | (step <= 1.05 * top + 1)
    boxes = rows.of_kind("box")
    out = np.where(own, step, np.nan)
    if bool((boxes & known).any()):
        said = np.flatnonzero(boxes & known)
        at = np.searchsorted(rows.block[said], rows.block)
        same = boxes & (at < len(said))
        same[same] = rows.block[said][at[same]] == rows.block[same]
        out[same] = step[said][at[same]]
    return _filled(out)


def _alike(rows: Rows, layout: int) -> Bools:
    """Lines that hold the metrics of a layout: they may differ in a word beside them, or in how a number is written."""
    names = {f.name for f in rows.layouts[layout].fields}
    return np.array([names == {f.name for f in o.fields} for o in rows.layouts], dtype=bool)[rows.of_layout]


def _main(rows: Rows, known: Bools) -> int:
    """The layout that says most steps, one with a loss before others."""
    many = np.bincount(rows.of_layout[known], minlength=len(rows.layouts)).astype(np.float64)
    with_loss = np.array([any(LOSS.search(f.name) for f in o.fields) for o in rows.layouts])
    return int(np.argmax(many + (many > 0) * with_loss * len(rows)))


def _filled(step: Floats) -> Ints:
    known = carried(step)
    first = step[np.isfinite(step)][0]
    return np.rint(np.where(np.isfinite(known), known, first)).astype(np.int64)


def _bars(rows: Rows) -> Bools:
    """Bars without metrics that count training: those that most rows stand among; of several, the largest total."""
    shown = rows.of_kind("count") & np.isfinite(rows.counters["it"]) & np.isfinite(rows.counters["of"])
    if not bool(shown.any()):
        return shown
    fields = rows.measure & ~rows.held_out
    total = rows.counters["of"]
    among = {of: _rows_among(rows.line[fields], rows.line[shown & (total == of)]) for of in np.unique(total[shown])}
    return np.asarray(shown & (total == max(among, key=lambda of: (among[of], of))))


def _rows_among(lines: Ints, bars: Ints) -> int:
    """Rows that stand between the first bar and the last one, or right beside them."""
    return int(np.count_nonzero((lines >= bars[0] - _NEAR) & (lines <= bars[-1] + _NEAR)))


def _tells_apart(placed: Ints) -> bool:
    """Whether bars were drawn often enough to say the steps of the rows that they place.

    In a file that collects two buffered streams hundreds of rows stand between two bars.
    """
    places = len(np.unique(placed))
    return len(placed) < _FEWEST or (places > 1 and len(placed) <= _ROWS_A_BAR * places)


def _by_bars(rows: Rows, shown: Bools) -> Ints:
    """Steps by the bar that is drawn again right after a row, or else by the last one before it."""
    at = np.flatnonzero(shown)
    line, count = rows.line[at], rows.counters["it"][at]
    after = np.minimum(np.searchsorted(line, rows.line), len(at) - 1)
    before = np.maximum(np.searchsorted(line, rows.line, side="right") - 1, 0)
    soon = (line[after] >= rows.line) & (line[after] - rows.line <= _NEAR)
    return np.rint(np.where(soon, count[after], count[before])).astype(np.int64)


def _by_epochs(rows: Rows, shown: Bools, by_bar: Ints) -> Ints:
    """Steps by the fractions of an epoch that rows say, where they came in blocks; else those by the bars."""
    told = np.flatnonzero(rows.measure & ~rows.held_out & np.isfinite(rows.counters["epoch"]))
    epoch = rows.counters["epoch"][told]
    if not came_in_blocks(epoch, by_bar[told]):
        return by_bar
    out = np.full(len(rows), np.nan)
    out[told] = steps_of(epoch, float(np.nanmax(rows.counters["it"][shown])), float(rows.counters["of"][shown][-1]))
    return _filled(out)


def _without_steps(rows: Rows, epoch: Floats) -> Axis:
    """By the epoch where each has one row, else by the count of rows of the main form."""
    fields = rows.measure
    candidates = fields & ~rows.held_out
    if not bool(candidates.any()):
        candidates = fields
    if not bool(candidates.any()):  # headings of epochs, and no metric that is understood under any of them
        return Axis(np.zeros(len(rows), dtype=np.int64), "lines", 0)
    main = np.flatnonzero(candidates & _alike(rows, _main(rows, candidates)) & first_writer(rows))
    said = np.where(fields, epoch, np.nan)  # also that of a line of its own above: `Epoch 3/25`
    rounds = any(o.axis == "round" for o in rows.layouts) and bool(np.isfinite(said[main]).any())
    if rounds or _one_an_epoch(said[main]) or _has_a_loss_an_epoch(rows, candidates, said, main):
        return Axis(_filled(said), "epochs", 0)
    count = np.full(len(rows), np.nan)
    count[main] = np.arange(len(main))
    return Axis(_filled(count), "lines", 0)


def _one_an_epoch(own: Floats) -> bool:
    """Whether lines have whole epochs, which tell them apart."""
    if not len(own) or not bool(np.isfinite(own).all()) or not bool(np.all(own == np.floor(own))):
        return False
    return len(own) <= _PER_EPOCH * (1 + int(np.count_nonzero(np.diff(own))))


def _has_a_loss_an_epoch(rows: Rows, candidates: Bools, said: Floats, main: Ints) -> bool:
    """Whether lines of another form than the commonest hold the loss, one an epoch, from before its first line on: what
    is printed more often may be of a part of the training, or of an evaluation in the middle of it.
    """
    for number, layout in enumerate(rows.layouts):
        if any(LOSS_ALONE.fullmatch(f.name) for f in layout.fields):
            own = np.flatnonzero(candidates & _alike(rows, number))
            if len(own) >= _SAME and own[0] < main[0] and _one_an_epoch(said[own]):
                return True
    return False
