"""From a logged name to what it says: the table first, then patterns."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from runlens.roles.names.adversaries import is_accuracy_of_adversary
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import is_benchmark, may_be_eval, parse_eval
from runlens.roles.names.generic import generic_claim, loss_claim, may_be_loss
from runlens.roles.names.lone import LONE_ERROR, lone_error, lone_score, split_word
from runlens.roles.names.pattern import EVAL, compiled
from runlens.roles.names.scores import PARTS_OF_LOSS, plain_score, score_claim
from runlens.roles.names.table import common, monitors, table
from runlens.roles.names.take_apart import Name, normalise, shape_of, take_apart

_EVAL_DIR = re.compile(r"^(valid(ation)?\d*|val\d*|eval(uation)?|test|dev)(_?log)?(\.(log|txt|csv|tsv|jsonl?))?$")
_HELD_OUT = compiled(EVAL)
_EITHER = frozenset(
    {"perplexity", "samples_per_second", "tokens_per_second", "step_time", "data_time", "tflops", "mfu"}
)
"""Roles of training as well as of an evaluation, by what the rest of the name says."""
_TOTALS = frozenset({"total", "tot", "train/total", "sum", "all"})
_COST = re.compile(
    r"(?P<split>(train(ing)?|val|valid|validation|test|eval|dev)[/_])?((avg|average|mean|total|batch|epoch)_)*"
    r"(cost(_function)?|objective|criterion|n(eg(ative)?_)?elbo|(?(split)|(?<=[a-z]_))(free_)?energy)"
)
"""What is lowered where nothing is called a loss. An energy (of predictive coding, of a wave function) needs a word
before it: bare it may be that of a signal."""
_A_PART = re.compile(
    r"(?!.*(?<![a-z])(train(ing)?|tr|learn|val|vali|valid|validation|test|eval|dev|cv|avg|average|mean|epoch|batch|best|min|max)(?![a-z]))"
    r"(loss_[a-z0-9_]+|[a-z0-9_]+_loss)"
)
"""A loss by the name of a term, not by that of a split or of a mean."""
_LONE_L = re.compile(r"(train(ing)?[/_])?l")
_OTHER_LOSS = re.compile(r"loss|cost|nll|entropy|reward|return|(^|/)(r|t|a|v)$")
"""What takes a letter `l` its meaning: a loss by its name, and the columns of a monitor (`r`, `l`, `t`)."""
_RUN_MEAN = ("train_loss", "train/train_loss")
"""HF Trainer writes these once, at the end, beside the curve `train/loss`."""
_TRAINING_ONLY = re.compile(r"(^|[/_ .-])(lr|learning[-_ ]?rate|grad[-_ ]?norm|gnorm)($|[/_ .-])")
_ORDINARY = frozenset({"cola", "copa", "drop", "hs", "math", "nq", "paws", "prost", "race", "record", "swag"})
"""Benchmarks whose names are words of their own: taken for benchmarks only in the company of others."""


def is_eval_dir(folder: str, names: Collection[str]) -> bool:
    """Whether a run's folder says that everything in it was measured on held-out data.

    Keras and fairseq write one folder for each split, with the same names in each. A run that
    happens to be called `test` logs what only training has, such as a learning rate: that is none.
    """
    return bool(_EVAL_DIR.match(folder.lower())) and not any(_TRAINING_ONLY.search(n.lower()) for n in names)


_ERRORS = ("rmse", "mse", "mae")
_ERROR = compiled(r"(?<![a-z])(mse|rmse|mae|error)(?![a-z])")
"""Errors that may be minimised themselves; of several the first stands for the loss, in both splits alike."""
LONGEST = 500
"""Characters of a name: patterns take the square of them, and the longest that a tracker takes (MLflow) has 250."""


def read_name(
    raw: str, siblings: Collection[str] = (), frameworks: Sequence[str] = (), folder: str = "", exact: bool = True
) -> Claim | None:
    """What a logged name says of its series.

    Parameters
    ----------
    raw : str
        The name as logged.
    siblings : collection of str
        The other names of the run.
    frameworks : sequence of str
        Frameworks that the run was recognised as, the most telling first.
    folder : str
        Last part of the run's folder (the split, with Keras and fairseq).
    exact : bool
        False leaves the table out: patterns alone.

    Returns
    -------
    Claim or None
        None if the name is not understood; so is one longer than `LONGEST`, which is text and no name.
    """
    return _read(raw, siblings, frameworks, is_eval_dir(folder, siblings), exact)


@lru_cache(maxsize=8)  # the runs of a fleet log the same names, one run after the other
def read_names(names: tuple[str, ...], frameworks: tuple[str, ...], eval_dir: bool) -> tuple[Claim | None, ...]:
    """What `read_name` makes of all names of a run; `eval_dir` says that its folder is one of held-out data."""
    siblings = dict.fromkeys(names)
    return tuple(_read(name, siblings, frameworks, eval_dir, True) for name in names)


def _read(raw: str, siblings: Collection[str], frameworks: Sequence[str], eval_dir: bool, exact: bool) -> Claim | None:
    if len(raw) > LONGEST:
        return None
    name = take_apart(raw, siblings)
    if exact and (claim := _from_table(name, frameworks, eval_dir)) is not None:
        return claim
    if name.base in _RUN_MEAN and "train/loss" in siblings:
        return Claim(
            "other", flags=frozenset({"known"}), confidence=0.8, why="mean over the whole run", origin="pattern"
        )
    if exact and (entry := common().get(name.base)) is not None and not eval_dir:
        return _with_name(entry.claim(0.85, "as in"), name)
    if is_accuracy_of_adversary(raw, siblings):
        why = "accuracy of an adversary, which is to fall to chance"
        return Claim("other", flags=frozenset({"known"}), confidence=0.7, why=why, origin="pattern")
    if (claim := plain_score(name)) is not None:
        return claim
    if name.normal in _TOTALS and _parts_of_loss(tuple(siblings)) > 1:
        return _loss_by(name, "total", "the total beside parts of a loss")
    if (found := _COST.fullmatch(name.normal)) and (claim := _cost(name, found["split"] or "", siblings)) is not None:
        return claim
    if name.normal == "losses" and any(normalise(s) in ("wins", "draws", "ties") for s in siblings):
        return None  # games that were lost
    if _LONE_L.fullmatch(name.normal) and not any(_OTHER_LOSS.search(normalise(s)) for s in siblings):
        return replace(
            _loss_by(name, "letter-loss", "the letter of a loss, where nothing is called one"), confidence=0.5
        )
    if LONE_ERROR.fullmatch(name.normal) and name.normal == lone_error(tuple(siblings) or (raw,)):
        return replace(_loss_by(name, "error", "an error where nothing is called a loss"), confidence=0.5)
    if (claim := _error(name, siblings)) is not None:
        return claim
    claim = generic_claim(name, eval_dir)
    if claim is not None:
        return claim
    if _is_task(name.base) and (name.normal not in _ORDINARY or any(_is_task(s) for s in siblings if s != raw)):
        why = f"name of the benchmark {parse_eval(name.base).task}"
        return Claim(
            "eval_score",
            "",
            "global",
            name.axis,
            split="eval",
            device=name.device,
            confidence=0.7,
            why=why,
            origin="task",
        )
    if (claim := split_word(name, siblings) or lone_score(name, siblings)) is not None:
        return claim
    if not eval_dir and not may_be_loss(name) and not may_be_eval(shape_of(name.normal)) and "|" not in raw:
        return None
    result = parse_eval(name.base)
    if "soft_loss" not in name.normal:
        claim = loss_claim(name, eval_dir)
        if claim is not None:
            return claim
    return score_claim(name, result, siblings, eval_dir)


def _cost(name: Name, split: str, siblings: Collection[str]) -> Claim | None:
    """A cost or an objective by its split, where nothing of that split is called a loss."""
    if not split or split.startswith("train"):
        if any(map(_is_training_loss, siblings)):
            return None
        return _loss_by(name, "cost", "a cost where nothing is called a loss")
    if any("loss" in (s := normalise(other)) and _HELD_OUT.search(s) for other in siblings):
        return None
    return replace(_loss_by(name, "cost", "a cost of held-out data"), role="eval_loss", split="eval")


@lru_cache(maxsize=4)  # of the names of one run it is asked for each of them
def _parts_of_loss(names: tuple[str, ...]) -> int:
    """How many names are those of parts of a loss, with or without the word."""
    normal = {take_apart(s).normal for s in names}
    return sum(1 for s in normal if s in PARTS_OF_LOSS or _A_PART.fullmatch(s))


def _error(name: Name, siblings: Collection[str]) -> Claim | None:
    """A loss by the name of an error, of training and of held-out data, where nothing is called a training loss.

    `Train MSE` beside `Val MSE` is what is minimised; beside a `loss` both are scores.
    """
    if not _ERROR.search(name.normal):
        return None
    own = parse_eval(name.base)
    trained = own.split == "train"
    if not (trained or own.prefixed) or own.metric_kind not in _ERRORS:
        return None
    if own.metric_kind != _error_for_loss(tuple(siblings)):
        return None
    why = f"{own.metric_kind} of {'training' if trained else 'held-out'} data, where nothing is called a loss"
    claim = replace(_loss_by(name, "error", why), confidence=0.6)
    return claim if trained else replace(claim, role="eval_loss", split="eval")


@lru_cache(maxsize=4)  # of the names of one run it is asked for each of them
def _error_for_loss(names: tuple[str, ...]) -> str:
    """The error that both splits of a run name, empty where none is or where something is called a training loss."""
    if any(map(_is_main_loss, names)):
        return ""
    told = [parse_eval(take_apart(s).base) for s in names if _ERROR.search(normalise(s))]
    trained = {t.metric_kind for t in told if t.split == "train"}
    held_out = {t.metric_kind for t in told if t.prefixed}
    return next((kind for kind in _ERRORS if kind in trained & held_out), "")


def _is_main_loss(raw: str) -> bool:
    name = take_apart(raw)
    claim = loss_claim(name) if may_be_loss(name) else None
    return claim is not None and claim.role == "train_loss"


def _loss_by(name: Name, rule: str, why: str) -> Claim:
    return Claim("train_loss", axis=name.axis, confidence=0.55, why=why, origin="pattern", by=rule, base=name.base)


def _is_training_loss(raw: str) -> bool:
    name = take_apart(raw)
    return may_be_loss(name) and not _HELD_OUT.search(name.normal)


def _is_task(name: str) -> bool:
    """Whether a name is that of a benchmark and nothing else."""
    return "/" not in name and parse_eval(name).metric_kind == "score" and is_benchmark(parse_eval(name).task)


def _from_table(name: Name, frameworks: Sequence[str], eval_dir: bool) -> Claim | None:
    names = table()
    for known in (*(names[framework] for framework in frameworks), monitors()):
        entry = known.find(name.raw) or known.find(name.base)
        if entry is not None:
            claim = entry.claim(0.95)
            if "dir:train" in claim.flags or "dir:validation" in claim.flags or claim.role == "train_loss":
                claim = replace(claim, role="eval_loss" if eval_dir else claim.role)
            if claim.role == "eval_score" and parse_eval(name.base).metric_kind in ("loss", "log_loss"):
                claim = replace(claim, role="eval_loss")  # `metrics/eval/{metric}` is any of them
            if eval_dir and claim.role in ("eval_loss", "perplexity"):
                claim = replace(claim, split="eval")
            return _with_name(claim, name)
    return None


def _with_name(claim: Claim, name: Name) -> Claim:
    """The claim with what the name itself says: device, axis, and the scope of a rank."""
    scope = "per_rank" if name.device.startswith("rank") and not claim.role.startswith("gpu_") else claim.scope
    split = "eval" if claim.role in _EITHER and _HELD_OUT.search(name.normal) else claim.split
    return replace(claim, device=name.device, base=name.base, axis=name.axis or claim.axis, scope=scope, split=split)
