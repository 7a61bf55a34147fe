"""One result file: of which harness it is, its scores, and what it calls the model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.sources.eval_results import dclm, lighteval, lm_eval, markdown, olmes
from runlens.sources.eval_results.positions import Place, reached
from runlens.sources.eval_results.score import Score, number, table
from runlens.sources.naming import printable
from runlens.sources.table.forms.packed import text_of

ANSWERS = re.compile(
    r"samples_.+_\d{4}-\d\d-\d\dT[\d.:-]+\.jsonl|details_.+_\d{4}-\d\d-\d\dT[\d.:-]+\.parquet"
    r"|task-\d+-.+-(?:predictions|requests|recorded-inputs)\.jsonl"
)
"""Files that hold single items: answers, prompts, inputs."""
_TABLE = re.compile(rb'"results"\s*:\s*\{\s*"[^"\n]{1,300}"\s*:\s*\{')
_OF_LM_EVAL = re.compile(rb'_stderr[",]|,none"|"versions"\s*:\s*\{|"n-shot"\s*:')
_OF_OLMES = re.compile(rb'"(?:all_primary_scores|task_hash|primary_score)"\s*:')
_OF_DCLM = re.compile(rb'"eval_metrics"\s*:\s*\{\s*"icl"\s*:\s*\{')
_CONFIG_OF_OLMES = re.compile(rb'"task_config"\s*:|"metrics"\s*:|"tasks"\s*:')


@dataclass(frozen=True, slots=True)
class ResultFile:
    """What one file holds."""

    path: Path
    harness: str
    scores: tuple[Score, ...]
    models: tuple[str, ...]
    """Parts of the model's name, those that may tell a checkpoint first."""
    at: Place | None = None
    """Where it stands, if the file itself tells."""


def is_result(head: bytes) -> bool:
    """Whether a file begins as a result file does."""
    if head.lstrip()[:1] != b"{":
        return False
    if _OF_DCLM.search(head):
        return True
    if _OF_OLMES.search(head) and _CONFIG_OF_OLMES.search(head):
        return True
    if b'"config_general"' in head and (b'"results"' in head or b'"lighteval_sha"' in head):
        return True
    return bool(_TABLE.search(head) and _OF_LM_EVAL.search(head))


def is_printed(path: Path, head: bytes) -> bool:
    """Whether a file of Markdown holds a printed table; a text log with one at its end is a log."""
    return path.suffix.lower() in (".md", ".markdown") and markdown.has_table(head)


def read_file(path: Path) -> list[ResultFile]:
    """Read one file whole: one result, or one for each checkpoint where it holds a row of them.

    Raises
    ------
    NotALog
        It is no JSON, or no result file.
    AccessRefused, ReadError
        It cannot be opened or read.
    """
    where = printable(str(path))
    try:
        raw = path.read_bytes()
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except OSError as error:
        raise ReadError(f"{where} cannot be read ({error.strerror}); look at the disk") from error
    text = text_of(raw)
    if is_printed(path, raw):
        try:
            printed = markdown.tables(text)
        except markdown.Differs as error:
            raise NotALog(f"{where} holds results that differ ({error}); keep each model's tables in a file") from error
        return [ResultFile(path, "lm-evaluation-harness", tuple(lm_eval.scores(printed)), tuple(_models(printed)))]
    try:
        lines = path.suffix == ".jsonl"
        data = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotALog(f"{where} is no JSON ({error}); it may have been cut: evaluate again, or leave it out") from error
    if isinstance(data, Mapping) and isinstance(data.get("results"), Mapping):
        if rows := over_checkpoints(data):
            return [ResultFile(path, "lm-evaluation-harness", tuple(lm_eval.scores(row)), (), at) for at, row in rows]
        light = "config_general" in data
        found = (lighteval if light else lm_eval).scores(data)
        name = "lighteval" if light else "lm-evaluation-harness"
        return [ResultFile(path, name, tuple(found), tuple(_models(data)))]
    if isinstance(data, Mapping) and dclm.is_dclm(data):  # its `model` is an architecture, and no name
        return [ResultFile(path, "DCLM", tuple(dclm.scores(data)), ())]
    tasks = olmes.entries(data)
    if not tasks:
        raise NotALog(
            f"{where} is no result file of lm-evaluation-harness, lighteval, OLMES or DCLM: it has no table 'results' "
            "and no metrics of tasks"
        )
    of_model = data if isinstance(data, Mapping) else tasks[0]
    return [ResultFile(path, "OLMES", tuple(olmes.scores(tasks)), tuple(_models(of_model)))]


def over_checkpoints(data: Mapping[str, Any]) -> list[tuple[Place, Mapping[str, Any]]]:
    """The results of each checkpoint, of a file that holds a list of values for each metric, as BigScience joins them.

    `tokens` and `checkpoints` (or `steps`) beside the results tell where they stand; empty for any other file.
    """
    places = {
        key: data[name]
        for key, names in (("step", ("checkpoints", "steps", "step")), ("tokens", ("tokens",)))
        for name in names
        if isinstance(data.get(name), list)
    }
    if not places:
        return []
    count = len(next(iter(places.values())))
    steps, tokens = (places.get(key, [None] * count) for key in ("step", "tokens"))
    if len(steps) != count or len(tokens) != count:
        return []
    return [
        (
            (reached(number(steps[i])), reached(number(tokens[i]))),
            {
                "results": {
                    task: {m: v[i] for m, v in figures.items() if isinstance(v, list) and len(v) == count}
                    for task, figures in data["results"].items()
                    if isinstance(figures, Mapping)
                },
                "versions": table(data, "versions"),
                "config": {},
            },
        )
        for i in range(count)
    ]


def _models(data: Mapping[str, Any]) -> Iterator[str]:
    """Revision first: `revision=step3000` tells the checkpoint, the model's name often only its size."""
    arguments = table(data, "config").get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    general, own = table(data, "config_general"), table(data, "model_config")
    for held in (arguments, table(general, "model_config"), general, own, data):
        if isinstance(held, Mapping):
            for key in ("revision", "pretrained", "model_name", "model", "model_path"):
                value = held.get(key)
                if isinstance(value, str):
                    yield from (part for part in reversed(value.split("/")) if part)
