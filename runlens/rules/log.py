"""What is missing from the log itself: data that could not be read, and steps that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runlens.model import Finding, Note, Run, Severity, Skip
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.log_points import TRAINING, all_steps
from runlens.stats.robust import quantile
from runlens.stats.strides import gap_range

_ADVICE = {
    "damaged": "Copy the log again from where it was written; look at the disk, and at who else writes to this file.",
    "truncated": "Look for the rest of the log where it was written, and copy it again.",
    "left-out": "Fetch the run again; what the source holds back is not judged.",
    "unsupported": "Log the metric as a plain number if it is to be judged.",
}


@dataclass(frozen=True)
class UnreadableData(Rule):
    """Part of the log is damaged, cut off, or was left out.

    What it does
    ------------
    Reports what the reader of the log could not read: records that fail their checksum, lines that are no rows, data
    that a server did not hand over, and how much of the whole that is. The torn tail of a file that is still being
    written is no damage.

    Why it matters
    --------------
    What was not read was not judged: a spike, or the whole recovery from one, may stand in the hole. Readers in common
    use stop at the first bad record, or return its wrong value, without a word.

    What to do
    ----------
    Copy the log again from the machine that wrote it. If it is damaged there, look at the disk and at whether two
    processes wrote to one file.

    Settings
    --------
    error_share : float
        Share of the bytes unread from which it is an error. 5 % of a run is as long as the longest incident that counts
        as recovered fast, so that an incident may be hidden whole.

    References
    ----------
    TensorBoard issues 4354 and 6077 (a bad record ends the file silently); LevelDB log format (resynchronisation at the
    next block), which W&B's files follow.
    """

    code: ClassVar[str] = "LOG001"
    name: ClassVar[str] = "unreadable-data"

    error_share: float = 0.05

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each note of the reader."""
        for note in run.notes:
            share = note.bytes_unread / note.bytes_total if note.bytes_total else 0.0
            yield self.finding(
                self._severity(note, share),
                "",
                None,
                note.message + (f" ({percent(share)} of the bytes)" if share else ""),
                {
                    "kind": note.kind,
                    "records": note.records,
                    "bytes_unread": note.bytes_unread,
                    "bytes_total": note.bytes_total,
                    "share": share,
                },
                _ADVICE[note.kind],
            )

    def _severity(self, note: Note, share: float) -> Severity:
        if share >= self.error_share:
            return Severity.ERROR
        return Severity.INFO if note.kind == "unsupported" else Severity.WARNING


@dataclass(frozen=True)
class StepGap(Rule):
    """Steps are missing from the log.

    What it does
    ------------
    Takes every step at which any training metric was logged, and looks for jumps from one to the next that are at least
    `points` times as long as the intervals just before and just after, and `spread` times as long as 95 % of all
    intervals of the run. A change of the logging interval is no gap, nor are the irregular ones of a sampled history.

    Why it matters
    --------------
    Missing steps come from lost files, killed writers that buffered (W&B's local files hold back some 90 rows), or a
    resume from a checkpoint that is newer than the log. Whatever happened there was not judged.

    What to do
    ----------
    Look for another log of these steps (a second folder of a resumed job), sync the run again, or flush more often.

    Settings
    --------
    points : float
        Least number of logged points missing, as multiples of the interval around the gap.
    spread : float
        Least length as a multiple of the 95th percentile of all intervals: steps sampled at random (exponential
        intervals) reach 4 times with a chance of 6e-6 a point.
    warning_points, warning_share : float
        More logged points than W&B holds back, or a larger share of the run, make a warning; less is `info`.

    References
    ----------
    wandb issues 5014 and 12067 (missing rows); the 32 KiB buffer of W&B's transaction log.
    """

    code: ClassVar[str] = "LOG003"
    name: ClassVar[str] = "step-gap"
    needs: ClassVar[tuple[str, ...]] = TRAINING

    points: float = 10.0
    spread: float = 4.0
    warning_points: float = 100.0
    warning_share: float = 0.05

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each gap."""
        step = all_steps(run)
        if len(step) < 10:
            yield self.skip(f"{len(step)} logged steps are too few to know the logging interval")
            return
        shortest, longest = gap_range(step)
        if longest < self.spread * shortest:
            return  # no interval can be that long beside any others
        interval = np.diff(step)
        candidates = np.flatnonzero(interval >= self.spread * quantile(interval.astype(np.float64), 0.95))
        metric = next(r.series.name for name in TRAINING[0].split("|") if (r := run.role(name)) is not None)
        for i in candidates.tolist():
            around = [np.median(part) for part in (interval[max(i - 8, 0) : i], interval[i + 1 : i + 9]) if len(part)]
            usual = float(max(around))
            missing = interval[i] / usual - 1
            if missing < self.points:
                continue
            first, last = int(step[i]), int(step[i + 1])
            share = (last - first) / (int(step[-1]) - int(step[0]))
            large = missing >= self.warning_points or share >= self.warning_share
            yield self.finding(
                Severity.WARNING if large else Severity.INFO,
                metric,
                (first, last),
                f"nothing was logged between steps {first:,} and {last:,}: about {missing:,.0f} points at the interval "
                f"of {usual:,.0f} steps around it, {percent(share)} of the run",
                {"missing_points": round(missing), "interval_steps": usual, "share": share},
                "Look for another log of these steps; what happened in them was not judged.",
            )
