"""History rows and system metrics of a run, gathered segment by segment into columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series
from runlens.sources import wandb_shape
from runlens.sources.wandb_file.counts import counts
from runlens.sources.wandb_file.rows import AXES, HISTORY_ITEM, STATS_ITEM, Keys, Values, read_rows
from runlens.sources.wandb_file.wire import Ints
from runlens.sources.wandb_file.words import Said, Words
from runlens.sources.worded import coded, words_among

Floats = npt.NDArray[np.float64]
UNSAID = np.iinfo(np.int64).min


class Rows:
    """Values of rows, by key, in the order of the rows."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.rows = 0
        self.parts: dict[int, list[tuple[Ints, Floats]]] = {}

    def add(self, values: Values, order: Ints) -> dict[int, tuple[Ints, Floats]]:
        """Take the rows of a segment; `order[i]` says which place row i has among them.

        Returns the segment's rows and values by key.
        """
        by_key = np.argsort(
            values.key.astype(np.uint16) if len(self.keys.names) < 1 << 16 else values.key, kind="stable"
        )
        key = values.key[by_key]
        row, value = order[values.row[by_key]], values.value[by_key]
        cuts = np.flatnonzero(np.diff(key)) + 1
        found: dict[int, tuple[Ints, Floats]] = {}
        for r, v, k in zip(
            np.split(row, cuts), np.split(value, cuts), key[np.append(0, cuts)] if len(key) else [], strict=False
        ):
            if np.any(np.diff(r) < 0):
                again = np.argsort(r, kind="stable")
                r, v = r[again], v[again]
            found[int(k)] = r, v
            if self.keys.names[int(k)] not in AXES:
                self.parts.setdefault(int(k), []).append((r + self.rows, v))
        self.rows += len(order)
        return found

    def series(self, step: Ints, time: Floats) -> dict[str, Series]:
        """One series for each key; `step` and `time` are those of the rows."""
        out = {}
        while self.parts:  # given up one by one, so that a large history is not held twice
            number, parts = self.parts.popitem()
            name = self.keys.names[number]
            row = np.concatenate([r for r, _ in parts])
            value = np.concatenate([v for _, v in parts])
            whole = len(row) == self.rows and bool((np.diff(row) == 1).all())
            out[name] = Series(name, step, time, value) if whole else Series(name, step[row], time[row], value)
        return out


class History:
    """The history rows of one file."""

    def __init__(self, quick: bool = False, columns: Rows | None = None) -> None:
        self._quick = quick
        self._columns = columns or Rows()
        self._words = Words()
        self._step: list[Ints] = []
        self._time: list[Floats] = []
        self.bad = 0

    def __len__(self) -> int:
        return self._columns.rows

    def add(self, raw: bytes, start: Ints, stop: Ints, place: Ints) -> None:
        """Rows at `raw[start:stop]`, with `start` increasing; `place` says in which order they were written."""
        keys = self._columns.keys
        said = Said()
        values = read_rows(raw, start, stop, HISTORY_ITEM, keys, self._quick, said)
        self.bad += values.bad
        order = _ranks(place)
        self._words.add(said, order + self._columns.rows)
        by_key = self._columns.add(values, order)
        step = np.full(len(order), UNSAID)
        own = by_key.get(keys.by_name.get("_step", -1))
        if own is not None:
            finite = np.abs(own[1]) < 2**62
            step[own[0][finite]] = own[1][finite].astype(np.int64)
        says = values.place[:, 0] >= 0
        step[order[says]] = counts(raw, values.place[says])[:, 0]
        time = np.full(len(order), np.nan)
        stamp = by_key.get(keys.by_name.get("_timestamp", -1))
        if stamp is not None:
            time[stamp[0]] = stamp[1]
        self._step.append(step)
        self._time.append(time)

    def axes(self) -> tuple[Ints, Floats]:
        """`_step` and `_timestamp` of every row; a row that says no step follows the one before it."""
        step = np.concatenate([*self._step, np.empty(0, np.int64)])
        for i in np.flatnonzero(step == UNSAID).tolist():
            step[i] = step[i - 1] + 1 if i else 0
        return step, np.concatenate([*self._time, np.empty(0)])

    def series(self, step: Ints, time: Floats) -> dict[str, Series]:
        """One series for each metric, over the axes given (those of `axes()`, perhaps moved)."""
        return self._columns.series(step, time)

    def words(
        self, step: Ints, time: Floats, numbers: Mapping[str, Series]
    ) -> tuple[dict[str, Series], dict[str, tuple[str, ...]], dict[str, object]]:
        """Series of words by key and the words that they number, and what was one word all along; `numbers` are the
        series of numbers.
        """
        names = self._columns.keys.names
        found, constant = coded({names[key]: texts for key, texts in self._words.texts.items()}, numbers)
        series = {n: Series(n, step[w.row], time[w.row], w.value) for n, w in found.items()}
        return series, {n: w.names for n, w in found.items()}, constant

    def words_among(self, numbers: Mapping[str, Series]) -> list[Note]:
        """What is said of words among the numbers of a key."""
        names = self._columns.keys.names
        return words_among({names[key]: texts for key, texts in self._words.texts.items()}, numbers)


class Stats:
    """System metrics of one file."""

    def __init__(self, columns: Rows | None = None) -> None:
        self._columns = columns or Rows()
        self._time: list[Floats] = []
        self.bad = 0

    def add(self, raw: bytes, start: Ints, stop: Ints, place: Ints) -> None:
        """As `History.add`."""
        values = read_rows(raw, start, stop, STATS_ITEM, self._columns.keys)
        self.bad += values.bad
        order = _ranks(place)
        self._columns.add(values, order)
        time = np.full(len(order), np.nan)
        says = values.place[:, 0] >= 0
        stamp = counts(raw, values.place[says])
        time[order[says]] = stamp[:, 0] + stamp[:, 1] * 1e-9
        self._time.append(time)

    def series(self, step: Ints, time: Floats) -> dict[str, Series]:
        """One series for each system metric, on the steps that were current by the history's axes."""
        at = np.concatenate([*self._time, np.empty(0)])
        on = wandb_shape.steps_at(step, time, at)
        found = self._columns.series(on, at)
        return {
            wandb_shape.system_name(n): Series(wandb_shape.system_name(n), s.step, s.time, s.value)
            for n, s in found.items()
        }


def joined(parts: list[Mapping[str, Series]]) -> dict[str, Series]:
    """The series of several files of one run, one after another."""
    if len(parts) == 1:
        return dict(sorted(parts[0].items()))
    names = sorted({name for part in parts for name in part})
    out = {}
    for name in names:
        pieces = [part[name] for part in parts if name in part]
        out[name] = Series(
            name,
            np.concatenate([p.step for p in pieces]),
            np.concatenate([p.time for p in pieces]),
            np.concatenate([p.value for p in pieces]),
        )
    return out


def _ranks(place: Ints) -> Ints:
    """The place of each row in the order written."""
    ranks = np.empty(len(place), np.int64)
    ranks[np.argsort(place, kind="stable")] = np.arange(len(place))
    return ranks
