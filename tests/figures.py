"""What statistics, roles and rules give on seeded input about their edges, as figures that are kept in JSON files.

    python -m tests.figures [MODULE]...

writes them again. A figure that moves is a threshold, a window or a guard that moved: read the difference before you
keep it. Cases stand beside the tests of what they are about, each a function under `@case`; their figures stand in a
file of the same name.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

CASES: dict[str, dict[str, Callable[[], object]]] = {}


def case(function):
    """A function whose name is the case and whose result is kept."""
    CASES.setdefault(function.__module__, {})[function.__name__] = function
    return function


def rng(seed=0):
    return np.random.default_rng(seed)


def decay(n, sigma=0.01, seed=0, every=1):
    """Step and log loss along a power law, with noise."""
    step = np.arange(n, dtype=np.float64) * every
    return step, np.log(2 + 8 * (1 + step / (20 * every)) ** -0.6) + sigma * rng(seed).standard_normal(n)


def flat(value):
    """Any result as a list of numbers and words; a long array by its length, its moments and some points."""
    if dataclasses.is_dataclass(value):
        return [x for f in dataclasses.fields(value) for x in flat(getattr(value, f.name))]
    if isinstance(value, np.ndarray):
        x = value.ravel()
        if len(x) <= 24:
            return flat(x.tolist())
        known = x[np.isfinite(x)].astype(float)
        moments = [float(known.mean()), float(known.std())] if len(known) else []
        return flat([len(x), len(known), *moments, *x[:: len(x) // 9].tolist()])
    if isinstance(value, Mapping):
        return [x for key in sorted(value) for x in flat(value[key])]
    if isinstance(value, list | tuple):
        return [x for part in value for x in flat(part)]
    if isinstance(value, bool | np.bool_):
        return [int(value)]
    if isinstance(value, float | np.floating):
        return [float(f"{value:.6g}") if math.isfinite(value) else str(float(value))]
    return [int(value)] if isinstance(value, np.integer) else [value]


def kept(module):
    """The figures of a module of cases (by its name), by case."""
    return json.loads(_path(module).read_text("utf-8"))


def named(*modules):
    """For `pytest.mark.parametrize`: the name of each module and case."""
    return [pytest.param(m.__name__, name, id=f"{m.__name__}-{name}") for m in modules for name in CASES[m.__name__]]


def check(module, name):
    """Whether a case gives the figures that were kept; fails with the first that does not."""
    assert sorted(kept(module)) == sorted(CASES[module]), "run: python -m tests.figures"
    with np.errstate(all="ignore"):
        now, then = flat(CASES[module][name]()), kept(module)[name]
    assert len(now) == len(then), "there are more figures or fewer"
    for i, (new, old) in enumerate(zip(now, then, strict=True)):
        same = new == old
        if isinstance(old, float) and isinstance(new, float | int):
            same = math.isclose(new, old, rel_tol=1e-4, abs_tol=1e-9)
        assert same, f"figure {i} of {name} was {old} and is {new}; if it should be, run: python -m tests.figures"


def _path(module):
    return Path(__file__).parents[1] / f"{module.replace('.', '/')}.json"


def main():
    """Write the figures of the modules that are named, else of all; a line for each case."""
    own = Path(__file__)
    found = [p for p in sorted(own.parent.rglob("*.py")) if p != own and "\n@case\n" in p.read_text("utf-8")]
    names = [".".join(p.relative_to(own.parents[1]).with_suffix("").parts) for p in found]
    for module in sys.argv[1:] or names:
        importlib.import_module(module)
        with np.errstate(all="ignore"):
            figures = {name: flat(make()) for name, make in sorted(CASES[module].items())}
        text = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in figures.items())
        _path(module).write_text(f"{{\n{text}\n}}\n", "utf-8")


if __name__ == "__main__":
    importlib.import_module("tests.figures").main()  # under its own name, so that the cases find the same register
