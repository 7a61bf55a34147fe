"""Result files of DCLM (OpenLM's gauntlet): `eval_metrics.icl[task]` is an accuracy; their own means are left out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from runlens.roles.names.evals import canonical_task, parse_eval
from runlens.sources.eval_results.score import Score, conditions, is_number, table

_FORM = re.compile(r"_(zeroshot|fewshot)$")
_SHOTS = {"zeroshot": "0-shot", "fewshot": "few-shot"}


def is_dclm(data: object) -> bool:
    """Whether a file holds such a table."""
    return bool(table(data, "eval_metrics", "icl"))


def scores(data: Mapping[str, Any]) -> Iterator[Score]:
    """All numbers of one file that were measured.

    What stands under `downstream_perpexity` (so spelt) and `perplexity` are losses in nats a token: they fall below 1.
    """
    told = conditions(harness="DCLM", task_version=str(data["eval_version"]) if "eval_version" in data else None)
    metrics = table(data, "eval_metrics")
    for kind, group in (("acc", "icl"), ("loss", "downstream_perpexity")):
        for name, value in table(metrics, group).items():
            if is_number(value):
                yield _score(str(name), kind, value, told)
    if is_number(metrics.get("perplexity")):
        yield _score("held_out", "loss", metrics["perplexity"], told)


def _score(name: str, kind: str, value: float, told: Mapping[str, str]) -> Score:
    form = _FORM.search(name)
    said = parse_eval(f"{name[: form.start()] if form else name}/{kind}")
    return Score(
        name=f"{name}/{kind}",
        task=canonical_task(said.task),
        metric=kind,
        setting=_SHOTS[form[1]] if form else said.setting,
        direction="up" if kind == "acc" else "down",
        value=float(value),
        stderr=math.nan,
        n_items=0,
        conditions=told,
    )
