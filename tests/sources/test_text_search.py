"""A console log of a search over settings is no training."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.sources import discover, read

RNG = np.random.default_rng(3)
GRID = list(itertools.product((0.1, 0.01, 0.001), (3, 5, 7), (1, 3)))


def of(lines, folder):
    path = folder / "search.log"
    path.write_text("\n".join(lines) + "\n")
    (ref,) = discover(str(path))
    return read(ref)


def test_settings_that_are_tried_one_after_another_are_refused(tmp_path):
    lines = [
        line
        for i, (rate, depth, l2) in enumerate(GRID)
        for line in (
            f"combo {i + 1}/{len(GRID)}: {{'iterations': 2000, 'learning_rate': {rate}, 'depth': {depth}, 'l2': {l2}}}",
            f"    -> Val RMSE={RNG.normal(0.6, 0.02):.4f}, R2={RNG.normal(0.85, 0.01):.4f}",
        )
    ]
    with pytest.raises(NotALog, match="each tries other settings"):
        of(lines, tmp_path)


@pytest.mark.parametrize("settings", ["lr: {rate} batch_size: 32", "lr: {wave:.5f} batch_size: {size}"])
def test_a_schedule_and_batches_of_many_sizes_are_of_one_training(tmp_path, settings):
    loss = 2.0 * np.exp(-np.arange(40) / 15) + 0.3
    told = {"rate": 1e-3, "size": 0}
    lines = []
    for i, value in enumerate(loss):
        told |= {"wave": 1e-3 * (1.2 + np.sin(i / 3)), "size": (16, 32, 24)[i % 3]}
        lines.append(f"loss: {value:.4f} {settings.format(**told)}")
    assert len(of(lines, tmp_path).series["loss"]) == 40


@pytest.mark.parametrize(
    "said", ["Final Train Loss: {loss:.4f}", "Final Train Accuracy: {acc:.2f}, Final Test Accuracy: {acc:.2f}"]
)
def test_results_of_trainings_that_are_over_are_refused(tmp_path, said):
    lines = [
        line
        for i, rate in enumerate((0.1, 0.01, 0.001, 0.0001) * 3)
        for line in (f"Activation: ReLU, Learning Rate: {rate}", said.format(loss=1 / (i + 1), acc=90 - i))
    ]
    with pytest.raises(NotALog, match="is the result of a trial"):
        of(lines, tmp_path)


def test_a_training_may_tell_its_result_at_the_end(tmp_path):
    lines = [f"loss: {2.0 - i / 50:.4f} lr: 0.01" for i in range(40)]
    assert len(of([*lines, "Final loss: 1.2000", "Final accuracy: 0.9100"], tmp_path).series["loss"]) == 40


def test_numbers_at_the_head_of_a_line_in_any_order_are_no_step(tmp_path):
    codes = ("035420", "051910", "000660", "035720")
    lines = [f"[{c}] dnn LR:0.001 DF:0.9" for c in (*codes, *codes)]
    lines += [f"[{codes[i % 4]}][Epoch {i // 4 + 1}/20] Epsilon:0.5 PV:10 Loss:{80 - i / 4:.4f}" for i in range(80)]
    run = of(lines, tmp_path)
    assert len(run.series["Loss"]) == 80
    assert int(run.series["Loss"].step.max()) < 100
