"""What a rule says of a run, short enough to stand in a table: for tests at the edges of rules."""

from __future__ import annotations

import re

import numpy as np

from runlens.judging.one import missing_roles
from runlens.model import Run, Series, Skip
from runlens.roles import resolve
from tests.synthetic.anything import anything

START = 1.75e9


def run_of(columns, step=None, time=None, **fields):
    """A resolved run that logged these columns; NaN of a column were not logged, a step counts one and a second."""
    n = max(len(np.atleast_1d(v)) for v in columns.values())
    step = np.arange(n) if step is None else np.asarray(step)
    time = START + step if time is None else np.asarray(time, float)
    series = {}
    for name, value in columns.items():
        value = np.broadcast_to(np.asarray(value, float), (n,))
        known = ~np.isnan(value)
        series[name] = Series(name, step[known], time[known], value[known])
    return resolve(Run("run", "run", "run", series=series, **fields))


def said(rule, run):
    """The findings of a rule, or None where it skips or lacks a role."""
    if missing_roles(rule, run):
        return None
    told = list(rule.check(run))
    return None if any(isinstance(one, Skip) for one in told) else told


def mark(rule, run):
    """One letter: `.` nothing, `-` skipped, else the loudest of `i`nfo, `w`arning, `e`rror; capital for several."""
    told = said(rule, run)
    if not told:
        return "-" if told is None else "."
    letter = str(max(told, key=lambda f: f.severity.rank).severity)[0]
    return letter.upper() if len(told) > 1 else letter


def marks(rule, make, knobs):
    """The letters of a row of runs, made by turning one knob."""
    return "".join(mark(rule, make(knob)) for knob in knobs)


def told(rule, run):
    """What a rule says as figures: severity, steps, evidence and the numbers of the message of each finding."""
    told = said(rule, run)
    if told is None:
        return "skip"
    return [
        [str(f.severity), f.steps or "whole", f.evidence, " ".join(re.findall(r"\d[\d.,]*", f.message))] for f in told
    ]


def at_random(rule, seeds=240):
    """What a rule says of runs of any kind: the seed and its figures where it speaks, and how often it skips."""
    by_seed = {seed: told(rule, anything(seed)) for seed in range(seeds)}
    return [list(by_seed.values()).count("skip"), *([k, v] for k, v in by_seed.items() if v and v != "skip")]
