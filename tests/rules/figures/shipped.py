"""Figures of the runs that stand for the rules, and of runs of any kind, judged by all rules."""

from __future__ import annotations

import functools

from tests.figures import CASES, case
from tests.rules.figures import judged, told, without_root
from tests.synthetic.anything import anything
from tests.test_rules import CODES
from tests.test_rules import judged as by_its_settings


def _both(code):
    out = []
    for which in ("bad", "good"):
        report = by_its_settings(code, which)
        out.append([[told(f) for f in report.findings], [(s.code, s.kind, s.reason) for s in report.skips]])
    return without_root(out)


for _code in CODES:
    CASES.setdefault(__name__, {})[_code] = functools.partial(_both, _code)


@case
def runs_of_any_kind():
    return [judged(anything(seed)) for seed in range(120)]
