"""Trainers of language models."""

from __future__ import annotations

import numpy as np

from tests.sources.text_samples.curves import EVERY, N, Sample, at, evals, roles, sample, truth


@sample
def megatron() -> Sample:
    """Megatron-LM: arguments, then lines of pairs between bars, and a validation line."""
    t = truth()
    out = [
        "using world size: 8, data-parallel size: 4, tensor-model-parallel size: 2",
        "-" * 24 + " arguments " + "-" * 24,
    ]
    out += [
        "  accumulate_allreduce_grads_in_fp32 .............. True",
        "  global_batch_size ............................... 64",
    ]
    out += [
        "  lr .............................................. 0.0003",
        "  seq_length ...................................... 4096",
    ]
    out += ["-" * 20 + " end of arguments " + "-" * 20, "training ..."]
    for i, step, loss, lr, norm, time in t.rows():
        out.append(
            f" [{at(i):%Y-%m-%d %H:%M:%S}] iteration {step:8d}/{5000:8d} | consumed samples: {step * 64:12d} | elapsed time per "
            f"iteration (ms): {time * 1e3:.1f} | learning rate: {lr:.6E} | global batch size: {64:5d} | lm loss: {loss:.6E} | "
            f"loss scale: 1.0 | grad norm: {norm:.3f} | number of skipped iterations: {0:3d} | number of nan iterations: {0:3d} |"
        )
        if (i + 1) % EVERY == 0:
            said = f" validation loss at iteration {step} | lm loss value: {loss + 0.1:.6E} | lm loss PPL: {np.exp(loss + 0.1):.6E} | "
            out += ["-" * len(said), said, "-" * len(said)]
    out.append(
        " validation loss at the end of training for test data | lm loss value: 3.0E+00 | lm loss PPL: 2.0E+01 | "
    )
    config = {"global_batch_size": 64, "seq_length": 4096, "world_size": 8, "max_steps": 5000}
    return Sample(
        "\n".join(out) + "\n",
        roles(t, "train_loss", "learning_rate", "grad_norm", "step_time", eval_loss=evals(t), samples=(t.step, t.step * 64.0)),
        True, config,
    )  # fmt: skip


@sample
def megatron_many_ranks() -> Sample:
    """Megatron-DeepSpeed under torchrun, with the rank's prefix and timers between."""
    t = truth()
    out = []
    for _, step, loss, lr, norm, time in t.rows():
        out.append(
            f"[default7]: iteration {step:8d}/  250000 | consumed samples: {step * 192:12d} | consumed tokens: {step * 393216:14d} | "
            f"elapsed time per iteration (ms): {time * 1e3:.1f} | learning rate: {lr:.6E} | global batch size:   192 | lm loss: "
            f"{loss:.6E} | grad norm: {norm:.3f} | num zeros: 0.0 | actual seq length:  2048 | number of skipped iterations:   0 | "
            f"number of nan iterations:   0 | samples per second: {192 / time:.3f} | TFLOPs: 48.77 |"
        )
        out.append("[default0]:time (ms) | forward-compute: 103.20 | backward-compute: 205.11 | optimizer: 20.30")
    return Sample(
        "\n".join(out),
        roles(t, "train_loss", "learning_rate", "grad_norm", "step_time", tokens=(t.step, t.step * 393216.0)),
    )


@sample
def gpt_neox() -> Sample:
    """GPT-NeoX: DeepSpeed's line first, then `samples/sec` before the iteration."""
    t = truth(10, 10)
    out = []
    for i, step, loss, lr, _, time in t.rows():
        out.append(
            f"[{at(i):%Y-%m-%d %H:%M:%S},123] [INFO] [logging.py:60:log_dist] [Rank 0] step={step}, skipped=0, lr=[{lr}, {lr}], "
            "mom=[[0.9, 0.95], [0.9, 0.95]]"
        )
        out.append(
            f" samples/sec: {64 / time:.3f} | iteration {step:8d}/  320000 | elapsed time per iteration (ms): {time * 1e3:.1f} | "
            f"learning rate: {lr:.6E} | approx flops per GPU: 23.4TFLOPS | lm_loss: {loss:.6E} | number of skipped iterations:   0 |"
            " number of nan iterations:   0 |"
        )
        if (i + 1) % EVERY == 0:
            out.append(
                f" validation results at iteration {step} | lm_loss value: {loss + 0.1:.6E} | lm_loss_ppl value: 1.0E+01 | "
            )
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate", "step_time", eval_loss=evals(t)), True)


