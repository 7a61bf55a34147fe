"""Advice about a data loader, where steps may wait for one."""

import pytest

from runlens.advice import advise
from runlens.rules.shared.loader import may_wait_for_a_loader
from tests.builders import finding, report
from tests.rules.saying import run_of

LOSS = {"train_loss": [1.0] * 9}
STEP = {"step_time": [0.5] * 9}


@pytest.mark.parametrize(
    ("columns", "open_"),
    [
        (LOSS, True),
        (LOSS | STEP, True),
        (LOSS | STEP | {"data_time": [0.026] * 9}, True),
        (LOSS | STEP | {"data_time": [0.024] * 9}, False),
        (LOSS | STEP | {"data_time": [0.024] * 3 + [9.0] * 4 + [float("-inf")] * 2}, True),
        ({"rollout/ep_rew_mean": [1.0] * 9}, False),
    ],
    ids=["unknown", "no data time", "a twentieth", "less", "of what is finite", "reinforcement learning"],
)
@pytest.mark.parametrize(("code", "words"), [("TPUT004", "workers and prefetch"), ("HW003", "the data loader")])
def test_a_loader_is_named_where_steps_may_wait_for_it(columns, open_, code, words):
    run = run_of(columns)
    assert may_wait_for_a_loader(run) is open_
    action = advise(report(finding(code, "warning", (0, 8))), run)
    assert (words in action.measures[0]) is open_ and action.measures[0].endswith(".")
