"""Result files of three harnesses become runs: one for each model, one point a checkpoint."""

import json

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.roles import resolve
from runlens.sources import Search, discover, read
from runlens.sources.eval_results.families import families
from tests.synthetic.results import LATER, answered, lighteval, lm_eval, olmes

TASKS = {"hellaswag": answered(0.5, 400, 1), "piqa": answered(0.7, 300, 2)}


def runs(path):
    return {ref.id: read(ref) for ref in discover(str(path))}


def the_run(path):
    (run,) = runs(path).values()
    return run


def scores(run):
    """Task, metric and setting to the points of its curve, by step."""
    resolved = resolve(run)
    return {
        (r.task, r.metric_kind, r.setting): dict(zip(r.series.step.tolist(), r.series.value.tolist(), strict=True))
        for role in ("eval_score", "eval_loss", "perplexity")
        for r in resolved.every(role)
    }


def test_checkpoints_of_a_folder_are_one_run(tmp_path):
    for step in (3000, 1000, 2000):
        lm_eval(tmp_path / f"step{step}" / "org__model", {"hellaswag": answered(step / 5000, 500, step)})
    run = the_run(tmp_path)
    (curve,) = scores(run).values()
    assert list(curve) == [1000, 2000, 3000] and run.x_is_step and not run.unplaced
    assert curve[3000] == pytest.approx(float(answered(0.6, 500, 3000).mean()))


def test_models_and_settings_of_one_folder_are_runs_of_their_own(tmp_path):
    for model in ("base", "tuned"):
        for step in (100, 200):
            lm_eval(tmp_path / model / f"checkpoint-{step}", TASKS, model=f"out/{model}/checkpoint-{step}")
    assert set(runs(tmp_path)) == {"base", "tuned"}


def test_a_folder_called_after_its_task_is_no_model(tmp_path):
    lm_eval(tmp_path / "hellaswag" / "org__model", {"hellaswag": TASKS["hellaswag"]})
    lm_eval(tmp_path / "piqa_10shot" / "org__model", {"piqa": TASKS["piqa"]}, date=LATER)
    assert {task for task, _, _ in scores(the_run(tmp_path))} == {"hellaswag", "piqa"}


def test_checkpoints_told_by_the_revision_alone_are_one_run(tmp_path):
    for name, step in (("a", 3000), ("b", 6000)):
        file = lm_eval(tmp_path / name, TASKS, model="org/model")
        data = json.loads(file.read_text())
        data["config"]["model_args"] = f"pretrained=org/model,revision=step{step}"
        file.write_text(json.dumps({**data, "model_name": f"org/model/step{step}"}))
    assert list(scores(the_run(tmp_path))[("piqa", "acc", "0-shot")]) == [3000, 6000]


def test_a_final_model_has_one_point_and_no_place(tmp_path):
    lm_eval(tmp_path / "results" / "org__model", TASKS)
    run = the_run(tmp_path)
    assert run.unplaced and all(list(curve) == [0] for curve in scores(run).values())


def test_tokens_alone_count_checkpoints_and_are_a_series(tmp_path):
    for tokens in ("5B", "10B"):
        lm_eval(tmp_path / f"{tokens}-tokens", TASKS)
    run = the_run(tmp_path)
    assert run.series["tokens"].value.tolist() == [5e9, 10e9] and run.series["tokens"].step.tolist() == [1, 2]


def test_a_limit_never_replaces_a_full_evaluation(tmp_path):
    lm_eval(tmp_path / "step10", TASKS)
    lm_eval(tmp_path / "step10", TASKS, limit=10, date=LATER)
    run = the_run(tmp_path)
    measured = run.measured["hellaswag/acc,none"]
    assert run.series["hellaswag/acc,none"].value[0] == TASKS["hellaswag"].mean()
    assert (measured.n_items, measured.conditions["items"]) == (400, "all")


def test_a_later_full_evaluation_replaces_the_earlier_one(tmp_path):
    lm_eval(tmp_path / "step10", {"hellaswag": answered(0.2, 400, 5)})
    lm_eval(tmp_path / "step10", TASKS, date=LATER)
    assert the_run(tmp_path).series["hellaswag/acc,none"].value[0] == TASKS["hellaswag"].mean()


@pytest.mark.parametrize("change", [{"limit": 10}, {"version": 2.0}, {"prompt": "{{q}}?"}, {"chat": "{{x}}"}])
def test_a_checkpoint_that_was_measured_in_another_way_is_left_out_and_said(tmp_path, change):
    for step in (1, 2, 3, 4):
        lm_eval(tmp_path / f"step{step}", TASKS, **(change if step == 4 else {}))
    run = the_run(tmp_path)
    assert list(scores(run)[("hellaswag", "acc", "0-shot")]) == [1, 2, 3]
    assert any("hellaswag/acc,none of step 4 was left out: its" in note.message for note in run.notes)


