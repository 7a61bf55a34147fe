"""`check` and `compare` of folders of results, alone and beside a run (`--evals`)."""

import json

import pytest

from tests.cli.command import within
from tests.synthetic.results import LATER, answered, lm_eval, unlike

BASE = answered(0.56, 10_042, 1)


@pytest.fixture
def folder(tmp_path):
    lm_eval(tmp_path / "base", {"hellaswag": BASE})
    lm_eval(tmp_path / "worse", {"hellaswag": unlike(BASE, 450, 150)})
    lm_eval(tmp_path / "limited", {"hellaswag": unlike(BASE, 450, 150)}, limit=10)
    return tmp_path


def test_a_final_model_three_points_lower_fails(folder):
    done = within("check", "worse", "--reference", "base", cwd=folder)
    assert done.code == 1 and "McNemar" in done.out and "step 0" not in done.out


def test_a_limited_file_is_undecided_and_leaves_a_full_one_in_force(folder):
    done = within("check", "limited", "--reference", "base", cwd=folder)
    assert done.code == 3 and "measured on the first 10 items" in " ".join(done.out.split())
    lm_eval(folder / "base", {"hellaswag": BASE}, limit=10, date=LATER)
    assert within("check", "worse", "--reference", "base", cwd=folder).code == 1


def test_requirements_hold_for_results(folder):
    assert within("check", "base", "--require", "hellaswag>=0.5", cwd=folder).code == 0
    assert within("check", "base", "--require", "hellaswag>=0.6", cwd=folder).code == 1


def log(folder):
    rows = [{"step": s, "loss": 2 + 3 / s**0.5, "consumed_tokens": s * 1e6} for s in range(1, 401)]
    (folder / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_results_beside_a_run(folder):
    for i, step in enumerate((100, 200, 300, 400)):
        lm_eval(folder / "evals" / f"step{step}", {"piqa": answered(0.5 + 0.05 * i, 2000, i)}, samples=False)
    log(folder)
    done = within("check", "train.jsonl", "--evals", "evals", "--require", "piqa>=0.6", "-f", "json", cwd=folder)
    assert done.code == 0 and done.json["runs"][0]["roles"]["eval_score"]["metric"] == "piqa/acc,none"
    (folder / "runlens.toml").write_text('eval_results = ["evals"]\nrequirements = ["piqa>=0.9"]\n')
    assert within("check", "train.jsonl", cwd=folder).code == 1
    done = within("compare", "train.jsonl", "--evals", "evals", "--reference", "evals", "--axis", "steps", cwd=folder)
    assert done.code == 0 and "LEVEL" in done.out


def test_results_that_come_while_a_run_is_watched_are_read(folder):
    log(folder)
    codes = []
    for i, step in enumerate((100, 200, 300)):
        lm_eval(folder / "evals" / f"step{step}", {"piqa": answered(0.5 + 0.05 * i, 2000, i)}, samples=False)
        codes.append(within("check", "train.jsonl", "--evals", "evals", "--require", "piqa>=0.58", cwd=folder).code)
    assert codes == [1, 1, 0]


def test_compare_reads_and_joins_as_the_settings_say(folder):
    for i in range(1, 5):
        name = folder / "evals" / f"{100 * i}M-tokens"
        lm_eval(name, {"piqa": answered(0.5 + 0.05 * i, 2000, i)}, samples=False)
    (folder / "train.csv").write_text("tick,loss\n" + "".join(f"{t},{2 + 3 / t**0.5}\n" for t in range(1, 401)))
    rows = "".join(f"{i}e8,piqa,acc,{0.5 + 0.05 * i}\n" for i in range(1, 5))
    (folder / "table.csv").write_text(f"tokens,task,metric,value\n{rows}")
    told = ("compare", "train.csv", "--evals", "evals", "--reference", "table.csv")
    assert within(*told, cwd=folder).code != 0
    (folder / "runlens.toml").write_text('x = "tick"\ntokens_per_step = 1e6\n')
    done = within(*told, cwd=folder)
    assert done.code == 0 and "LEVEL" in done.out


def test_results_that_cannot_be_joined_leave_the_run_judged_and_undecided(folder):
    log(folder)
    done = within("check", "train.jsonl", "--evals", "base", cwd=folder)
    assert done.code == 3 and "nothing tells the step of its results" in " ".join(done.out.split())
    assert "consumed" in within("show", "train.jsonl", cwd=folder).out


@pytest.mark.parametrize(("evals", "words"), [(".", "holds the results of 3 models"), ("nowhere", "nowhere")])
def test_wrong_folders_are_said(folder, evals, words):
    log(folder)
    done = within("check", "train.jsonl", "--evals", evals, cwd=folder)
    assert done.code == 2 and words in done.err
