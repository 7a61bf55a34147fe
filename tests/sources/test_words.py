"""Columns of words, such as a logged phase: kept as codes in tables of every form and in console logs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from runlens.model import Run
from runlens.render.pages import show, show_json
from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.table.forms import arrow
from runlens.sources.worded import LONGEST, MOST

STEPS = 40
ROWS = [
    {"step": i, "loss": 3.0 - i / 50, "phase": "warm up" if i < 10 else "anneal" if i >= 30 else "pre-train"}
    for i in range(STEPS)
]
WORDS = ("warm up", "pre-train", "anneal")


def of(path) -> Run:
    (ref,) = discover(str(path))
    return read(ref)


def csv_of(rows, path):
    heads = list(dict.fromkeys(k for row in rows for k in row))
    lines = [",".join(heads), *(",".join(str(row.get(h, "")) for h in heads) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def lines_of(rows, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def says_its_phases(run: Run, name: str = "phase") -> None:
    assert run.texts == {name: WORDS}
    np.testing.assert_array_equal(run.series[name].step, np.arange(STEPS))
    np.testing.assert_array_equal(run.series[name].value, np.repeat([0, 1, 2], [10, 20, 10]))
    assert len(run.series["loss"]) == STEPS
    assert not run.notes


def test_of_csv(tmp_path):
    says_its_phases(of(csv_of(ROWS, tmp_path / "log.csv")))


def test_of_csv_through_arrow(tmp_path, monkeypatch):
    monkeypatch.setattr("runlens.sources.table.forms.delimited.LEAST", 100)
    says_its_phases(of(csv_of(ROWS, tmp_path / "log.csv")))


def test_of_json_lines(tmp_path):
    says_its_phases(of(lines_of(ROWS, tmp_path / "log.jsonl")))


def test_of_json_lines_through_arrow(tmp_path, monkeypatch):
    monkeypatch.setattr("runlens.sources.table.forms.jsonl.LEAST", 100)
    assert arrow.add_lines is not None
    says_its_phases(of(lines_of(ROWS, tmp_path / "log.jsonl")))


def test_of_nested_json_lines(tmp_path):
    rows = [{"step": r["step"], "loss": r["loss"], "data": {"phase": r["phase"]}} for r in ROWS]
    says_its_phases(of(lines_of(rows, tmp_path / "log.jsonl")), "phase")


@pytest.mark.parametrize("made", [lambda r: r, lambda r: {k: [row[k] for row in r] for k in r[0]}])
def test_of_a_json_document(tmp_path, made):
    path = tmp_path / "history.json"
    path.write_text(json.dumps(made(ROWS)))
    says_its_phases(of(path))


@pytest.mark.parametrize("category", [False, True])
def test_of_parquet(tmp_path, category):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(ROWS)
    if category:
        table["phase"] = table["phase"].astype("category")
    table.to_parquet(tmp_path / "log.parquet")
    says_its_phases(of(tmp_path / "log.parquet"))


@pytest.mark.parametrize(
    "form",
    ["step {step} | loss: {loss:.4f} | phase: {word}", "step={step} phase='{word}' loss={loss:.4f}",
     "step={step} phase={word} loss={loss:.4f}", "step: {step} phase: {word} loss: {loss:.4f}",
     "{{'step': {step}, 'loss': {loss:.4f}, 'phase': '{word}'}}"],
)  # fmt: skip
def test_of_a_console_log(tmp_path, form):
    path = tmp_path / "train.log"
    path.write_text("\n".join(form.format(**r, word=r["phase"].replace(" ", "_")) for r in ROWS) + "\n")
    run = of(path)
    assert run.texts == {"phase": ("warm_up", "pre-train", "anneal")}
    np.testing.assert_array_equal(run.series["phase"].value, np.repeat([0, 1, 2], [10, 20, 10]))
    np.testing.assert_array_equal(run.series["loss"].step, np.arange(STEPS))


def test_a_console_log_whose_phase_is_its_split_keeps_no_word(tmp_path):
    said = [
        f"step {i} | phase: {p} | loss: {3 - i / 50 + (p == 'val'):.4f}" for i in range(STEPS) for p in ("train", "val")
    ]
    (tmp_path / "train.log").write_text("\n".join(said) + "\n")
    assert not of(tmp_path / "train.log").texts


def test_each_run_of_a_long_table_has_its_own_words(tmp_path):
    rows = [{"run": name, **row, "phase": f"{name} {row['phase']}"} for name in "ab" for row in ROWS]
    runs = [read(ref) for ref in discover(str(csv_of(rows, tmp_path / "log.csv")))]
    assert [run.texts["phase"][0] for run in runs] == ["a warm up", "b warm up"]
    for run in runs:
        np.testing.assert_array_equal(run.series["phase"].value, np.repeat([0, 1, 2], [10, 20, 10]))


def test_a_column_of_splits_is_one_of_splits_and_no_series(tmp_path):
    rows = [{"step": i, "phase": p, "loss": 2.0} for i in range(20) for p in ("train", "val")]
    run = of(csv_of(rows, tmp_path / "log.csv"))
    assert set(run.series) == {"loss", "val/loss"}
    assert not run.texts


def test_the_same_word_all_along_is_configuration(tmp_path):
    run = of(csv_of([{**row, "optimizer": "adamw"} for row in ROWS], tmp_path / "log.csv"))
    assert run.config["optimizer"] == "adamw"
    assert "optimizer" not in run.series


@pytest.mark.parametrize(("words", "kept"), [(MOST, True), (MOST + 1, False)])
def test_many_different_words_are_no_stages(tmp_path, words, kept):
    rows = [{"step": i, "loss": 1.0, "note": f"n{i % words}"} for i in range(3 * words)]
    assert ("note" in of(lines_of(rows, tmp_path / "log.jsonl")).texts) is kept


@pytest.mark.parametrize(("length", "kept"), [(LONGEST, True), (LONGEST + 1, False)])
def test_long_texts_are_no_words(tmp_path, length, kept):
    rows = [{"step": i, "loss": 1.0, "note": "ab"[i % 2] * length} for i in range(20)]
    assert ("note" in of(csv_of(rows, tmp_path / "log.csv")).texts) is kept


@pytest.mark.parametrize(("repeats", "kept"), [(1, False), (2, True)])
def test_names_of_the_rows_are_no_words(tmp_path, repeats, kept):
    rows = [{"step": i, "loss": 1.0, "file": f"f{i // repeats}"} for i in range(20)]
    assert ("file" in of(csv_of(rows, tmp_path / "log.csv")).texts) is kept


def test_odd_cells_among_numbers_are_said_and_no_words(tmp_path):
    rows = [{**row, "loss": "broken" if row["step"] in (3, 4) else row["loss"]} for row in ROWS]
    run = of(csv_of(rows, tmp_path / "log.csv"))
    assert "loss" not in run.texts
    (note,) = run.notes
    assert "2 cells of 'loss'" in note.message or "2 cells of loss" in note.message


def test_words_play_no_role_and_are_shown(tmp_path):
    rows = [{**{("train_loss" if k == "phase" else k): v for k, v in row.items()}} for row in ROWS]
    run = resolve(of(csv_of(rows, tmp_path / "log.csv")))
    assert [r.series.name for r in run.every("train_loss")] == ["loss"]
    assert "Words (1): train_loss (warm up, pre-train, anneal)" in show.render(run)
    assert json.loads(show_json.render(run))["texts"] == {"train_loss": list(WORDS)}
    assert "Not understood" not in show.render(run)


def test_files_of_one_run_keep_their_words(tmp_path):
    for name in ("train", "val"):
        (tmp_path / name).mkdir()
        csv_of(ROWS, tmp_path / name / "log.csv")
    run = of(tmp_path)
    assert set(run.texts.values()) == {WORDS}
    assert set(run.texts) <= set(run.series)
