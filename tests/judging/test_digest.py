"""Digests: the same for what is equal, in every process; another for whatever differs."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from types import MappingProxyType

import numpy as np
import pytest

from runlens import references
from runlens.config import load
from runlens.config.plan import settings_for
from runlens.judging.digest import digest
from runlens.model import AS_FOUND, Run, Series, Severity

CODE = """
from runlens.judging.digest import digest
print(digest({"a": frozenset("runlens checks training runs".split()), "b": (1, 2.5, None, True)}, {}).hex())
"""


def test_the_order_of_names_in_memory_does_not_count():
    runs = [
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert len(set(runs)) == 1 and len(runs[0].strip()) == 64
    assert digest({"a": 1, "b": 2}, {}) == digest(MappingProxyType({"b": 2, "a": 1}), {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        (("ab", "c"), ("a", "bc")),
        ((("a",), "b"), ("a", ("b",))),
        ({"a": 1}, {"a": 2}),
        ({"a": "b"}, {"b": "a"}),
        (np.array([1.0, 2.0]), np.array([2.0, 1.0])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2, dtype=np.int64), np.zeros(2)),
        (Severity.INFO, Severity.ERROR),
        (AS_FOUND, dataclasses.replace(AS_FOUND, x="kimg")),
    ],
)
def test_what_differs_has_another(one, other):
    assert digest(one, {}) != digest(other, {})


def test_a_run_is_what_was_logged_and_not_when_it_was_read():
    def run(last: float, read_at: float) -> Run:
        loss = Series("loss", np.array([1, 2]), np.array([2.0, last]), np.array([np.nan, np.nan]))
        return Run("a", "a", "a", series={"loss": loss}, read_at=read_at)

    assert digest(run(1.5, 7.0), {}) == digest(run(1.5, 8.0), {})
    assert digest(run(1.5, 7.0), {}) != digest(run(1.25, 7.0), {})


def test_settings_with_a_shipped_reference_have_one_and_the_reference_is_looked_at_once():
    config, flags = load(None), {"references": [next(iter(references.shipped()))]}
    seen = {}
    first = digest(settings_for("a", config, flags), seen)
    held = dict(seen)
    assert digest(settings_for("a", config, flags), seen) == first and seen == held and held
    assert digest(settings_for("a", config, {}), seen) != first


def test_what_nobody_can_compare_is_refused():
    with pytest.raises(TypeError, match="function"):
        digest({"rule": lambda: 0}, {})
