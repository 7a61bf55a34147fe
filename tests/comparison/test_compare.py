"""Planted lags are found, healthy pairs are not flagged, and what cannot be compared is said."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.compare import compare
from runlens.comparison.joint import Bar
from runlens.model import Reference, Severity
from runlens.references import load
from tests.synthetic.evals import (
    TOKENS_PER_STEP,
    delayed,
    eval_run,
    picked,
    reseeded,
    simulated_curve,
    simulated_loss,
    simulated_reference,
)

TASKS = ("hellaswag", "arc_easy", "piqa")
TOKENS = np.geomspace(2e9, 3e11, 20)


def simulated(lag, n=8, tasks=TASKS, seed=0, items=5000):
    rng = np.random.default_rng(seed)
    reference = simulated_reference(tasks, TOKENS, rng)
    at = np.linspace(3e11 / n, 3e11, n)
    return eval_run([reseeded(simulated_curve(t, at, lag, items), rng) for t in tasks]), reference


def pythia(name, tasks=("lambada_openai", "arc_easy", "piqa", "sciq"), **changes):
    return [replace(c, **changes) for c in load(name).curves if c.task in tasks and c.metric == "acc"]


@pytest.mark.parametrize("seed", range(2))
def test_twice_the_tokens_is_found_with_an_interval_that_holds_it(seed):
    found = compare(*simulated(2.0, seed=seed))
    (group,) = found.groups
    assert found.verdict == "behind" and found.severity is Severity.ERROR
    assert group.interval[0] < 2.0 < group.interval[1] and 1.5 < group.factor < 2.7
    assert group.from_start and group.persists
    assert "behind" in found.sentence and "from the first checkpoints on" in found.sentence


@pytest.mark.parametrize("seed", range(4))
def test_a_healthy_seed_is_not_flagged(seed):
    found = compare(*simulated(1.0, seed=seed))
    assert found.severity is None and found.verdict in ("level", "ahead", "cannot tell")


def test_three_checkpoints_and_one_task_are_enough():
    found = compare(*simulated(3.0, n=3, tasks=("hellaswag",), items=10042))
    assert found.verdict == "behind" and found.tasks[0].checkpoints == 3
    assert found.severity is Severity.ERROR, "three that lie so far off need no fourth"


def test_two_checkpoints_tell_a_gap_and_no_lag():
    found = compare(*simulated(3.0, n=2))
    (point,) = found.at_one
    assert not found.groups and found.verdict == "behind" and found.severity is Severity.ERROR
    assert {p.label for p in point.points} == {"HellaSwag acc", "ARC-Easy acc", "PIQA acc"}
    assert all(p.worse > 0 and p.yardstick == "healthy twins" for p in point.points)
    assert "at this one checkpoint" in found.sentence and " x)" not in found.sentence
    assert all(compare(*simulated(1.0, n=2, seed=seed)).severity is None for seed in range(8))


def test_a_validation_loss_counts_and_runs_the_other_way():
    at = np.linspace(2e10, 3e11, 10)
    reference = Reference("healthy", "tokens", (simulated_loss(TOKENS),), TOKENS_PER_STEP)
    found = compare(eval_run([simulated_loss(at, 1.5)]), reference)
    (group,) = found.groups
    assert group.group == "losses" and group.behind and group.factor == pytest.approx(1.5, rel=0.05)
    assert found.tasks[0].gap > 0 and found.tasks[0].gap_interval[0] > 0, "a higher loss is worse"
    assert compare(eval_run([simulated_loss(at)]), reference).severity is None


@pytest.mark.parametrize(
    "tasks", [("lambada_openai",), ("arc_easy",), ("arc_easy", "piqa"), ("lambada_openai", "sciq")]
)
def test_410m_is_behind_1b_whatever_the_tasks(tasks):
    found = compare(eval_run(pythia("pythia-410m", tasks)), load("pythia-1b"))
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize("size", ["1b", "1.4b", "2.8b"])
def test_twins_on_deduplicated_data_are_not_flagged(size):
    for one, other in ((size, f"{size}-deduped"), (f"{size}-deduped", size)):
        run = eval_run(list(load(f"pythia-{one}").curves))
        assert compare(run, load(f"pythia-{other}")).severity is None


@pytest.mark.parametrize("n", [6, 12])
def test_twice_the_tokens_is_found_on_pythia(n):
    moved = [picked(delayed(c, 2.0, 3e11, 2e9), n) for c in pythia("pythia-1.4b")]
    assert compare(eval_run(moved), load("pythia-1.4b")).verdict == "behind"


@pytest.mark.parametrize("size", ["410m", "1b", "1.4b"])
def test_twice_the_tokens_is_found_beside_a_twin_on_other_data(size):
    for own, other in ((size, f"{size}-deduped"), (f"{size}-deduped", size)):
        moved = [picked(delayed(c, 2.0, 3e11, 2e9), 12) for c in pythia(f"pythia-{own}@5-shot")]
        assert compare(eval_run(moved), load(f"pythia-{other}@5-shot")).verdict == "behind"


def test_a_reference_that_falls_differs_from_its_twins_by_as_much():
    (whole,) = pythia("pythia-160m@0-shot", ("lambada_openai",))
    rising = whole.at < 1.8e11
    risen = replace(whole, at=whole.at[rising], value=whole.value[rising], stderr=whole.stderr[rising])
    run = eval_run(pythia("pythia-160m-deduped@0-shot", ("lambada_openai",)))
    bands = []
    for curve in (whole, risen):
        (task,) = compare(run, Reference("160m", "tokens", (curve,))).tasks
        assert task.at < 1.8e11, "what comes after the best scores is no measure"
        bands.append(float(np.mean(task.healthy_high - task.healthy_low)))
    assert bands[0] > 1.2 * bands[1]


def test_one_benchmark_alone_is_no_proof():
    curves = pythia("pythia-1.4b", ("arc_easy", "piqa", "sciq", "winogrande", "lambada_openai"))
    curves = [replace(c, value=c.value - 0.05 * (c.task == "sciq")) for c in curves]
    (group,) = compare(eval_run(curves), load("pythia-1.4b")).groups
    assert not group.behind


def test_a_reference_that_stopped_improving_long_ago_is_no_measure():
    found = compare(eval_run(list(load("pythia-1.4b").curves)), load("pythia-2.8b"))
    assert any(name == "eval/wsc/acc" and "gets worse after" in why for name, why in found.unmatched)
    assert found.verdict == "behind"


def test_a_small_lag_that_was_always_there_is_proven_and_a_warning():
    at = np.linspace(1e10, 3e11, 24)
    seeds = [replace(simulated_loss(TOKENS), name=f"seed {i}") for i in range(3)]
    rng = np.random.default_rng(2)
    band = Reference("seeds", "tokens", tuple(
        replace(c, value=c.value * np.exp(0.0005 * rng.standard_normal())) for c in seeds))  # fmt: skip
    found = compare(eval_run([simulated_loss(at, 1.13)]), band)
    (group,) = found.groups
    assert group.behind and found.severity is Severity.WARNING and 1.05 < group.factor < 1.25
    assert "standard deviations of your 3 references" in found.sentence
    assert compare(eval_run([simulated_loss(at, 1.03)]), band).severity is None


def growing(end, last, at=3e11):
    """A loss whose lag grows as a power of tokens to `last` at `end`."""
    tokens = np.linspace(at / 16, at, 16)
    return simulated_loss(tokens, 1.02 * (last / 1.02) ** (np.log(tokens / tokens[0]) / np.log(end / tokens[0])))


def test_a_widening_lag_is_an_error_where_its_trend_leads_to_one_before_the_planned_end():
    reference = Reference("healthy", "tokens", (simulated_loss(np.geomspace(2e9, 3e12, 40)),), TOKENS_PER_STEP)
    run = eval_run([growing(3e12, 2.0)])
    found = compare(run, reference, bar=Bar(factor=1.8))
    (group,) = found.groups
    assert group.behind and group.trend == "widening" and group.projected is None and 1.3 < group.factor < 1.6
    assert found.severity is Severity.WARNING
    found = compare(run, reference, bar=Bar(factor=1.8), total_tokens=3e12)
    to = found.groups[0].projected
    assert to is not None and to.at == 3e12 and to.factor == pytest.approx(2.0, rel=0.15)
    assert to.trailing == pytest.approx(to.at * (1 - 1 / to.factor)) and to.gpu_hours is None
    assert found.severity is Severity.ERROR
    assert "going on so, it is" in found.sentence and "planned 3.00 T" in found.sentence


def test_a_band_widens_what_counts_as_healthy():
    def seed(value):
        curve = simulated_loss(TOKENS)
        return replace(curve, value=curve.value * value, name=f"seed {value}")

    narrow = Reference("narrow", "tokens", tuple(seed(v) for v in (0.999, 1.0, 1.001)))
    wide = Reference("wide", "tokens", tuple(seed(v) for v in (0.94, 1.0, 1.06)))
    run = eval_run([simulated_loss(np.linspace(2e10, 3e11, 10), 1.5)])
    assert compare(run, narrow).verdict == "behind"
    found = compare(run, wide)
    assert found.severity is None
    assert (found.tasks[0].high > found.tasks[0].low).all()


def test_more_tasks_do_not_change_the_figures_of_one():
    run, reference = simulated(2.0)
    alone = compare(eval_run([c.run for c in compare(run, reference).tasks if c.run.task == "piqa"]), reference)
    among = next(t for t in compare(run, reference).tasks if t.run.task == "piqa")
    assert (alone.tasks[0].factor, alone.tasks[0].interval) == (among.factor, among.interval)


def test_steps_are_compared_when_asked():
    run, reference = simulated(2.0)
    found = compare(run, reference, axis="steps")
    assert found.verdict == "behind" and "steps" in found.sentence and found.tokens_from == ""
    assert (
        "does not tell its tokens per step" in compare(run, replace(reference, tokens_per_step=None), "steps").why_not
    )


def test_a_run_without_tokens_says_what_to_give():
    run, reference = simulated(2.0)
    run = replace(run, roles={k: v for k, v in run.roles.items() if k != "tokens"})
    assert "--tokens-per-step" in compare(run, reference).why_not
    found = compare(run, reference, tokens_per_step=TOKENS_PER_STEP)
    assert found.verdict == "behind" and "as given" in found.tokens_from


def test_five_shot_is_never_compared_with_zero_shot():
    run = eval_run(pythia("pythia-1b@5-shot"))
    found = compare(run, load("pythia-1b"))
    assert found.verdict == "not compared"
    assert all("5-shot" in why and "0-shot" in why for name, why in found.unmatched if name.startswith("eval/"))
