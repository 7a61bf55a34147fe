"""What public logs hold that is worth no warning, and is told as information where it is told at all."""

from typing import get_args

import pytest

from runlens.rules.loss.spike import LossSpike
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from tests.rules.saying import said
from tests.synthetic.harmless import Harmless, harmless

RULES = {
    "bump near zero": LossSpike(),
    "hump at the start": LossSpike(),
    "stall of seconds": Stall(),
    "stall at the last point": Stall(),
    "slow trial": ThroughputDrop(),
}


@pytest.mark.parametrize("kind", get_args(Harmless))
def test_it_is_information_at_most(kind):
    findings = [one for seed in range(600, 612) for one in said(RULES[kind], harmless(kind, seed)) or []]
    assert {str(one.severity) for one in findings} == {"info"}, "seen, and no alarm"