def test_a_checkpoint_without_a_place_among_others_is_said(tmp_path):
    lm_eval(tmp_path / "step1", TASKS)
    lm_eval(tmp_path, TASKS)
    run = the_run(tmp_path)
    assert list(scores(run)[("piqa", "acc", "0-shot")]) == [1]
    assert any("nothing tells the step" in note.message for note in run.notes)


def test_an_integer_that_no_float_holds_is_no_score_and_no_answer(tmp_path):
    file = lm_eval(tmp_path, {"hellaswag": answered(0.5, 50, 1)})
    held = json.loads(file.read_text())
    held["results"]["hellaswag"]["acc_norm,none"] = 10**400
    file.write_text(json.dumps(held))
    beside = next(tmp_path.glob("samples_*"))
    first, *others = beside.read_text().splitlines()
    beside.write_text("\n".join([json.dumps(json.loads(first) | {"acc": 10**400}), *others]))
    run = the_run(tmp_path)
    assert "hellaswag/acc,none" in run.series and "hellaswag/acc_norm,none" not in run.series
    assert run.measured["hellaswag/acc,none"].answers is None


def test_answers_are_kept_for_the_last_checkpoint(tmp_path):
    for step in (1, 2):
        lm_eval(tmp_path / f"step{step}", {"hellaswag": answered(0.3 * step, 50, step)})
    answers = the_run(tmp_path).measured["hellaswag/acc,none"].answers
    assert answers is not None and len(answers.item) == 50
    assert answers.right.mean() == answered(0.6, 50, 2).mean()


def test_lines_of_answers_that_were_cut_leave_the_others(tmp_path):
    file = lm_eval(tmp_path, {"hellaswag": answered(0.5, 50, 1)})
    (samples,) = file.parent.glob("samples_*")
    samples.write_text(samples.read_text()[:-30])
    answers = the_run(tmp_path).measured["hellaswag/acc,none"].answers
    assert answers is not None and len(answers.item) == 49


def test_lighteval_with_details(tmp_path):
    lighteval(tmp_path / "step1000", TASKS)
    run = the_run(tmp_path)
    found = run.measured["hellaswag|0/acc"]
    assert (found.task, found.metric, found.setting, found.n_items) == ("hellaswag", "acc", "0-shot", 400)
    assert found.answers is not None and found.answers.right.sum() == TASKS["hellaswag"].sum()


def test_olmes_takes_each_task_once_with_its_form(tmp_path):
    olmes(tmp_path / "step100", TASKS)
    run = the_run(tmp_path)
    assert set(scores(run)) == {
        (task, metric, "rc, 5-shot") for task in ("hellaswag", "piqa") for metric in ("acc", "acc_norm")
    }
    found = run.measured["hellaswag:rc::olmes/acc_per_char"]
    assert found.answers is not None and len(found.answers.item) == 400


@pytest.mark.parametrize("kept", ["metrics-all.jsonl", "metrics.json"])
def test_olmes_is_read_from_its_summary_where_that_alone_was_kept(tmp_path, kept):
    olmes(tmp_path, TASKS)
    for file in tmp_path.iterdir():
        if file.name != kept:
            file.unlink()
    assert ("piqa", "acc_norm", "rc, 5-shot") in scores(the_run(tmp_path))


def test_answers_beside_results_are_no_logs_and_no_unread_files(tmp_path):
    lm_eval(tmp_path, TASKS)
    search = Search()
    assert [ref.source for ref in discover(str(tmp_path), search=search)] == ["eval_results"]
    assert search.unread == []


def test_a_file_named_like_a_result_that_is_none_is_said(tmp_path):
    lm_eval(tmp_path / "a", TASKS)
    (tmp_path / "results_2026-01-01T00-00-00.json").write_text('{"accuracy": 0.5}')
    search = Search()
    discover(str(tmp_path), search=search)
    assert [unread.reason for unread in search.unread] == [
        "it is named like a result file, and holds no table of results"
    ]


def test_a_file_that_was_cut_is_a_note_among_others_and_an_error_alone(tmp_path):
    lm_eval(tmp_path / "step1", TASKS)
    file = lm_eval(tmp_path / "step2", TASKS)
    file.write_text(file.read_text()[:-40])
    assert any(note.kind == "damaged" and "step2" in note.message for note in the_run(tmp_path).notes)
    with pytest.raises(NotALog, match="it may have been cut"):
        the_run(file)


