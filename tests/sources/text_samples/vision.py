"""Vision."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import EVERY, Sample, at, roles, sample, truth


@sample
def mmengine() -> Sample:
    """MMEngine: epoch and batch in brackets, a validation line at the end of each epoch."""
    t = truth(50, 50)
    out = []
    for i, step, loss, lr, norm, time in t.rows():
        epoch, batch = (step - 1) // 500 + 1, (step - 1) % 500 + 1
        stamp = f"{at(i):%Y/%m/%d %H:%M:%S} - mmengine - INFO -"
        out.append(
            f"{stamp} Epoch(train) {epoch:>4}".replace("Epoch(train)    ", "Epoch(train)  ") if False else
            f"{stamp} Epoch(train)  [{epoch}][{batch:3d}/500]  base_lr: {lr:.4e} lr: {lr:.4e}  eta: 1:20:33  time: {time:.4f}  data_time: 0.0123"
            f"  memory: 3456  grad_norm: {norm:.4f}  loss: {loss:.4f}  loss_cls: {loss / 2:.4f}  loss_bbox: {loss / 2:.4f}"
        )  # fmt: skip
        if batch == 500:
            out.append(
                f"{stamp} Epoch(val)  [{epoch}][ 50/100]    eta: 0:00:05  time: 0.0512  data_time: 0.0012  memory: 567  "
            )
            out.append(
                f"{stamp} Epoch(val) [{epoch}][100/100]    coco/bbox_mAP: 0.3210  coco/bbox_mAP_50: 0.5210  data_time: 0.0011  time: 0.0498"
            )
    return Sample("\n".join(out), roles(t, "train_loss", "grad_norm", "step_time"), True)


@sample
def mmcv() -> Sample:
    """mmcv 1.x: tabs, the date before the logger's name."""
    t = truth(50, 50)
    out = []
    for i, step, loss, lr, _, time in t.rows():
        epoch, batch = (step - 1) // 500 + 1, (step - 1) % 500 + 1
        out.append(
            f"{at(i):%Y-%m-%d %H:%M:%S},123 - mmdet - INFO - Epoch [{epoch}][{batch}/500]\tlr: {lr:.3e}, eta: 1 day, 1:20:33, time: {time:.3f}, "
            f"data_time: 0.012, memory: 3456, loss_cls: {loss / 2:.4f}, loss_bbox: {loss / 2:.4f}, loss: {loss:.4f}"
        )
        if batch == 500:
            out.append(
                f"{at(i):%Y-%m-%d %H:%M:%S},999 - mmdet - INFO - Epoch(val) [{epoch}][5000]\tbbox_mAP: 0.3210, bbox_mAP_50: 0.5210"
            )
    return Sample("\n".join(out), roles(t, "train_loss", "step_time"), True)


@sample
def detectron2() -> Sample:
    """detectron2: no year in the date."""
    t = truth(19, 20)
    lines = [
        f"[{at(i):%m/%d %H:%M:%S} d2.utils.events]:  eta: 1 day, 1:20:33  iter: {step}  total_loss: {loss:.4f}  loss_cls: {loss / 2:.4f}  "
        f"loss_box_reg: {loss / 2:.4f}  time: {time:.4f}  last_time: {time:.4f}  data_time: 0.0123  last_data_time: 0.0120   lr: {lr:.4e}  max_mem: 3456M"
        for i, step, loss, lr, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "step_time"), True, name="log.txt")


@sample
def mmcv_by_iterations() -> Sample:
    """mmcv's runner that counts iterations, with an evaluation of its own form."""
    t = truth(50, 50)
    out = []
    for i, step, loss, lr, _, time in t.rows():
        stamp = f"{at(i):%Y-%m-%d %H:%M:%S},123 - mmseg - INFO -"
        out.append(
            f"{stamp} Iter [{step}/160000]\tlr: {lr:.3e}, eta: 1:20:33, time: {time:.3f}, data_time: 0.012, memory: 3456, loss: {loss:.4f}"
        )
        if (i + 1) % EVERY == 0:
            out.append(f"{stamp} Iter(val) [500]\taAcc: 0.8010, mIoU: 0.3210, mAcc: 0.4410")
    return Sample("\n".join(out), roles(t, "train_loss", "step_time"), True, {"max_steps": 160000})


@sample
def mmengine_by_iterations() -> Sample:
    """MMEngine's loop that counts iterations."""
    t = truth(50, 50)
    lines = [
        f"{at(i):%Y/%m/%d %H:%M:%S} - mmengine - INFO - Iter(train) [{step:6d}/160000]  lr: {lr:.4e}  eta: 1:20:33  time: {time:.4f}  data_time: 0.0123  "
        f"memory: 3456  loss: {loss:.4f}"
        for i, step, loss, lr, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "step_time"), True)


