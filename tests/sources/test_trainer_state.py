from __future__ import annotations

import json
import math

import numpy as np
import pytest

from runlens.errors import NotALog, RunLensError
from runlens.sources import discover, read, trainer_state


def state(last, **more):
    history = [
        {"loss": 3.0 - i / 100, "grad_norm": 0.5, "learning_rate": 1e-4, "epoch": i / 100, "step": i}
        for i in range(1, last + 1)
    ]
    history.append({"eval_loss": 2.5, "eval_runtime": 3.0, "epoch": last / 100, "step": last})
    known = {"best_metric": None, "epoch": last / 100, "global_step": last, "max_steps": 50, "num_train_epochs": 3}
    return {**known, "log_history": [*history, *more.pop("rows", [])], **more}


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return path


def only(path):
    (ref,) = discover(str(path))
    return read(ref)


def test_names_are_those_that_the_trainer_sends_to_its_loggers(tmp_path):
    run = only(put(tmp_path / "trainer_state.json", state(20)))
    assert set(run.series) == {
        "train/loss",
        "train/grad_norm",
        "train/learning_rate",
        "train/epoch",
        "eval/loss",
        "eval/runtime",
    }
    assert run.series["train/loss"].step.tolist() == list(range(1, 21))
    assert run.series["eval/loss"].step.tolist() == [20]
    assert np.isnan(run.series["train/loss"].time).all()
    assert run.config["max_steps"] == 50
    assert run.state == "unknown"


def test_non_finite_values_are_kept(tmp_path):
    run = only(put(tmp_path / "trainer_state.json", state(3, rows=[{"grad_norm": math.nan, "loss": 0.0, "step": 4}])))
    assert math.isnan(run.series["train/grad_norm"].value[-1])


@pytest.mark.parametrize(("last", "rows"), [(50, []), (20, [{"train_runtime": 9.0, "train_loss": 2.0, "step": 20}])])
def test_a_run_that_did_all_its_steps_or_wrote_its_last_row_is_finished(tmp_path, last, rows):
    run = only(put(tmp_path / "trainer_state.json", state(last, rows=rows)))
    assert run.state == "finished"
    assert run.summary == ({"train/train_loss": 2.0, "train/train_runtime": 9.0} if rows else {})


def test_of_an_output_folder_the_newest_checkpoint_is_read(tmp_path):
    for step in (9, 10, 30):
        put(tmp_path / "out" / f"checkpoint-{step}" / "trainer_state.json", state(step))
    put(tmp_path / "other" / "checkpoint-5" / "trainer_state.json", state(5))
    refs = discover(str(tmp_path))
    assert [r.id for r in refs] == ["other", "out"]
    assert len(read(refs[1]).series["train/loss"]) == 30


@pytest.mark.parametrize(("top", "expected"), [(40, 40), (20, 30)])
def test_the_state_beside_the_checkpoints_counts_by_its_step(tmp_path, top, expected):
    put(tmp_path / "out" / "checkpoint-30" / "trainer_state.json", state(30))
    put(tmp_path / "out" / "trainer_state.json", state(top))
    assert len(only(tmp_path / "out").series["train/loss"]) == expected


def test_an_output_folder_with_a_fuller_log_is_left_to_it(tmp_path):
    put(tmp_path / "out" / "checkpoint-30" / "trainer_state.json", state(30))
    put(tmp_path / "out" / "logs" / "run-abc.wandb", "")
    (ref,) = discover(str(tmp_path))
    assert ref.source == "wandb_file"


def test_find_names_one_file_or_all_below_a_folder(tmp_path):
    path = put(tmp_path / "out" / "checkpoint-30" / "trainer_state.json", state(30))
    assert trainer_state.find(str(path))[0].id == "out"
    assert trainer_state.find(str(tmp_path))[0].location == str(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no whole JSON"),
        ('{"log_history": [', "no whole JSON"),
        ("[" * 200000, "no whole JSON"),
        ("[]", "no log_history"),
        ('{"log_history": 3}', "no log_history"),
        ('{"log_history": []}', "empty"),
        ('{"log_history": [3, {"loss": 1}]}', "empty"),
    ],
)
def test_what_is_no_state_is_said(tmp_path, content, said):
    with pytest.raises(NotALog, match=said):
        only(put(tmp_path / "trainer_state.json", content))


def test_every_truncation_is_an_error_of_ours(tmp_path):
    whole = json.dumps(state(3))
    for end in range(len(whole)):
        with pytest.raises(RunLensError):
            only(put(tmp_path / "trainer_state.json", whole[:end]))


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_state_in_another_code_reads_alike(tmp_path, code):
    plain = only(put(tmp_path / "a" / "trainer_state.json", state(20)))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "trainer_state.json").write_bytes(json.dumps(state(20)).encode(code))
    other = only(tmp_path / "b" / "trainer_state.json")
    np.testing.assert_array_equal(other.series["train/loss"].value, plain.series["train/loss"].value)
