"""References that are seeds of one model are one band; others are judged one by one."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.alike import alike
from runlens.comparison.compare import compare
from runlens.references import combine, load
from runlens.references.bands import bands
from tests.synthetic.evals import eval_run, reseeded, simulated_curve, simulated_reference

TASKS = ("hellaswag", "arc_easy", "piqa")
TOKENS = np.geomspace(2e9, 3e11, 20)


def seed(number, lag=1.0, upto=3e11):
    rng = np.random.default_rng(number)
    at = TOKENS[upto >= TOKENS]
    made = simulated_reference(TASKS, at, rng)
    curves = tuple(reseeded(simulated_curve(t, at, lag), rng) for t in TASKS) if lag > 1 else made.curves
    return replace(made, name=f"seed{number}", curves=curves)


def test_seeds_become_one_band_and_another_model_stays_apart():
    found = bands([seed(0), seed(1), seed(2, lag=3.0), seed(3)])
    assert [r.name for r in found] == ["seed0, seed1 and seed3", "seed2"]
    assert {c.name for c in found[0].curves} == {"seed0", "seed1", "seed3"}


def test_one_that_was_trained_much_further_stays_apart():
    assert [r.name for r in bands([seed(0), seed(1, upto=1e11)])] == ["seed0", "seed1"]


def test_a_band_is_not_joined_again_and_nothing_in_common_is_not_alike():
    band = combine([seed(0), seed(1)], "band")
    assert [r.name for r in bands([band, seed(2)])] == ["band", "seed2"]
    other = replace(seed(4), curves=tuple(replace(c, task=f"{c.task}_fr") for c in seed(4).curves))
    assert not alike(seed(0), other)


def test_one_reference_stays_what_it_is():
    one = seed(0)
    assert bands([one]) == (one,) and bands([]) == ()


def test_many_are_named_by_the_first():
    assert bands([seed(i) for i in range(5)])[0].name == "seed0 and 4 more"


@pytest.mark.parametrize("lag", [1.0, 2.0])
def test_a_run_is_judged_by_the_band(lag):
    rng = np.random.default_rng(9)
    run = eval_run([reseeded(simulated_curve(t, np.linspace(3e10, 3e11, 8), lag, 5000), rng) for t in TASKS])
    (band,) = bands([seed(0), seed(1), seed(3)])
    found = compare(run, band)
    assert (found.verdict == "behind") == (lag > 1)
    assert all(len(t.low) for t in found.tasks)


def test_twins_of_pythia_are_a_band_and_its_sizes_are_not():
    names = ("pythia-410m", "pythia-1b", "pythia-410m-deduped")
    assert [r.name for r in bands([load(n) for n in names])] == ["pythia-410m and pythia-410m-deduped", "pythia-1b"]


def test_single_checkpoints_are_one_model():
    whole = seed(0)
    parts = [
        replace(whole, curves=tuple(replace(c, at=c.at[i : i + 1], value=c.value[i : i + 1], stderr=c.stderr[i : i + 1])
                                    for c in whole.curves))
        for i in range(len(TOKENS))
    ]  # fmt: skip
    (found,) = bands(parts)
    assert [len(c.at) for c in found.curves] == [len(TOKENS)] * len(TASKS)
