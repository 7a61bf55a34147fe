"""`compare RUN --reference TWIN`: training curves, whatever the two call them."""

import json

import numpy as np
import pytest

from tests.cli.command import within
from tests.synthetic.twins import twin


def log(path, run, loss, norm, **more):
    rows = []
    for i, step in enumerate(run.curves["train_loss"].step):
        row = {"step": int(step), loss: run.curves["train_loss"].value[i], norm: run.curves["grad_norm"].value[i]}
        rows.append({**row, **more})
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.fixture
def folder(tmp_path):
    log(tmp_path / "golden.jsonl", twin(1), "train/loss", "train/grad_norm")
    log(tmp_path / "golden2.jsonl", twin(2), "train/loss", "train/grad_norm")
    log(tmp_path / "port.jsonl", twin(3, every=10, start=1), "lm loss", "grad-norm")
    log(tmp_path / "bad.jsonl", twin(4, every=10, worse=0.07, since=1000), "lm loss", "grad-norm")
    return tmp_path


def test_another_framework_that_trains_alike_is_level(folder):
    done = within("compare", "port.jsonl", "--reference", "golden.jsonl", cwd=folder)
    assert done.code == 0 and "LEVEL" in done.out and "lm loss beside train/loss" in done.out


def test_one_that_does_not_is_apart_since_its_step(folder):
    arguments = ("compare", "bad.jsonl", "--reference", "golden.jsonl", "--reference", "golden2.jsonl")
    done = within(*arguments, cwd=folder)
    assert done.code == 1 and "APART" in done.out and "of your 2 references" in " ".join(done.out.split())
    found = within(*arguments, "--format", "json", cwd=folder).json["comparisons"][0]["training"][0]
    assert found["role"] == "train_loss" and found["proven"] and found["severity"] == "error"
    assert abs(found["since"] - 1000) < 200 and found["share"] == pytest.approx(0.07, abs=0.02)


def test_evals_that_the_reference_has_and_the_run_lacks_leave_it_undecided(folder):
    rows = [json.loads(line) for line in (folder / "golden.jsonl").read_text().splitlines()]
    for row in rows[::400]:
        row["eval/hellaswag/acc"] = 0.5
    (folder / "evals.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert within("compare", "port.jsonl", "--reference", "evals.jsonl", cwd=folder).code == 3
    assert within("compare", "bad.jsonl", "--reference", "evals.jsonl", cwd=folder).code == 1
    done = within("check", "evals.jsonl", "--reference", "golden2.jsonl", cwd=folder)
    assert done.code == 3 and "`runlens compare` lays the training curves" in " ".join(done.out.split())


def test_nothing_in_common_is_no_pass(folder):
    (folder / "empty.jsonl").write_text("".join(f'{{"step": {i}, "x": {i}}}\n' for i in range(50)))
    done = within("compare", "empty.jsonl", "--reference", "golden.jsonl", cwd=folder)
    assert done.code == 3 and np.isfinite(done.code)


def test_the_figure_holds_the_training_curves_where_there_are_no_evals(folder):
    done = within("compare", "bad.jsonl", "--reference", "golden.jsonl", "--png", "out.png", cwd=folder)
    assert done.code == 1 and (folder / "out.png").read_bytes()[:4] == b"\x89PNG"
    (folder / "x.jsonl").write_text("".join(f'{{"step": {i}, "x": {i}}}\n' for i in range(50)))
    done = within("compare", "x.jsonl", "--reference", "golden.jsonl", "--png", "no.png", cwd=folder)
    assert done.code == 2 and "nothing to draw" in done.err and not (folder / "no.png").exists()


def test_evals_that_could_not_be_compared_lead_a_page_whose_training_is_level(folder):
    rows = [json.loads(line) for line in (folder / "golden.jsonl").read_text().splitlines()]
    for row in rows[::400]:
        row["eval/hellaswag/acc"] = 0.5
    (folder / "evals.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = within("compare", "port.jsonl", "--reference", "evals.jsonl", cwd=folder)
    assert done.code == 3 and done.out.startswith("? EVALS NOT COMPARED")
    assert within("compare", "bad.jsonl", "--reference", "evals.jsonl", cwd=folder).out.startswith("✖ APART")
