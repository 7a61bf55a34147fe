"""Console logs of every framework in the table give the series, roles, times and settings that made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runlens.model import Run
from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.text.frameworks import HEADS
from tests.sources.text_samples import MADE, START

PRINTED = 2e-3
"""Largest relative difference that the digits of a console line make."""


def run_of(name: str, folder: Path) -> Run:
    made = MADE[name]()
    (folder / made.name).write_text(made.text, encoding="utf-8")
    (ref,) = discover(str(folder / made.name))
    return resolve(read(ref))


@pytest.mark.parametrize("name", MADE)
def test_the_curves_that_were_printed_come_out_in_their_roles(name, tmp_path):
    made, run = MADE[name](), run_of(name, tmp_path)
    for role, (steps, values) in made.roles.items():
        found = run.role(role)
        assert found is not None, role
        np.testing.assert_array_equal(found.series.step, steps, err_msg=role)
        np.testing.assert_allclose(found.series.value, values, rtol=PRINTED, err_msg=role)


@pytest.mark.parametrize("name", [n for n in MADE if MADE[n]().clock])
def test_timestamps_become_wall_times(name, tmp_path):
    run = run_of(name, tmp_path)
    lead = run.role("train_loss") or run.every("other")[0]
    np.testing.assert_allclose(np.diff(lead.series.time), 1.0, atol=1e-3)
    day = 86400.0
    off = (
        float(lead.series.time[0]) - START.timestamp() + day / 2
    ) % day - day / 2  # a form without a year has today's
    assert abs(off) < 1.5


@pytest.mark.parametrize("name", [n for n in MADE if MADE[n]().config])
def test_what_is_printed_before_is_configuration_and_no_series(name, tmp_path):
    run = run_of(name, tmp_path)
    for key, value in MADE[name]().config.items():
        assert run.config[key] == value
        assert key not in run.series or len(run.series[key]) > 2


@pytest.mark.parametrize("name", MADE)
def test_every_line_of_metrics_is_understood(name, tmp_path):
    run = run_of(name, tmp_path)
    assert run.summary["lines_understood"] == 1.0
    assert not [note for note in run.notes if "were not" in note.message]


@pytest.mark.parametrize("name", MADE)
def test_a_folder_finds_the_log(name, tmp_path):
    run_of(name, tmp_path)
    (tmp_path / "requirements.txt").write_text("numpy==2.1.0\ntorch>=2.4\n")
    (tmp_path / "notes.txt").write_text("We saw a loss of 2.5 after step 100, and an accuracy of 0.75 later.\n" * 3)
    assert [ref.location for ref in discover(str(tmp_path))] == [str(tmp_path / MADE[name]().name)]


def test_every_framework_of_the_table_has_a_log_here():
    text = "\n".join(made().text for made in MADE.values())
    unused = [
        (head.framework, head.pattern.pattern)
        for head in HEADS
        if not any(head.pattern.search(line.replace("\x1b[0m", "")) for line in text.replace("\r", "\n").split("\n"))
    ]
    assert unused == []


def test_losses_of_boosting_and_rewards_are_series_under_their_names(tmp_path):
    assert list(run_of("xgboost", tmp_path).series) == ["train-rmse", "validation-rmse"]
    assert list(run_of("lightgbm", tmp_path).series) == ["training_l2", "valid_1_l2"]
    box = run_of("stable_baselines", tmp_path).series["rollout/ep_rew_mean"]
    np.testing.assert_array_equal(box.step, 2048 * np.arange(1, 61))
    np.testing.assert_array_equal(box.value, 10.0 + np.arange(60))


def test_ultralytics_numbers_are_named_by_the_heading_above_them(tmp_path):
    run = run_of("ultralytics", tmp_path)
    assert {"box_loss", "cls_loss", "dfl_loss", "metrics/mAP50"} <= set(run.series)
    assert len(run.series["box_loss"]) == len(run.series["metrics/mAP50"]) == 60
    assert run.series["metrics/mAP50"].value[0] == 0.1


def test_splits_of_fairseq_are_apart(tmp_path):
    run = run_of("fairseq", tmp_path)
    assert {"train_inner/loss", "train/loss", "valid/loss"} <= set(run.series)
    assert run.role("eval_loss").series.name == "valid/loss"
    assert run.role("train_loss").series.name.startswith("train_inner/")


def test_what_is_measured_in_a_test_loop_is_no_training_metric(tmp_path):
    for name in ("timm", "imagenet_example", "mmengine", "mmcv"):
        run = run_of(name, tmp_path)
        for role in ("train_loss", "step_time", "learning_rate"):
            for found in run.every(role):
                assert not found.series.name.startswith(("val/", "test/")), (name, role)
