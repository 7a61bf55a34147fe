"""The real SDK writes, offline; RunLens reads, without it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from runlens.sources import discover, read

SCRIPT = """
import sys, wandb
run = wandb.init(project="p", name="shown", id="stitch", dir=sys.argv[1], config={"lr": 0.1, "model": {"layers": 2}},
                 settings=wandb.Settings(x_stats_sampling_interval=0.5))
first = int(sys.argv[2])
run.define_metric("global_step")
run.define_metric("train/*", step_metric="global_step")
for i in range(400):
    row = {"train/loss": 3.0 / (i + 1), "global_step": first + 2 * i, "flag": i % 2 == 0, "text": "word",
           "deep": {"er": {"x": i}}, "list": [1, 2]}
    if i == 7:
        row["train/loss"] = float("nan")
    if i == 8:
        row["train/loss"] = float("-inf")
    if i == 9:
        row["train/loss"] = None
    run.log(row)
import time
time.sleep(1.2)
run.summary["best"] = 1.5
run.finish(exit_code=int(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("sdk")
    environment = os.environ | {
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_X_STATS_COREWEAVE_METADATA_BASE_URL": "http://127.0.0.1:9",
    }
    for first, code in ((0, 1), (600, 0)):
        command = [sys.executable, "-c", SCRIPT, str(where), str(first), str(code)]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return where


def test_two_attempts_of_the_real_client_are_one_run(folder):
    (ref,) = discover(str(folder / "wandb"))
    assert len(ref.files) == 2
    run = read(ref)
    assert (run.id, run.name, run.state, run.notes) == ("stitch", "shown", "finished", ())
    assert run.config["lr"] == 0.1
    assert run.config["model"] == {"layers": 2}
    assert run.summary["best"] == 1.5
    assert run.summary["text"] == "word"
    assert run.step_metric == "global_step"
    assert len(run.starts) == 2


def test_every_row_of_the_real_client_is_there(folder):
    run = read(discover(str(folder))[0])
    expected = np.array([3.0 / (i + 1) for i in range(400)])
    expected[7], expected[8] = np.nan, -np.inf
    expected = np.delete(expected, 9)
    assert np.array_equal(run.series["train/loss"].value, np.tile(expected, 2), equal_nan=True)
    steps = run.series["global_step"]
    assert steps.value.tolist() == [2 * i for i in range(400)] + [600 + 2 * i for i in range(400)]
    assert steps.step.tolist() == list(range(800)), "a call counter goes on where it was"
    assert np.all(np.diff(steps.time) > 0)
    assert run.series["flag"].value[:4].tolist() == [1, 0, 1, 0]
    assert run.series["deep.er.x"].value[:400].tolist() == list(range(400))
    assert not {"text", "list", "_step", "_runtime", "_timestamp"} & set(run.series)


def test_system_metrics_of_the_real_client_lie_on_its_steps(folder):
    run = read(discover(str(folder))[0])
    memory = run.series["system.memory_percent"]
    assert len(memory) >= 2
    assert memory.step.min() >= 0
    assert memory.step.max() <= 799
    assert np.all((memory.value > 0) & (memory.value < 100))


def test_wandb_itself_is_not_imported(folder):
    code = (
        "import sys; from runlens.sources import discover, read; "
        f"read(discover({str(folder)!r})[0]); print(sorted({{'wandb', 'pandas', 'pyarrow'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
