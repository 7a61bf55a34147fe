"""Names, requirements and amounts with letters changed: what is made of them stands in them."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from runlens import roles
from runlens.config.tokens import count_of_tokens
from runlens.errors import ConfigError
from runlens.model import Run, Series
from runlens.rules.evals.parts.require import parse_requirement
from runlens.sources.eval_results.positions import position
from tests.fuzz.edit import edited, numbers
from tests.fuzz.harness import Lost, Outcome

_SERIES = 60
_MANY = 500
_NAMES = (
    "train/loss", "loss", "eval_loss", "val/loss", "grad_norm", "lr", "learning_rate", "tokens_per_sec_per_gpu",
    "step_time", "mfu", "consumed_tokens", "hellaswag/acc_norm", "eval/arc_easy/acc", "system.gpu.0.temp",
    "system.gpu.1.powerWatts", "reward/mean", "actor/kl_loss", "critic/value_loss", "loss_scale", "epoch",
    "iteration_time/rank_3", "lm loss", "perplexity", "z_loss", "moe/expert_3/load", "DCGM_FI_DEV_GPU_TEMP",
    "throughput/tflops", "samples_per_second", "train_loss_step", "validation/ppl",
)  # fmt: skip
_LETTERS = "abelrsxz019_/.- :[]()%\u00e9\u202e\x1b\u0130\ud7ff"
_PIECES = (
    "",
    "/",
    "loss",
    "a" * 200,
    "//",
    "train/",
    "eval/" * 20,
    "[0]",
    "\x1b[31m",
    "_" * 40,
    "(1, 2)",
    "x" * 501,
    "%s",
    "{}",
    "\\n",
)
_REQUIRED = ("hellaswag>=0.55@1T", "eval_loss<=2.3", "mmlu>=ref-0.01", "arc>55%@50k steps", "a/b < 1e-3@3e12 tokens")
_SIGNS = "0123456789.<>=@+-%eKTBkref step\u00a0"
_PLACES = (
    "step3000",
    "checkpoint-500",
    "global_step1000",
    "iter_0002000",
    "stage1-step1000-tokens5B",
    "step-480k-1T",
    "2000",
    "ckpt_1.5B",
)


def of_names(draw: Random, folder: Path) -> Counter[Outcome]:
    """Roles do not hang on the order in which series came in, and no series is dropped for its name."""
    names = list(dict.fromkeys(edited(draw, draw.choice(_NAMES), _LETTERS, _PIECES) for _ in range(_SERIES)))
    step = np.arange(6)
    value = 2.0 + 1.0 / (1 + step)
    series = {name: Series(name, step, 1.7e9 + step, value) for name in names}
    run, other = (
        roles.resolve(Run("run", "run", "run", "finished", series=held, read_at=1.8e9))
        for held in (series, dict(reversed(series.items())))
    )
    if set(run.series) != set(names):
        raise Lost(f"{sorted(set(names) ^ set(run.series))[:3]} were dropped or made up")
    if _told(run) != _told(other):
        raise Lost(f"{_told(run)} in one order, {_told(other)} in the other")
    return Counter({"read": len(names)})


def _told(run: Run) -> dict[str, list[str]]:
    return {role: sorted(one.series.name for one in group) for role, group in run.roles.items()}


def of_amounts(draw: Random, folder: Path) -> Counter[Outcome]:
    """Numbers of tokens: one that is read is what Python makes of its digits, times its letter."""
    made = [one + draw.choice(("", "K", "M", "B", "T", "t")) for one in numbers(draw)]
    counts: Counter[Outcome] = Counter()
    for _ in range(_MANY):
        text = edited(draw, made[draw.getrandbits(20) % len(made)])
        try:
            amount = count_of_tokens(text)
        except ConfigError:
            counts["refused"] += 1
            continue
        raw = text.strip()
        factor = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(raw[-1:].upper(), 1.0)
        if amount != float(raw[:-1] if factor > 1 else raw) * factor or not 0 < amount < math.inf:
            raise Lost(f"{text!r} was read as {amount}")
        counts["read"] += 1
    return counts


def of_requirements(draw: Random, folder: Path) -> Counter[Outcome]:
    """Requirements: name, sign and bound of one that is read stand in it, in that order."""
    counts: Counter[Outcome] = Counter()
    for _ in range(_MANY):
        text = edited(
            draw,
            draw.choice(_REQUIRED),
            _SIGNS,
            ("", ">=", "@", "ref", "nan", "inf", "1e999", "==", "ref+5%", "@1T@2T"),
        )
        try:
            found = parse_requirement(text)
        except ConfigError:
            counts["refused"] += 1
            continue
        rest = text.replace(found.name, "", 1).strip()
        bound = re.match(r"(?:ref)?\s*([+-]?)\s*([\d.]+(?:[eE][+-]?\d+)?)?", rest.removeprefix(found.sign).strip())
        said = float(f"{bound[1]}{bound[2]}") if bound and bound[2] else 0.0
        scale = 100 if found.percent else 1
        if not rest.startswith(found.sign) or not math.isclose(
            found.bound * scale, said, rel_tol=1e-12, abs_tol=1e-300
        ):
            raise Lost(f"{text!r} was read as {found}")
        counts["read"] += 1
    return counts


def of_places(draw: Random, folder: Path) -> Counter[Outcome]:
    """Names of checkpoints: a step that is read is a number of the name, times a thousand or a million at most."""
    counts: Counter[Outcome] = Counter()
    for _ in range(_MANY):
        text = edited(
            draw,
            draw.choice(_PLACES),
            "0123456789kmbt-_=.estp",
            ("", "step", "9" * 400, "tokens", "step-", "1e5", "0" * 30),
        )
        there = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", text.lower())]
        there += [float(one) for one in re.findall(r"\d+", text)]
        for amount in position([text]):
            if amount is not None and not any(
                amount == one * unit for one in there for unit in (1.0, 1e3, 1e6, 1e9, 1e12)
            ):
                raise Lost(f"{text!r} stands at {amount}")
        counts["read"] += 1
    return counts


TARGETS = {
    "words-names": of_names,
    "words-amounts": of_amounts,
    "words-requirements": of_requirements,
    "words-places": of_places,
}
