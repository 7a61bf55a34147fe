from pathlib import Path

import numpy as np
import pytest

from runlens import roles
from runlens.errors import ConfigError, NoRunFound
from runlens.model import Curve, Reference, Run, Series
from runlens.references import combine, load, shipped
from runlens.references.build import build
from runlens.references.shipped import whole

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"
DATA = Path(__file__).parents[2] / "runlens" / "references" / "data"


def reference(name, at, value, axis="tokens", per_step=None, task="piqa"):
    at, value = np.array(at, float), np.array(value, float)
    return Reference(name, axis, (Curve(task, "acc", "", "up", at, value, np.full(len(at), np.nan)),), per_step, name)


def test_the_shipped_ones_are_complete_small_and_cited():
    assert [n for n in shipped() if n.startswith("pythia-1.4b")] == ["pythia-1.4b", "pythia-1.4b-deduped"]
    assert len(shipped()) == 18
    assert sum(f.stat().st_size for f in DATA.iterdir()) < 2_000_000
    for name in shipped():
        found = whole(name)
        assert found.axis == "tokens" and found.licence and "arXiv" in found.citation and found.curves
        assert all(c.setting.endswith("-shot") for c in found.curves)


def test_pythia_has_its_checkpoints_and_tokens():
    curve = next(c for c in load("pythia-12b").curves if (c.task, c.metric) == ("lambada_openai", "acc"))
    assert len(curve.at) == 27 and curve.at[-1] == pytest.approx(143_000 * 2_097_152)
    assert 0.65 < curve.value[-1] < 0.75


def test_a_setting_is_asked_for_by_name():
    assert {c.setting for c in load("pythia-1b").curves} == {"0-shot"}
    assert {c.setting for c in load("pythia-1b@5-shot").curves} == {"5-shot"}
    with pytest.raises(ConfigError, match="it has 0-shot, 5-shot"):
        load("pythia-1b@3-shot")


def test_a_wrong_name_is_answered_with_near_ones():
    with pytest.raises(NoRunFound, match=r"did you mean pythia-1\.4b"):
        load("pythia1.4b")
    with pytest.raises(NoRunFound, match="runlens reference list"):
        load("qqqq")


def test_a_run_is_a_reference_with_its_tokens():
    found = load(str(RUNS / "ref_small_s0"))
    assert (found.name, found.axis, found.tokens_per_step) == ("ref_small_s0", "tokens", 16384.0)
    assert {(c.task, c.metric) for c in found.curves} == {
        ("codechoice", "acc_norm"), ("textchoice", "acc_norm"), ("", "loss"),
    }  # fmt: skip
    assert all(len(c.at) == 13 for c in found.curves)


def test_a_run_without_evals_has_its_training_curves_alone():
    found = load(str(RUNS / "gpu_drop6"))
    assert not found.curves and [t.name for t in found.training] == ["gpu_drop6"]


def test_several_runs_are_a_band_and_those_without_evals_are_named():
    found = load(str(RUNS))
    members = found.settings["members"]
    assert {"ref_small_s0", "tp_bug_small"} <= set(members)
    assert {c.name.split(" (")[0] for c in found.curves} == set(members)
    assert any("gpu_drop6" in text for text in found.settings["left out"])


def test_single_checkpoints_become_one_curve():
    found = combine([reference("step20", [20], [0.6]), reference("step10", [10], [0.5])])
    (curve,) = found.curves
    assert (curve.at.tolist(), curve.value.tolist()) == ([10, 20], [0.5, 0.6])
    assert "members" not in found.settings


def test_curves_of_several_models_stay_apart_by_name():
    found = combine([reference("a", [10, 20], [0.5, 0.6]), reference("a", [10, 20], [0.4, 0.7])], "pair")
    assert found.name == "pair" and [c.name for c in found.curves] == ["a (1)", "a (2)"]


def test_one_axis_is_found_for_all_or_none():
    steps, tokens = reference("s", [1, 2], [0.5, 0.6], "steps", 100.0), reference("t", [100, 300], [0.5, 0.6])
    found = combine([steps, tokens])
    assert found.axis == "tokens" and found.curves[0].at.tolist() == [100, 200]
    with pytest.raises(ConfigError, match="no axis in common"):
        combine([reference("s", [1, 2], [0.5, 0.6], "steps"), tokens])


@pytest.mark.parametrize("told", ["tokens in the config", "step in the config", "step in the name"])
def test_runs_that_each_evaluate_one_checkpoint_become_one_curve(told):
    def run(step):
        name = f"eval-step{step}" if told == "step in the name" else f"run {step}"
        config = {"tokens": {"tokens": step * 1e6}, "step": {"eval": {"global_step": step}}}.get(told.split()[0], {})
        config = {} if "name" in told else config
        series = Series("eval/piqa/acc", np.array([0]), np.array([np.nan]), np.array([0.5 + step / 1e5]))
        return roles.resolve(Run(name, name, name, config=config, series={series.name: series}), {})

    joined = combine([build(run(step), None if "tokens" in told else 1e6) for step in (3000, 1000, 2000)], "mine")
    (curve,) = joined.curves
    assert (joined.axis, curve.task) == ("tokens", "piqa")
    assert curve.at.tolist() == [1e9, 2e9, 3e9] and curve.value.tolist() == pytest.approx([0.51, 0.52, 0.53])


def test_a_folder_of_such_runs_is_a_reference(tmp_path):
    for step in (1000, 2000, 3000):
        (tmp_path / f"step{step}").mkdir()
        (tmp_path / f"step{step}" / "metrics.jsonl").write_text(f'{{"step": 0, "eval/piqa/acc": {0.5 + step / 1e5}}}\n')
    (curve,) = load(str(tmp_path), 1e6).curves
    assert curve.at.tolist() == [1e9, 2e9, 3e9]


def test_a_run_with_steps_of_its_own_stays_where_it_is():
    series = Series("eval/piqa/acc", np.array([500]), np.array([np.nan]), np.array([0.6]))
    run = roles.resolve(Run("step9000", "step9000", "x", series={series.name: series}), {})
    assert build(run).curves[0].at.tolist() == [500]
