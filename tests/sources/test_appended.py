"""Several trainings in one log, one after another: what is a run of its own, what goes on, what is a resume."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from runlens.errors import NoRunFound, ReadError
from runlens.model import ReadOptions
from runlens.sources import discover, read, table
from runlens.sources.appended import Between, Course, counted_on, trainings_of
from runlens.sources.appended import loss as appended_loss
from runlens.sources.appended.loss import AFRESH, GOES_ON, are_rounds, is_afresh
from runlens.sources.appended.trainings import begins_anew
from runlens.sources.text.axis import log as last_log
from runlens.sources.text.between import between


def curve(n, rng, first=2.5, last=0.5, noise=0.02):
    return last + (first - last) * np.exp(-8 * np.arange(n) / n) + noise * rng.normal(size=n)


def text_of(steps, loss, said="step {} loss {:.5f}\n"):
    return "".join(said.format(s, x) for s, x in zip(steps, loss, strict=True))


def lines_of(steps, loss):
    return "".join(json.dumps({"step": int(s), "loss": float(x)}) + "\n" for s, x in zip(steps, loss, strict=True))


def cells_of(steps, loss):
    return text_of(steps, loss, "{},{:.5f}\n")


FORMS = {"train.log": ("", text_of), "train.jsonl": ("", lines_of), "train.csv": ("step,loss\n", cells_of)}
forms = pytest.mark.parametrize("name", FORMS)


def found(name, pieces, folder):
    head, write = FORMS[name]
    (folder / name).write_text(head + "".join(p if isinstance(p, str) else write(*p) for p in pieces))
    return {ref.id: read(ref) for ref in discover(str(folder / name))}


@forms
@pytest.mark.parametrize("seed", range(3))
def test_trainings_of_different_lengths_are_runs_of_their_own(tmp_path, name, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(10, 200, size=rng.integers(2, 6))
    pieces = [(np.arange(n) * 10, curve(n, rng)) for n in sizes]
    runs = found(name, pieces, tmp_path)
    assert list(runs) == [f"train/{k + 1}" for k in range(len(sizes))]
    for run, (steps, loss) in zip(runs.values(), pieces, strict=True):
        np.testing.assert_array_equal(run.series["loss"].step, steps)
        np.testing.assert_allclose(run.series["loss"].value, loss, atol=1e-5)


@forms
@pytest.mark.parametrize("seed", range(3))
def test_a_resume_from_a_checkpoint_is_one_run_with_its_steps_twice(tmp_path, name, seed):
    rng = np.random.default_rng(seed)
    loss = curve(300, rng)
    stop, back = int(rng.integers(100, 280)), int(rng.integers(10, 60))
    pieces = [(np.arange(stop), loss[:stop]), (np.arange(stop - back, 300), loss[stop - back :] + 0.01)]
    (run,) = found(name, pieces, tmp_path).values()
    assert len(run.series["loss"]) == 300 + back and len(run.series["loss"].attempts()) == 2
    assert not [n for n in run.notes if n.kind == "guessed"]


@forms
def test_weights_that_were_not_loaded_at_a_resume_are_one_run(tmp_path, name):
    loss = curve(300, np.random.default_rng(1))
    (run,) = found(name, [(np.arange(200), loss[:200]), (np.arange(150, 300), loss[:150])], tmp_path).values()
    assert len(run.series["loss"].attempts()) == 2


@forms
def test_a_counter_that_was_lost_at_a_resume_is_counted_on(tmp_path, name):
    loss = curve(300, np.random.default_rng(2))
    (run,) = found(name, [(np.arange(180), loss[:180]), (np.arange(120), loss[180:])], tmp_path).values()
    np.testing.assert_array_equal(run.series["loss"].step, np.arange(300))
    assert "begins anew once while the loss goes on" in run.notes[-1].message


@forms
def test_rounds_of_a_few_epochs_are_one_run(tmp_path, name):
    loss = curve(600, np.random.default_rng(3))
    pieces = [(np.arange(1, 6), loss[k : k + 5]) for k in range(0, 600, 5)]
    (run,) = found(name, pieces, tmp_path).values()
    np.testing.assert_array_equal(run.series["loss"].step, np.arange(1, 601))


@forms
def test_a_training_that_blew_up_is_given_up_for_the_next_and_can_be_named(tmp_path, name):
    rng = np.random.default_rng(4)
    broken = curve(80, rng)
    broken[60:] = np.nan
    runs = found(name, [(np.arange(80), broken), (np.arange(100), curve(100, rng))], tmp_path)
    assert list(runs) == ["train"] and np.isfinite(runs["train"].series["loss"].value).all()
    assert "number 1 (its loss was no number any more) was given up" in runs["train"].notes[-1].message
    for way in ("#1", "/1", "/train/1"):
        (ref,) = discover(str(tmp_path / name) + way)
        assert len(read(ref).series["loss"]) == 80


@forms
def test_one_of_them_is_named_by_its_number(tmp_path, name):
    rng = np.random.default_rng(5)
    found(name, [(np.arange(50), curve(50, rng)), (np.arange(60), curve(60, rng))], tmp_path)
    for way in ("#2", "/2", "/train/2"):
        (ref,) = discover(str(tmp_path / name) + way)
        assert ref.id == "train/2" and len(read(ref).series["loss"]) == 60
    for way in ("#3", "/2/1", "/other"):
        with pytest.raises(NoRunFound, match=r"holds no run .*; it holds '1', '2': name one after #"):
            discover(str(tmp_path / name) + way)


def test_a_file_of_one_run_has_no_others_to_name(tmp_path):
    found("train.log", [(np.arange(50), curve(50, np.random.default_rng(6)))], tmp_path)
    with pytest.raises(NoRunFound, match="nothing is at"):
        discover(str(tmp_path / "train.log#2"))


@pytest.mark.parametrize("sign", [" ", "  ", "\t", ";", "|", ","])
def test_trainings_of_a_table_are_told_apart_whatever_divides_its_cells(tmp_path, sign):
    """Blanks were not looked for, so that only the last training was read."""
    rng = np.random.default_rng(4)
    rows = [["lr", "step", "loss"]]
    rows += [["0.001", f"{10 * i}", f"{x:.5f}"] for _ in range(3) for i, x in enumerate(curve(40, rng))]
    (tmp_path / "train.csv").write_text("".join(sign.join(row) + "\n" for row in rows))
    assert [ref.member for ref in discover(str(tmp_path / "train.csv"))] == ["1", "2", "3"]


def test_a_run_of_a_table_is_named_by_what_its_column_says(tmp_path):
    rows = "".join(f"{s},{e},{2 - e / 50}\n" for s in ("a", "b") for e in range(30))
    (tmp_path / "t.csv").write_text("seed,epoch,loss\n" + rows)
    (ref,) = discover(str(tmp_path / "t.csv#b"))
    assert ref.id == "t/b" and len(read(ref).series["loss"]) == 30


def test_trainings_of_objects_on_lines_of_a_logger_are_told_apart(tmp_path):
    """They were not looked for, so that only the last training was read."""
    rng = np.random.default_rng(4)
    rows = "".join(lines_of(np.arange(40), curve(40, rng)) for _ in range(3)).splitlines()
    (tmp_path / "train.log").write_text("".join(f"2026-01-01 00:00:00 | INFO | {row}\n" for row in rows))
    refs = discover(str(tmp_path / "train.log"))
    assert [(ref.source, ref.member) for ref in refs] == [("table", "1"), ("table", "2"), ("table", "3")]
    assert [len(read(ref).series["loss"]) for ref in refs] == [40, 40, 40]


def test_a_table_that_was_looked_through_is_read_once(tmp_path, monkeypatch):
    loss = curve(300, np.random.default_rng(2))
    times = []
    read_file = table.run.read_file
    monkeypatch.setattr(table.run, "read_file", lambda path: times.append(path) or read_file(path))
    for pieces in ([(np.arange(180), loss[:180]), (np.arange(120), loss[180:])], [(np.arange(300), loss)] * 3):
        times.clear()
        for run in found("train.csv", pieces, tmp_path).values():
            assert len(run.series["loss"]) == 300
        assert len(times) == 1


def test_trainings_of_a_console_log_are_told_apart_once(tmp_path, monkeypatch):
    times = []
    launches = last_log.launches
    monkeypatch.setattr(last_log, "launches", lambda *given: times.append(given) or launches(*given))
    loss = curve(300, np.random.default_rng(2))
    assert len(found("train.log", [(np.arange(300), loss)] * 3, tmp_path)) == 3 and len(times) == 1
    with (tmp_path / "train.log").open("a") as log:
        log.write(text_of(np.arange(50), loss[:50]))
    assert len(read(discover(str(tmp_path / "train.log"))[-1]).series["loss"]) == 50 and len(times) == 2


@forms
def test_trainings_of_a_log_that_vanished_cannot_be_read(tmp_path, name):
    rng = np.random.default_rng(5)
    found(name, [(np.arange(50), curve(50, rng)), (np.arange(60), curve(60, rng))], tmp_path)
    refs = discover(str(tmp_path / name))
    (tmp_path / name).unlink()
    for ref in refs:
        with pytest.raises(ReadError):
            read(ref)


def test_runs_that_a_column_names_have_no_numbers_beside(tmp_path):
    """What stands between two of them was taken for another training, `3` of three seeds from 0."""
    rows = "".join(f"{s},{e},{2 - e / 50}\n" for s in range(3) for e in range(30))
    (tmp_path / "t.csv").write_text("seed,epoch,loss\n" + rows)
    with pytest.raises(NoRunFound, match="it holds '0', '1', '2': name one after #"):
        discover(str(tmp_path / "t.csv#3"))


def test_a_training_that_was_given_up_is_named_on_the_axis_that_the_user_named(tmp_path):
    rng = np.random.default_rng(7)
    rows = [f"{k},{x:.5f}\n" for n in (5, 60) for k, x in enumerate(curve(n, rng))]
    (tmp_path / "t.csv").write_text("when,loss\n" + "".join(rows))
    options = ReadOptions(x="when")
    (ref,) = discover(str(tmp_path / "t.csv"), options=options)
    assert len(read(ref).series["loss"]) == 60
    (ref,) = discover(str(tmp_path / "t.csv#1"), options=options)
    assert len(read(ref).series["loss"]) == 5


@pytest.mark.parametrize(
    ("heads", "runs"),
    [
        (("Training fold 1", "Training fold 2", "Training fold 3"), 3),
        (("Namespace(lr=0.1, wd=0)", "Namespace(lr=0.01, wd=0)", "Namespace(lr=0.001, wd=0)"), 3),
        (("model: resnet18", "model: vgg16", "model: vit"), 3),
        (("seed: 1", "seed: 2", "seed: 3"), 3),
        (("wandb: run-20250101_1", "wandb: run-20250102_2", "wandb: run-20250103_3"), 1),
        (("seed: 1", "seed: 1", "seed: 1"), 1),
        (("output_dir=/a/1", "output_dir=/a/2", "output_dir=/a/3"), 1),
    ],
)
def test_flat_losses_are_told_apart_by_what_stands_between_them(tmp_path, heads, runs):
    """They all stop somewhere else, and short of what they promise: only the words between tell."""
    rng = np.random.default_rng(7)
    pieces = []
    for head, size in zip(heads, (20, 25, 30), strict=True):
        loss = 0.7 + 0.001 * rng.normal(size=size)
        pieces += [head + "\n", text_of(np.arange(1, size + 1), loss, "Epoch {}/100 loss {:.4f}\n")]
    assert len(found("train.log", pieces, tmp_path)) == runs


def test_the_line_above_one_is_said_and_its_settings_are_its_own(tmp_path):
    rng = np.random.default_rng(8)
    pieces = []
    for fold, rate in ((1, 0.1), (2, 0.2)):
        pieces += [f"Training fold {fold}\nlr: {rate}\n", (np.arange(30), curve(30, rng))]
    one, two = found("train.log", pieces, tmp_path).values()
    assert "below 'Training fold 2'" in two.notes[-1].message and "below" not in one.notes[-1].message
    assert (one.config["lr"], two.config["lr"]) == (0.1, 0.2)


def test_an_evaluation_before_the_first_step_is_of_the_training_that_it_begins(tmp_path):
    rng = np.random.default_rng(9)
    pieces = []
    for size in (40, 60):
        pieces += ["step 0: val loss 4.0000\n", (np.arange(size), curve(size, rng)), "test acc: 0.5\n"]
    _, two = found("train.log", pieces, tmp_path).values()
    held = next(s for n, s in two.series.items() if "val" in n)
    np.testing.assert_array_equal(held.step, [0])


def test_how_each_ended_is_known_by_what_follows_it(tmp_path):
    rng = np.random.default_rng(10)
    pieces = []
    for end in ("Training complete in 3 m\n", "Early stopping at epoch 40\n", "Traceback (most recent call last):\n"):
        pieces += [text_of(np.arange(1, 41), curve(40, rng), "Epoch {}/90 loss {:.4f}\n"), end]
    runs = found("train.log", pieces, tmp_path)
    assert [run.state for run in runs.values()] == ["finished", "unknown", "crashed"]


def test_one_that_crashed_is_given_up_for_the_next(tmp_path):
    rng = np.random.default_rng(11)
    one = text_of(np.arange(1, 41), curve(40, rng)) + "RuntimeError: CUDA out of memory\n"
    (run,) = found("train.log", [one, (np.arange(1, 61), curve(60, rng))], tmp_path).values()
    assert len(run.series["loss"]) == 60 and "1 (it broke off with an error)" in run.notes[-1].message


def test_settings_of_a_row_of_their_own_tell_trainings_apart(tmp_path):
    flat = partial(np.full, fill_value=0.7)
    one, two = (json.dumps({"dropout": d}) + "\n" for d in (0.1, 0.2))
    assert len(found("train.jsonl", [one, (np.arange(20), flat(20)), two, (np.arange(25), flat(25))], tmp_path)) == 2
    assert len(found("train.jsonl", [one, (np.arange(20), flat(20)), one, (np.arange(25), flat(25))], tmp_path)) == 1


def test_a_plan_in_a_column_says_whether_a_training_came_to_its_end(tmp_path):
    rng = np.random.default_rng(13)
    head = "step,total_steps,loss\n"

    def rows(size, plan):
        return "".join(f"{s},{plan},{x:.4f}\n" for s, x in enumerate(curve(size, rng), 1))

    (tmp_path / "a.csv").write_text(head + rows(100, 100) + rows(120, 200))
    (tmp_path / "b.csv").write_text(head + rows(98, 100) + rows(120, 200))
    assert len(discover(str(tmp_path / "a.csv"))) == 2
    assert [ref.member for ref in discover(str(tmp_path / "b.csv"))] == ["2"]


def test_rows_of_another_split_below_those_of_training_are_no_other_training(tmp_path):
    rng = np.random.default_rng(14)
    rows = "".join(f"{s},{e},{x:.4f}\n" for s in ("train", "val") for e, x in enumerate(curve(40, rng)))
    (tmp_path / "log.csv").write_text("split,epoch,loss\n" + rows)
    (run,) = (read(ref) for ref in discover(str(tmp_path / "log.csv")))
    assert set(run.series) == {"loss", "val/loss"}


def test_a_long_table_is_one_run(tmp_path):
    rows = "".join(f"{e},{m},{2 - e / 50}\n" for m in ("loss", "lr", "acc") for e in range(40))
    (tmp_path / "log.csv").write_text("step,metric,value\n" + rows)
    assert len(discover(str(tmp_path / "log.csv"))) == 1


def test_a_packed_log_is_its_last_training_and_says_so(tmp_path):
    import gzip

    rng = np.random.default_rng(15)
    text = text_of(np.arange(40), curve(40, rng)) + text_of(np.arange(50), curve(50, rng))
    (tmp_path / "train.log.gz").write_bytes(gzip.compress(text.encode()))
    (run,) = (read(ref) for ref in discover(str(tmp_path / "train.log.gz")))
    assert len(run.series["loss"]) == 50 and "this is number 2" in run.notes[-1].message
    (ref,) = discover(str(tmp_path / "train.log.gz#1"))
    assert len(read(ref).series["loss"]) == 40


NOTHING = Between()


def begun(steps, loss, told=NOTHING, end=None):
    course = Course(np.asarray(steps, float), np.asarray(loss, float), lambda a, b: end)
    return trainings_of(course, lambda cuts: [told] * len(cuts))


def two(first, second, stride=1):
    return np.concatenate([np.arange(first), np.arange(second)]) * stride


@pytest.mark.parametrize(
    ("again", "runs", "on"),
    [(AFRESH + 0.01, 2, 0), (AFRESH - 0.01, 1, 0), (GOES_ON + 0.01, 1, 0), (GOES_ON - 0.01, 1, 1)],
)
def test_where_between_its_last_and_its_first_level_the_loss_begins_decides(again, runs, on):
    loss = np.concatenate([np.linspace(3, 1, 20), np.full(30, 1.0), np.full(20, 1 + again * (2.947 - 1))])
    got = begun(two(50, 20), loss)
    assert (len(got.begins), len(got.on)) == (runs, on)


def test_a_loss_that_got_nowhere_tells_nothing():
    step = np.arange(20.0)
    assert is_afresh(step, np.full(20, 1.0), step, np.full(20, 1.0)) is None
    assert is_afresh(step, np.linspace(1, 0.981, 20), step, np.full(20, 1.0)) is None  # 1.9 %
    assert is_afresh(step, np.linspace(1, 0.97, 20), step, np.full(20, 1.0)) is True
    assert is_afresh(step, np.full(1, 1.0), step, np.full(20, 1.0)) is None
    assert is_afresh(step, np.full(20, np.nan), step, np.full(20, 1.0)) is None


def test_after_no_number_another_begins_near_the_first():
    loss = np.linspace(3, 1, 20)
    loss[-1] = np.inf
    step = np.arange(20.0)
    assert is_afresh(step, loss, step, np.full(20, 2.9)) is True
    assert is_afresh(step, loss, step, np.full(20, 1.0)) is None


@pytest.mark.parametrize(("rows", "runs"), [(2, 1), (3, 2)])
def test_the_last_training_has_three_rows(rows, runs):
    assert len(begun(two(20, rows), [*np.linspace(3, 1, 20), *[3.0] * rows]).begins) == runs


@pytest.mark.parametrize(("rows", "left"), [(2, 1), (7, 1), (8, 0)])
def test_a_start_of_a_few_rows_is_given_up_where_another_has_more(rows, left):
    got = begun(two(rows, 30), [*np.linspace(3, 1, rows), *np.linspace(3, 1, 30)])
    assert len(got.begins) == 2 and len(got.left) == left and got.runs[-1] == 1


def test_short_trainings_alone_are_runs():
    assert begun(two(7, 7), [*np.linspace(3, 1, 7)] * 2).left == {}


@pytest.mark.parametrize(("end", "told", "left"), [
    (None, NOTHING, 0), (True, NOTHING, 0), (False, NOTHING, 1), (False, Between(names_another=True), 0),
    (False, Between(ended=True), 0), (None, Between(crashed=True), 1), (True, Between(crashed=True), 1),
])  # fmt: skip
def test_what_was_given_up(end, told, left):
    got = begun(two(20, 30), [*np.linspace(3, 1, 20), *np.linspace(3, 1, 30)], told, end)
    assert len(got.begins) == 2 and len(got.left) == left


def test_the_step_must_fall_to_where_the_log_begins():
    fall = [*np.linspace(3, 1, 20), *np.linspace(3, 1, 20)]
    assert len(begun([*range(100, 2100, 100), *range(0, 2000, 100)], fall).begins) == 2
    assert len(begun([*range(100, 2100, 100), *range(200, 2200, 100)], fall).begins) == 1
    assert len(begun([*range(0, 2000, 100), *range(100, 2100, 100)], fall).begins) == 2
    assert len(begun([*range(5000, 7000, 100), *range(5000, 7000, 100)], fall).begins) == 2
    assert len(begun([*range(5000, 7000, 100), *range(5100, 7100, 100)], fall).begins) == 1


@pytest.mark.parametrize(("pieces", "runs", "last"), [(100, 100, 3), (101, 1, 3), (1000, 1000, 1), (1001, 1, 1)])
def test_a_step_that_begins_anew_too_often_counts_something_else(pieces, runs, last):
    """Ten times as often where a loss that falls begins afresh each time, as with a hundred folds."""
    assert len(begun([*range(10)] * pieces, [*np.linspace(3, last, 10)] * pieces).begins) == runs


def test_rounds_begin_where_the_one_before_ended():
    fall = np.linspace(3, 1, 40)
    assert are_rounds(np.split(fall, 8)) and not are_rounds([fall] * 8)
    assert are_rounds(np.split(fall, 4)) and not are_rounds(np.split(fall, 2))
    assert not are_rounds([np.full(5, np.nan)] * 8)


def test_steps_are_counted_on_by_the_usual_stride():
    np.testing.assert_array_equal(counted_on(np.array([0, 5, 10, 0, 5]), [3]), [0, 5, 10, 15, 20])
    np.testing.assert_array_equal(counted_on(np.array([1, 2, 1, 2, 1]), [2, 4]), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(counted_on(np.array([1, 2, 3]), [2]), [1, 2, 3])


def test_what_a_launch_prints_is_no_other_setting():
    said = between([["lr: 0.1", "start_time: 5", "resume: a.pt"], ["lr: 0.1", "start_time: 6", "resume: b.pt"]])
    assert [b.names_another for b in said] == [False]
    (said,) = between([["lr: 0.1"], ["val acc: 0.5", "lr: 0.2"]])
    assert said.names_another and said.title == "lr: 0.2" and said.above == 1
    (said,) = between([["val acc: 0.4"], ["val acc: 0.5"]])
    assert not said.names_another


@pytest.mark.parametrize("odd", [{91: 1}, {91: 0}, {3: 1}, {500: 1}, {91: 1, 300: 1, 500: 0}, {1: 24}])
def test_a_damaged_step_is_no_beginning(tmp_path, odd):
    """All steps behind it were counted on from there: one cell moved the rest of a run."""
    loss = 5.0 - np.arange(1000) / 1000
    steps = np.array([odd.get(i, i) for i in range(1000)])
    (run,) = found("train.csv", [(steps, loss)], tmp_path).values()
    assert run.series["loss"].step.tolist() == steps.tolist()


def test_losses_of_adversaries_tell_no_trainings_apart(tmp_path):
    """They rise and fall: the plans that were fulfilled tell."""
    rng = np.random.default_rng(16)
    pieces = []
    for size in (50, 30, 40):
        loss = rng.normal(size=size).cumsum()
        pieces.append(text_of(np.arange(1, size + 1), loss, f"Epoch {{}}/{size} | D_loss={{:.4f}} | G_loss=0.5\n"))
    assert len(found("train.log", pieces, tmp_path)) == 3


def test_losses_of_other_tasks_that_came_to_their_end_are_no_rounds(tmp_path):
    rng = np.random.default_rng(17)
    pieces = [(np.arange(50), curve(50, rng, k + 0.5, k + 0.3)) for k in range(8)]
    assert len(found("train.log", pieces, tmp_path)) == 8


def test_two_trainings_of_two_stages_are_no_rounds(tmp_path):
    rng = np.random.default_rng(18)
    stages = [(np.arange(1, 21), curve(20, rng)), (np.arange(1, 16), curve(15, rng, 0.45, 0.1, 0.005))]
    runs = found("train.log", stages * 2, tmp_path)
    assert [len(run.series["loss"]) for run in runs.values()] == [20, 15, 20, 15]


@pytest.mark.parametrize(
    "steps",
    [
        [0, 4, 1, 2, 3, 5, 7],
        [4, 0, 1, 2, 3, 5, 6, 7],
        [0, 1, 7, 2, 3, 6],
        [0, 5, 4, 1, 2, 3, 4, 6, 7],
        [*range(0, 70, 10), 10, 20, 30],
        [*range(26), 1, 25, 28, 29],
        [*range(0, 300, 10), 0, 150, *range(300, 400, 10)],
    ],
)
def test_a_row_in_the_wrong_place_begins_no_training(steps):
    assert begins_anew(np.array(steps, dtype=np.float64)) == []


@pytest.mark.parametrize(
    ("steps", "cuts"),
    [
        ([0, 1, 0, 1, 2, 3], [2]),  # a start that failed
        ([1, 1, 2, 3], []),
        ([1, 2, 3, 1, 2, 3], [3]),
        ([*range(0, 80, 10), 10, 20, 30], [8]),  # the first one evaluated at step 0
        ([*range(0, 300, 10), 0, 140, *range(150, 400, 10)], [30]),  # the edge of half of the way
    ],
)
def test_rows_that_begin_with_the_first_step_begin_a_training(steps, cuts):
    assert begins_anew(np.array(steps, dtype=np.float64)) == cuts


def falling_pair(drop, noise, rng, n, afresh):
    """A training that falls by a share of its level, and one that begins from the top or goes on where it was left."""
    t = np.arange(n) / n
    first, second = (2 + 2 * drop * np.exp(-4 * (t + on)) + noise * rng.standard_normal(n) for on in (0, not afresh))
    return np.arange(n), first, second


@pytest.mark.parametrize("noise", [0.002, 0.02, 0.1])
def test_what_tells_a_training_begun_afresh_from_one_that_goes_on(noise):
    """Seeded evidence for the two bounds of what a loss must have fallen by (docstrings of `_CLEAR` and `_LEAST`)."""
    rng = np.random.default_rng(11)
    told = {}
    for drop in (0.0, 0.1, 0.5):
        for afresh in (True, False):
            pairs = [falling_pair(drop, noise, rng, int(rng.choice([20, 60, 200, 1000])), afresh) for _ in range(200)]
            answers = [is_afresh(step, first, step, second) for step, first, second in pairs]
            told[drop, afresh] = (
                np.mean([a is afresh for a in answers]),
                np.mean([a is (not afresh) for a in answers]),
            )
    assert all(wrong <= 0.03 for _, wrong in told.values()), told
    assert all(right >= 0.97 for (drop, _), (right, _) in told.items() if drop == 0.5), told
    assert all(right >= (0.97 if noise < 0.1 else 0.5) for (drop, _), (right, _) in told.items() if drop == 0.1), told


@pytest.mark.parametrize(("share", "told"), [(0.0199, None), (0.0201, True)])
def test_a_fall_of_two_per_cent_is_the_least(share, told):
    step, loss = np.arange(40), np.linspace(1.0, 1.0 - share, 40)
    loss[:4], loss[-8:] = 1.0, 1.0 - share
    assert is_afresh(step, loss, step, loss) is told


@pytest.mark.parametrize(("noise", "told"), [(0.0554, True), (0.0556, None)])
def test_a_fall_of_three_standard_errors_is_clear(monkeypatch, noise, told):
    """The first level is that of 4 points here, the last of 9: their difference has an error of 0.6 of the noise."""
    monkeypatch.setattr(appended_loss, "_noise", lambda loss: noise)
    step, loss = np.arange(45), np.linspace(1.0, 0.9, 45)
    loss[:4], loss[-9:] = 1.0, 0.9
    assert is_afresh(step, loss, step, loss) is told


def test_thousands_of_rounds_are_counted_on_in_one_pass():
    rounds, each = 4000, 25
    step = np.tile(np.arange(0, 10 * each, 10), rounds)
    np.testing.assert_array_equal(counted_on(step, list(range(each, len(step), each))), 10 * np.arange(rounds * each))
    once = np.array([5, 10, 15, 5, 10, 5, 10])
    np.testing.assert_array_equal(counted_on(once, [3, 5]), [5, 10, 15, 20, 25, 30, 35])
    np.testing.assert_array_equal(counted_on(once, [2, 3, 5, 99]), [5, 10, 15, 20, 25, 30, 35])


def three_trainings():
    """Steps and falling losses of three trainings of 30 rows."""
    for seed in range(3):
        noise = 0.01 * np.random.default_rng(seed).standard_normal(30)
        yield from ((step, 1 + 2 * np.exp(-step / 8) + noise[step]) for step in range(30))


@pytest.mark.parametrize("form", ["records", "lists", "nested", "UTF-16 lines", "UTF-16 CSV", "UTF-16 document"])
def test_trainings_of_documents_and_of_wide_texts_are_told_apart(tmp_path, form):
    rows = [{"step": step, "loss": round(loss, 6)} for step, loss in three_trainings()]
    lists = {name: [row[name] for row in rows] for name in ("step", "loss")}
    said = {
        "records": json.dumps(rows), "lists": json.dumps(lists, indent=1), "nested": json.dumps({"history": rows}),
        "UTF-16 lines": "".join(json.dumps(row) + "\n" for row in rows), "UTF-16 document": json.dumps(rows),
        "UTF-16 CSV": "step,loss\n" + "".join(f"{row['step']},{row['loss']}\n" for row in rows),
    }[form]  # fmt: skip
    path = tmp_path / ("history.csv" if "CSV" in form else "history.jsonl" if "lines" in form else "history.json")
    path.write_bytes(said.encode("utf-16" if "UTF-16" in form else "utf-8"))
    runs = [read(ref) for ref in discover(str(path))]
    assert [len(run.series["loss"]) for run in runs] == [30, 30, 30]
    np.testing.assert_allclose(np.concatenate([run.series["loss"].value for run in runs]), lists["loss"])
