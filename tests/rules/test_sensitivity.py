"""One measure of a loss spike for all rules that look for one: what is none to LOSS001 is none to any other."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from runlens.config import parse, settings_for
from runlens.errors import ConfigError
from runlens.model import Finding
from runlens.rules import RULES
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from runlens.stats.excursions.search import Sensitivity
from tests.synthetic.training import STEPS, healthy, spike, surge

ASK = ("LOSS002", "LOSS004", "LOSS005", "GRAD002")
BLUNT = LossSensitivity(rise=5.0)
"""To which nothing in these runs is a spike or a shift."""


def findings(rule, made):
    return [f for f in rule.check(made.run()) if isinstance(f, Finding)]


@pytest.mark.parametrize("chosen", [{}, {"ignore": ["LOSS001"]}, {"select": list(ASK)}])
def test_the_settings_of_loss001_make_it_once_for_all(chosen):
    own = {"sigmas": 9.0, "rise": 0.1, "fast": 7, "slow": 70}
    rules = settings_for("r", parse({**chosen, "rules": {"LOSS001": own, "GRAD002": {"sigmas": 5.0}}}), {}).rules
    asking = [rule for rule in rules if rule.code in ASK]
    assert {rule.code for rule in asking} == set(ASK)
    assert all(rule.sensitivity == LossSensitivity(9.0, 0.1, 7, 70) for rule in asking)
    assert len({id(rule.sensitivity) for rule in asking}) == 1


def test_each_run_has_its_own():
    config = parse({"runs": [{"match": "noisy", "rules": {"LOSS001": {"rise": 0.2}}}]})
    (noisy,) = (r for r in settings_for("noisy", config, {}).rules if r.code == "LOSS002")
    (other,) = (r for r in settings_for("other", config, {}).rules if r.code == "LOSS002")
    assert (noisy.sensitivity.rise, other.sensitivity) == (0.2, USUAL)


def test_without_settings_all_rules_agree():
    made = [rule() for rule in RULES]
    said = {rule.sensitivity for rule in made if hasattr(rule, "sensitivity")}
    assert said == {USUAL}
    assert {rule.code for rule in RULES if "sensitivity" in {f.name for f in fields(rule)}} == set(ASK)


@pytest.mark.parametrize(("code", "key"), [("LOSS005", "sigmas"), ("LOSS005", "rise"), ("LOSS002", "fast")])
def test_a_measure_of_their_own_is_refused_with_the_place_of_the_one_there_is(code, key):
    with pytest.raises(ConfigError, match=rf"{code} goes by {key} of LOSS001; write it under \[rules.LOSS001\]"):
        settings_for("r", parse({"rules": {code: {key: 3}}}), {})


def test_a_wrong_setting_of_loss001_is_said_even_where_it_is_not_chosen():
    with pytest.raises(ConfigError, match="sigmaa"):
        settings_for("r", parse({"select": ["LOSS002"], "rules": {"LOSS001": {"sigmaa": 3}}}), {})


def test_what_a_curve_is_searched_with():
    assert LossSensitivity(7.0, 0.2).of_curve(0.1) == Sensitivity(7.0, 0.2, grain=0.1)


def test_what_is_no_spike_is_not_counted():
    made = healthy(1)
    for at in range(200, 1500, 200):
        spike(made, at, 0.6, 10)
    assert findings(SpikeFrequency(), made)[0].evidence["spikes"] == 7
    assert findings(SpikeFrequency(sensitivity=BLUNT), made) == []
    assert findings(LossSpike(rise=BLUNT.rise), made) == []


def test_what_is_no_shift_is_not_told():
    made = healthy(2)
    made["loss"][700:] *= 0.6
    assert [f.steps[0] for f in findings(LossShift(), made)] == [700]
    assert findings(LossShift(sensitivity=BLUNT), made) == []


def test_what_is_no_spike_does_not_come_with_a_surge():
    made = healthy(4)
    surge(made, 700, 8.0, 20)
    spike(made, 712, 0.6, 10)
    (sharp,), (blunt,) = (findings(GradientSurge(sensitivity=s), made) for s in (USUAL, BLUNT))
    assert (sharp.evidence["loss_spike_step"], blunt.evidence["loss_spike_step"]) == (712, None)


@pytest.mark.parametrize(("slow", "severity"), [(90, "warning"), (150, "info")])
def test_a_surge_lasts_where_it_stays_for_longer_than_a_slow_recovery(slow, severity):
    made = healthy(6)
    made["grad_norm"][STEPS - 120 :] *= 5.0
    (found,) = findings(GradientSurge(sensitivity=LossSensitivity(slow=slow)), made)
    assert (found.severity, found.steps) == (severity, (STEPS - 120, STEPS - 1))


def test_what_is_no_spike_accounts_for_no_level():
    made = healthy(6, rate=np.full(STEPS, 3e-4))
    made["loss"][600:] *= made.level[600] / made.level[600:]
    spike(made, 500, 0.6, 250)
    assert findings(StalledLoss(), made) == []
    assert [f.severity for f in findings(StalledLoss(sensitivity=BLUNT), made)] == ["warning"]
