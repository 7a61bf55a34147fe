"""Result files of lighteval: `results["hellaswag|0"]["em"]` beside `em_stderr`, with the harness's suite before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runlens.roles.names.evals import parse_eval
from runlens.sources.eval_results.score import (
    ALL,
    Score,
    better,
    conditions,
    count,
    fingerprint,
    is_number,
    limited,
    number,
    prompt_in,
    table,
    version,
)

_PROMPT = (
    "prompt_function",
    "hf_repo",
    "hf_subset",
    "hf_revision",
    "evaluation_splits",
    "few_shots_split",
    "few_shots_select",
)
"""What of a task's config makes its prompt and its items."""


def scores(data: Mapping[str, Any]) -> Iterator[Score]:
    """All numbers of one file; `all` is a mean over tasks and no task, and `mmlu:_average` is the task `mmlu`."""
    for task, figures in data["results"].items():
        if task == "all" or not isinstance(figures, Mapping):
            continue
        config = table(data, "config_tasks", task) or table(data, "config_tasks", _plain(task))
        metrics = config.get("metrics") if isinstance(config.get("metrics"), list) else config.get("metric")
        up = {
            str(m.get("metric_name")): m.get("higher_is_better")
            for m in (metrics if isinstance(metrics, list) else ())
            if isinstance(m, Mapping)
        }
        told = _conditions(data, task, config)
        parent = _average_of(task, data["results"])
        for metric, value in figures.items():
            if metric.endswith("_stderr") or not is_number(value):
                continue
            said = parse_eval(f"{task}/{metric}")
            yield Score(
                name=f"{task}/{metric}",
                task=_without_average(said.task),
                metric=said.metric_kind,
                setting=said.setting,
                direction=better(up.get(metric)) or said.direction,
                value=float(value),
                stderr=number(figures.get(f"{metric}_stderr")),
                n_items=count(config.get("effective_num_docs")),
                conditions=told,
                part_of=_without_average(parse_eval(f"{parent}/{metric}").task) if parent else "",
                answers_at=(task, metric, ""),
            )


def _plain(task: str) -> str:
    """`suite|task|shots|truncation` without its truncation, as `config_tasks` names it."""
    parts = task.split("|")
    return "|".join(parts[:3]) if len(parts) > 3 else task


def _without_average(task: str) -> str:
    return task.removesuffix("_average").rstrip("_/")


def _average_of(task: str, results: Mapping[str, Any]) -> str:
    """The mean that a task counts in, empty if the file has none."""
    before, colon, subset = task.partition(":")
    if not colon or subset.startswith("_average"):
        return ""
    return next((t for t in results if t.startswith(f"{before}:_average")), "")


def _conditions(data: Mapping[str, Any], task: str, config: Mapping[str, Any]) -> dict[str, str]:
    general = table(data, "config_general")
    model = table(general, "model_config")
    chat = [t[key] for t in (model, general) for key in ("override_chat_template", "use_chat_template") if key in t]
    system = [t["system_prompt"] for t in (model, general) if "system_prompt" in t]
    return conditions(
        harness="lighteval",
        task_version=version(table(data, "versions").get(task)),
        prompt=prompt_in(config, _PROMPT),
        chat_template=_yes(chat[0]) if chat and isinstance(chat[0], bool) else None,
        system_instruction=(fingerprint(system[0]) if system[0] else "none") if system else None,
        items=_limit(general, config),
    )


def _yes(chat: bool) -> str:
    return "applied" if chat else "none"


def _limit(general: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """Which items were taken; None if the file does not tell."""
    taken, there = number(config.get("effective_num_docs")), number(config.get("original_num_docs"))
    if 0 < taken < there:
        return limited(taken)
    most = number(general.get("max_samples"))
    if most > 0 and not there > 0:
        return limited(most)
    return ALL if "max_samples" in general or there > 0 else None
