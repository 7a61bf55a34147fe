"""All lines of a log as columns: each shape is read once, its lines are taken together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.sources.text.ends import TAIL, begun, taken_up
from runlens.sources.text.layout import Layout, parse
from runlens.sources.text.pairs import Place
from runlens.sources.text.phases import heading
from runlens.sources.text.settings import preamble
from runlens.sources.text.times import seconds
from runlens.sources.text.tokens import Tokens, are_decimals, digits_alone, is_behind_a_dot, tokens
from runlens.sources.text.words import BEST, SETTING, SETTINGS, STRANGE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BEFORE = 40
"""Lines above a line of numbers in which its heading is looked for."""
_REMEMBERED = 200_000
"""Shapes without metrics that are remembered: a log of prose has as many shapes as lines."""
_PREAMBLE = 1 << 22
"""Bytes from the beginning in which configuration is looked for."""
_HEADING = re.compile(r"\s*epochs?(?:\s+[A-Za-z][\w/.()-]*){2,}\s*$", re.IGNORECASE)
"""A heading over bare numbers that stands for a whole epoch: a bar that is drawn again leaves it far above."""
_HEADINGS = 4
"""Headings that are remembered, the latest."""
COUNTERS = ("step", "it", "of", "epoch", "epochs", "sample", "rank")
_EXAMPLES = 3
_LONG = 1000
"""Characters from which on a line that was not understood is data or a setting, not metrics."""
_WIDEST = 40
"""Bytes at the end of a line that hold its last number."""
_DECIMALS = re.compile(rb"\d*(?:e[-+]?\d+)?$")


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one layout in one stretch."""

    line: Ints
    """(n,): number of each line in the log, from 0."""
    time: Floats
    counters: dict[str, Floats]
    values: tuple[Floats, ...]
    """One column for each field of the layout."""


@dataclass(slots=True)
class Gathered:
    """What a log holds."""

    parts: dict[Layout, list[Part]] = field(default_factory=dict)
    taken_up: list[int] = field(default_factory=list)
    """Numbers of the lines that say that training goes on from a checkpoint."""
    begun: list[int] = field(default_factory=list)
    """Numbers of those that say that a training begins."""
    breaks: list[Ints] = field(default_factory=list)
    """Numbers of the lines that are blank or a rule."""
    config: dict[str, object] = field(default_factory=dict)
    lines: int = 0
    """Lines that are not blank."""
    used: int = 0
    """Lines that gave points or counted steps."""
    strange: int = 0
    """Lines that look like metrics and were not understood."""
    lost: Counter[str] = field(default_factory=Counter)
    """By name: values on lines that were left out, since a number in them is none, such as `1.2.3`."""
    size: int = 0
    """Bytes of all lines."""
    tail: bytes = b""
    """What was printed after the last line of metrics, its last `TAIL` bytes."""
    examples: list[str] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        """Whether more than headings was understood."""
        return any(layout.kind != "split" for layout in self.parts)

    @property
    def understood(self) -> float:
        """Share of the lines that look like metrics which were understood, 0 to 1."""
        return self.used / (self.used + self.strange) if self.used else 0.0


