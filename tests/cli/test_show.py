"""`runlens show`: what a user sees, in both forms, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.cli.command import runlens as in_a_process
from tests.cli.command import within as runlens

ROOT = Path(__file__).parents[2]
BAD = ROOT / "fixtures" / "rules" / "HW001" / "bad.jsonl"


def table(folder, columns, name="history.jsonl"):
    path = folder / name
    rows = [{"step": i, **{key: make(i) for key, make in columns.items()}} for i in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_page_shows_roles_series_units_and_why():
    done = runlens("show", str(BAD), env={"COLUMNS": "120"})
    assert done.code == 0 and done.err == ""
    assert "nanotron" in done.out and "4 GPUs" in done.out
    assert "train loss" in done.out and "lm_loss" in done.out and "nats" in done.out
    assert "95 %, name of nanotron" in done.out
    assert "also gpu 1, gpu 2, gpu 3" in done.out
    assert "No series for" in done.out and "eval loss" in done.out
    assert any(block in done.out for block in "▂▃▄▅▆▇█")


def test_a_loss_whose_last_writes_are_nan_shows_what_was_finite(tmp_path):
    rows = [{"step": i if i < 60 else i - 40, "loss": 3.0 - i / 60 if i < 60 else math.nan} for i in range(100)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = runlens("show", str(tmp_path / "history.jsonl"), env={"COLUMNS": "120"})
    assert "3 → 2.69 nats, 40 not finite" in done.out


def test_the_runs_of_one_file_are_named_as_they_can_be_given(tmp_path):
    rows = [{"step": i % 60, "loss": 3.0 - i % 60 / 60} for i in range(120)]
    log = tmp_path / "history.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = runlens("show", str(log))
    assert done.code == 2 and done.err.endswith(f"holds 2 runs; name one of them: '{log}#1', '{log}#2'\n")
    assert runlens("show", f"{log}#2").out.startswith("history/2")


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_no_line_is_wider_than_asked_for(width):
    done = runlens("show", str(BAD), env={"COLUMNS": str(width)})
    assert max(len(line) for line in done.out.splitlines()) <= width


def test_a_long_name_stands_whole_on_a_narrow_page():
    run = ROOT / "fixtures" / "runs" / "wandb" / "lr_bump"
    done = runlens("show", str(run), env={"COLUMNS": "80"})
    assert "loss_metrics/global_avg_loss " in done.out and "8.38 → 3.49 nats" in done.out
    assert "3wwyb9yf (lr_bump)" in done.out and "state finished" in done.out


def test_attempts_are_counted():
    assert "2 starts" in runlens("show", str(ROOT / "fixtures" / "runs" / "restart_clean")).out


def test_json_holds_everything():
    page = runlens("show", str(BAD), "--format", "json").json
    assert page["schema"] == 1 and page["framework"] == "nanotron" and page["hardware_count"] == 4
    (loss,) = page["roles"]["train_loss"]
    assert (loss["metric"], loss["unit"], loss["direction"]) == ("lm_loss", "nats", "down")
    assert loss["points"] == 260 and loss["steps"] == [10, 2600]
    assert [r["device"] for r in page["roles"]["gpu_temperature"]] == [f"gpu {i}" for i in range(4)]
    assert page["roles"]["step_time"][0]["derived"] is True
    assert page["not_understood"] == []


def test_the_user_s_word_counts(tmp_path):
    path = table(tmp_path, {"mine/odd": lambda i: 3.0 - i / 60, "loss": lambda i: 4.0})
    page = runlens("show", str(path), "--metric", "train_loss=mine/odd", "-f", "json").json
    assert [r["metric"] for r in page["roles"]["train_loss"]] == ["mine/odd", "loss"]
    assert page["not_understood"] == []
    plain = runlens("show", str(path), "-f", "json").json
    assert plain["roles"]["train_loss"][0]["metric"] == "loss" and plain["not_understood"] == ["mine/odd"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--metric", "trainloss=loss"], "train_loss"),
        (["--metric", "train_loss=los"], "'loss'"),
        (["--metric", "loss"], "ROLE=NAME"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(tmp_path, arguments, hint):
    done = runlens("show", str(table(tmp_path, {"loss": lambda i: 3.0 - i / 60})), *arguments)
    assert done.code == 2 and done.out == ""
    assert hint in done.err and len(done.err.strip().splitlines()) == 1 and "Traceback" not in done.err


def test_a_wrong_path_is_exit_2(tmp_path):
    assert runlens("show", str(tmp_path / "nowhere")).code == 2


def test_several_runs_are_not_guessed_from(tmp_path):
    table(tmp_path, {"loss": float}, "a.jsonl")
    table(tmp_path, {"loss": float}, "b.jsonl")
    done = runlens("show", str(tmp_path))
    assert done.code == 2 and "2 runs" in done.err
    assert str(tmp_path / "a.jsonl") in done.err, "a name that can be given"


def test_output_goes_to_a_file(tmp_path):
    target = tmp_path / "out" / "page.txt"
    done = runlens("show", str(BAD), "--output", str(target))
    assert done.code == 0 and done.out == ""
    assert "lm_loss" in target.read_text(encoding="utf-8")


def test_hostile_names_do_nothing(tmp_path):
    evil = "[red]x[/red]\x1b[31m\u202eloss\n"
    path = table(tmp_path, {evil: lambda i: 1.0, f"train/{evil}/grad_norm": lambda i: 1.0, "loss": lambda i: 3.0})
    done = runlens("show", str(path))
    assert done.code == 0
    assert "\x1b" not in done.out and "\u202e" not in done.out
    assert "[red]x[/red]" in done.out.replace("\n", "") and "\\x1b" in done.out
    written = runlens("show", str(path), "-f", "json")
    assert written.out.isascii()
    assert evil in [other["metric"] for other in written.json["other"]]


def test_values_that_are_not_finite_are_said(tmp_path):
    path = tmp_path / "history.jsonl"
    rows = [f'{{"step": {i}, "loss": {"NaN" if i > 50 else 3.0 - i / 60}}}\n' for i in range(60)]
    path.write_text("".join(rows), encoding="utf-8")
    assert "9 not finite" in runlens("show", str(path)).out
    page = runlens("show", str(path), "-f", "json").json
    assert page["roles"]["train_loss"][0]["last"] == "NaN"


def test_ascii_where_the_terminal_has_no_more(tmp_path):
    done = in_a_process("show", str(BAD), env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0 and done.out.isascii()


def test_the_x_axis_of_a_table_is_named_by_a_flag_or_in_the_settings(tmp_path):
    run = tmp_path / "history.csv"
    run.write_text("step,seen,loss\n" + "".join(f"{i},{512 * i},{5 / (i + 1)}\n" for i in range(60)))
    assert runlens("show", str(run), "--format", "json").json["roles"]["train_loss"][0]["steps"] == [0, 59]
    page = runlens("show", str(run), "--x", "seen", "--format", "json").json
    assert page["roles"]["train_loss"][0]["steps"] == [0, 30208]
    (tmp_path / "runlens.toml").write_text('[[runs]]\nmatch = "hist*"\nx = "seen"\n')
    page = runlens("show", "history.csv", "--format", "json", cwd=tmp_path).json
    assert page["roles"]["train_loss"][0]["steps"] == [0, 30208]
    done = runlens("show", str(run), "--x", "sene")
    assert done.code == 3 and "has no column 'sene' to be the x axis" in done.err
    event_files = ROOT / "fixtures" / "runs" / "restart_clean"
    done = runlens("show", str(event_files), "--x", "seen")
    assert done.code == 2 and "--x tells how to read a table" in done.err


def test_a_role_that_was_guessed_is_said_with_the_flag_that_settles_it(tmp_path):
    rows = "".join(f"{i},{3 - i / 99},{1 / (i + 1)},{4 - i / 99}\n" for i in range(1, 60))
    (tmp_path / "log.csv").write_text("step,Rec,KL,Total\n" + rows)
    name = str(tmp_path / "log.csv")
    said = "--metric train_loss=NAME settles it"
    assert said in runlens("show", name).out and said in runlens("check", name).out
    assert said in runlens("show", name, "--format", "json").json["guess"]
    assert said in runlens("check", name, "--format", "json").json["runs"][0]["guess"]
    assert runlens("show", name, "--metric", "train_loss=Total", "--format", "json").json["guess"] == ""


def test_runs_of_one_folder_are_named_by_what_names_them(tmp_path):
    from tests.sources.tfevents_writer import T0, scalar, version, write

    for k in range(2):
        rows = [scalar("loss", i, 3.0 - i / 20 + k / 100, T0 + 1000 * k + i) for i in range(40)]
        write(
            tmp_path / "logs",
            [version(T0 + 1000 * k), *rows],
            name=f"events.out.tfevents.{int(T0) + 1000 * k}.host.1.0",
        )
    done = runlens("show", str(tmp_path))
    assert done.code == 2 and done.err.endswith(f"'{tmp_path}/logs#1', '{tmp_path}/logs#2'\n")
    assert runlens("show", f"{tmp_path}/logs#2").code == 0


@pytest.mark.parametrize(
    ("axis", "said"),
    [("step", ""), ("global_step", ""), ("training_steps", " by training_steps"), ("epoch", " by epoch")],
)
def test_the_page_says_what_the_steps_are_by(tmp_path, axis, said):
    (tmp_path / "a.csv").write_text(f"{axis},loss\n" + "".join(f"{i},{2 - i / 40}\n" for i in range(40)))
    assert f"steps 0–39{said} · state" in runlens("show", str(tmp_path / "a.csv")).out
    assert runlens("show", str(tmp_path / "a.csv"), "--format", "json").json["axis"] == axis


def test_the_page_says_that_lines_were_counted(tmp_path):
    (tmp_path / "a.log").write_text("".join(f"loss: {2 - i / 40}, lr: 0.001\n" for i in range(40)))
    assert "by lines" in runlens("show", str(tmp_path / "a.log")).out
