"""LOG001: part of the log could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

from runlens.model import Figure, Finding, Note, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_LOG

_ADVICE = {
    "damaged": "Copy the log again from where it was written; look at the disk, and at who else writes to this file.",
    "truncated": "Look for the rest of the log where it was written, and copy it again.",
    "left-out": "Fetch the run again; what the source holds back is not judged.",
    "unsupported": "Log the metric as a plain number if it is to be judged.",
    "guessed": "Name what is meant, if it is another.",
}
_UNJUDGED = frozenset({"other", "train_score", "step", "epoch", "samples", "batch_size", "world_size"})
"""Roles whose series no finding about the training rests on."""


class UnreadEvidence(TypedDict):
    """What was not read."""

    kind: str
    records: int
    bytes_unread: int
    bytes_total: int
    share: float


@dataclass(frozen=True)
class UnreadableData(Rule[UnreadEvidence]):
    """Part of the log is damaged, cut off, or was left out.

    What it does
    ------------
    Reports what the reader of the log could not read: records that fail their checksum, lines that are no rows, data
    that a server did not hand over, and how much of the whole that is; in a table also cells that are no number,
    rows that end early, and rows that do not say their step, each as a share of its series. The torn tail of a file
    that is still being written is no damage.

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
    series_warning : float
        Share of the cells of a judged series from which it is a warning: a hundredth of a run is a blip of its curve.
    series_error : float
        Share of the cells of a judged series from which it is an error: a level is the median of a window, and what is
        said of it does not stand where a fifth of it is missing.

    References
    ----------
    TensorBoard issues 4354 and 6077 (a bad record ends the file silently); LevelDB log format (resynchronisation at the
    next block), which W&B's files follow.
    """

    code: ClassVar[str] = "LOG001"
    name: ClassVar[str] = "unreadable-data"
    symptom = Symptom.OTHER
    part = Part()
    figure = Figure(beside=BESIDE_LOG, sudden=True)
    settles = False

    error_share: float = 0.05
    series_warning: float = 0.01
    series_error: float = 0.2

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each kind of note of the reader, and one for all series that nothing is judged by."""
        judged = {r.series.name for role, group in run.roles.items() if role not in _UNJUDGED for r in group}
        rest: list[Note] = []
        alike: dict[tuple[str, Severity, str], list[Note]] = {}
        for note in run.notes:
            if note.series and note.series not in judged and note.share < 1.0:
                rest.append(note)
            elif note.series:
                what = note.message.replace(note.series, "")  # rows that end early lack cells of every later column
                alike.setdefault((note.kind, self._of_series(note.share), what), []).append(note)
            else:
                yield self._finding(note)
        for notes in alike.values():
            more = f", and the like of {len(notes) - 1} other series" if len(notes) > 1 else ""
            yield self._finding(notes[0], more, sum(note.records for note in notes))
        if rest:
            more = f", and the like of {len(rest) - 1} other series by which nothing is judged" if len(rest) > 1 else ""
            yield self._finding(rest[0], more, sum(note.records for note in rest), Severity.INFO)

    def _finding(self, note: Note, more: str = "", records: int = 0, severity: Severity | None = None) -> Finding:
        bytes_share = note.bytes_unread / note.bytes_total if note.bytes_total else 0.0
        graded = self._of_series(note.share) if note.series else self._severity(note, bytes_share)
        return self.finding(
            severity or graded,
            note.series,
            None,
            note.message + more + (f" ({percent(bytes_share)} of the bytes)" if bytes_share else ""),
            {
                "kind": note.kind,
                "records": records or note.records,
                "bytes_unread": note.bytes_unread,
                "bytes_total": note.bytes_total,
                "share": note.share if note.series else bytes_share,
            },
            _ADVICE[note.kind],
        )

    def _of_series(self, share: float) -> Severity:
        if share >= self.series_error:
            return Severity.ERROR
        return Severity.WARNING if share >= self.series_warning else Severity.INFO

    def _severity(self, note: Note, share: float) -> Severity:
        if share >= self.error_share:
            return Severity.ERROR
        return Severity.INFO if note.kind in ("unsupported", "guessed") else Severity.WARNING
