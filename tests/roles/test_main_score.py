"""The main score in many fields (`main_scores.csv`), and the roles in logs of frameworks (`framework_logs.csv`)."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve

N = 40
STEP = np.arange(N)
RISES = 0.1 + 0.7 * (1 - np.exp(-STEP / 10))
FALLS = re.compile(
    r"loss|cost|xent|ce-|err|eer|wer|cer|ppl|rmse|mae|mape|rel$|mpjpe|objective|dcf|fid|medr|meanr|^mr$", re.IGNORECASE
)
with (Path(__file__).parent / "main_scores.csv").open(encoding="utf-8", newline="") as file:
    TABLE = list(csv.DictReader(file))
with (Path(__file__).parent / "framework_logs.csv").open(encoding="utf-8", newline="") as file:
    FRAMEWORKS = list(csv.DictReader(file))


def course(name, seed=0):
    """Values such as a series of that name has: losses and errors fall, records only rise, counters count."""
    noise = 0.01 * np.random.default_rng(seed + len(name)).standard_normal(N)
    if re.fullmatch(r"(?i)epoch|episode|iter|steps?|.*kimg", name):
        return STEP.astype(float)
    if re.search(r"(?i)best", name):
        return np.maximum.accumulate(RISES + noise)
    if re.search(r"(?i)(^|[/_ ])lr$|learning.rate|^rate$|eps", name):
        return 0.1 * (1 - STEP / N) + 1e-5
    size = 100.0 if re.search(r"(?i)rew|return|epret|score", name) else 1.0
    return 0.2 + 2.0 * np.exp(-STEP / 10) + noise if FALLS.search(name) else size * (RISES + noise)


def run_of(names, config=None, rows=None):
    series = {}
    for i, name in enumerate(names):
        at = (rows or {}).get(name, slice(None))
        series[name] = Series(name, STEP[at], STEP[at] + 1.7e9, course(name, i)[at])
    return resolve(Run("run", "run", "run", config=config or {}, series=series))


def of_role(run, role):
    found = run.role(role)
    return "" if found is None else found.series.name


@pytest.mark.parametrize("row", TABLE, ids=[f"{row['field']}: {row['names']}" for row in TABLE])
def test_the_main_score_is_the_one_that_the_field_reports(row):
    run = run_of(row["names"].split("; "))
    wanted = {role: row[role] for role in ("train_loss", "eval_loss", "eval_score", "train_score", "reward")}
    assert {role: of_role(run, role) for role in wanted if wanted[role] != "*"} == {
        role: name for role, name in wanted.items() if name != "*"
    }


@pytest.mark.parametrize("row", FRAMEWORKS, ids=[f"{row['framework']}: {row['names'][:40]}" for row in FRAMEWORKS])
def test_a_log_of_a_framework_plays_its_roles(row):
    run = run_of(row["names"].split("; "))
    wanted = {role: row[role] for role in ("train_loss", "eval_loss", "eval_score", "learning_rate", "reward")}
    assert {role: of_role(run, role) for role in wanted} == wanted


def test_the_table_covers_the_fields():
    fields = {row["field"] for row in TABLE}
    assert {"vision", "detection", "segmentation", "speech", "translation", "recommending", "retrieval", "rl"} <= fields
    assert {"generation", "restoration", "language model", "tagging", "graphs", "tables", "pose"} <= fields


@pytest.mark.parametrize(
    ("config", "main"),
    [
        ({}, "eval_accuracy"),
        ({"metric_for_best_model": "f1", "greater_is_better": True}, "eval_f1"),
        ({"metric_for_best_model": "eval_f1"}, "eval_f1"),
        ({"best_checkpoint_metric": "f1", "maximize_best_checkpoint_metric": True}, "eval_f1"),
        ({"validation_metric": "+f1"}, "eval_f1"),
        ({"callbacks": {"monitor": "eval_f1"}}, "eval_f1"),
        ({"metric_for_best_model": "eval_loss"}, "eval_accuracy"),
    ],
)
def test_the_metric_that_chooses_the_best_model_comes_first(config, main):
    assert of_role(run_of(["loss", "eval_loss", "eval_accuracy", "eval_f1"], config), "eval_score") == main


@pytest.mark.parametrize(("every", "role"), [(1, "train_score"), (2, "eval_score"), (5, "eval_score")])
def test_a_score_of_no_split_is_of_an_evaluation_where_it_is_rarer_than_the_loss(every, role):
    run = run_of(["loss", "acc"], rows={"acc": slice(None, None, every)})
    assert of_role(run, role) == "acc"


def test_a_best_so_far_is_known_by_its_values():
    score = RISES + 0.05 * np.random.default_rng(1).standard_normal(N)
    made = {"val/a_acc": np.maximum.accumulate(score), "val/b_acc": score}
    series = {name: Series(name, STEP, STEP + 1.7e9, value) for name, value in made.items()}
    assert of_role(resolve(Run("r", "r", "r", series=series)), "eval_score") == "val/b_acc"
    made["val/a_acc"] = made["val/a_acc"] + 0.01  # a score of its own that only rises
    series = {name: Series(name, STEP, STEP + 1.7e9, value) for name, value in made.items()}
    assert of_role(resolve(Run("r", "r", "r", series=series)), "eval_score") == "val/a_acc"


def test_the_user_has_the_first_word():
    series = {n: Series(n, STEP, STEP + 1.7e9, course(n)) for n in ("val_acc", "best_val_acc")}
    run = resolve(Run("r", "r", "r", series=series), {"eval_score": "best_val_acc"})
    assert of_role(run, "eval_score") == "best_val_acc"


@pytest.mark.parametrize(
    "names",
    [
        ["precision", "loss"],  # of numbers
        ["per", "is", "far", "loss"],
        ["f1", "threshold", "loss"],
        ["loss", "acc_weight", "iou_loss_weight", "acc_threshold"],
        ["loss", "rew_dof_acc"],
    ],
)
def test_what_only_looks_like_a_score_is_none(names):
    run = run_of(names)
    assert (of_role(run, "eval_score"), of_role(run, "train_score")) == ("", "")
