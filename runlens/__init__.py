"""RunLens: the linter and health gate for ML training runs.

The command is a shell over this library::

    from runlens import RULES, Settings, discover, judge

    settings = Settings(tuple(rule() for rule in RULES))
    for ref in discover("logs/exp7"):
        report = judge(ref, settings)
        print(report.verdict, [f.message for f in report.findings])

Names are loaded when they are first used, so that `import runlens` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "RULES": "runlens.rules",
    "Finding": "runlens.model",
    "Reference": "runlens.model",
    "Report": "runlens.model",
    "Run": "runlens.model",
    "RunLensError": "runlens.errors",
    "RunReport": "runlens.model",
    "Series": "runlens.model",
    "Settings": "runlens.judging.check",
    "Severity": "runlens.model",
    "discover": "runlens.sources",
    "judge": "runlens.judging.check",
    "judge_run": "runlens.judging.check",
    "read": "runlens.sources",
    "resolve": "runlens.roles",
}
__all__ = [
    "RULES",
    "Finding",
    "Reference",
    "Report",
    "Run",
    "RunLensError",
    "RunReport",
    "Series",
    "Settings",
    "Severity",
    "__version__",
    "discover",
    "judge",
    "judge_run",
    "read",
    "resolve",
]

if TYPE_CHECKING:
    from runlens.errors import RunLensError
    from runlens.judging.check import Settings, judge, judge_run
    from runlens.model import Finding, Reference, Report, Run, RunReport, Series, Severity
    from runlens.roles import resolve
    from runlens.rules import RULES
    from runlens.sources import discover, read


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'runlens' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