@sample
def nanotron() -> Sample:
    """nanotron: counts with suffixes, the day after the month."""
    t = truth()
    lines = [
        f"{at(i):%m/%d/%Y %H:%M:%S} [INFO|DP=0|PP=0|TP=0|ip-26-0-1]: iteration: {step} / 600 | consumed_tokens: {step * 2.0:.2f}M | "
        f"time_per_iteration_ms: {time * 1e3:.0f} | tokens_per_sec: 20.5K | tokens_per_sec_per_gpu: 2.56K | global_batch_size: 2M | "
        f"lm_loss: {loss:.4g} | lr: {lr:.3g} | model_tflops_per_gpu: 150 | hardware_tflops_per_gpu: 150 | grad_norm: {norm:.3f}"
        for i, step, loss, lr, norm, time in t.rows()
    ]
    return Sample(
        "\n".join(lines),
        roles(
            t,
            "train_loss",
            "grad_norm",
            "step_time",
            tokens=(t.step, t.step * 2e6),
            tokens_per_second=(t.step, np.full(N, 20500.0)),
        ),
        True,
    )


@sample
def torchtitan() -> Sample:
    """torchtitan: colours, a root logger's prefix, counts with commas."""
    t = truth(1, 10)
    out = ["[titan] 2024-05-01 11:59:58,000 - root - INFO - Training starts at step 1, with local batch size 8, global batch size 64, "
           "sequence length 8192, total steps 1000 (warmup 200)"]  # fmt: skip
    for i, step, loss, _, norm, _ in t.rows():
        out.append(
            f"[titan] {at(i):%Y-%m-%d %H:%M:%S},042 - root - INFO - \x1b[31mstep: {step:2}  \x1b[32mloss: {loss:7.4f}  \x1b[38;2;180;60;0mgrad_norm:"
            f" {norm:7.4f}  \x1b[38;2;54;234;195mmemory: {39.95:5.2f}GiB({42.1:.2f}%)  \x1b[34mtps: {7234:,}  \x1b[36mtflops: {123.45:,.2f}"
            f"  \x1b[35mmfu: {39.6:.2f}%\x1b[39m"
        )
    return Sample(
        "\n".join(out),
        roles(t, "train_loss", "grad_norm", tokens_per_second=(t.step, np.full(N, 7234.0)), mfu=(t.step, np.full(N, 0.396))),
        True, {"global_batch_size": 64, "seq_length": 8192, "max_steps": 1000},
    )  # fmt: skip


@sample
def nanogpt() -> Sample:
    """nanoGPT: settings, `iter` lines, and an evaluation of both splits."""
    t = truth(0)
    out = ["Overriding: batch_size = 12", "tokens per iteration will be: 491,520", "number of parameters: 123.59M"]
    for i, step, loss, _, _, time in t.rows():
        if i % EVERY == 0:
            out.append(f"step {step}: train loss {loss + 0.01:.4f}, val loss {loss + 0.1:.4f}")
        out.append(f"iter {step}: loss {loss:.4f}, time {time * 1e3:.2f}ms, mfu {40.0:.2f}%")
    which = np.arange(0, N, EVERY)
    return Sample(
        "\n".join(out),
        roles(t, "train_loss", "step_time", eval_loss=(t.step[which], np.round(t.loss[which] + 0.1, 4))),
        config={"tokens_per_iteration": 491520, "batch_size": 12},
    )


@sample
def build_nanogpt() -> Sample:
    """build-nanogpt's log.txt: step, split and number."""
    t = truth(0)
    lines = []
    for i, step, loss, *_ in t.rows():
        if (i + 1) % EVERY == 0:
            lines += [f"{step} val {loss + 0.1:.4f}", f"{step} hella {0.25 + i / 1000:.4f}"]
        lines.append(f"{step} train {loss:.6f}")
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=evals(t)), name="log.txt")


@sample
def llm_c() -> Sample:
    """llm.c: values without names, spikes in brackets, and the validation loss on a line of its own."""
    t = truth()
    out = []
    for i, step, loss, lr, norm, time in t.rows():
        out.append(
            f"step {step:4d}/18865 | loss {loss:7.6f} (+0.12z)| norm {norm:.4f} (-0.50z)| lr {lr:.2e} | {time * 1e3:.2f} ms | 45.6% bf16 MFU"
            f" | {int(524288 / time)} tok/s"
        )
        if (i + 1) % EVERY == 0:
            out.append(f"val loss {loss + 0.1:.4f}")
    rate = np.floor(524288 / t.time)
    return Sample(
        "\n".join(out),
        roles(t, "train_loss", "grad_norm", "step_time", eval_loss=evals(t), tokens_per_second=(t.step, rate)),
    )


@sample
def llm_c_main_log() -> Sample:
    """llm.c's main.log, also of early modded-nanogpt."""
    t = truth(0)
    lines = []
    for i, step, loss, lr, norm, _ in t.rows():
        lines.append(f"s:{step} trl:{loss:.4f} lr:{lr:.6f} norm:{norm:.2f}")
        if (i + 1) % EVERY == 0:
            lines.append(f"s:{step} tel:{loss + 0.1:.4f}")
    return Sample("\n".join(lines), roles(t, "train_loss", eval_loss=evals(t)), name="main.log")


