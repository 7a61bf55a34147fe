"""Break one line and run the tests that it is shown to.

pytest collects all tests once. For each broken line the process forks, and the child changes what is in memory (see
`broken.py`). What a class or a definition took over when it was loaded (settings, defaults) cannot be changed so: such
lines are broken first, in children that load the package anew.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import pytest

from benchmarks.thresholds.broken import Broken, break_loaded
from benchmarks.thresholds.reach import Reach
from benchmarks.thresholds.sites import Site

WARM = (
    "numpy", "scipy.stats", "scipy.interpolate", "scipy.signal", "scipy.optimize", "scipy.ndimage", "bottleneck",
    "pydantic", "hypothesis", "hypothesis.extra.numpy", "joblib", "typer", "rich.table", "jsonschema", "jinja2",
)  # fmt: skip
"""What the tests need and is not of the package, loaded once."""
OPTIONS = ("-x", "-q", "--hypothesis-seed=0", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""The last: hypothesis is in memory before pytest looks for it."""
PATIENCE, LEAST = 8.0, 20
"""A child that takes so many times the processor time of its tests, and at least so many seconds, hangs."""
NOTICED, SURVIVES, BROKE = 1, 0, 70
"""Exit codes of a child."""


@dataclass(frozen=True)
class Trial:
    """What became of one broken line."""

    site: Site
    outcome: str
    """`noticed`, `hangs`, `survives` or `unasked` (no test runs the line)."""
    by: str
    """The first test that failed."""
    asked: int


@dataclass(frozen=True)
class Order:
    """One line to break, and whom to ask."""

    site: Site
    tests: list[str]
    files: list[str]
    seconds: float


def attempts(root: Path, sites: Sequence[Site], reach: Reach, most: float, jobs: int) -> Iterator[Trial]:
    """Break one line after another; the trials come as they end."""
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp(prefix="thresholds-")
    for name in WARM:
        importlib.import_module(name)
    if loaded := [name for name in sys.modules if name.split(".")[0] == "runlens"]:
        raise RuntimeError(f"{loaded[0]} is loaded before the fork: a broken module would not be seen")
    orders = []
    for site in sites:
        tests = reach.ask(site, most)
        if not tests:
            yield Trial(site, "unasked", "", 0)
            continue
        files = sorted({reach.tests[test].file for test in tests})
        orders.append(Order(site, tests, files, sum(reach.tests[test].seconds for test in tests)))
    anew = [o for o in orders if reach.loaded_with(o.site)]
    yield from _forked(anew, jobs, lambda order: _anew(root, order))
    rest = [o for o in orders if not reach.loaded_with(o.site)]
    loop = _Loop(root, rest, jobs)
    os.chdir(root)
    with _silent():
        code = pytest.main([*OPTIONS, *sorted({f for o in rest for f in o.files})], plugins=[loop]) if rest else 0
    if code or len(loop.trials) < len(rest):
        raise RuntimeError(f"pytest returned {code} after {len(loop.trials)} of {len(rest)} broken lines")
    yield from loop.trials


@contextmanager
def _silent() -> Iterator[None]:
    """What pytest says of its loop goes nowhere; errors are raised."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _forked(orders: Sequence[Order], jobs: int, work: Callable[[Order], tuple[int, str]]) -> Iterator[Trial]:
    """Do work for each order in a child of its own, some at a time."""
    waiting = list(reversed(orders))
    running: dict[int, tuple[Order, int]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            order = waiting.pop()
            reading, writing = os.pipe()
            if not (child := os.fork()):
                os.close(reading)
                _child(order, work, writing)
            os.close(writing)
            running[child] = order, reading
        child, status = os.wait()
        order, reading = running.pop(child)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        code = -1 if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        if code not in (-1, NOTICED, SURVIVES):
            raise RuntimeError(f"{order.site.path}:{order.site.line} ({order.site.change}): {code} {said}")
        yield Trial(order.site, {-1: "hangs", NOTICED: "noticed", SURVIVES: "survives"}[code], said, len(order.tests))


def _child(order: Order, work: Callable[[Order], tuple[int, str]], writing: int) -> None:
    """The forked process: it never returns."""
    code = BROKE
    try:
        limit = int(max(LEAST, PATIENCE * order.seconds)) + int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        code, said = work(order)
        os.write(writing, said.encode()[:2000])
    except BaseException as error:  # noqa: BLE001 - the parent is told, whatever it was
        os.write(writing, repr(error).encode()[:2000])
    finally:
        os._exit(code)


def _anew(root: Path, order: Order) -> tuple[int, str]:
    """Load the package with its broken line and run the tests."""
    os.chdir(root)
    sys.meta_path.insert(0, Broken(root, order.site))
    chosen = _Chosen(order.tests)
    code = pytest.main([*OPTIONS, *order.files], plugins=[chosen])
    if code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        return NOTICED, chosen.failed
    return (SURVIVES, "") if code == pytest.ExitCode.OK else (int(code), "pytest")


class _Chosen:
    """Keeps some of the collected tests, in a given order, and remembers the first that failed."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: i for i, test in enumerate(tests)}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first that failed."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot even be loaded."""
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid} (cannot be loaded)"


class _Loop:
    """Takes the place of pytest's loop over the tests: for each broken line a child runs those that it is shown to."""

    def __init__(self, root: Path, orders: Sequence[Order], jobs: int) -> None:
        self.root = root
        self.orders = orders
        self.jobs = jobs
        self.trials: list[Trial] = []
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first that failed, in the child."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All orders, one child each."""
        items = {item.nodeid: item for item in session.items}
        functions: dict[tuple[str, str], list[FunctionType]] = {}
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                functions.setdefault((thing.__code__.co_filename, thing.__code__.co_qualname), []).append(thing)
        gc.freeze()

        def work(order: Order) -> tuple[int, str]:
            break_loaded(self.root, order.site, functions)
            tests = [items[test] for test in order.tests if test in items]
            for item, following in zip(tests, [*tests[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    return NOTICED, self.failed
            return SURVIVES, ""

        for trial in _forked(self.orders, self.jobs, work):
            self.trials.append(trial)
            if len(self.trials) % 20 == 0:
                print(f"  {len(self.trials)} of {len(self.orders)}", file=sys.__stderr__, flush=True)
        return True