@sample
def darknet() -> Sample:
    """Darknet: numbers before their words."""
    t = truth()
    lines = [
        f" {step}: {loss:.6f}, {loss + 0.1:.6f} avg loss, {lr:.6f} rate, 3.212 seconds, {step * 64} images, 1.5 hours left"
        for _, step, loss, lr, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {"train_loss": (t.step, t.loss)})


@sample
def timm() -> Sample:
    """timm: rates without names, running means in brackets, a test loop."""
    t = truth(50, 50)
    out = []
    for _, step, loss, lr, _, time in t.rows():
        epoch, batch = (step - 50) // 500, (step - 50) % 500
        out.append(
            f"Train: {epoch} [{batch:4d}/500 ({100 * batch // 499:3d}%)]  Loss: {loss:.4f} ({loss + 0.2:.4f})  Time: {time:.3f}s, {64 / time:8.2f}/s  "
            f"({time:.3f}s, {64 / time:8.2f}/s)  LR: {lr:.3e}  Data: 0.012 (0.020)"
        )
        if batch == 450:
            out += [
                f"Test: [{k:4d}/78]  Time: 0.123 (0.200)  Loss: {loss + 0.3:7.4f} ({loss + 0.1:7.4f})  Acc@1: 71.1 ( 70.2)  Acc@5: 90.1 ( 89.2)"
                for k in (0, 50, 78)
            ]
    steps = t.step - 50
    return Sample("\n".join(out), {"train_loss": (steps, t.loss), "step_time": (steps, t.time)})


@sample
def imagenet_example() -> Sample:
    """PyTorch's ImageNet example: tabs, each value with its running mean, a summary after the test loop."""
    t = truth(0, 10)
    out = []
    for _, step, loss, _, _, time in t.rows():
        epoch, batch = step // 200, step % 200
        out.append(
            f"Epoch: [{epoch}][{batch:5d}/200]\tTime {time:6.3f} ({time + 0.1:6.3f})\tData  0.011 ( 0.020)\tLoss {loss:.4e} ({loss + 0.1:.4e})\tAcc@1  10.00 (  9.10)"
        )
        if batch == 190:
            out += [
                f"Test: [{k:3d}/79]\tTime  0.1 ( 0.1)\tLoss {loss + 0.3:.4e} ({loss + 0.1:.4e})\tAcc@1  70.10 ( 69.20)"
                for k in (0, 40, 78)
            ]
            out.append(" *   Acc@1 71.300 Acc@5 90.100")
    return Sample("\n".join(out), roles(t, "train_loss", "step_time"))


@sample
def imagenet_example_without_its_number() -> Sample:
    """SwAV and other scripts grown from PyTorch's example: the batches of an epoch are not said."""
    t = truth(0, 10)
    out = []
    for _, step, loss, lr, _, time in t.rows():
        epoch, batch = step // 200, step % 200
        out.append(
            f"INFO - 09/02/20 14:18:08 - 0:00:30 - Epoch: [{epoch}][{batch}]\tTime {time:.3f} ({time + 0.1:.3f})"
            f"\tLoss {loss:.4f} ({loss + 0.1:.4f})\tLr: {lr:.4e}"
        )
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate", "step_time"))


@sample
def metric_logger() -> Sample:
    """torchvision references, DETR, DeiT, MAE: two bracketed counters."""
    t = truth(0, 10)
    out = []
    for _, step, loss, lr, _, time in t.rows():
        epoch, batch = step // 200, step % 200
        out.append(
            f"Epoch: [{epoch}]  [{batch:3d}/200]  eta: 0:20:33  lr: {lr:.6f}  loss: {loss:.4f} ({loss + 0.1:.4f})  time: {time:.4f}  data: 0.0123  max mem: 7763"
        )
    return Sample("\n".join(out), roles(t, "train_loss", "step_time"))


@sample
def open_clip() -> Sample:
    """open_clip and open_lm: samples within the epoch."""
    t = truth(2048, 2048)
    lines = [
        f"{at(i):%Y-%m-%d,%H:%M:%S} | INFO | Train Epoch: 0 [{step:8d}/12000000 ({100 * step // 12000000}%)] Data (t): 0.012 Batch (t): {time:.3f}, "
        f"{2048 / time:#g}/s, {2048 / time / 8:#g}/s/gpu LR: {lr:5f} Logit Scale: 14.286 Contrastive_loss: {loss:#.5g} ({loss:#.5g}) Loss: {loss:#.5g} ({loss:#.5g})"
        for i, step, loss, lr, _, time in t.rows()
    ]
    lines.append(
        "2024-05-01,12:02:00 | INFO | Eval Epoch: 1 imagenet-zeroshot-val-top1: 0.1234\timagenet-zeroshot-val-top5: 0.3456"
    )
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def caffe() -> Sample:
    """Caffe: glog's date, the learning rate on its own line."""
    t = truth(0, 20)
    out = []
    for i, step, loss, lr, _, _ in t.rows():
        stamp = f"I{at(i):%m%d %H:%M:%S}.123456  1234"
        out.append(f"{stamp} solver.cpp:228] Iteration {step}, loss = {loss:.4f}")
        out.append(f"{stamp} solver.cpp:244]     Train net output #0: loss = {loss:.4f} (* 1 = {loss:.4f} loss)")
        out.append(f"{stamp} sgd_solver.cpp:106] Iteration {step}, lr = {lr}")
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate"), True)


