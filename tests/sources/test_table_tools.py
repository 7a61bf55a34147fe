"""Tables as tools write them by default: found in a folder, and the roles that must come out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from runlens import sources
from runlens.errors import NoRunFound
from runlens.roles import resolve

N = 60
LOSS = [float(x) for x in np.round(2.0 + 3.0 / np.sqrt(np.arange(1, N + 1)), 6)]


def jsonl(make):
    return "".join(json.dumps(make(i)) + "\n" for i in range(N))


def csv(head, make):
    return head + "\n" + "".join(",".join(map(str, make(i))) + "\n" for i in range(N))


def span(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def mmengine(i):
    row = {"lr": 1e-4, "data_time": 0.01, "loss": LOSS[i], "grad_norm": 2.0, "time": 0.25 + 0.01 * (i % 3)}
    return {**row, "epoch": i // 20 + 1, "iter": 50 * (i + 1), "memory": 4000, "step": 50 * (i + 1)}


def with_evals(rows, evals, every):
    lines = rows.splitlines(keepends=True)
    return "".join(x for i, row in enumerate(lines, 1) for x in ([row, evals(i // every)] if i % every == 0 else [row]))


TOOLS = {
    "llamafactory": (
        "out/trainer_log.jsonl",
        jsonl(lambda i: {"current_steps": 10 * i, "total_steps": 600, "loss": LOSS[i], "lr": 1e-4, "epoch": i / 60,
                         "percentage": i / 6, "elapsed_time": span(30 * i), "remaining_time": span(3000)}),
        {"train_loss": "loss", "learning_rate": "lr"}, [0, 590],
    ),
    "ms-swift": (
        "out/logging.jsonl",
        jsonl(lambda i: {"loss": LOSS[i], "grad_norm": 1.5, "learning_rate": 1e-4, "epoch": i / 60, "token_acc": 0.5,
                         "global_step/max_steps": f"{i + 1}/60", "elapsed_time": f"{i // 60}m {i % 60}s",
                         "memory(GiB)": 17.5, "train_speed(iter/s)": 1.0})
        + '{"last_model_checkpoint": "out/checkpoint-60", "global_step": 60, "log_history": []}\n',
        {"train_loss": "loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm"}, [1, 60],
    ),
    "mmengine": (
        "work/20260101_000000/vis_data/scalars.json",
        with_evals(jsonl(mmengine), lambda e: json.dumps({"coco/bbox_mAP": e / 10, "time": 0.1, "step": e}) + "\n", 20),
        {"train_loss": "loss", "learning_rate": "lr", "grad_norm": "grad_norm", "step_time": "time",
         "eval_score": "coco/bbox_mAP"}, [50, 3000],
    ),
    "mmcv": (
        "work/20230101_000000.log.json",
        '{"env_info": "linux", "seed": 0}\n' + with_evals(
            jsonl(lambda i: {"mode": "train", "epoch": i // 20 + 1, "iter": 50 * (i % 20 + 1), "lr": 1e-4,
                             "loss": LOSS[i], "time": 0.25 + 0.01 * (i % 3)}),
            lambda e: json.dumps({"mode": "val", "epoch": e, "iter": 33, "bbox_mAP": e / 10}) + "\n", 20),
        {"train_loss": "loss", "learning_rate": "lr", "eval_score": "val/bbox_mAP"}, [50, 3000],
    ),
    "detectron2": (
        "output/metrics.json",
        jsonl(lambda i: {"data_time": 0.01, "eta_seconds": 60 - i, "iteration": 20 * i + 19, "loss_cls": LOSS[i] / 2,
                         "loss_box_reg": LOSS[i] / 2, "lr": 1e-4, "time": 0.5 + 0.01 * (i % 3), "total_loss": LOSS[i]}),
        {"train_loss": "total_loss", "learning_rate": "lr", "step_time": "time"}, [19, 1199],
    ),
    "fairseq": (
        "train.log",
        "".join(f"2026-01-05 10:{i // 60:02d}:{i % 60:02d} | INFO | train_inner | " + json.dumps(
            {"epoch": 1, "update": i / 60, "loss": str(LOSS[i]), "wps": "12000", "num_updates": str(10 * i),
             "lr": "0.1", "gnorm": "0.8"}) + "\n" for i in range(N)),
        {"train_loss": "loss", "learning_rate": "lr", "grad_norm": "gnorm"}, [0, 590],
    ),
    "mae": (
        "out/log.txt",
        jsonl(lambda i: {"train_lr": 1e-4, "train_loss": LOSS[i], "epoch": i}),
        {"train_loss": "train_loss", "learning_rate": "train_lr"}, [0, 59],
    ),
    "deit": (
        "out/log.txt",
        jsonl(lambda i: {"train_lr": 1e-4, "train_loss": LOSS[i], "test_loss": LOSS[i], "test_acc1": i, "epoch": i,
                         "n_parameters": 5717416}),
        {"train_loss": "train_loss", "learning_rate": "train_lr", "eval_loss": "test_loss"}, [0, 59],
    ),
    "open_clip": (
        "logs/checkpoints/results.jsonl",
        jsonl(lambda i: {"imagenet-zeroshot-val-top1": i / 100, "imagenet-zeroshot-val-top5": i / 90, "epoch": i + 1}),
        {"eval_score": "imagenet-zeroshot-val-top1"}, [1, 60],
    ),
    "keras": (
        "training_log.csv",
        csv("epoch,accuracy,learning_rate,loss,val_accuracy,val_loss",
            lambda i: (i, i / 100, 0.001, LOSS[i], i / 110, LOSS[i] + 0.1)),
        {"train_loss": "loss", "eval_loss": "val_loss", "learning_rate": "learning_rate", "eval_score": "val_accuracy"},
        [0, 59],
    ),
    "keras history": (
        "history.json",
        json.dumps({"loss": LOSS, "val_loss": [x + 0.1 for x in LOSS], "accuracy": [i / 100 for i in range(N)]}),
        {"train_loss": "loss", "eval_loss": "val_loss"}, [0, 59],
    ),
    "ultralytics": (
        "runs/detect/train/results.csv",
        csv("                  epoch,      time,   train/box_loss,train/cls_loss,metrics/mAP50(B),val/box_loss,lr/pg0",
            lambda i: (i + 1, 31.5 * (i + 1), LOSS[i], LOSS[i], i / 100, LOSS[i], 0.01)),
        {"train_loss": "train_loss (derived)", "eval_score": "metrics/mAP50(B)", "learning_rate": "lr/pg0"}, [1, 60],
    ),
    "timm": (
        "output/train/summary.csv",
        csv("epoch,train_loss,eval_loss,eval_top1,eval_top5,lr", lambda i: (i, LOSS[i], LOSS[i], i, i, 0.1)),
        {"train_loss": "train_loss", "eval_loss": "eval_loss", "eval_score": "eval_top1", "learning_rate": "lr"},
        [0, 59],
    ),
    "stable-baselines3": (
        "logs/progress.csv",
        csv("time/fps,time/iterations,time/time_elapsed,time/total_timesteps,train/n_updates,train/learning_rate",
            lambda i: (8192, i + 1, i, 8192 * (i + 1), 10 * i, 0.0003)),
        {"learning_rate": "train/learning_rate"}, [8192, 491520],
    ),
    "lightning": (
        "lightning_logs/version_0/metrics.csv",
        csv("epoch,step,train_loss_step,val_loss",
            lambda i: (i // 20, 50 * i, "" if i % 20 == 19 else LOSS[i], LOSS[i] if i % 20 == 19 else "")),
        {"train_loss": "train_loss_step", "eval_loss": "val_loss"}, [0, 2900],
    ),
    "lit_pretraining": (
        "pretraining.csv",
        csv("training_steps,training_tokens,training_loss,walltime,learning_rate",
            lambda i: (1000 * (i + 1), 4_194_304_000 * (i + 1), LOSS[i], 430.0 * (i + 1), 3e-4)),
        {"train_loss": "training_loss", "tokens": "training_tokens", "learning_rate": "learning_rate",
         "tokens_per_second": "tokens_per_second (derived)"}, [1000, 60000],
    ),
}  # fmt: skip
"""What a tool writes: file, content, roles that must come out with their series, first and last step."""


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("named", [True, False], ids=["file", "folder"])
def test_the_roles_of_what_a_tool_writes(tmp_path, tool, named):
    name, content, roles, steps = TOOLS[tool]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    (ref,) = sources.discover(str(path if named else tmp_path))
    run = resolve(sources.read(ref))
    assert {role: run.role(role).series.name for role in roles if run.role(role)} == roles
    assert list(run.step_range()) == steps
    assert not [note for note in run.notes if note.kind != "guessed"]


@pytest.mark.parametrize("tool", ["llamafactory", "ms-swift", "ultralytics", "lit_pretraining", "fairseq"])
def test_the_clock_of_what_a_tool_writes(tmp_path, tool):
    name, content, roles, _ = TOOLS[tool]
    path = tmp_path / name.split("/")[-1]
    path.write_text(content)
    (ref,) = sources.discover(str(path))
    loss = next(s for n, s in sources.read(ref).series.items() if n in (roles["train_loss"], "train/box_loss"))
    gaps = np.diff(loss.time)
    expected = {"llamafactory": 30, "ms-swift": 1, "ultralytics": 31.5, "lit_pretraining": 430, "fairseq": 1}[tool]
    assert np.allclose(gaps[np.isfinite(gaps)], expected)


def test_numbers_of_a_stylegan_run_and_of_verl(tmp_path):
    (tmp_path / "stats.jsonl").write_text(
        jsonl(lambda i: {"Loss/D/loss": {"num": 64, "mean": LOSS[i], "std": 0.2},
                         "Progress/kimg": {"num": 1, "mean": 4.0 * i, "std": 0.0}, "timestamp": 1.7e9 + 80 * i})
    )  # fmt: skip
    (tmp_path / "verl.jsonl").write_text(
        jsonl(lambda i: {"step": i, "data": {"actor/grad_norm": 0.2, "actor/lr": 1e-6, "timing_s/step": 150.0 + i % 3,
                                             "critic/score/mean": i / 60, "actor/pg_loss": 0.01}})
    )  # fmt: skip
    stats, verl = (resolve(sources.read(ref)) for ref in sources.discover(str(tmp_path)))
    assert stats.series["Loss/D/loss"].step.tolist() == [4 * i for i in range(N)]
    assert set(np.diff(stats.series["Loss/D/loss"].time)) == {80.0}
    assert verl.role("grad_norm").series.name == "actor/grad_norm" and verl.role("train_loss") is None


def detr(i):
    stats = [round(0.4 - 0.3 / (i + 1), 4), *[0.5] * 2, -1, *[0.4] * 8]
    return {"train_lr": 1e-4, "train_loss": LOSS[i], "test_loss": LOSS[i] + 0.1, "test_coco_eval_bbox": stats}


def test_rows_of_metrics_without_an_axis_are_a_log(tmp_path):
    """DETR's published logs say no epoch, and hold COCO's twelve results as a list."""
    (tmp_path / "log.txt").write_text(jsonl(detr))
    (ref,) = sources.discover(str(tmp_path / "log.txt"))
    run = resolve(sources.read(ref))
    assert run.role("train_loss").series.step.tolist() == list(range(N))
    assert run.series["test_coco_eval_bbox/AP"].value[0] == 0.1 and "test_coco_eval_bbox/APs" not in run.series
    assert run.role("eval_score").direction == "up"
    assert [note.kind for note in run.notes] == ["guessed"]


def test_an_integer_that_no_float_holds_is_infinite_among_cocos_results(tmp_path):
    rows = [detr(i) | {"test_coco_eval_bbox": [10**400, *[0.5] * 11]} for i in range(N)]
    (tmp_path / "log.txt").write_text("\n".join(map(json.dumps, rows)))
    (ref,) = sources.discover(str(tmp_path / "log.txt"))
    assert np.isinf(sources.read(ref).series["test_coco_eval_bbox/AP"].value).all()


def test_a_few_lines_or_lines_of_text_are_no_log(tmp_path):
    (tmp_path / "a.txt").write_text("".join(json.dumps(detr(i)) + "\n" for i in range(2)))
    text = {"prompt": "a", "answer": "b", "source": "c", "train_loss": 1.0}
    (tmp_path / "b.txt").write_text((json.dumps(text) + "\n") * 9)
    with pytest.raises(NoRunFound):
        sources.discover(str(tmp_path))


def test_objects_behind_a_date_in_brackets_are_no_list_that_breaks_off(tmp_path):
    """SlowFast's `json_stats`."""
    path = tmp_path / "stdout.log"
    said = '{"_type": "train_iter", "iter": "%d/100", "epoch": "1/1", "loss": %.4f, "lr": 0.01}'
    rows = [
        f"[01/31 10:00:{i % 60:02d}][INFO] logging.py:  97: json_stats: {said % (i, 3 - i / 50)}" for i in range(100)
    ]
    path.write_text("\n".join(rows) + "\n")
    (ref,) = sources.discover(str(path))
    run = sources.read(ref)
    assert len(run.series["loss"]) == 100
    assert not [note for note in run.notes if note.kind in ("truncated", "damaged")]
