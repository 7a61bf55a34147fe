"""Result files of lm-evaluation-harness: `results[task]["acc,none"]` (0.4), or `["acc"]` (0.3 and before)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from runlens.roles.names.evals import canonical_task, parse_eval
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
    with_shots,
)

_PROMPT = (
    "dataset_path",
    "dataset_name",
    "test_split",
    "validation_split",
    "fewshot_split",
    "description",
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "target_delimiter",
    "fewshot_delimiter",
    "gen_prefix",
    "fewshot_config",
    "output_type",
)
"""What of a task's config makes its prompt and its items."""
_NO_METRICS = frozenset({"sample_len", "sample_count"})


def scores(data: Mapping[str, Any]) -> Iterator[Score]:
    """All numbers of one file."""
    shots, config, up = table(data, "n-shot"), table(data, "config"), table(data, "higher_is_better")
    groups = _groups(data)
    for task, figures in data["results"].items():
        if not isinstance(figures, Mapping):
            continue
        members = groups.get(task) or [task]
        few = next((shots[m] for m in (task, *members) if m in shots), config.get("num_fewshot"))
        told = _conditions(data, task, members)
        parent = _top(task, groups)
        for key, value in figures.items():
            metric, comma, kind = key.partition(",")
            if metric.endswith("_stderr") or not is_number(value) or metric in _NO_METRICS:
                continue
            said = parse_eval(f"{task}/{key}")
            yield Score(
                name=f"{task}/{key}",
                task=said.task,
                metric=said.metric_kind,
                setting=with_shots(said.setting, few),
                direction=better(table(up, task).get(metric)) or said.direction,
                value=float(value),
                stderr=number(figures.get(f"{metric}_stderr{comma}{kind}")),
                n_items=_items(data, task, figures),
                conditions=told,
                part_of=canonical_task(parent) if parent else "",
                answers_at=(task, metric, kind or "none"),
            )


def _groups(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Groups of tasks that have members in this file."""
    return {
        str(name): [str(member) for member in members]
        for name, members in table(data, "group_subtasks").items()
        if isinstance(members, list) and members and name in data["results"]
    }


def _top(task: str, groups: Mapping[str, list[str]]) -> str:
    """The outermost group that a task is part of, empty for none."""
    found, seen = "", {task}
    while (parent := next((g for g, members in groups.items() if task in members), "")) and parent not in seen:
        found = task = parent
        seen.add(parent)
    return found


def _items(data: Mapping[str, Any], task: str, figures: Mapping[str, Any]) -> int:
    """Test items: the file's count, else (for groups, which have none) the length of the sample."""
    return count(table(data, "n-samples", task).get("effective") or figures.get("sample_len"))


def _conditions(data: Mapping[str, Any], task: str, members: list[str]) -> dict[str, str]:
    chat = data.get("chat_template_sha") or (fingerprint(text) if (text := data.get("chat_template")) else "none")
    told_chat = "chat_template" in data or "chat_template_sha" in data
    system = data.get("system_instruction_sha") or data.get("system_instruction") or "none"
    multi_turn = data.get("fewshot_as_multiturn")
    return conditions(
        harness="lm-evaluation-harness",
        task_version=version(table(data, "versions").get(task)),
        prompt=prompt_in(table(data, "configs", task), _PROMPT),
        chat_template=str(chat)[:12] if told_chat else None,
        system_instruction=str(system)[:12] if "system_instruction" in data else None,
        few_shots_as_turns=str(bool(multi_turn)) if multi_turn is not None and told_chat and chat != "none" else None,
        items=_limit(data, task, members),
    )


def _limit(data: Mapping[str, Any], task: str, members: list[str]) -> str | None:
    """Which items were taken; None if the file does not tell."""
    counts = [table(data, "n-samples", member) for member in {task, *members}]
    short = [c for c in counts if number(c.get("effective")) < number(c.get("original"))]
    if short:
        return limited(math.fsum(number(c["effective"]) for c in short) / len(short))
    config = table(data, "config")
    limit = config.get("limit")
    if is_number(limit) and not any(counts):
        return limited(float(limit))  # type: ignore[arg-type]
    return ALL if "limit" in config or any(counts) else None
