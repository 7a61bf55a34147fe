"""The table of headlines: every rule alone, and every pair of families, in a run that goes on and in one that ended.

    python -m tests.advice.headlines

writes it to `headlines.md` again. It is read like code: each line is what a tired engineer sees first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path

from runlens import roles, sources
from runlens.advice import advise
from runlens.config import load, settings_for
from runlens.config.load import Config
from runlens.judging.about import described
from runlens.judging.incidents import link
from runlens.judging.one import judge_run
from runlens.model import Action, Finding, Run, RunReport, State
from runlens.rules import RULES, rule_of

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("headlines.md")
FAMILIES = {rule.__module__.split(".")[2]: rule.code for rule in reversed(RULES)}
STATES: tuple[State, ...] = ("running", "finished")


@dataclass(frozen=True)
class Line:
    """One headline, and what it stands over."""

    codes: tuple[str, ...]
    state: State
    report: RunReport
    action: Action


@cache
def shown(code: str) -> tuple[Run, RunReport]:
    """The bad run of a rule, judged by all rules with the settings that stand beside it."""
    folder = ROOT / "fixtures" / "rules" / code
    path = folder / "runlens.toml"
    (ref,) = sources.discover(str(folder / "bad.jsonl"))
    settings = settings_for(ref, load(path) if path.exists() else Config(), {})
    run = roles.resolve(sources.read(ref), settings.metrics)
    return run, judge_run(run, settings)


def worst(code: str) -> Finding:
    """The worst finding of a rule in its bad run."""
    return max((f for f in shown(code)[1].findings if f.code == code), key=lambda f: f.severity.rank)


@cache
def loudest(family: str) -> str:
    """The rule of a family whose bad run shows the worst."""
    codes = [rule.code for rule in RULES if rule.__module__.split(".")[2] == family]
    return max(codes, key=lambda code: worst(code).severity.rank)


def headline(codes: tuple[str, ...], state: State) -> Line:
    """What is said first of a run with one finding of each of these rules."""
    base, whole = shown(codes[0])
    run = replace(base, state=state)
    findings, incidents = link(tuple(replace(worst(code), incident=None) for code in codes), run)
    checked = tuple(sorted({*whole.checked, *codes}))
    report = replace(whole, state=state, findings=findings, incidents=incidents, checked=checked)
    report = described(report)
    action = advise(report, run)
    assert action is not None
    return Line(codes, state, report, action)


def lines() -> Iterator[Line]:
    """The whole table."""
    pairs = [(loudest(a), loudest(b)) for a, b in combinations(FAMILIES, 2)]
    for codes in [*((rule.code,) for rule in RULES), *pairs]:
        for state in STATES:
            yield headline(codes, state)


def table() -> str:
    """The table as Markdown."""
    rows = [
        f"| {' + '.join(f'{c} {rule_of(c).name} ({worst(c).severity.value})' for c in line.codes)} | {line.state} | "
        f"{line.action.headline} |"
        for line in lines()
    ]
    head = "# Headlines\n\nWritten by `python -m tests.advice.headlines`.\n\n"
    return head + "| findings | run | headline |\n|---|---|---|\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