@sample
def modded_nanogpt() -> Sample:
    """modded-nanogpt and parameter-golf: the source code first, then `step:N/M`."""
    t = truth()
    out = ["import torch", "def lr(step):", "    lr = 0.1 * (1 - step / 100)", "    return lr", "=" * 80]
    total = 0.0
    for i, step, loss, _, _, time in t.rows():
        total += time * 1e3
        out.append(f"step:{step}/1750 train_loss:{loss:.4f} train_time:{total:.0f}ms step_avg:{total / step:.2f}ms")
        if (i + 1) % EVERY == 0:
            out.append(
                f"step:{step}/1750 val_loss:{loss + 0.1:.4f} val_bpb:1.2345 train_time:{total:.0f}ms step_avg:{total / step:.2f}ms"
            )
    return Sample(
        "\n".join(out), roles(t, "train_loss", eval_loss=evals(t)), config={"max_steps": 1750}, name="golf.txt"
    )


@sample
def deepspeed() -> Sample:
    """DeepSpeed: the step's learning rate, then its loss, and the throughput timer."""
    t = truth()
    out = []
    for i, step, loss, lr, _, time in t.rows():
        stamp = f"[{at(i):%Y-%m-%d %H:%M:%S},789] [INFO]"
        out.append(f"{stamp} [logging.py:96:log_dist] [Rank 0] step={step}, skipped=0, lr=[{lr}], mom=[(0.9, 0.95)]")
        out.append(f"steps: {step} loss: {loss:.4f} iter time (s): {time:.3f} samples/sec: {64 / time:.3f}")
    return Sample("\n".join(out), roles(t, "train_loss", "learning_rate", "step_time"), True)


@sample
def deepspeed_timer() -> Sample:
    """DeepSpeed's throughput timer beside the script's own line."""
    t = truth(10, 10)
    out = []
    for i, step, loss, *_ in t.rows():
        out.append(f"step: {step} loss: {loss:.4f}")
        out.append(f"[{at(i):%Y-%m-%d %H:%M:%S},1] [INFO] [timer.py:199:stop] epoch=0/micro_step={step * 4}/global_step={step}, RunningAvgSamplesPerSec=45.1, "
                   "CurrSamplesPerSec=46.2, MemAllocated=1.2GB, MaxMemAllocated=3.4GB")  # fmt: skip
    return Sample("\n".join(out), roles(t, "train_loss"), True)


@sample
def nemo() -> Sample:
    """NeMo 2: Megatron's printer of Lightning."""
    t = truth(0)
    lines = [
        f"Training epoch 0, iteration {step}/999 | lr: {lr:.8f} | global_batch_size: 256 | global_step: {step} | peak_memory_usage: 1234567 | "
        f"reduced_train_loss: {loss:.4f} | train_step_timing in s: {time:.3f} | consumed_samples: {(step + 1) * 256}"
        for _, step, loss, lr, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", "learning_rate", "step_time"))


@sample
def composer() -> Sample:
    """MosaicML Composer: a line that opens, and a line for each metric."""
    t = truth()
    out = []
    for i, step, loss, _, norm, _ in t.rows():
        out += [f"[batch={step}/4800]:", "\t Train time/epoch: 0", f"\t Train time/batch: {step - 1}", f"\t Train time/token: {step * 4096}",
                f"\t Train loss/train/total: {loss:.4f}", f"\t Train l2_norm/grad/global: {norm:.4f}"]  # fmt: skip
        if (i + 1) % EVERY == 0:
            out += [
                "[Eval batch=10/10] Eval on eval data:",
                f"\t Eval metrics/eval/LanguageCrossEntropy: {loss + 0.1:.4f}",
            ]
    t.step = t.step - 1  # `time/batch` says how many were done before, and is the step wherever Composer logs
    return Sample("\n".join(out), roles(t, "train_loss", "grad_norm", eval_loss=evals(t)))


@sample
def olmo() -> Sample:
    """OLMo: a line that opens, indented pairs, counts with commas."""
    t = truth()
    out = []
    for i, step, loss, _, norm, _ in t.rows():
        out += [f"{at(i):%Y-%m-%d %H:%M:%S}.123\tnode-1:0\tolmo.train:979\tINFO\t[step={step}/2500,epoch=0]", f"    optim/total_grad_norm={norm:.4g}",
                f"    train/CrossEntropyLoss={loss:.5g}", f"    train/Perplexity={np.exp(loss):,.1f}", f"    throughput/total_tokens={step * 4194304:,}",
                "    throughput/device/tokens_per_second=47,831"]  # fmt: skip
    return Sample(
        "\n".join(out),
        roles(t, "train_loss", "grad_norm", tokens=(t.step, t.step * 4194304.0), tokens_per_second=(t.step, np.full(N, 47831.0))), True,
    )  # fmt: skip


@sample
def maxtext() -> Sample:
    """MaxText."""
    t = truth(0)
    lines = [
        f"completed step: {step}, seconds: {time:.3f}, TFLOP/s/device: 123.456, Tokens/s/device: 7000.123, total_weights: 65536, loss: {loss:.4f}"
        for _, step, loss, _, _, time in t.rows()
    ]
    return Sample("\n".join(lines), roles(t, "train_loss", tokens_per_second=(t.step, np.full(N, 7000.123))))
