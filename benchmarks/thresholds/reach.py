"""Which tests run which functions, found once and kept: a broken line is shown only to the tests that run it.

The record is kept for each test file under the hash of its text and of what it imports from the tests, so that a new
or changed one alone is run again. Tests that call a function since another change are missed until `--fresh`: then too
few are asked, and the share can only be too low.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

import pytest

from benchmarks.thresholds.sites import Site, inside

CACHE = ".reach.json"
OUT = "RUNLENS_REACH_OUT"
PAGES = "tests/test_rules.py::test_the_pages_in_the_docs"


@dataclass(frozen=True)
class Known:
    """One test: how long it takes, and what it runs."""

    file: str
    seconds: float
    """Of the processor."""
    runs: frozenset[tuple[str, str]]
    """(path, qualified name of the function)."""


class Reach:
    """All tests that passed, by their node id, and who uses which constant."""

    def __init__(self, root: Path, tests: dict[str, Known], failed: list[str]) -> None:
        self.tests = tests
        self.failed = failed
        self.users, self.taken = _users(root)
        self.of: dict[tuple[str, str], set[str]] = {}
        for test, known in tests.items():
            for function in known.runs:
                self.of.setdefault(function, set()).add(test)
        self.breadth = {test: len(known.runs) for test, known in tests.items()}

    def ask(self, site: Site, most: float) -> list[str]:
        """The tests that run a line, those first that run little else; as many as take `most` seconds."""
        functions = {(site.path, site.inside)}
        if site.names:
            users = {user for name in site.names for user in self.users.get(name, ())}
            here = {f for f in self.of if f[0] == site.path}
            functions = (users & set(self.of)) or here
            if not users <= set(self.of):  # a module uses it when it is loaded
                functions |= here
        found = sorted({t for f in functions for t in self.of.get(f, ())}, key=lambda t: self._near(site, t))
        # what a setting is by default stands in the rules' pages, which no function that uses it makes
        asked = [test for test in self.tests if site.kind == "setting" and test.startswith(PAGES)]
        spent = 0.0
        for test in found:
            spent += self.tests[test].seconds
            if spent > most and asked:
                break
            asked.append(test)
        return asked

    def loaded_with(self, site: Site) -> bool:
        """Whether a line takes effect when its module is loaded: a setting, a default, a constant in one of them."""
        taken = site.kind in ("setting", "default") or bool(self.taken.intersection(site.names))
        return taken or not (site.inside or site.names)

    def _near(self, site: Site, test: str) -> tuple[int, float]:
        family = site.path.split("/")[1]
        return (not self.tests[test].file.startswith(f"tests/{family}/")), self.breadth[test] * self.tests[test].seconds


def reach(root: Path, folders: tuple[str, ...], fresh: bool = False) -> Reach:
    """The record of all test files of some folders; those that changed are run."""
    kept = root / "benchmarks" / "thresholds" / CACHE
    known = json.loads(kept.read_text()) if kept.exists() and not fresh else {}
    files = sorted({p for f in folders for p in ([root / f] if f.endswith(".py") else (root / f).rglob("test_*.py"))})
    record = {}
    for path in files:
        name = path.relative_to(root).as_posix()
        text = hashlib.sha256("".join(_texts(root, path, {})).encode()).hexdigest()
        if known.get(name, {}).get("text") != text:
            print(f"  what {name} runs", file=sys.stderr, flush=True)
            known[name] = {"text": text, **_recorded(root, name)}
            kept.write_text(json.dumps(known))
        record[name] = known[name]
    tests = {
        test: Known(file, seconds, frozenset((p, f) for p, f in runs))
        for file, at in record.items()
        for test, (seconds, runs) in at["tests"].items()
    }
    return Reach(root, tests, [t for at in record.values() for t in at["failed"]])


def _texts(root: Path, path: Path, seen: dict[Path, str]) -> list[str]:
    """The text of a test file and of the modules of the tests that it is made of."""
    if path.is_file() and path not in seen:
        seen[path] = path.read_text("utf-8")
        for node in ast.walk(ast.parse(seen[path])):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests":
                base = root / str(node.module).replace(".", "/")
                for made_of in (base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)):
                    _texts(root, made_of, seen)
    return list(seen.values())


def _recorded(root: Path, name: str) -> dict[str, object]:
    """Run one test file in a process of its own, with this module as the plugin that records."""
    out = root / "benchmarks" / "thresholds" / f".{os.getpid()}.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.thresholds.reach", "--hypothesis-seed=0", name]
    done = subprocess.run(command, cwd=root, env={**os.environ, OUT: str(out)}, capture_output=True, text=True)
    if not out.exists():
        raise SystemExit(f"{name} could not be run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    try:
        return dict(json.loads(out.read_text()))
    finally:
        out.unlink()


class _Recorder:
    """Notes the functions of the package that a test calls: a global trace function that never traces lines."""

    def __init__(self) -> None:
        self.package = str(Path.cwd() / "runlens") + os.sep
        self.root = len(str(Path.cwd())) + 1
        self.seen: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if frame.f_code not in self.seen and frame.f_code.co_filename.startswith(self.package):
            self.seen.add(frame.f_code)

    def runs(self) -> list[tuple[str, str]]:
        """The functions so far; what is inside a function (lambda, comprehension) counts as the function."""
        return sorted({(c.co_filename[self.root :], c.co_qualname.split(".<")[0]) for c in self.seen})


def pytest_configure(config: pytest.Config) -> None:
    """Note all tests of this session and write them when it ends."""
    if OUT in os.environ:
        config.pluginmanager.register(_Plugin(Path(os.environ[OUT])))


class _Plugin:
    def __init__(self, out: Path) -> None:
        self.out = out
        self.tests: dict[str, tuple[float, list[tuple[str, str]]]] = {}
        self.failed: list[str] = []
        self.shared: set[CodeType] = set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Everything that the test and its fixtures call; what a module's fixture calls counts for all its tests."""
        recorder, began = _Recorder(), time.process_time()
        sys.settrace(recorder)
        try:
            yield
        finally:
            sys.settrace(None)
        if any(getattr(f, "scope", "") in ("module", "session") for d in _fixtures(item) for f in d):
            self.shared |= recorder.seen
            recorder.seen |= self.shared
        self.tests[item.nodeid] = (round(time.process_time() - began, 4), recorder.runs())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What fails or skips without a broken line tells nothing."""
        if report.failed or report.skipped:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        good = {test: what for test, what in self.tests.items() if test not in self.failed}
        self.out.write_text(json.dumps({"tests": good, "failed": sorted(set(self.failed))}))


def _fixtures(item: pytest.Item) -> list[tuple[object, ...]]:
    info = getattr(item, "_fixtureinfo", None)
    return [tuple(d) for d in info.name2fixturedefs.values()] if info else []


def _users(root: Path) -> tuple[dict[str, set[tuple[str, str]]], set[str]]:
    """Constant or setting to the functions that name it, in the whole package; and what definitions take over."""
    found: dict[str, set[tuple[str, str]]] = {}
    taken: set[str] = set()

    def look(where: str, node: ast.AST, parents: tuple[ast.AST, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name | ast.Attribute) and isinstance(child.ctx, ast.Load):
                used = child.id if isinstance(child, ast.Name) else child.attr
                found.setdefault(used, set()).add((where, inside(parents)))
                within = [type(p) for p in parents]
                if ast.arguments in within or (ast.ClassDef in within and ast.FunctionDef not in within):
                    taken.add(used)
            if isinstance(child, ast.ClassDef):
                taken.update(n.id for n in ast.walk(child) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            look(where, child, (*parents, child))

    for path in sorted((root / "runlens").rglob("*.py")):
        look(path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8")), ())
    return found, taken
