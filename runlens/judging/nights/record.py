"""The record of one night: its verdict as it was, what it was held against, and what later nights need of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from runlens.errors import ConfigError
from runlens.model import RunReport, Verdict
from runlens.model.twin import Quantity, Score, Twin, TwinCurve
from runlens.rules import rule_of
from runlens.rules.nights.parts.measures import LOSS, MEASURES, NORM
from runlens.rules.nights.parts.rule import NightRule

FORMAT = 1
LISTS = ("found", "unlike", "held_against", "compared", "not_compared")
_SHOWN = 200
"""Characters of a value that a sentence shows."""
_DIGITS = 6
"""Significant digits of a value: a thousandth of any floor, and half the size."""


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One night, a line of the file."""

    night: str
    """The run's id."""
    key: str
    """Digest of what was measured: two nights under one id are told apart, one judged twice is one."""
    job: str
    judged: str
    """When it was judged, UTC, ISO 8601."""
    verdict: Verdict
    found: tuple[str, ...]
    """Codes of what counted at or above the severity that failed, then those at warning."""
    unlike: tuple[str, ...]
    """Measures in which it was unlike the nights before."""
    held_against: tuple[str, ...]
    """The good nights that it was compared with."""
    compared: tuple[str, ...]
    """Measures that were compared."""
    not_compared: tuple[str, ...]
    """Sentences on what was not."""
    why: str
    """Why it could not be judged; empty if it was."""
    twin: Twin | None
    """What later nights are compared with; None if it could not be read."""
    reason: str = ""
    """Why a person accepted it as good; empty if nobody did."""
    accepted: str = ""
    """When, UTC, ISO 8601."""

    @property
    def good(self) -> bool:
        """Whether later nights are held against it: it passed then, or a person accepts it."""
        return self.twin is not None and (self.verdict == "pass" or bool(self.reason))

    @property
    def as_twin(self) -> Twin | None:
        """What later nights are compared with; what it was unlike in is the new normal if a person accepted it."""
        if self.twin is None:
            return None
        new = frozenset(self.unlike) if self.reason else frozenset()
        return replace(self.twin, name=self.night, accepted=new)


def recorded(report: RunReport, twin: Twin | None, job: str, judged: str, fail_on: int) -> NightRecord:
    """The record of a run that has been judged now.

    Parameters
    ----------
    report : RunReport
    twin : Twin or None
    job, judged : str
    fail_on : int
        Rank of the lowest severity that fails.
    """
    counted = [f for f in report.findings if f.suppressed is None and f.severity.rank >= min(fail_on, 1)]
    counted.sort(key=lambda f: -f.severity.rank)
    held = report.held_against
    told = [str(f.evidence.get("what", "")) for f in counted if issubclass(rule_of(f.code), NightRule)]
    told += [one.what for one in held.compared if one.unlike] if held is not None else []
    return NightRecord(
        night=report.run,
        key=key_of(report, twin),
        job=job,
        judged=judged,
        verdict=report.verdict,
        found=tuple(dict.fromkeys(f.code for f in counted)),
        unlike=tuple(sorted({measure_of(what) for what in told})),
        held_against=held.nights if held is not None else (),
        compared=tuple(c.what for c in held.compared) if held is not None else (),
        not_compared=held.not_compared if held is not None else (),
        why=report.failures[0].message if report.failures else "",
        twin=twin,
    )


def measure_of(what: str) -> str:
    """What a finding is about, by the name under which it is accepted: all evals are accepted together."""
    known = {measure.name for measure in (*MEASURES, LOSS, NORM)} | {"series"}
    return what if what in known else "evals"


def key_of(report: RunReport, twin: Twin | None) -> str:
    """Eight hexadecimal digits of what was measured."""
    known = {k: v for k, v in _of_twin(twin).items() if k not in ("config", "state")} if twin is not None else {}
    measured = json.dumps(known, sort_keys=True) if known else report.source
    return hashlib.sha256(measured.encode()).hexdigest()[:8]


def to_line(record: NightRecord) -> str:
    """The record as one line of JSON, without its newline."""
    told = {
        "runlens_night": FORMAT,
        "night": record.night,
        "key": record.key,
        "job": record.job,
        "judged": record.judged,
        "verdict": record.verdict,
        "found": record.found,
        "unlike": record.unlike,
        "held_against": record.held_against,
        "compared": record.compared,
        "not_compared": record.not_compared,
        "why": record.why,
        "reason": record.reason,
        "accepted": record.accepted,
        "measured": _of_twin(record.twin) if record.twin is not None else None,
    }
    return json.dumps(told)


def of_line(line: str, where: str) -> NightRecord:
    """The record of a line.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        told = json.loads(line)
        if told["runlens_night"] != FORMAT:
            raise ConfigError(f"{where}: format {_shown(told['runlens_night'])}; this RunLens reads {FORMAT}")
        if told["verdict"] not in ("pass", "fail", "undecided"):
            raise ConfigError(f"{where}: the verdict {_shown(told['verdict'])} is none")
        texts = {name: str(told[name]) for name in ("night", "key", "job", "judged", "why", "reason", "accepted")}
        lists = {name: tuple(map(str, told[name])) for name in LISTS}
        twin = _twin(told["night"], told["measured"]) if told["measured"] is not None else None
        fields: dict[str, Any] = {**texts, **lists}
        return NightRecord(verdict=told["verdict"], twin=twin, **fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = str(error)[:_SHOWN]
        raise ConfigError(f"{where} is no record of a night: {type(error).__name__}: {said}") from error


def _shown(value: object) -> str:
    """A value that is none of those that are known, for a sentence."""
    return f"{value!r:.{_SHOWN}}"


def _of_twin(twin: Twin) -> dict[str, Any]:
    return {
        "state": twin.state,
        "last_step": twin.last_step,
        "time": [_number(twin.began), _number(twin.ended)],
        "quantities": {k: [_rounded(q.value), q.unit, q.metric] for k, q in twin.quantities.items()},
        "curves": {k: [c.metric, _column(c.step), _column(c.value)] for k, c in twin.curves.items()},
        "scores": {
            k: [s.direction, s.fraction, _column(s.step), _column(s.value)] for k, s in sorted(twin.scores.items())
        },
        "series": sorted(twin.series),
        "config": {k: v if _finite(v) else str(v) for k, v in sorted(twin.config.items())},
    }


def _twin(name: str, told: Mapping[str, Any]) -> Twin:
    began, ended = (math.nan if t is None else float(t) for t in told["time"])
    return Twin(
        str(name),
        {k: TwinCurve(_array(step), _array(value), str(m)) for k, (m, step, value) in told["curves"].items()},
        {k: Score(_array(step), _array(value), d, bool(f)) for k, (d, f, step, value) in told["scores"].items()},
        {k: Quantity(float(v), str(unit), str(m)) for k, (v, unit, m) in told["quantities"].items()},
        frozenset(map(str, told["series"])),
        None if told["last_step"] is None else int(told["last_step"]),
        told["state"],
        began,
        ended,
        dict(told["config"]),
    )


def _column(values: Any) -> list[float]:
    return [_rounded(v) for v in values.tolist()]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _array(values: Any) -> Any:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError("a curve is a list of numbers")
    return found


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