@dataclass(slots=True)
class Gathering:
    """A log as far as it was read."""

    out: Gathered = field(default_factory=Gathered)
    known: dict[int, Layout | None] = field(default_factory=lambda: {0: None})
    """Layouts of the shapes that were met, None for those without metrics."""
    odd: dict[int, bool] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    line: int = 0
    begun: int | None = None
    """The first line of metrics in the stretch that holds it."""
    endings: dict[int, bytes] = field(default_factory=dict)
    called: str = ""
    """The metric that the file is named for, which lines of a step and a number alone leave to it."""

    def add(self, text: bytes) -> bool:
        """Read a stretch of whole lines; False for the torn end of a log, which is left for the next time."""
        out = self.out
        taken = tokens(text if text.endswith(b"\n") else text + b"\n")
        if out.used and not text.endswith(b"\n") and _torn(text, self.endings.get(int(taken.shape[0]))):
            return False  # the end of a log that is being written: it is left for the next time
        lines = len(taken.shape)
        shapes, example, inverse, counts = np.unique(
            taken.shape, return_index=True, return_inverse=True, return_counts=True
        )
        order = np.argsort(inverse, kind="stable")
        begins = np.concatenate([[0], np.cumsum(counts)])
        new = [
            (self.line + at, _text(taken, at))
            for shape, at in zip(shapes.tolist(), example.tolist(), strict=True)
            if shape not in self.known and taken.first[at + 1] == taken.first[at]
        ]
        self.headings = sorted([*self.headings, *(one for one in new if _HEADING.match(one[1]))])[-_HEADINGS:]
        for i, shape in enumerate(shapes.tolist()):
            if shape not in self.known:
                at = int(example[i])
                said = _text(taken, at)
                layout = None
                if taken.first[at + 1] > taken.first[at]:
                    above = _above(taken, at, self.above, self.line, self.headings)
                    layout = parse(said, *_spans(taken, at), above, self.called)
                if layout is None and (split := heading(said)):
                    layout = Layout("split", heads=split)
                strange = layout is None and _strange(said)
                if strange and len(out.examples) < _EXAMPLES:
                    out.examples.append(said.strip()[:160])
                if layout is not None or len(self.known) < _REMEMBERED:
                    self.known[shape] = layout
                    self.odd[shape] = strange
            else:
                layout, strange = self.known[shape], self.odd.get(shape, False)
            if layout is not None:
                rows = _sound(taken, order[begins[i] : begins[i + 1]], layout, out.lost)
                if not len(rows):
                    continue
                out.parts.setdefault(layout, []).append(_part(taken, rows, layout, self.line))
                self.endings[shape] = taken.text[: int(taken.line[rows[-1] + 1]) - 1][-_WIDEST:]
                out.used += len(rows)
            elif strange:
                out.strange += int(counts[i])
        if self.begun is None and out.size < _PREAMBLE:
            self.begun = min(
                (int(p[0].line[0]) - self.line for o, p in out.parts.items() if o.counts and o.fields and len(p) == 1),
                default=None,
            )
            end = int(taken.line[lines if self.begun is None else self.begun])
            preamble(text[:end], out.config)
        last = max((int(parts[-1].line[-1]) for parts in out.parts.values()), default=-1) - self.line
        out.tail = (text[int(taken.line[last + 1]) :] if last >= 0 else out.tail + text)[-TAIL:]
        for said_at, lines_of in ((taken_up(text), out.taken_up), (begun(text), out.begun)):
            lines_of += (np.searchsorted(taken.line, said_at, side="right") + (self.line - 1)).tolist()
        empty = np.flatnonzero(taken.shape == 0)
        out.breaks.append(empty + self.line)
        out.lines += lines - len(empty)
        out.size += len(text)
        self.line += lines
        self.above = [_text(taken, at) for at in range(max(0, lines - _BEFORE), lines)][::-1]
        return True


def gather(stretches: Iterable[bytes], called: str = "") -> Gathered:
    """Read a log.

    Parameters
    ----------
    stretches : iterable of bytes
        Whole lines.
    called : str
        The metric that the file is named for, empty for none.
    """
    read = Gathering(called=called)
    for text in stretches:
        if not read.add(text):
            break
    return read.out


def _strange(line: str) -> bool:
    """Whether a line that was not understood looks like metrics; JSON is none, nor is what was best so far."""
    return (
        len(line) < _LONG
        and not line.startswith(('{"', "wandb:"))
        and STRANGE.search(line) is not None
        and BEST.search(line) is None
        and SETTING.match(line) is None
        and SETTINGS.search(line) is None
    )


def _torn(last: bytes, before: bytes | None) -> bool:
    """Whether a last line without a line end is cut: of no known shape, or with fewer decimals than the line before."""
    return before is None or len(_DECIMALS.search(last)[0]) < len(_DECIMALS.search(before)[0])  # type: ignore[index]


def _text(taken: Tokens, at: int) -> str:
    """A line, one character a byte."""
    return taken.text[taken.line[at] : taken.line[at + 1] - 1].decode("latin-1")


