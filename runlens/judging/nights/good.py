"""Which nights were good: by the record of their verdicts, else judged as they would have been, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from runlens.judging.baseline import mark
from runlens.judging.nights.record import NightRecord
from runlens.judging.one import Settings
from runlens.judging.told import regraded
from runlens.model import Finding, RunReport, Skip
from runlens.model.twin import Twin
from runlens.rules.nights.parts.order import in_order
from runlens.rules.nights.parts.rule import NightRule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A night whose log is at hand."""

    twin: Twin
    key: str
    report: RunReport
    settings: Settings


def good_ones(
    nights: Sequence[Candidate], records: Sequence[NightRecord], last: int, say: Callable[[str], None]
) -> list[Twin]:
    """The good nights, the oldest first; each that is left out is said with the reason.

    Parameters
    ----------
    nights : sequence of Candidate
        Earlier nights that were judged by themselves just now.
    records : sequence of NightRecord
        What is on record of them and of others.
    last : int
        Newest good nights that say what is usual, for those that are judged now.
    say : callable
    """
    on_record = {record.key: record for record in records}
    by_clock = {(r.night, r.twin.ended): r for r in records if r.twin is not None}
    here: dict[int, Candidate] = {}
    known: dict[int, NightRecord] = {}
    twins: list[Twin] = []
    for night in nights:
        record = on_record.get(night.key) or by_clock.get((night.twin.name, night.twin.ended))
        twin = night.twin
        if record is not None:
            accepted = frozenset(record.unlike) if record.reason else frozenset()
            config = record.twin.config if record.twin is not None else twin.config
            twin = replace(twin, accepted=accepted, config=config)
            known[id(twin)] = record
        here[id(twin)] = night
        twins.append(twin)
    told = {record.key for record in known.values()}
    for record in records:
        if record.key not in told and (kept := record.as_twin) is not None:
            known[id(kept)] = record
            twins.append(kept)
    good: list[Twin] = []
    for twin in in_order(twins):
        why = _on_record(known[id(twin)]) if id(twin) in known else _judged(twin, here[id(twin)], good, last)
        if why:
            say(f"baseline run {twin.name} is left out: {why}")
        else:
            good.append(twin)
    return good


def _on_record(record: NightRecord) -> str:
    """Why a night with a record is not good; empty if it is."""
    if record.good:
        return ""
    found = f" ({', '.join(record.found)})" if record.found else ""
    return f"its verdict was {record.verdict}{found}, and nobody accepted it"


def _judged(own: Twin, night: Candidate, good: Sequence[Twin], last: int) -> str:
    """Why a night without a record is not good, by itself or beside those before it; empty if it is."""
    if night.report.verdict == "fail":
        return f"its verdict is {night.report.verdict}"
    if not good:
        return ""
    settings = night.settings
    for rule in settings.rules:
        if not isinstance(rule, NightRule):
            continue
        said = list(replace(rule, last=last).beside(own, good))
        found = [regraded(one, settings.severities) for one in said if isinstance(one, Finding)]
        bad = [
            one
            for one in mark(found, own.name, settings.known)
            if one.suppressed is None and one.severity.rank >= settings.fail_on.rank
        ]
        if bad:
            return f"it was unlike the nights before it: {bad[0].message}"
        if any(isinstance(one, Skip) and one.kind == "not-comparable" for one in said):
            return "it could not be compared with the nights before it"
    return ""
