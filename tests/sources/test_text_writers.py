"""Several writers of one console log: ranks and clients told apart, lines printed twice, processes side by side."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.roles import resolve
from runlens.sources import discover, read

N = 24
LOSS = np.round(2.0 + 3.0 * np.exp(-np.arange(N) / 8) + np.random.default_rng(3).normal(0, 0.02, N), 4)


def of(lines, folder):
    path = folder / "train.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ref,) = discover(str(path))
    return resolve(read(ref))


def check(run, name="train_loss", values=LOSS, steps=None):
    series = run.role(name).series
    np.testing.assert_array_equal(series.step, np.arange(N) if steps is None else steps)
    np.testing.assert_allclose(series.value, values, rtol=1e-6)


@pytest.mark.parametrize(
    "said",
    ["Rank {r}, Epoch {e}, Loss {v:.4f}", "cuda:{r} epoch {e} loss {v:.4f}", "worker {r} step {e} loss {v:.4f}",
     "[GPU{r}] Epoch {e} | loss {v:.4f}", "(RayTrainWorker pid={r}) epoch {e} loss {v:.4f}",
     "[GPU {r}] Epoch {e} | loss {v:.4f}", "2024-01-01 10:00:00,123 [Process {r}] epoch {e}: loss={v:.4f}"],
)  # fmt: skip
def test_each_rank_has_its_own_series_and_the_lowest_stands_for_the_run(tmp_path, said):
    run = of([said.format(r=r, e=e, v=v + r) for e, v in enumerate(LOSS) for r in (0, 1, 2)], tmp_path)
    check(run)
    for r in (1, 2):
        (name,) = (n for n in run.series if n.endswith(f"/rank_{r}"))
        np.testing.assert_allclose(run.series[name].value, LOSS + r, rtol=1e-6)


@pytest.mark.parametrize("times", [2, 3])
def test_a_line_that_is_printed_several_times_is_one(tmp_path, times):
    rows = [f"epoch: {e} loss: {v:.4f}" for e, v in enumerate(LOSS) for _ in range(times)]
    run = of(rows, tmp_path)
    check(run)
    assert any(n.kind == "guessed" and ("twice" if times == 2 else "3 times") in n.message for n in run.notes)


def test_a_loss_that_stays_the_same_now_and_then_keeps_its_lines(tmp_path):
    loss = np.round(LOSS, 1)
    run = of([f"loss: {v:.4f} acc: {1 / v:.2f}" for v in loss], tmp_path)
    assert len(run.role("train_loss").series) == N
    assert not any("printed" in n.message for n in run.notes)


def test_two_processes_that_print_the_same_epochs_are_told_apart(tmp_path):
    rows = [f"epoch: {e} loss: {v + r:.4f} val_loss: {v + r + 0.1:.4f}" for e, v in enumerate(LOSS) for r in (0, 1)]
    run = of(rows, tmp_path)
    check(run)
    check(run, "eval_loss", LOSS + 0.1)
    assert any(n.kind == "guessed" and "2 processes" in n.message for n in run.notes)


def test_processes_that_were_started_after_one_another_are_told_apart(tmp_path):
    late, rows = 4, []
    for e in range(N + late):
        rows += [f"Epoch {e}: train_loss={LOSS[e]:.4f}"] if e < N else []
        rows += [f"Epoch {e - late}: train_loss={LOSS[e - late] + 3:.4f}"] if e >= late else []
    run = of(rows, tmp_path)
    check(run)
    np.testing.assert_allclose(run.series["train_loss/rank_1"].value, LOSS + 3, rtol=1e-6)


@pytest.mark.parametrize("epochs", [3, 5, 8, 12])
def test_batches_that_begin_anew_in_each_epoch_are_one_process(tmp_path, epochs):
    rows = [f"step {b} loss {2.0 + 3.0 * 0.95 ** (4 * e + b):.4f}" for e in range(epochs) for b in range(4)]
    (tmp_path / "train.log").write_text("\n".join(rows) + "\n")
    for ref in discover(str(tmp_path / "train.log")):  # or trainings, where the counter alone tells
        run = read(ref)
        assert list(run.series) == ["loss"]
        assert not any("processes" in n.message for n in run.notes)


def test_several_rows_an_epoch_without_held_out_data_are_batches(tmp_path):
    run = of([f"epoch: {e} loss: {v - r / 100:.4f}" for e, v in enumerate(LOSS) for r in (0, 1, 2)], tmp_path)
    assert len(run.role("train_loss").series) == 3 * N


def test_clients_drawn_by_lot_are_one_series_beside_the_server(tmp_path):
    rng, rows = np.random.default_rng(0), []
    for e, v in enumerate(LOSS):
        rows.append(f"Round {e}")
        rows += [f"Client {c}: loss={v + c / 100:.4f}" for c in sorted(rng.choice(100, 5, replace=False).tolist())]
        rows.append(f"Server: loss={v:.4f}")
    run = of(rows, tmp_path)
    check(run)
    assert len(run.series["loss/clients"]) == 5 * N


def test_the_same_clients_in_each_round_have_their_own_series(tmp_path):
    rows = [f"round {e} | client {c} | loss {v + c:.4f}" for e, v in enumerate(LOSS) for c in (1, 2, 3)]
    run = of(rows, tmp_path)
    check(run, values=LOSS + 1)
    np.testing.assert_allclose(run.series["loss/client_3"].value, LOSS + 3, rtol=1e-6)


@pytest.mark.parametrize(
    "said", ["Epoch [{e}/6], Step [{i}/500], Loss: {v:.4f}", "Epoch: [{e}][{i}/500]\tLoss {v:.4f}"]
)
def test_two_processes_that_count_batches_of_epochs_are_told_apart(tmp_path, said):
    rows = []
    for ahead in (0, 1):  # one is quicker
        for k in range(60):
            row = said.format(e=k // 10 + 1, i=k % 10 * 50, v=5 - k / 20 + ahead)
            rows.append((k * (1 + 0.13 * ahead) + 0.3 * ahead, row))
    run = of([row for _, row in sorted(rows)], tmp_path)
    loss = run.role("train_loss").series
    assert len(loss) == 60 and bool(np.all(np.diff(loss.step) > 0))
    np.testing.assert_allclose(loss.value, 5 - np.arange(60) / 20, atol=1e-4)


def test_batches_of_one_process_that_was_begun_again_are_of_one(tmp_path):
    rows = [f"Epoch [{k // 10 + 1}/6], Step [{k % 10 * 50}/500], Loss: {5 - k / 20:.4f}" for k in range(60)]
    (tmp_path / "train.log").write_text("\n".join(rows[:35] + rows) + "\n")
    runs = [read(ref) for ref in discover(str(tmp_path / "train.log"))]
    assert not any("/rank_" in name for run in runs for name in run.series)