def _spans(taken: Tokens, at: int) -> tuple[list[int], list[int]]:
    inside = slice(int(taken.first[at]), int(taken.first[at + 1]))
    begin = int(taken.line[at])
    return (taken.start[inside] - begin).tolist(), (taken.end[inside] - begin).tolist()


def _above(
    taken: Tokens, at: int, earlier: list[str], first: int, headings: list[tuple[int, str]]
) -> Callable[[], list[str]]:
    """The lines above a line and the headings farther up, the nearest first, made only if somebody asks."""

    def lines() -> list[str]:
        own = [_text(taken, i) for i in range(at - 1, max(-1, at - 1 - _BEFORE), -1)]
        far = [text for number, text in reversed(headings) if number < first + at]
        return own + earlier[: _BEFORE - len(own)] + far

    return lines


def _sound(taken: Tokens, rows: Ints, layout: Layout, lost: Counter[str]) -> Ints:
    """The lines whose metrics are numbers; what stands on the others is counted."""
    first = taken.first[rows]
    wrong = np.zeros(len(rows), dtype=bool)
    for place in (f.place for f in layout.fields):
        for number in place.at if taken.malformed.any() else ():
            wrong |= taken.malformed[first + number]
        if len(place.at) > 1:
            wrong |= ~_grouped(taken, [first + number for number in place.at])
        if place.decimals >= 0:
            wrong |= ~are_decimals(taken, first + place.at[-1], first + place.decimals)
        if place.over >= 0:
            over = first + place.over
            wrong |= taken.malformed[over] | (taken.value[over] == 0.0) | is_behind_a_dot(taken, over)
    count = int(np.count_nonzero(wrong))
    if not count:
        return rows
    lost.update({f.name: count for f in layout.fields})
    return rows[~wrong]


def _grouped(taken: Tokens, numbers: list[Ints]) -> Bools:
    """Which numbers are groups of thousands, such as 1 and 234.5: other lines of the shape may hold lists."""
    text = np.frombuffer(taken.text, np.uint8)
    head = taken.start[numbers[0]]
    digits = taken.end[numbers[0]] - head - np.isin(text[head], (ord("-"), ord("+")))
    good: Bools = (digits <= 3) & digits_alone(taken, numbers[0])
    for at, group in enumerate(numbers[1:], 1):
        start, end = taken.start[group], taken.end[group]
        good &= (start == taken.end[numbers[at - 1]] + 1) & (end >= start + 3)
        for digit in range(3):
            good &= (text[np.minimum(start + digit, len(text) - 1)] - np.uint8(ord("0"))) < 10
        dot = (text[np.minimum(start + 3, len(text) - 1)] == ord(".")) & (at == len(numbers) - 1)
        good &= (end == start + 3) | dot
    return good


def _part(taken: Tokens, rows: Ints, layout: Layout, line: int) -> Part:
    """The columns of the lines of one layout."""
    first = taken.first[rows]

    def column(place: Place) -> Floats:
        value = taken.value[first + place.at[0]]
        for number in place.at[1:]:
            value = value * 1000.0 + np.copysign(taken.value[first + number], value)
        if place.decimals >= 0:
            digits = taken.end[first + place.decimals] - taken.start[first + place.decimals]
            power = 10.0**digits  # both parts are whole, so that one division rounds as the number itself is rounded
            value = (value * power + np.copysign(taken.value[first + place.decimals], value)) / power
        if place.over >= 0:
            with np.errstate(divide="ignore", invalid="ignore"):
                value = value / taken.value[first + place.over]
        return value if place.scale == 1.0 else value * place.scale

    time = np.full(len(rows), np.nan)
    if layout.stamp is not None:
        count = int(taken.first[rows[0] + 1] - first[0])
        at = first[:, None] + np.arange(count)
        time = seconds(layout.stamp, taken.value[at], taken.end[at] - taken.start[at])
    counters = {name: column(place) for name in COUNTERS if (place := getattr(layout, name)) is not None}
    if layout.rank is None and layout.fixed_rank >= 0:
        counters["rank"] = np.full(len(rows), float(layout.fixed_rank))
    return Part(rows + line, time, counters, tuple(column(f.place) for f in layout.fields))
