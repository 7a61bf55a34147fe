"""Names that stand apart from their values on a line: for two splits at once, before the step, behind a unit."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.text.pairs.twofold import before_counter, two_names

N = 20
LOSS = np.round(2.0 * np.exp(-np.arange(N) / 6) + 0.3, 4)
ACC = np.round(0.9 - 0.7 * np.exp(-np.arange(N) / 5), 4)


def of(lines, folder):
    path = folder / "train.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ref,) = discover(str(path))
    return resolve(read(ref))


def values(run, role):
    return run.role(role).series.value


@pytest.mark.parametrize(
    "form",
    ["Epoch {e}, loss (train/val): {a:.4f}/{b:.4f}, acc (train/val): {c:.4f}/{d:.4f}",
     "Epoch {e} Train/Val loss: {a:.4f} / {b:.4f} | Train/Val acc: {c:.4f} / {d:.4f}",
     "Epoch {e} train loss/val loss: {a:.4f}/{b:.4f}, train acc/val acc: {c:.4f}/{d:.4f}",
     "epoch {e} - train/valid loss {a:.4f}/{b:.4f} - train/valid acc {c:.4f}/{d:.4f}"],
)  # fmt: skip
def test_two_values_behind_one_name_are_of_two_splits(tmp_path, form):
    rows = [form.format(e=e, a=v, b=v + 0.1, c=a, d=a - 0.05) for e, (v, a) in enumerate(zip(LOSS, ACC, strict=True))]
    run = of(rows, tmp_path)
    np.testing.assert_allclose(values(run, "train_loss"), LOSS)
    np.testing.assert_allclose(values(run, "eval_loss"), LOSS + 0.1)
    np.testing.assert_allclose(values(run, "eval_score"), ACC - 0.05)


@pytest.mark.parametrize(
    ("name", "both"),
    [
        ("loss (train/val)", (("train loss", ""), ("val loss", "val"))),
        ("Test/Train acc", (("test acc", "test"), ("train acc", ""))),
        ("train_loss/val_loss", (("train loss", ""), ("val loss", "val"))),
        *((name, None) for name in ("train/val", "val/loss", "train/loss", "train/valuation", "loss")),
    ],
)
def test_which_names_are_of_two_splits(name, both):
    assert two_names(name) == both


def test_one_value_behind_such_a_name_stays_one(tmp_path):
    run = of([f"Epoch {e}, loss (train/val): {v:.4f}, lr: 0.1" for e, v in enumerate(LOSS)], tmp_path)
    assert list(run.series) == ["loss (train/val)", "lr"]


@pytest.mark.parametrize(
    ("gap", "name"),
    [
        ("Cost after iteration ", "Cost"),
        ("Error at epoch #", "Error"),
        ("Training loss (for one batch) at step ", "Training loss (for one batch)"),
        ("train loss for the end of epoch [", "train loss"),
        *((gap, "") for gap in ("Saved model at step ", "loss ", "loss: 0.5 at ")),
    ],
)
def test_which_names_stand_before_a_counter(gap, name):
    assert before_counter(gap) == name


@pytest.mark.parametrize("took", ["2m13s", "1h02m", "1h2m3s", "2m 13s", "1d2h3m4s"])
def test_a_duration_of_several_units_is_no_number(tmp_path, took):
    run = of([f"[{e}/400] loss={v:.4f} time={took} acc=3.4%" for e, v in enumerate(LOSS, 1)], tmp_path)
    assert list(run.series) == ["loss", "acc"]


def test_how_many_of_how_many_is_a_share(tmp_path):
    said = "epoch {e} loss: {v:.4f} test accuracy: {n} / 10000"
    run = of([said.format(e=e, v=v, n=int(9000 * ACC[e])) for e, v in enumerate(LOSS)], tmp_path)
    np.testing.assert_allclose(values(run, "eval_score"), np.floor(9000 * ACC) / 10000)


@pytest.mark.parametrize(
    ("form", "guessed"),
    [("step {e} train loss: {v:.4f} lr: 0.1\nstep {e} valid loss: {w:.4f} acc: {a:.4f}", False),
     ("epoch {e} train loss: {v:.4f} valid loss: {w:.4f} acc: {a:.4f}", True),
     ("epoch {e} train (loss: {v:.4f}) val (loss: {w:.4f}, acc: {a:.4f})", False)],
)  # fmt: skip
def test_a_score_behind_a_held_out_loss_is_of_held_out_data(tmp_path, form, guessed):
    run = of([form.format(e=e, v=v, w=v + 0.1, a=ACC[e]) for e, v in enumerate(LOSS)], tmp_path)
    np.testing.assert_allclose(values(run, "eval_score"), ACC)
    np.testing.assert_allclose(values(run, "train_loss"), LOSS)
    assert any("no split that is named" in n.message for n in run.notes) == guessed


@pytest.mark.parametrize(
    "form",
    ["epoch {e} loss: {v:.4f} val_loss: {w:.4f} acc: {a:.4f}", "epoch {e} loss: {v:.4f} acc: {a:.4f} val_loss: {w:.4f}",
     "epoch {e} loss: {v:.4f} acc: {a:.4f}", "epoch {e} train loss: {v:.4f} val loss: {w:.4f} lr: {a:.4f}"],
)  # fmt: skip
def test_a_score_of_which_nothing_tells_the_split_is_of_none(tmp_path, form):
    run = of([form.format(e=e, v=v, w=v + 0.1, a=ACC[e]) for e, v in enumerate(LOSS)], tmp_path)
    assert run.role("eval_score") is None
    np.testing.assert_allclose(values(run, "train_loss"), LOSS)


def test_a_score_with_a_split_elsewhere_is_of_training_where_it_has_none(tmp_path):
    form = "epoch {e} train loss: {v:.4f} val loss: {w:.4f} acc: {a:.4f} val acc: {b:.4f}"
    run = of([form.format(e=e, v=v, w=v + 0.1, a=ACC[e], b=ACC[e] - 0.1) for e, v in enumerate(LOSS)], tmp_path)
    np.testing.assert_allclose(values(run, "eval_score"), ACC - 0.1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("acc: 0.8{}, 12.3s", "0.8{}"),
        ("acc: 0.8{} | 12.3s", "0.8{}"),
        ("acc: 0.8{} | 100 batches", "0.8{}"),
        ("acc: 0.8{}, 5 s left", "0.8{}"),
        ("acc: 0.8{} / 0.7", "0.8{}"),
        ("acc: 80{} / 1000.", "0.80{}"),
        ("acc: 80{} / 1000.0", "0.80{}"),
    ],
)
def test_a_score_is_divided_by_what_stands_behind_a_slash_alone(tmp_path, row, expected):
    run = of([f"Epoch {i} loss: {1 / (i + 1):.3f} {row.format(i)}" for i in range(6)], tmp_path)
    np.testing.assert_allclose(run.series["acc"].value, [float(expected.format(i)) for i in range(6)])


OPEN_BAR = (
    "Validation: |          | 0/? [00:00<?, ?it/s]\x1b[A\x1b[[37m12/09/24 14:{e:02}:31\x1b[0m] \x1b[34mINFO\x1b[0m   "
    "Epoch {e}: v_recons {b:.3e}  recons {a:.3e}  v_loss {b:.3e}  loss {a:.3e}  v_kl 5.8e+00  kl 5.5e+00\x1b[0m"
)


@pytest.mark.parametrize("pairs", [3, 1])
def test_an_open_bar_names_no_split_of_what_stands_beside_its_held_out_twin(tmp_path, pairs):
    form = OPEN_BAR if pairs == 3 else OPEN_BAR.replace("recons {a:.3e}", "").replace("  kl 5.5e+00", "")
    run = of([form.format(e=e, a=v, b=v + 0.1) for e, v in enumerate(LOSS)], tmp_path)
    if pairs == 1:  # it may be a value beside another
        assert run.role("train_loss") is None
        return
    np.testing.assert_allclose(values(run, "train_loss"), LOSS, rtol=1e-3)
    np.testing.assert_allclose(values(run, "eval_loss"), LOSS + 0.1, rtol=1e-3)


@pytest.mark.parametrize(
    ("form", "behind"),
    [
        ("Test: [{i}/4]\tTime 0.6 (0.6)\tLoss {a:.4f} ({b:.4f})", True),
        ("Test: [{i}/4]  Loss: {a:.4f} ( {b:.4f})", True),
        ("Test epoch: {e} Loss: {a:.4f} ({b:.4f})", False),  # no loop: it may be the best so far
        ("Test: [{i}/4]  Loss: {a:.4f} (best {b:.4f})", False),
    ],
)
def test_the_mean_of_all_batches_is_the_result_of_a_loop_over_held_out_data(tmp_path, form, behind):
    rows = []
    for e, value in enumerate(LOSS):
        rows += [f"Epoch: [{e}][{i}/10] Loss {value:.4f} (9.9)" for i in range(0, 10, 5)]
        rows += [form.format(e=e, i=i, a=value + 0.2, b=value + 0.1) for i in (range(4) if "{i}" in form else (0,))]
    run = of(rows, tmp_path)
    np.testing.assert_allclose(values(run, "eval_loss"), LOSS + (0.1 if behind else 0.2), rtol=1e-3)
    np.testing.assert_allclose(values(run, "train_loss"), np.repeat(LOSS, 2), rtol=1e-3)


def test_what_a_checkpoint_callback_says_of_its_score_is_one_and_that_it_was_not_among_the_best_is_none(tmp_path):
    lines = []
    for e, v in enumerate(ACC):
        said = f"reached {v:.5f} (best {v:.5f}), saving model to '/runs/best.ckpt' as top 1"
        lines.append(f"Epoch {e}, global step {352 * (e + 1)}: 'val/accuracy' {said if e % 4 else 'was not in top 1'}")
    run = of(lines, tmp_path)
    assert list(run.series) == ["val/accuracy"]
    np.testing.assert_array_equal(run.series["val/accuracy"].step, [352 * (e + 1) for e in range(N) if e % 4])


def test_names_that_nobody_knows_are_a_row_where_they_fill_a_line_of_an_epoch(tmp_path):
    run = of(
        [f"[epoch {e}] fg-x={v:.4f} mBO={a:.4f}" for e, (v, a) in enumerate(zip(LOSS, ACC, strict=True))], tmp_path
    )
    np.testing.assert_allclose(run.series["mBO"].value, ACC)
    assert run.step_range() == (0, N - 1)


@pytest.mark.parametrize("heading", ["Epoch {e} [width = 128, depth = 12]", "Epoch {e} beta=0.1234"])
def test_other_numbers_beside_an_epoch_are_a_heading(tmp_path, heading):
    lines = [line for e, v in enumerate(LOSS) for line in (heading.format(e=e), f"loss {v:.4f}")]
    run = of(lines, tmp_path)
    assert list(run.series) == ["loss"]
    assert run.step_range() == (0, N - 1)
