"""How each framework begins a line of metrics, as a table: what its lines say before their `name: value` pairs.

A row is the framework, a piece of text that its lines hold, and a pattern with some of the groups `step` (of the whole
run), `it` and `of` (within the epoch), `epoch`, `split`; `sample` counts samples within the epoch. Groups that begin
with `x_` are metrics of that name. A line that no row fits is read by the words of `words.STEP` and `words.EPOCH`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """One row of the table."""

    framework: str
    pattern: re.Pattern[str]
    has: str
    """A piece of text that every such line holds: asked for first, since most lines hold it not."""
    opens: bool = False
    """Whether its metrics follow on lines of their own."""


def _head(framework: str, has: str, pattern: str, opens: bool = False) -> Head:
    return Head(framework, re.compile(pattern), has, opens)


STARRED = "starred"
"""What stands for a framework with rows such as ` * Prec@1 71.2 Prec@5 90.1`: the examples of PyTorch end an evaluation
with one."""
_IN_EPOCH = r"\[\s*(?P<it>\d+)\s*/\s*(?P<of>\d+)"
HEADS = (
    _head(
        "fairseq",
        "| epoch ",
        r"\| (?P<split>train_inner|train|valid\w*|test\w*) \| epoch (?P<epoch>\d+)(?::\s+(?P<it>\d+) / (?P<of>\d+))?",
    ),
    _head("fairseq", "| epoch ", r"^\| epoch (?P<epoch>\d+):\s+(?P<it>\d+) / (?P<of>\d+)"),
    _head("MMEngine", "Epoch(", rf"Epoch\((?P<split>\w+)\)\s+\[(?P<epoch>\d+)\]{_IN_EPOCH}\]"),
    _head("MMEngine", "Iter(", r"Iter\((?P<split>\w+)\)\s+\[\s*(?P<step>\d+)/(?P<of>\d+)\]"),
    _head("mmcv", "Epoch [", rf"Epoch \[(?P<epoch>\d+)\]{_IN_EPOCH}\]"),
    _head("Transformer-XL", "] | gnorm", r"\[ *(?P<step>\d+)\] (?=\| gnorm)"),
    _head("mmcv", "Epoch(", r"Epoch\((?P<split>\w+)\) \[(?P<epoch>\d+)\]\[(?P<x>\d+)\]"),
    _head("mmcv", "Iter [", r"Iter \[(?P<step>\d+)/(?P<of>\d+)\]"),
    _head("mmcv", "Iter(", r"Iter\((?P<split>\w+)\) \[(?P<x>\d+)\]"),
    _head(
        "open_clip", "Train Epoch", r"Train Epoch: (?P<epoch>\d+) \[\s*(?P<sample>\d+)/(?P<of>\d+)\s*\(\s*[\d.]+%\)\]"
    ),
    _head("open_clip", "Eval Epoch", r"(?P<split>Eval) Epoch: (?P<epoch>\d+)(?: \[\s*\d+\s*/\s*\d+\s*\])?"),
    _head(
        "Swin",
        "][",
        rf"(?P<split>Train|Test|Val\w*|Eval\w*): +\[\s*(?P<epoch>\d+)\s*/\s*\d+\s*\]{_IN_EPOCH}\s*\]",
    ),
    _head(
        "timm", "[", rf"(?P<split>Train|Test)(?: \([\w ]+\))?:\s+(?:(?P<epoch>\d+) )?{_IN_EPOCH}\s*(?:\(\s*\d+%\))?\]"
    ),
    _head("Torch7's errors", " Err ", r"\| Epoch: \[(?P<epoch>\d+)\]\[(?P<it>\d+)/(?P<of>\d+)\](?=\s+Time .* Err )"),
    _head("torchvision references", "Epoch", rf"Epoch:? ?\[(?P<epoch>\d+)\]\s*{_IN_EPOCH}\s*\]"),
    _head("DCGAN", "Epoch:", r"Epoch: ?\[\s*(?P<epoch>\d+)\s*/\s*\d+\s*\]\s*\[\s*(?P<it>\d+)\s*/\s*(?P<of>\d+)\s*\]"),
    _head("StyleGAN", "kimg ", r"^tick (?P<step>\d+)\s+(?=kimg )"),
    _head(  # `0m 24s (- 5m 6s) (5000 6%) 3.5270`, which many copied
        "PyTorch tutorials",
        "%) ",
        r"\d+m \d+s (?:\(- ?\d+m \d+s\) )?\((?P<step>\d+) \d+%\) (?P<x_loss>\d+\.\d+)\s*$",
    ),
    _head(
        "PyTorch tutorials", "%) ", r"\d+m \d+s (?:\(- ?\d+m \d+s\) )?\((?P<step>\d+) \d+%\)(?= [A-Za-z][\w ]*[:=] ?\d)"
    ),
    _head("", "poch", r"[Ee]poch:? *(?P<epoch>\d+), *(?P<it>\d+)/ *(?P<of>\d+)(?![\d./])"),
    _head("", "poch ", r"Epoch (?P<epoch>\d+) ?\[ *(?P<it>\d+) */ *(?P<of>\d+) *\](?=\s*[:,|-]?\s*[A-Za-z])"),
    _head("", " epoch ", r"^(?P<it>\d+)/(?P<of>\d+) in (?P<epoch>\d+) epoch (?=\w)"),
    _head("", "[Epoch ", r"\[Epoch (?P<epoch>\d+)(?:/\d+)?\]\s*\[\s*(?P<it>\d+)\s*[:/]\s*(?P<of>\d+)\s*\]"),
    _head("", " : ", r"^\s*\[\s*(?P<epoch>\d+) *: +(?P<it>\d+) *\](?=\s*[A-Za-z])"),
    _head("I-JEPA", "[", r"\[(?P<epoch>\d+), +(?P<it>\d+)(?: ?/ ?(?P<of>\d+))?\](?=.*[a-z])"),
    _head(  # `train loss of iteraction 2:0.79`: what the number counts is said in a word that is known or not
        "",
        "oss",
        r"^(?!.*(?:[Vv]al|[Tt]est))(?:\w+ ){0,2}[Ll]oss (?:[A-Za-z]+ ){1,3}(?P<step>\d+) ?: ?(?P<x_loss>\d*\.\d+)\s*$",
    ),
    _head("", "Epoch", r"Epoch:? ?\[(?P<epoch>\d+)\]\s?\[\s*(?P<it>\d+)\s*\](?!\[)"),
    _head("torchvision references", "[", rf"(?P<split>Test|Val\w*|Eval\w*)\s*:\s*{_IN_EPOCH}\s*\]"),
    _head("Torch7", "Test: [", r"(?P<split>Test): \[(?P<epoch>\d+)\]\[(?P<it>\d+)/(?P<of>\d+)\]"),
    _head("Torch7's errors", "epoch # ", r"\* (?P<split>Finished) epoch # (?P<epoch>\d+)(?=\s+top1: )"),
    _head("WeNet", "TRAIN Batch ", r"TRAIN Batch (?P<epoch>\d+)/(?P<it>\d+) (?=\w)"),
    _head("WeNet's evaluation", "CV Batch ", r"(?P<split>CV) Batch (?P<epoch>\d+)/(?P<it>\d+) (?=\w)"),
    _head(
        "MatConvNet",
        " Hz ",
        r"^(?P<split>train|val): epoch (?P<epoch>\d+): *(?P<it>\d+)/ *(?P<of>\d+): (?P<x_samples_per_second>[\d.]+)"
        r"(?: \([\d.]+\))? Hz"
        r"(?= \w)",
    ),
    _head("Marian", "Up. ", r"(?:\[(?P<split>valid)\] )?Ep\. (?P<epoch>\d+) : Up\. (?P<step>\d+(?:,\d{3})*)(?= : )"),
    _head(  # an objective is what training raises: its negative is the loss
        "Kaldi",
        "objective function for 'output' for minibatches",
        r"objective function for 'output' for minibatches \d+-(?P<step>\d+) is (?P<n_loss>[-\d.]+(?:e[-+]?\d+)?) over",
    ),
    _head("rsl_rl", "Learning iteration ", r"^\s*Learning iteration (?P<step>\d+)/(?P<of>\d+)\s*$", opens=True),
    _head(
        "rl_games",
        "fps total: ",
        r"fps total: (?P<x_frames_per_second>[\d.]+)(?: epoch: (?P<epoch>\d+)(?:/\d+)?)? frames: (?P<step>\d+)",
    ),
    _head("", "oss: ", r"[Ll]oss: +(?=-?[\d.]+ +\[ *(?P<sample>\d+) */ *(?P<of>\d+) *\]\s*$)"),
    _head("pytorch-cifar", "Tot", r"Tot(?: \||: )(?=.* (?P<it>\d+)/(?P<of>\d+)\s*$)"),
    _head("nanotron", "iteration: ", r"iteration: (?P<step>\d+) / (?P<of>\d+)"),
    _head("NeMo", "Training epoch", r"Training epoch (?P<epoch>\d+), iteration (?P<it>\d+)/(?P<of>\d+)"),
    _head(
        "Megatron-LM",
        " at iteration",
        r"(?P<split>validation|test|evaluation)\w* (?:loss|results) at iteration\s+(?P<step>\d+)",
    ),
    _head("Megatron-LM", " at ", r"(?P<split>validation|test|evaluation)\w* (?:loss|results) at [^|]*\|"),
    _head("Megatron-LM", "iteration ", r"iteration\s+(?P<step>\d+)/\s*(?P<of>\d+)"),
    _head("OLMo", "=", r"\[(?:step|iteration)=(?P<step>\d+)(?:/(?P<of>\d+))?(?:,\s*epoch=\d+[^\]]*)?\]", opens=True),
    _head(
        "MosaicML Composer", "batch=", r"\[(?:epoch=(?P<epoch>\d+)\]\[)?batch=(?P<step>\d+)/(?P<of>\d+)\]", opens=True
    ),
    _head("ESPnet", "epoch:", r"(?P<epoch>\d+)epoch:(?P<split>\w+):(?P<x>\d+)-(?P<it>\d+)batch:"),
    _head("DeepSpeed", "global_step=", r"epoch=\d+/micro_step=\d+/global_step=(?P<step>\d+)"),
    _head("boosting", "[", r"^(?:\[?[\d:]{8}\]?\s*)?\[(?P<step>\d+)\]\s+(?=\S*[A-Za-z].*:)"),
    _head("CatBoost", "learn:", r"^(?P<step>\d+):\s+(?=learn:|test:)"),
    _head("build-nanogpt", " train ", r"^(?P<step>\d+) train (?P<x_train_loss>\d+\.\d+)\s*$"),
    _head("build-nanogpt", " val ", r"^(?P<step>\d+) val (?P<x_val_loss>\d+\.\d+)\s*$"),
    _head("build-nanogpt", " hella ", r"^(?P<step>\d+) hella (?P<x_hellaswag_acc>\d+\.\d+)\s*$"),
    _head("", "/", r"^\s*\[\s*(?P<step>\d+)\s*/\s*(?P<of>\d+)\s*\]"),
    _head("", "% ", r"\[[=#>. -]*\]\s*\d+(?:\.\d+)?%\s+(?P<step>\d+)/(?P<of>\d+)(?=\s*\|)"),
    _head("DL4J", "Score at iteration", r"Score at iteration (?P<step>\d+) is (?P<x_loss>[\d.]+(?:[eE][-+]?\d+)?)"),
    _head("TensorFlow", "Saving dict", r"(?P<split>Saving dict) for global step (?P<step>\d+):"),
    _head(
        "Flower", "fit progress: (", r"(?P<split>fit progress): \((?P<step>\d+), (?P<x_eval_loss>[\d.]+(?:e-?\d+)?),"
    ),
    _head("Flower", "round ", r"INFO ?:\s+round (?P<step>\d+): (?P<x_eval_loss>[\d.]+(?:e-?\d+)?)\s*$"),
    _head("Tacotron 2", " loss ", r"^Train loss (?P<step>\d+) (?P<x_train_loss>[\d.]+)(?= Grad Norm)"),
    _head("Tacotron 2", " loss ", r"^(?P<split>Validation) loss (?P<step>\d+): +(?P<x_val_loss>[\d.]+)\s*$"),
    _head(  # `Epoch 3: 9501 / 10000`, of Nielsen's book, which counts what it knows of the test data
        "", "poch ", r"^Epoch (?P<epoch>\d+) ?: (?P<x_test_acc>\d+) ?/ ?(?P<over>\d+)\s*$"
    ),
    _head("clu", "] [", r"\] \[(?P<step>\d+)\] (?=[\w/]+=)"),
    _head("Stable Baselines", "timesteps", r"^\|\s+(?:total_)?timesteps\s+\|\s+(?P<step>\d+)\s+\|"),
    _head(
        "Darknet", " rate", r"^\s*(?P<step>\d+): (?P<x_loss>[\d.]+|-?nan), [\d.]+ avg(?: loss)?, (?P<x_lr>[\d.]+) rate"
    ),
    _head(STARRED, "* ", r"^(?:[^*]*(?:INFO|[\])|:>-])\s*)?\s*\*+ +(?=[A-Za-z][\w@. -]*[ :=])"),
    _head(STARRED, "* ", r"^(?:[^*]*(?:INFO|[\])|:>-])\s*)?\*+ +(?=[A-Za-z][\w@. -]*[ :=])"),
)

WITHOUT = re.compile(
    r"%\||[Rr]ound|ROUND|%\s+[\x80-\xff]{2}|^\d+:\s+learn:|^\s*\||[Ee]poch|[Ee]pisode|\[(?:step|batch|iteration)=|^[\s\d./|:%eEGna+-]+$|^\s*all\s+\d"
    r"|(?:INFO|DEBUG)\]?:[\s\d./|:%eEGna+-]+$|^\d+ (?:train|val|hella) \d|\(\d+ \d+%\) "
    r"|\d avg, [\d.]+ rate|objective function for|Learning iteration"
)
"""What a line that names no metric may be all the same: a bar, a box, a beginning, bare numbers under a heading, or a
line of a framework that calls its metrics by words of its own."""
BAR = re.compile(
    r"(?P<percent>\d+)%(?:\|[^|]*\|\s*(?=[\d.kM]+/[\d.kM]+\s*\[)|\s+[\x80-\xff]{2,}\s*(?=\d+/\d+\s+\d))"
    r"(?P<it>[\d.]+[kM]?)/(?P<of>[\d.]+[kM]?)\s*"
    r"(?:\[(?P<gone>[\d:]+)<(?P<left>[\d:?]+)(?:,\s*(?P<rate>[\d.]+|\?)\s*(?P<unit>[A-Za-z]+/[A-Za-z]+))?"
    r"|(?:[\d.]+\w*(?:it/s|s/it)\s+)?[\d:.]+s?(?:<[\d:.]+s?)?)"
)
"""A tqdm bar, `Epoch 3:  45%|####5     | 45/100 [00:10<00:12,  4.50it/s, loss=0.5]`, or one of Ultralytics 8.4:
`45% ━━━━━─────── 45/100 4.5it/s 10.2s<12.1s`."""
DATA_WORK = re.compile(
    r"\s*(?:\w+: )?(?:Scanning|Map|"
    r"Filter|Flatten\w*|Cast\w*|Generating|Download\w*|Loading|Saving|Creating|Tokeniz\w*|Packing|Truncating"
    r"|Applying|Extract\w*|Pre-?process\w*|Running tokenizer|Grouping|Adding|Converting|Fetching|Resolving|Upload\w*)\b"
)
"""How bars over data, models and files are called (datasets, TRL, huggingface_hub): none of them counts training."""
OF_EPOCHS = re.compile(
    r"(?:^|[\s\])(\[])(?P<epoch>\d+)\s*/\s*(?P<epochs>\d+)\s*"
    r"(?:[\])]?\s*:?\s*$|[\])]\s*:?\s*(?=[A-Za-z][\w ]*[:=] ?\d))"
)
"""How a bar over the batches of an epoch may be called: `[fold_0] 001/200:`, `[3/50]`, `[3/50] loss: 0.5`."""
HEADING = re.compile(r"Class\s+Images\s")
"""What Ultralytics' bars of evaluations are described by: the heading of the line that follows, no metrics."""
KERAS = re.compile(r"^\s*(?P<it>\d+)/(?P<of>\d+) (?:\[[=>. ]*\]|[\x80-\xff\s]+|-)?\s*(?=[- \d].*(?:ETA|step|[\d]s))")
"""A Keras bar: `  45/469 [=>......] - ETA: 2:30 - loss: 2.3`, or `469/469 - 3s - loss: 0.3`."""
RANKS = (
    re.compile(r"^\s*\[?default(?P<rank>\d+)\]?:"),
    re.compile(r"^\s*\[?[Rr]ank ?(?P<rank>\d+)\]?:"),
    re.compile(r"^\s*\[\d+,(?P<rank>\d+)\]<std\w+>:?"),
    re.compile(r"^\s*(?P<rank>\d{1,4}): (?=\s*[\[A-Za-z])"),
    re.compile(r"\[[Rr]ank (?P<rank>\d+)\]"),
    re.compile(r"\brank=(?P<rank>\d+)\b"),
    re.compile(r"^[^A-Za-z]{0,40}(?:(?:local_)?rank|gpu|cuda|worker|process|proc)[ _:=#-]{0,2}(?P<rank>\d{1,4})"
               r"(?=[\])|,: -](?!\d))(?!\s*[/%])", re.IGNORECASE),
    re.compile(r"^\s*\(\w+(?:\(\w+\))? pid=(?P<rank>\d+)(?:, ip=[\d.]+)?\)"),
)  # fmt: skip
"""Which rank wrote a line: torchrun, mpirun, srun, DeepSpeed, OLMo, Ray, own scripts (`[GPU0] …`, `Rank 1, …`)."""
CLIENTS = (
    re.compile(r"(?<![A-Za-z_])(?:client|user|party|silo|hospital)(?:[ _]?(?:id|idx|no))?[ _:=#-]{0,2}(?P<rank>\d{1,5})"
               r"(?=[\])|,: -]|$)(?!\s*/)", re.IGNORECASE),
)  # fmt: skip
"""Which client of federated learning a line is of: `[Client 3] …`, `| User = 3 | …`."""
COUNTED = re.compile(r"^\s*(?P<step>\d+)(?:: |[ \t]+(?=[A-Za-z][A-Za-z_ -]{0,24}loss['\"]?[ \t]*[:=]))", re.IGNORECASE)
"""What srun's prefix is where a line says no other step: `100: loss 2.5`; or a number alone before the first loss."""
