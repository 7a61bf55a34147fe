"""Names of evaluation results: which task, which kind of metric, which setting, which split, which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from runlens.model import Direction, Split
from runlens.roles.names.metrics import FIRST, KINDS, WORSE_WHEN_HIGHER
from runlens.roles.names.take_apart import normalise
from runlens.roles.names.tasks import FAMILIES, NAMESPACES, TASKS


@dataclass(frozen=True, slots=True)
class EvalName:
    """What the name of an evaluation result says."""

    task: str
    """Canonical task, such as `hellaswag` or `mmlu_stem`; `test` for a bare test split; empty if none is told."""
    metric_kind: str
    """Canonical kind, such as `acc`, `acc_norm`, `exact_match`, `ppl`, `bpb`, `loss`, `wer`; `score` if not known."""
    setting: str
    """Few-shot or prompt setting, such as `5-shot` or `strict-match, 5-shot`; empty if the name tells none."""
    split: Split
    """`train` if the name says that it was measured on training data."""
    direction: Direction | None
    """Which way is better; None if the name does not tell."""
    prefixed: bool = False
    """True if the name itself says that it is an evaluation (`eval/`, `val_`, `lm-eval/`, …)."""


_LIGHTEVAL = re.compile(
    r"^(?P<before>.*?/)?(?:(?P<suite>[\w-]+)\|)?(?P<task>(?=[^|]*[^|\d])[^|]+)\|(?P<shots>\d+)(?:\|\d+)?(?P<after>.*)$"
)
"""`suite|task:subset|shots|truncation`; lighteval 0.13 writes no suite and no truncation any more."""
_FILTER = re.compile(r",(?P<filter>[\w-]+)")
_SHOTS = re.compile(r"(?<![a-z0-9])(\d+)_?shots?(?![a-z])")
_AGGREGATE = re.compile(r"^(mean|best|maj|avg|pass)_(\d+)$")
_FORM = re.compile(r"_(rc|mc|bpb_rc|gen|cot)(?=$|_(?:\d+_?shot|test|val|full|train))")
_EVAL_WORD = re.compile(
    r"^(eval|evals|evaluation|evaluator|validation|valid\d*|vali|val|test|dev|heldout|holdout|lm_eval|lighteval)$"
)
_TRAIN_WORD = re.compile(r"^(train|training|train_inner|batch)$")
_LEADING = re.compile(r"^(eval|evaluation|validation|valid|vali|val|test|dev)_(?=.)")
_LEADING_TRAIN = re.compile(r"^(train|training|epoch|batch)_(?=.)")
_TRAILING = re.compile(r"(?<=.)(?<!_per)_(eval|validation|val|test)(?=(?:_ppl)?$)")
_LOSS_PART = re.compile(r"(?:^|_)loss(?:_|$)")
_UNSCALED = re.compile(r"_(?:(\d+)_)?unscaled$")
"""DETR logs what its losses weigh once more without the weights, and once for each layer of its decoder."""
_KINDS = tuple((re.compile(rf"(?:^|_)(?:{kind.pattern})$"), kind.name) for kind in KINDS)
_FRONT = tuple((re.compile(rf"(?:{kind.pattern})(?=_)"), kind.name) for kind in KINDS if kind.name in FIRST)
_SURE = FIRST | {"harm"}
"""Kinds that a name ending in `score` may hold before it."""
_NO_QUALIFIER = re.compile(
    r"thresh|(?<![a-z])(std|stderr|count|num|n|time|weight|coef\w*|scale|step|steps|ratio|min|max|best|loss|norm|"
    r"diff|sum|size|len|length)(?![a-z])"
)
"""Words that make a count, a setting or a record of a metric before them."""


_MAYBE = re.compile(
    "|".join(rf"(?:^|[_/])(?:{kind.pattern})(?:$|[_/])" for kind in KINDS)
    + "|"
    + "|".join(
        rf"(?:^|[_/]){word}(?:$|[_/])"
        for word in ("evals?", "evaluation", "valid\\d*", "validation", "vali", "val", "test", "dev")
    )
    + "|"
    + "|".join(rf"(?:^|/){space}/" for space, told in NAMESPACES.items() if told)
    + r"|^metrics/|m_ap|lm_eval|lighteval|shot|(?:^|[_/])r_?(?:at_)?0(?:$|[_/])"
)


@lru_cache(maxsize=8192)
def may_be_eval(shape: str) -> bool:
    """Whether a normalised name, numbers apart, holds any word of an evaluation: cheap, before `parse_eval`."""
    return bool(_MAYBE.search(shape))


@lru_cache(maxsize=8192)
def parse_eval(name: str) -> EvalName:
    """Read the name of an evaluation result, of whatever harness or trainer.

    Parameters
    ----------
    name : str
        Such as `lm-eval/hellaswag/acc_norm`, `eval/downstream/arc_easy (soft loss)`,
        `leaderboard|arc:challenge|25/acc_norm`, `gsm8k/exact_match,strict-match` or `val_wer`.

    Returns
    -------
    EvalName
        Tasks under their canonical names, so that the same task of two harnesses is one: `arc_c`, `ARC-Challenge`
        and `arc:challenge` are `arc_challenge`; `hendrycksTest-virology` is `mmlu_virology`. A name that holds no
        known metric has kind `score` and a direction only if the task is known.

    Notes
    -----
    OLMo's `(soft loss)` and `(log soft loss)` are a probability and a log-probability of the right answer: higher
    is better, against their names (ai2-olmo-eval).
    """
    text, setting = name.strip(), []
    if found := _FILTER.search(text):
        text = text.replace(found.group(), "")
        if found["filter"] != "none":
            setting.append(found["filter"])
    shots = ""
    if found := _LIGHTEVAL.match(text):
        text = f"{found['before'] or ''}{found['task'].replace(':', '_')}{found['after'].replace('.', '/')}"
        shots = f"{found['shots']}-shot"
    segments = normalise(text.replace("|", "/")).split("/")
    prefixed, split = False, "eval"
    kept: list[str] = []
    for i, segment in enumerate(segments):
        if _EVAL_WORD.match(segment):
            prefixed = True
        elif _TRAIN_WORD.match(segment):
            split = "train"
        elif segment in NAMESPACES and i + 1 < len(segments):
            prefixed = prefixed or NAMESPACES[segment]
        else:
            kept.append(segment)
    if len(kept) > 1 and (found := _AGGREGATE.match(kept[-1])):
        setting.append(f"{found[1]}@{found[2]}")
        kept.pop()
    joined = []
    for part in kept:
        if found := _TRAILING.search(part):
            prefixed, part = True, part[: found.start()] + part[found.end() :]
        elif found := _LEADING.match(part):
            prefixed, part = True, part[found.end() :]
        elif found := _LEADING_TRAIN.match(part):
            split, part = "train", part[found.end() :]
        if found := _UNSCALED.search(part):
            setting.append(f"layer {found[1]}, unscaled" if found[1] else "unscaled")
            part = part[: found.start()]
        if found := _SHOTS.search(part):
            shots = f"{found[1]}-shot"
            part = re.sub(r"__+", "_", _SHOTS.sub("", part)).strip("_")
        if part:
            joined.append(part)
    kind, rest = _peel(joined, prefixed)
    if kind != "score" and kind not in WORSE_WHEN_HIGHER and rest and _LOSS_PART.search(rest[-1]):
        kind, rest = "score", joined  # `loss_giou` is a loss made of the IoU: lower is better
    joined = rest
    if joined and (found := _FORM.search(joined[-1])):
        setting.append(found[1])
        joined[-1] = joined[-1].replace(found.group(), "", 1)
    task = "/".join(joined)
    if task in ("eval", "validation", "val", "valid", "lm", "lm_loss", "gpt", "metric", "model"):
        prefixed, task = prefixed or task not in ("lm", "gpt", "metric", "model"), ""
    if not task and re.search(r"(?<![a-z])test(?![a-z])", name.lower()):
        task = "test"
    known = canonical_task(task)
    direction: Direction | None = "down" if kind in WORSE_WHEN_HIGHER else "up" if kind != "score" else None
    if kind == "score" and is_benchmark(known):
        direction = "up"
    if shots:
        setting.append(shots)
    return EvalName(known, kind, ", ".join(setting), split, direction, prefixed)  # type: ignore[arg-type]


def _peel(parts: list[str], prefixed: bool) -> tuple[str, list[str]]:
    """Take the metric off the end of the last part that holds one; the parts that are left are the task.

    Where no part ends in one, and the name says that it is an evaluation, a metric that stands before a word of its own
    counts (`wer_ortho`, `lpips_alex`, `ccc_valence`), unless the word makes a count or a setting of it.
    """
    for back in range(1, min(len(parts), 3) + 1):
        part = parts[-back]
        for regex, kind in _KINDS:
            if found := regex.search(part):
                name, rest = kind, part[: found.start()].strip("_")
                if kind == "mean_score" and (named := _named(rest)):
                    name, rest = named  # `ter_score` is a TER
                left = [*parts[:-back], *([rest] if rest else []), *parts[len(parts) - back + 1 :]]
                return name, left
    if prefixed and parts and not _NO_QUALIFIER.search(parts[-1]):
        for regex, kind in _FRONT:
            if found := regex.match(parts[-1]):
                return kind, [*parts[:-1], parts[-1][found.end() :].strip("_")]
    return "score", parts


def _named(text: str) -> tuple[str, str] | None:
    """The metric in which a text ends, and what stands before it; None if it ends in none that is sure of itself."""
    for regex, kind in _KINDS:
        if kind in _SURE and (found := regex.search(text)):
            return kind, text[: found.start()].strip("_")
    return None


def canonical_task(task: str) -> str:
    """One name for a task over all harnesses; a task not known keeps its (normalised) name.

    Parameters
    ----------
    task : str
        In any spelling, such as `ARC-c`, `HellaSwag`, `hendrycksTest-virology` or `mmlu/virology`.
    """
    text = normalise(task)
    flat = text.replace("/", "_").replace("_", "")
    if flat in _FLAT:
        return _FLAT[flat]
    found = re.match(r"^(?:hendrycks_?test|mmlu)[_/]+(?P<subject>.+)$", text)
    if found:
        return f"mmlu_{found['subject'].replace('/', '_')}"
    return text


def is_benchmark(task: str) -> bool:
    """Whether a canonical task is a known benchmark or a part of one, and no count or standard error of it."""
    return task in KNOWN_TASKS or (task.startswith(_PARTS) and not _NO_QUALIFIER.search(task))


_PARTS = tuple(f"{family}_" for family in FAMILIES)
_FLAT = {alias.replace("_", ""): name for name, aliases in TASKS.items() for alias in (name, *aliases)}
KNOWN_TASKS = frozenset(TASKS)
