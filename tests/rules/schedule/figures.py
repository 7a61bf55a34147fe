"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.rules.schedule.schedule_break import ScheduleBreak
from tests.figures import case
from tests.rules.saying import START, at_random, run_of, told


@case
def schedule_break_at_random():
    return at_random(ScheduleBreak())


def changed(run=True, n=300, loss=None, config=None, **at):
    """A cosine with a factor from one point to another, `p100_110=2`, and what is said of it."""
    t = np.arange(n)
    rate = np.minimum((t + 1) / 20, 1.0) * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * t / n)))
    for where, times in at.items():
        a, b = (int(x) for x in where[1:].split("_"))
        rate[a:b] *= times
    return run_of({"lr": 3e-4 * rate, "loss": 3.0 - 0.001 * t if loss is None else loss})


@case
def breaks_of_each_kind():
    out = []
    for times in (0.0, 0.3, 0.6, 0.7, 1.4, 1.6, 4.0):
        for a, b in ((100, 101), (100, 110), (100, 131), (100, 300), (280, 300), (286, 300), (292, 300), (0, 12)):
            out.append(told(ScheduleBreak(), changed(**{f"p{a}_{b}": times})))
    rows = [{f"p{60 * k + 40}_{60 * k + 46}": 3.0 for k in range(count)} for count in (1, 2, 3, 4)]
    out += [told(ScheduleBreak(), changed(**row)) for row in rows]
    return [*out, [told(ScheduleBreak(), changed(n=n, p4_6=4.0)) for n in (7, 8, 9)]]


@case
def zeros_while_the_loss_falls():
    out = []
    for fall in (0.0, 0.015, 0.025, 0.2):
        for points in (5, 11, 12, 13, 100):
            loss = np.full(300, 3.0)
            loss[300 - points :] *= 1 - fall * np.linspace(0, 1, points)
            out.append(told(ScheduleBreak(), changed(loss=loss, **{f"p{300 - points}_300": 0.0})))
    return out


@case
def breaks_at_resumes_and_in_groups():
    out = []
    for away in (-3, -2, -1, 0, 1, 2):
        run = changed(p100_110=3.0)
        out.append(told(ScheduleBreak(), replace(run, starts=(START, START + 100.0 + away))))
    for bad in (1, 2, 3, 4):
        t = np.arange(300)
        lrs = {f"lr/group{g}": np.where((t >= 100) & (t < 110) & (g < bad), 9e-4, 3e-4) for g in range(4)}
        out.append(told(ScheduleBreak(), run_of({**lrs, "loss": 3.0 - 0.001 * t})))
    for back in (1, 2, 3, 20):
        again = np.concatenate([np.arange(150), np.arange(150 - back, 300)])
        rate = 3e-4 * np.where((np.arange(len(again)) >= 150) & (np.arange(len(again)) < 160), 3.0, 1.0)
        time = START + np.arange(len(again))
        out.append(told(ScheduleBreak(), run_of({"lr": rate, "loss": 3 - 0.001 * again}, step=again, time=time)))
    return out
