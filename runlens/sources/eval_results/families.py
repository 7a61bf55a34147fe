"""Which result files are checkpoints of one model: those whose paths differ in nothing but step, date and task."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from runlens.sources.eval_results.positions import NOWHERE, Place, position, without_position

_DATE = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[T _-]?\d\d[:.-]?\d\d[:.-]?\d\d(?:[.:]\d+)?)?|(?<!\d)\d{8}[-_]\d{6}(?!\d)"
)
GENERIC = re.compile(
    r"^(?:results?|metrics?|evals?|evaluations?|lm[-_]eval(?:uation)?|lighteval|olmes|metrics-all|all)$"
)
"""Names of files and folders that tell nothing of a model."""
_OLMES_TASK = re.compile(r"^task-\d+-.*-metrics$")
_TASK = re.compile(rb'"(?:results"\s*:\s*\{\s*|task_name"\s*:\s*)"([^"\n]{1,300})"')
_MODEL = re.compile(
    rb'"(?:revision|pretrained|model_name|model)"\s*:\s*"([^"\n]{1,300})"|(?:pretrained|revision)=([^,"\n]{1,300})'
)
_OF_DCLM = re.compile(rb'("eval_metrics")\s*:')
"""Its `model` is an architecture that many trainings share, and no name of one."""
_ENGINES = re.compile(r"(?:hf|vllm|sglang|gguf|dummy|main|huggingface|local|openai|neuronx|nemo_lm)(?:[-_]\w+)*")
"""What lm-evaluation-harness calls a model that is none, and the revision that tells nothing."""
_LOOK = 1 << 16
"""Bytes at the beginning and at the end of a file that are looked at for the names of its first task and model."""


def families(files: Sequence[Path], root: Path) -> dict[str, list[Path]]:
    """Files by the run that they belong to.

    Parameters
    ----------
    files : sequence of Path
        Result files.
    root : Path
        The folder that was named.

    Returns
    -------
    dict
        Name of the run (empty if nothing is left of the path) to its files, sorted as they are to be read: a later
        one counts for more. Files of one model in one folder are one run, whatever they are called (one for each suite
        of tasks), and so are folders that each hold one checkpoint of the same model.
    """
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault("/".join(_kept(file, root)), []).append(file)
    groups = _of_one_folder(groups, root)
    lone: dict[str, dict[Place, str]] = {}
    for key, group in list(groups.items()):
        if len(group) == 1 and (model := _model(group[0])):
            place = position(model)
            if place != NOWHERE and position(named(group[0], root)) == NOWHERE:
                same = lone.setdefault("/".join(_stripped(model)), {})
                if place not in same:
                    same[place] = key
    for keys in lone.values():
        if len(keys) > 1:
            first, *others = keys.values()
            groups[_common([first, *others])] = [file for key in keys.values() for file in groups.pop(key)]
    return {key: sorted(group, key=lambda p: (p.name, str(p))) for key, group in groups.items()}


def _of_one_folder(groups: dict[str, list[Path]], root: Path) -> dict[str, list[Path]]:
    """The groups, those of one folder joined whose files name the same model."""
    same: dict[tuple[str, str], list[str]] = {}
    for key, group in groups.items():
        models = {"/".join(_stripped(_model(file))) for file in group}
        folder = "/".join(_stripped(_inside(group[0], root)[:-1]))
        if len(models) == 1 and (model := models.pop()):
            same.setdefault((folder, model), []).append(key)
    for (folder, _), keys in same.items():
        if len(keys) > 1:
            name = _beginning(keys)
            name = folder if len(name) < len(folder) + 2 or (name in groups and name not in keys) else name
            groups[name] = [file for key in keys for file in groups.pop(key)]
    return groups


def _beginning(keys: Sequence[str]) -> str:
    """What the names of several runs begin with, without a word that was cut."""
    common = os.path.commonprefix(list(keys))  # noqa: RUF071 - names, no paths: a word that was cut is taken off below
    return re.sub(r"[-_.][^-_./]*$", "", common).rstrip("/")


def _inside(file: Path, root: Path) -> tuple[str, ...]:
    return file.relative_to(root).parts if file.is_relative_to(root) else (file.name,)


def named(file: Path, root: Path) -> list[str]:
    """Names that may tell where in training a file stands, the nearest first: file, folders, the named folder."""
    inside = _inside(file, root)
    return [file.stem, *reversed(inside[:-1]), root.resolve().name]


def _kept(file: Path, root: Path) -> list[str]:
    """What of a file's path tells its model."""
    inside = _inside(file, root)
    stem = "" if _OLMES_TASK.match(file.stem) else file.stem
    parts = _stripped([*inside[:-1], stem])
    task = _plain(next(iter(_found(_TASK, file, end=False)), ""))
    return [part for part in parts if not task or _plain(part) != task]


def _stripped(parts: Iterable[str]) -> list[str]:
    """Parts without positions, dates and words such as `results`; what nothing is left of is dropped."""
    out = []
    for part in parts:
        text = without_position(_DATE.sub("", part))
        text = re.sub(r"^(?:results?|metrics?)(?=[-_.])|(?<=[-_.])(?:results?|metrics?)$", "", text).strip("-_. ")
        if text and not GENERIC.match(text.lower()):
            out.append(text)
    return out


def _plain(text: str) -> str:
    """A task's name without suite and shots, in small letters, so that a folder called after it is known."""
    bare = re.sub(r"\|?\d+(?:\|\d+)?$|[-_]?\d+[-_]?shots?", "", text.lower())
    return re.sub(r"[^a-z0-9]", "", bare.rpartition("|")[2])


def _model(file: Path) -> list[str]:
    """Parts of the model's name and revision, from the beginning and the end of the file."""
    if _found(_OF_DCLM, file, end=False):
        return []
    said = dict.fromkeys([*_found(_MODEL, file, end=False), *_found(_MODEL, file, end=True)])
    return [part for text in said if not _ENGINES.fullmatch(text) for part in reversed(text.split("/")) if part]


def _found(pattern: re.Pattern[bytes], file: Path, *, end: bool) -> list[str]:
    """What a pattern finds at the beginning or at the end of a file, in order."""
    try:
        with file.open("rb") as opened:
            if end:
                opened.seek(max(file.stat().st_size - _LOOK, 0))
            text = opened.read(_LOOK)
    except OSError:  # reading it says what is wrong
        return []
    return [next(g for g in m.groups() if g).decode("utf-8", "replace") for m in pattern.finditer(text)]


def _common(keys: Sequence[str]) -> str:
    """The folders that several runs have in common."""
    split = [key.split("/") for key in keys]
    same = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        same.append(parts[0])
    return "/".join(same)
