"""Result files of OLMES: `task-000-arc_challenge-metrics.json` for each task, `metrics-all.jsonl`, `metrics.json`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from runlens.roles.names.evals import canonical_task, parse_eval
from runlens.roles.names.metrics import WORSE_WHEN_HIGHER
from runlens.sources.eval_results.score import (
    ALL,
    Score,
    conditions,
    count,
    is_number,
    limited,
    number,
    prompt_in,
    table,
    version,
    with_shots,
)

KINDS = MappingProxyType(
    {
        "acc_raw": "acc",
        "acc_per_char": "acc_norm",
        "acc_per_token": "acc_per_token",
        "acc_per_byte": "acc_per_byte",
        "acc_uncond": "acc_pmi",
        "bits_per_byte_corr": "bpb",
        "bits_per_byte": "bpb",
        "exact_match": "exact_match",
        "exact_match_simple": "exact_match",
        "f1": "f1",
        "recall": "recall",
        "pass_at_1": "pass@1",
        "perplexity": "ppl",
    }
)
"""Metric of OLMES to its canonical kind; what else it writes (logits, lengths, predicted choices) is no score."""
_PROMPT = (
    "dataset_path",
    "dataset_name",
    "split",
    "revision",
    "fewshot_source",
    "fewshot_seed",
    "context_kwargs",
    "random_subsample_seed",
)
"""What of a task's config makes its prompt and its items."""


def entries(data: object) -> list[Mapping[str, Any]]:
    """The tasks of one file: the file itself, its lines, or what stands under `tasks` or `metrics`."""
    if isinstance(data, list):
        return [one for line in data for one in entries(line)]
    if not isinstance(data, Mapping):
        return []
    for key in ("tasks", "metrics"):
        if isinstance(data.get(key), list):
            return [_flat(one) for one in data[key] if isinstance(one, Mapping)]
    return [data] if isinstance(data.get("metrics"), Mapping) else []


def scores(found: Sequence[Mapping[str, Any]]) -> Iterator[Score]:
    """All numbers of some tasks, those of one model."""
    groups = _groups(found)
    for one in found:
        config, metrics = table(one, "task_config"), table(one, "metrics")
        alias = str(table(config, "metadata").get("alias") or one.get("alias") or one.get("task_name") or "")
        task, form = _task(alias, str(one.get("task_name") or ""))
        primary = str(config.get("primary_metric") or "")
        told, items = _conditions(one, config), count(one.get("num_instances"))
        for metric, value in metrics.items():
            named = primary if metric == "primary_score" and primary not in metrics else metric
            if not is_number(value) or (metric == "primary_score" and named == metric and primary):
                continue
            kind = KINDS.get(named) or (parse_eval(f"x/{named}").metric_kind if named == primary else "")
            if metric == "primary_score" and not kind:
                kind = "score"
            if not kind:
                continue
            yield Score(
                name=f"{alias}/{named}",
                task=canonical_task(task),
                metric=kind,
                setting=with_shots(form, config.get("num_shots")),
                direction="down" if kind in WORSE_WHEN_HIGHER else "up",
                value=float(value),
                stderr=_binomial(kind, float(value), items),
                n_items=items,
                conditions=told,
                part_of=canonical_task(groups.get(task, "")),
                answers_at=(str(one.get("task_name") or ""), named, ""),
            )


def _flat(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of `metrics.json`, which holds its metrics beside its config, in the form of the others."""
    if isinstance(one.get("metrics"), Mapping):
        return {"task_name": one.get("alias") or one.get("task"), **one}
    held = {k: v for k, v in one.items() if k not in ("task", "num_instances", "task_config")}
    return {**one, "task_name": one.get("task"), "metrics": held}


def _task(alias: str, name: str) -> tuple[str, str]:
    """Task and form of an alias such as `arc_challenge:rc::olmes:full`."""
    core = alias.partition("::")[0] or name
    task, _, form = core.partition(":")
    return task, form


def _groups(found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Task to the mean that it counts in: one whose items are as many as those of all tasks of that name together."""
    counts: dict[str, float] = {}
    for one in found:
        alias = str(table(one, "task_config", "metadata").get("alias") or one.get("task_name") or "")
        counts[_task(alias, "")[0]] = number(one.get("num_instances"))
    out = {}
    for whole, items in counts.items():
        parts = [task for task in counts if task.startswith(f"{whole}_")]
        if len(parts) > 1 and math.fsum(counts[p] for p in parts) == items:
            out.update(dict.fromkeys(parts, whole))
    return out


def _binomial(kind: str, value: float, items: int) -> float:
    """The standard error of a share of right answers, which OLMES does not write."""
    if kind not in ("acc", "acc_norm", "acc_per_token", "acc_per_byte", "acc_pmi", "exact_match", "pass@1"):
        return math.nan
    return math.sqrt(value * (1 - value) / items) if items > 0 and 0 <= value <= 1 else math.nan


def _conditions(one: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    chat = config.get("use_chat_format")
    template = table(one, "model_config").get("chat_template")
    return conditions(
        harness="OLMES",
        task_version=version(config.get("version")),
        prompt=prompt_in(config, _PROMPT),
        chat_template=(str(template or "applied")[:40] if chat else "none") if "use_chat_format" in config else None,
        items=_limit(config),
    )


def _limit(config: Mapping[str, Any]) -> str | None:
    """Which items were taken; None if the file does not tell. 1,000 drawn with a seed are OLMES's own standard."""
    limit = number(config.get("limit"))
    if limit > 0:
        drawn = config.get("random_subsample_seed")
        return limited(limit) if drawn is None else f"{limit:g} drawn with seed {drawn}"
    return ALL if "limit" in config else None
