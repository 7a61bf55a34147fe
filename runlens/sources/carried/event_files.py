"""Event files that grow: points that were read stay as columns by tag, and only records behind them are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from runlens.growing import Grown
from runlens.model import Run, RunRef, Series
from runlens.sources import tensorboard
from runlens.sources.carried.prefix import Prefix
from runlens.sources.event_files import Folder, read_file, read_folder, refuse_empty, series_of
from runlens.sources.tfevents import files, forms, writers
from runlens.sources.tfevents.decode import Decoder, Oddities
from runlens.sources.tfevents.frames import Damage


class CarriedEventFiles:
    """A run in event files, as it is read look by look."""

    def __init__(self, ref: RunRef) -> None:
        self.ref = ref
        self._folders: dict[str, _Files] = {}

    def read(self) -> Run:
        """The run as it is now, as `tensorboard.read` gives it."""
        return tensorboard.read(self.ref, self._folder)

    def _folder(self, paths: Sequence[str]) -> Folder:
        home = files.parent_of(paths[0])
        known = self._folders.pop(home, None)  # a read that fails leaves nothing half done
        read = known.read(paths) if known is not None else None
        if known is None or read is None:
            known = _Files()
            read = known.read(paths)
        if read is None:
            return read_folder(paths)
        self._folders[home] = known
        return read


@dataclass(slots=True)
class _Points:
    """The points of one tag, in the order written."""

    step: Grown = field(default_factory=lambda: Grown(np.int64))
    time: Grown = field(default_factory=lambda: Grown(np.float64))
    value: Grown = field(default_factory=lambda: Grown(np.float64))

    def series(self, name: str) -> list[Series]:
        """The series of these points; none without a point."""
        return [Series(name, self.step.view(), self.time.view(), self.value.view())] if len(self.step) else []


class _Files:
    """What was read of the files of one folder, of which the last one grows."""

    def __init__(self) -> None:
        self._decoder = Decoder(forms.shared())
        self._read: list[tuple[str, Prefix]] = []
        self._damage: list[Damage] = []
        self._odds: list[Oddities] = []
        self._sizes: list[int] = []
        self._points: list[_Points] = []
        self._spans = np.empty((0, 2))
        """First and last wall time of each file."""
        self._counts: list[int] = []
        """Points of each file."""

    def read(self, paths: Sequence[str]) -> Folder | None:
        """All that the files hold, of which what is new is read.

        None where that cannot be told apart from what was read, or is none to go on from; then this is not to be used
        any more.
        """
        if not self._go_on_from(paths):
            return None
        anew = not self._read
        for number in range(max(len(self._read) - 1, 0), len(paths)):
            if not self._take(paths[number], number, anew=anew, last=number == len(paths) - 1):
                return None
        refuse_empty(paths, self._damage, self._odds)
        generations = writers.generations_of(self._spans, self._counts)
        if any(len(group) > 1 for group in generations):  # written at once: where new points belong is not at the end
            return None
        found = series_of(self._decoder, lambda name, tag: self._points[tag].series(name))
        return Folder(self._decoder, self._damage, self._odds, sum(self._sizes), found, generations)

    def _go_on_from(self, paths: Sequence[str]) -> bool:
        """Whether these are the files that were read, all but the last as they were, and perhaps more behind them."""
        known = [path for path, _ in self._read]
        if known != list(paths[: len(known)]):
            return False
        finished = zip(self._read[:-1], self._sizes, strict=False)
        return all(files.size_of(path) == size and prefix.is_of(Path(path)) for (path, prefix), size in finished)

    def _take(self, path: str, number: int, *, anew: bool, last: bool) -> bool:
        """Read what is new in a file; whether that can be gone on from, and means what it would if all were read."""
        goes_on = number < len(self._read)
        base = self._read[number][1].size if goes_on else 0
        if goes_on and not self._read[number][1].is_of(Path(path)):
            return False
        if not goes_on:
            self._odds.append(Oddities())
        frames = read_file(path, self._decoder, self._odds[number], base)
        self._deal_out(number)
        behind = frames.behind if frames.behind is not None or not goes_on or frames.records else base
        if (frames.damage.records and not anew) or (behind is None and last):
            return False
        try:
            with Path(path).open("rb") as file:
                prefix = Prefix.of(file, behind if behind is not None else frames.size)
        except OSError:  # reading it anew says why
            return False
        if goes_on:
            self._read[number], self._sizes[number] = (path, prefix), frames.size
            return True
        self._read.append((path, prefix))
        self._sizes.append(frames.size)
        self._damage.append(frames.damage)
        return True

    def _deal_out(self, number: int) -> None:
        """Put what was decoded of one file behind what is there of each tag."""
        tags = len(self._decoder.tags)
        tagged = self._decoder.store.finish(tags)
        self._points += [_Points() for _ in range(tags - len(self._points))]
        begin = 0
        for points, end in zip(self._points, tagged.end[:, -1].tolist() if tagged.end.size else [], strict=False):
            points.step.extend(tagged.step[begin:end])
            points.time.extend(tagged.time[begin:end])
            points.value.extend(tagged.value[begin:end])
            begin = end
        if number == len(self._counts):
            self._counts.append(0)
            self._spans = np.concatenate([self._spans, np.full((1, 2), np.nan)])
        self._counts[number] += len(tagged.step)
        time = tagged.time[np.isfinite(tagged.time)]
        if len(time):
            span = self._spans[number]
            span[0], span[1] = np.fmin(span[0], time.min()), np.fmax(span[1], time.max())
