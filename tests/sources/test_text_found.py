"""Console logs that a folder must find as their name alone does, and rows whose words are glued or said as prose."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.errors import NoRunFound
from runlens.roles import resolve
from runlens.sources import Search, discover, read
from runlens.sources.text.stretches import unrolled
from runlens.sources.text.tokens import tokens

EPOCHS = 6
LOSS = (3.0 * np.random.default_rng(7).uniform(0.9, 1.0, EPOCHS) / np.arange(1, EPOCHS + 1)).round(4)


def of(path):
    (ref,) = discover(str(path))
    return resolve(read(ref))


def redraws(many, total=1000):
    """A bar that is drawn again for each batch, 150 bytes a line."""
    return [
        f"{100 * i // total:3d}%|{'#' * (i % 50):50s}| {i}/{total} [00:{i % 60:02d}<00:30, 61.78it/s]".ljust(150)
        for i in range(1, many + 1)
    ]


def among_bars(epochs=EPOCHS):
    """A row a thousand redraws: none stands in the first, the middle or the last 64 KiB."""
    out = []
    for number in range(1, epochs + 1):
        out += [*redraws(1000)[:-1], f"epoch {number} | train_loss: {LOSS[number - 1]} | acc: 0.9"]
    return "\n".join([*out, *redraws(900)]) + "\n"


def test_rows_far_apart_among_bars_are_found_in_a_folder(tmp_path):
    (tmp_path / "train.log").write_text(among_bars())
    for path in (tmp_path, tmp_path / "train.log"):
        series = of(path).role("train_loss").series
        np.testing.assert_array_equal(series.step, np.arange(1, EPOCHS + 1))
        np.testing.assert_array_equal(series.value, LOSS)


def test_a_text_of_another_name_is_not_read_whole_to_see(tmp_path):
    (tmp_path / "notes.txt").write_text(among_bars())
    with pytest.raises(NoRunFound):
        discover(str(tmp_path))
    assert of(tmp_path / "notes.txt").role("train_loss") is not None


def test_logs_that_are_left_out_are_read_whole_once(tmp_path, monkeypatch):
    from runlens.sources.carried import text

    whole = text.gathered_of
    asked = []
    monkeypatch.setattr(text, "gathered_of", lambda path, *rest: asked.append(path.name) or whole(path, *rest))
    for name in ("a_train.log", "b_train.log"):
        (tmp_path / name).write_text("\n".join(redraws(2000)) + "\n")
    with pytest.raises(NoRunFound, match="no line of it tells"):
        discover(str(tmp_path))
    assert asked == ["a_train.log", "b_train.log"]


def test_one_row_in_a_long_text_makes_no_log_of_it(tmp_path):
    (tmp_path / "train.log").write_text("\n".join([*redraws(999), "epoch 1 | loss: 0.5", *redraws(999)]) + "\n")
    with pytest.raises(NoRunFound, match="no line of it tells"):
        discover(str(tmp_path))


@pytest.mark.parametrize(
    "row",
    [
        "[epoch{}] train_loss={} valid_loss=9.5",
        "epoch{}: train_loss={}",
        "Epoch{} train loss {}",
        "2024-01-02 03:04:05 - INFO - ---Epoch.{} train loss per event: {}.",
        "EPOCH{}/50 train_loss: {}",
    ],
)
def test_an_epoch_that_is_glued_to_its_word(tmp_path, row):
    (tmp_path / "train.log").write_text("".join(row.format(i, v) + "\n" for i, v in enumerate(LOSS, 8)))
    series = of(tmp_path).role("train_loss").series
    np.testing.assert_array_equal(series.step, np.arange(8, 8 + EPOCHS))
    np.testing.assert_array_equal(series.value, LOSS)


def test_which_digits_behind_that_word_are_a_number():
    taken = tokens(
        b"[epoch3] Epoch.4 epoch8/20 model_epoch5 epoch5.pth 'epoch6' ckpt/epoch7 myepoch9 epoch1_2 epochs1\n"
    )
    assert taken.value.tolist() == [3, 4, 8, 20]


def test_metrics_that_a_sentence_states(tmp_path):
    lines = [f"loss is {v}, acc1 is {10 * i}.5, cma_loss is 8.25" for i, v in enumerate(LOSS)]
    (tmp_path / "output.log").write_text("\n".join(lines) + "\n")
    run = of(tmp_path / "output.log")
    np.testing.assert_array_equal(run.role("train_loss").series.value, LOSS)


def test_settings_above_the_first_row_are_no_series(tmp_path):
    """Four optimizers printed `lr: 0.0001` each before the first row, and the run stood at its first step."""
    settings = "".join(f"  {name}:\n    lr: 0.0001\n" for name in ("pi", "q", "v", "alpha"))
    rows = "".join(f"step {100 * i}, train loss: {v}\n" for i, v in enumerate(LOSS))
    (tmp_path / "train.log").write_text(settings + rows)
    run = of(tmp_path)
    assert "lr" not in run.series and run.step_range() == (0, 100 * (EPOCHS - 1))
    (tmp_path / "train.log").write_text(rows + settings + rows.replace("step ", "step 10"))
    assert "lr" in of(tmp_path).series


def in_one_line(rows):
    return [f"train: {i} @ epoch:1/2 loss: {3 - i / 1000:.4f} time: {i % 7}.25" for i in range(1, rows + 1)]


def test_rows_without_line_ends_are_parted_where_their_beginning_comes_again():
    rows = in_one_line(400)
    assert unrolled(" ".join(rows).encode()).split(b" \n") == [row.encode() for row in rows]
    assert unrolled("\n".join(rows).encode()) == "\n".join(rows).encode()


def test_rows_without_line_ends_below_many_short_lines():
    above, row = "a setting\n" * 60, " ".join(in_one_line(400))
    assert unrolled(f"{above}{row}\n".encode()) == above.encode() + unrolled(f"{row}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        " ".join(in_one_line(7)) + " " + "x" * 9000,  # too few
        " ".join([*in_one_line(100), "and so on" * 900, *in_one_line(100)]),  # not row by row
        "The model saw 1 of 2 pictures. " * 2 + "word " * 4000,
        "word " * 4000,
        "1 2 3 " * 4000,
    ],
)
def test_other_long_lines_stay(text):
    assert unrolled(text.encode()) == text.encode()


@pytest.mark.parametrize(
    ("first", "second", "cut", "runs"),
    [
        ("exp10/log.txt", "exp10/results/log.txt", 0, ["exp10/log"]),
        ("exp10/results/log.txt", "exp10/train.txt", 0, ["exp10/train"]),
        ("exp10/log.txt", "exp10/results/log.txt", 40, ["exp10/log"]),  # kept before the end
        ("exp10/results/log.txt", "exp10/log.txt", 40, ["exp10/results/log"]),
        ("exp10/log.txt", "exp11/log.txt", 0, ["exp10/log", "exp11/log"]),  # runs side by side
        ("exp10/a.txt", "exp10/b.txt", 0, ["exp10/a", "exp10/b"]),
    ],
)
def test_a_log_that_is_kept_a_second_time_below_its_run_is_read_once(tmp_path, first, second, cut, runs):
    text = "".join(f"epoch {e} loss {3 - e / 40:.4f}\n" for e in range(60))
    for name, said in ((first, text), (second, text[: len(text) - cut])):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(said)
    (tmp_path / "other.log").write_text(text.replace("loss 3", "loss 4"))
    search = Search()
    assert sorted(ref.id for ref in discover(str(tmp_path), search=search)) == [*runs, "other"]
    assert [one.reason.startswith("it is a copy of") for one in search.unread] == [True] * (2 - len(runs))
