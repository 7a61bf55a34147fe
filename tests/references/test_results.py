"""Result files as lm-evaluation-harness 0.4.13 and lighteval 0.13.0 wrote them (dummy models, 40 items a task)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import NoRunFound, NotALog
from runlens.references import load

SAMPLES = Path(__file__).parent / "samples"


def curves(reference):
    return {(c.task, c.metric, c.setting): c for c in reference.curves}


def checkpoints(folder, sample, places, change=lambda data, i: None):
    for i, place in enumerate(places):
        data = json.loads((SAMPLES / sample).read_text("utf-8"))
        change(data, i)
        target = folder / place
        target.mkdir(parents=True)
        (target / "results_2026-11-25T03-29-59.934596.json").write_text(json.dumps(data), "utf-8")
    return folder


def test_every_score_of_lm_eval_is_read_with_its_setting_direction_and_items(tmp_path):
    found = curves(load(str(checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["step1000"]))))
    assert set(found) == {
        ("gsm8k_local", "exact_match", "strict-match, 3-shot"),
        ("gsm8k_local", "exact_match", "flexible-extract, 3-shot"),
        ("corpus_local", "word_ppl", "0-shot"),
        ("corpus_local", "byte_ppl", "0-shot"),
        ("corpus_local", "bpb", "0-shot"),
        ("arc_easy_local", "acc", "0-shot"),
        ("arc_easy_local", "acc_norm", "0-shot"),
        ("mmlu_local", "acc", "0-shot"),
    }
    accuracy = found["arc_easy_local", "acc", "0-shot"]
    assert (accuracy.at.tolist(), accuracy.value.tolist(), accuracy.n_items) == ([1000.0], [0.25], 40)
    assert accuracy.stderr[0] == pytest.approx(0.069337525)
    assert found["corpus_local", "bpb", "0-shot"].direction == "down"
    assert found["mmlu_local", "acc", "0-shot"].n_items == 40, "a group counts its items by its sample"


def test_lighteval_is_read_without_a_suite_in_the_names(tmp_path):
    for step in (1000, 2000):
        target = tmp_path / f"step_{step}" / "results" / "org" / "dummy-1b"
        target.mkdir(parents=True)
        shutil.copy(SAMPLES / f"lighteval_0.13.0_step_{step}.json", target / "results_2026-11-25T03-45-02.json")
    reference = load(str(tmp_path))
    found = curves(reference)
    assert set(found) == {
        ("arc_local_easy", "acc", "0-shot"),
        ("arc_local_challenge", "acc", "0-shot"),
        ("gsm_local", "exact_match", "3-shot"),
        ("arc_local", "acc", "0-shot"),
    }
    assert reference.axis == "steps"
    challenge = found["arc_local_challenge", "acc", "0-shot"]
    assert (challenge.at.tolist(), challenge.value.tolist()) == ([1000.0, 2000.0], [0.475, 0.625])
    assert challenge.n_items == 40


def test_steps_become_tokens_and_are_sorted(tmp_path):
    def better(data, i):
        data["results"]["arc_easy_local"]["acc,none"] = [0.5, 0.3][i]

    folder = checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["step2000/m", "step1000/m"], better)
    reference = load(str(folder), tokens_per_step=1e6)
    curve = curves(reference)["arc_easy_local", "acc", "0-shot"]
    assert (reference.axis, reference.tokens_per_step) == ("tokens", 1e6)
    assert (curve.at.tolist(), curve.value.tolist()) == ([1e9, 2e9], [0.3, 0.5])


def test_the_revision_tells_the_checkpoint_where_no_folder_does(tmp_path):
    def revision(data, i):
        data["config"]["model_args"] = {"pretrained": "EleutherAI/pythia-160m", "revision": f"step{3000 * (i + 1)}"}

    folder = checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["a", "b"], revision)
    assert load(str(folder)).curves[0].at.tolist() == [3000.0, 6000.0]


def test_per_cent_becomes_a_fraction_with_its_error(tmp_path):
    def per_cent(data, i):
        data["results"]["arc_easy_local"] |= {"acc,none": 25.0, "acc_stderr,none": 6.9}

    folder = checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["step1"], per_cent)
    curve = curves(load(str(folder)))["arc_easy_local", "acc", "0-shot"]
    assert (curve.value[0], curve.stderr[0]) == (0.25, pytest.approx(0.069))


def test_a_model_of_which_nothing_tells_its_place_is_a_final_one(tmp_path):
    def nameless(data, i):
        data["config"]["model_args"] = {}

    folder = checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["final"], nameless)
    assert all(np.isnan(c.at).tolist() == [True] for c in load(str(folder)).curves)


@pytest.mark.parametrize("text", ["{", '{"results": 3}', "[1]"])
def test_a_file_that_is_no_result_file_is_said(tmp_path, text):
    (tmp_path / "step1").mkdir()
    (tmp_path / "step1" / "results_x.json").write_text(text)
    with pytest.raises(NoRunFound, match="no log"):
        load(str(tmp_path))


def test_a_file_that_was_cut_is_named(tmp_path):
    folder = checkpoints(tmp_path / "evals", "lm_eval_0.4.13.json", ["step1"])
    (file,) = folder.rglob("results_*.json")
    file.write_text(file.read_text("utf-8")[:-200], "utf-8")
    with pytest.raises(NotALog, match=file.name):
        load(str(folder))
