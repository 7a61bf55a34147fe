from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.restart import planned_tokens, restart_or_go_on, said, weigh
from runlens.model import RoleSeries, Series
from tests.builders import run


def test_a_restart_pays_up_to_total_times_one_less_one_over_lag():
    early, late = restart_or_go_on(2.0, 4e11, 1e12), restart_or_go_on(2.0, 6e11, 1e12)
    assert early.restart and not late.restart
    assert early.break_even == late.break_even == 5e11
    assert early.ends_like == 5e11
    assert early.tokens_saved == pytest.approx(1e11), "600 B to go against 500 B from scratch"
    assert late.tokens_saved == pytest.approx(1e11), "400 B to go against 500 B from scratch"
    assert (early.full_quality_go_on, early.full_quality_restart) == (1.6e12, 1e12)


def test_a_run_that_is_not_behind_goes_on():
    assert not restart_or_go_on(0.8, 0.0, 1e12).restart


def test_gpu_hours_follow_from_throughput_and_gpus():
    choice = restart_or_go_on(2.0, 4e11, 1e12, tokens_per_second=1e7, gpus=384)
    assert choice.gpu_hours_saved == pytest.approx(1e11 / 1e7 * 384 / 3600)
    assert restart_or_go_on(2.0, 4e11, 1e12).gpu_hours_saved is None


def test_a_close_call_is_said():
    choice = restart_or_go_on(2.0, 4.9e11, 1e12, interval=(1.8, 2.2))
    assert not choice.certain and "close call" in said(choice, (1.8, 2.2))
    assert restart_or_go_on(2.0, 1e11, 1e12, interval=(1.8, 2.2)).certain


@pytest.mark.parametrize(
    ("done", "words"),
    [(4e11, "fewer than the 500 B tokens"), (6e11, "more than the 500 B tokens"), (1e12, "planned are done")],
)
def test_the_words_follow_the_arithmetic(done, words):
    assert words in said(restart_or_go_on(2.0, done, 1e12))


@pytest.mark.parametrize("bad", [(0.0, 1, 1), (2.0, -1, 1), (2.0, 1, 0), (float("nan"), 1, 1)])
def test_impossible_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="positive and finite"):
        restart_or_go_on(*bad)


def test_the_speed_of_one_gpu_counts_for_all():
    made = run()
    rate = RoleSeries("tokens_per_second", Series("tps", np.arange(9), np.full(9, np.nan), np.full(9, 1e4)), "tokens/s")
    for scope, speed in (("per_gpu", 8e4), ("global", 1e4)):
        scoped = replace(
            made, roles={**made.roles, "tokens_per_second": (replace(rate, scope=scope),)}, hardware_count=8
        )
        choice = weigh(scoped, 2.0, 4e8, 1e9)
        assert choice.gpu_hours_saved == pytest.approx(choice.tokens_saved / speed * 8 / 3600)


def test_the_plan_is_read_from_the_config():
    assert planned_tokens(run(config={"max_steps": 10_000})) == pytest.approx(10_000 * 16384)
    assert planned_tokens(run(config={"train": {"total_tokens": 3e12}, "max_steps": 5})) == 3e12
    assert planned_tokens(run()) is None
    assert planned_tokens(run(config={"max_steps": 10_000}, tokens=None)) is None