@sample
def paddle() -> Sample:
    """PaddleOCR."""
    t = truth(10, 10)
    lines = [
        f"[{at(i):%Y/%m/%d %H:%M:%S}] ppocr INFO: epoch: [{(step - 1) // 200 + 1}/500], global_step: {step}, lr: {lr:.6f}, loss: {loss:.4f}, avg_reader_cost: 0.12 s, "
        "avg_batch_cost: 0.45 s, avg_samples: 8.0, ips: 17.7 samples/s"
        for i, step, loss, lr, _, _ in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss"), True)


@sample
def yolo_results() -> Sample:
    """`results.txt` of YOLOv5 and YOLOv7: columns without a heading."""
    t = truth(0)
    lines = [
        f"{f'{step}/299':>10}{'11G':>10}{loss:10.4g}{0.012:10.4g}{0.01:10.4g}{loss + 1:10.4g}{24:10d}{640:10d}{0.97:10.4g}{0.94:10.4g}{0.99:10.4g}{0.77:10.4g}"
        f"{loss + 0.1:10.4g}{0.04:10.4g}{0.01:10.4g}"
        for _, step, loss, *_ in t.rows()
    ]
    return Sample("\n".join(lines), {"train_loss": (t.step, t.loss + 1)}, name="results.txt")


@sample
def yolo_console() -> Sample:
    """YOLOv7's bars under a heading of short words."""
    t = truth(1, 1)
    text = ""
    for _, epoch, loss, *_ in t.rows():
        text += "\n     Epoch   gpu_mem       box       obj       cls     total    labels  img_size\n"
        for k in (19, 38):
            text += (
                f"\r{f'{epoch - 1}/299':>10}{'2.3G':>10}{loss / 2:10.4g}{0.0431:10.4g}{0:10.4g}{loss:10.4g}{170:10d}{640:10d}: {100 * k // 38:3d}%|{'█' * (k // 4)}| "
                f"{k}/38 [00:05<00:05,  3.72it/s]"
            )
        heading = "               Class      Images      Labels           P           R      mAP@.5  mAP@.5:.95"
        text += "\n" + "".join(f"\r{heading}: {50 * k:3d}%|{'█' * k}| {k}/2 [00:01<00:00,  1.50it/s]" for k in range(3))
        text += f"\n                 all         442        1324       0.982       0.957       {0.9 - 0.3 * loss / 6:.3f}       0.790\n"
    score = (38 * t.step, np.round(0.9 - 0.3 * t.loss / 6, 3))
    return Sample(text, {"train_loss": (38 * t.step, t.loss), "eval_score": score})


@sample
def pytorch_cifar() -> Sample:
    """pytorch-cifar: a bar of its own, for training and for the test alike, with times in many units."""
    t = truth(1)
    lines = []
    for i, _, loss, *_ in t.rows():
        lines += [
            f"\nEpoch: {i}",
            f" [=>....]  Step: {i % 3}s61ms | Tot: 1m3s | Loss: {loss:.4f} | Acc: 50.000% (64/128)   \b\b\b 1/100 \r"
            f" [=====>]  Step: 61ms | Tot: 1m{i}s | Loss: {loss - 0.01:.4f} | Acc: 51.000% (64/128)   \b\b\b 100/100 ",
            " [=>....]  Step: 9ms | Tot: 1s | Loss: 9.0 | Acc: 48.000% (4/10)   \b\b\b 1/10 ",
            f" [=====>]  Step: {i}ms | Tot: 3s | Loss: {loss + 0.1:.4f} | Acc: 48.000% (48/100)   \b\b\b 10/10 ",
        ]
    step = np.column_stack([100 * (t.step - 1) + 1, 100 * t.step]).ravel()
    both = np.column_stack([t.loss, t.loss - 0.01]).ravel()
    held = (100 * t.step, np.round(t.loss + 0.1, 4))
    return Sample("\n".join(lines), {"train_loss": (step, np.round(both, 4)), "eval_loss": held})