def test_a_metric_that_is_neither_better_nor_worse_has_no_direction(tmp_path):
    file = lm_eval(tmp_path, TASKS)
    data = json.loads(file.read_text())
    data["results"]["crows_pairs"] = {"pct_stereotype,none": 0.6}
    file.write_text(json.dumps(data))
    found = the_run(tmp_path).measured["crows_pairs/pct_stereotype,none"]
    assert found.direction is None


def test_the_mean_of_a_group_knows_its_parts(tmp_path):
    file = lm_eval(tmp_path, {"mmlu": TASKS["piqa"], "mmlu_stem": TASKS["piqa"], "mmlu_virology": TASKS["piqa"]})
    data = json.loads(file.read_text())
    data["group_subtasks"] = {"mmlu": ["mmlu_stem"], "mmlu_stem": ["mmlu_virology"]}
    file.write_text(json.dumps(data))
    measured = the_run(tmp_path).measured
    assert [measured[f"{t}/acc,none"].part_of for t in ("mmlu", "mmlu_stem", "mmlu_virology")] == ["", "mmlu", "mmlu"]


def test_other_json_is_none_of_its_business(tmp_path):
    for name, text in (("all_results.json", '{"eval_loss": 1.2}'), ("results.json", '{"results": [1, 2]}')):
        (tmp_path / name).write_text(text)
    lm_eval(tmp_path / "evals", TASKS)
    assert [ref.source for ref in discover(str(tmp_path))].count("eval_results") == 1


def test_files_of_one_model_in_one_folder_are_one_run(tmp_path):
    for suite, task in (("reading_0-shot", "hellaswag"), ("maths_8-shot", "piqa")):
        file = lm_eval(tmp_path / "base", {task: TASKS[task]}, model="org/base")
        file.rename(tmp_path / "base" / f"base_{suite}.json")
    other = lm_eval(tmp_path / "base", TASKS, model="org/other")
    other.rename(tmp_path / "base" / "other.json")
    found = runs(tmp_path)
    assert {name.rpartition("/")[2]: len(scores(run)) for name, run in found.items()} == {"base": 2, "other": 2}


def test_a_file_of_many_checkpoints_is_one_run(tmp_path):
    data = {
        "tokens": [1e9, 2e9, 3e9],
        "checkpoints": [100, 200, 300],
        "results": {"piqa": {"acc": [0.5, 0.6, 0.7], "acc_stderr": [0.01, 0.01, 0.01]}},
        "versions": {"piqa": 0},
    }
    (tmp_path / "model_agg.json").write_text(json.dumps(data))
    run = the_run(tmp_path / "model_agg.json")
    assert scores(run) == {("piqa", "acc", ""): {100: 0.5, 200: 0.6, 300: 0.7}}
    assert run.series["tokens"].value.tolist() == [1e9, 2e9, 3e9]
    assert run.series["piqa/acc_stderr"].value.tolist() == [0.01, 0.01, 0.01]


def test_families_of_hostile_names(tmp_path):
    names = ["step1/a", "step-2/a", "İ/step3", "…", "results", "2026-01-01", "x" * 200]
    files = [lm_eval(tmp_path / name, TASKS, samples=False) for name in names]
    found = families(files, tmp_path)
    assert sorted(file for group in found.values() for file in group) == sorted(files)
    assert np.all([len(key) < 300 for key in found])


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "../../etc/x", "a/b"])
def test_a_task_whose_name_no_file_can_have_keeps_its_score(name, tmp_path):
    """Answers are looked for under the name of the task: a name of 300 letters took the verdict of the whole folder."""
    for harness in (lm_eval, lighteval, olmes):
        folder = tmp_path / harness.__name__ / "step100"
        harness(folder, {"hellaswag": answered(0.5, 40, 1)})
        for one in sorted(folder.rglob("*.json*")):
            one.write_text(one.read_text().replace("hellaswag", json.dumps(name)[1:-1]))
        assert any(len(s) for s in the_run(folder).series.values()), harness


@pytest.mark.parametrize("line", ["[" * 100_000, '{"acc": 1', "\\ud800", ""])
def test_answers_that_cannot_be_read_cost_the_answers_alone(line, tmp_path):
    file = lm_eval(tmp_path / "step100", {"hellaswag": answered(0.5, 40, 1)})
    (samples,) = file.parent.glob("samples_*")
    samples.write_text(f"{line}\n" * 3)
    run = the_run(tmp_path)
    assert run.series and all(measured.answers is None for measured in run.measured.values())
