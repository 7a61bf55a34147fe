"""RunLens: the linter and health gate for ML training runs.

The command is a shell over this library::

    import runlens

    report = runlens.check("logs/exp7")
    assert report.passed, report

Names are loaded when they are first used, so that `import runlens` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "RULES": "runlens.rules",
    "Finding": "runlens.model",
    "Monitor": "runlens.integrations.monitor",
    "Reference": "runlens.model",
    "Report": "runlens.judging.report",
    "Run": "runlens.model",
    "RunLensError": "runlens.errors",
    "RunReport": "runlens.model",
    "Series": "runlens.model",
    "Settings": "runlens.judging.one",
    "Severity": "runlens.model",
    "check": "runlens.judging.library",
    "discover": "runlens.sources",
    "judge": "runlens.judging.check",
    "judge_run": "runlens.judging.one",
    "read": "runlens.sources",
    "resolve": "runlens.roles",
}
__all__ = [
    "RULES",
    "Finding",
    "Monitor",
    "Reference",
    "Report",
    "Run",
    "RunLensError",
    "RunReport",
    "Series",
    "Settings",
    "Severity",
    "__version__",
    "check",
    "discover",
    "judge",
    "judge_run",
    "read",
    "resolve",
]

if TYPE_CHECKING:
    from runlens.errors import RunLensError
    from runlens.integrations.monitor import Monitor
    from runlens.judging.check import judge
    from runlens.judging.library import check
    from runlens.judging.one import Settings, judge_run
    from runlens.judging.report import Report
    from runlens.model import Finding, Reference, Run, RunReport, Series, Severity
    from runlens.roles import resolve
    from runlens.rules import RULES
    from runlens.sources import discover, read


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'runlens' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
