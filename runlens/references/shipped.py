"""References that come with RunLens: Pythia, TinyLlama and Lucie, picked by name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from runlens.errors import ConfigError
from runlens.model import Reference
from runlens.references.store import loads

DEFAULT_SETTING = "0-shot"
"""What `pythia-1.4b` stands for; `pythia-1.4b@5-shot` asks for the other."""
OTHERS = {
    "SmolLM2 1.7B": "HuggingFaceTB/SmolLM2-1.7B-intermediate-checkpoints",
    "OLMo 2 7B": "allenai/OLMo-2-1124-7B",
    "Marin 8B": "marin-community/marin-8b-base",
}
"""Models whose intermediate checkpoints are public, each a revision of a repository."""


def shipped() -> tuple[str, ...]:
    """Names of the shipped references, sorted by family and size."""
    names = [f.name.removesuffix(".json") for f in _folder().iterdir() if f.name.endswith(".json")]
    return tuple(sorted(names, key=_order))


def load_shipped(spec: str) -> Reference | None:
    """The shipped reference of that name, with `@setting` for one few-shot setting; None if there is none.

    Raises
    ------
    ConfigError
        If the reference has no such setting.
    """
    name, at, wanted = spec.partition("@")
    if name not in shipped():
        return None
    reference = whole(name)
    settings = sorted({c.setting for c in reference.curves if c.setting})
    if at and wanted not in settings:
        raise ConfigError(f"reference {name} has no setting {wanted!r}; it has {', '.join(settings) or 'none'}")
    each = {(c.task, c.metric) for c in reference.curves}
    if not at and DEFAULT_SETTING in settings and len(each) < len(reference.curves):  # one eval in several settings
        wanted = DEFAULT_SETTING
    if not wanted:
        return reference
    kept = tuple(c for c in reference.curves if c.setting in (wanted, ""))
    return replace(reference, name=f"{name}@{wanted}" if at else name, curves=kept)


def whole(name: str) -> Reference:
    """A shipped reference with the curves of all its few-shot settings; `name` is one of `shipped()`."""
    return loads((_folder() / f"{name}.json").read_text("utf-8"), name)


def _folder() -> Path:
    with as_file(files("runlens.references") / "data") as folder:
        return Path(folder)


def _order(name: str) -> tuple[str, float, str]:
    """Family, then size, then variant."""
    family, _, rest = name.partition("-")
    size, _, variant = rest.partition("-")
    factor = {"m": 1e6, "b": 1e9}.get(size[-1:], 1.0)
    try:
        return family, float(size[:-1]) * factor, variant
    except ValueError:
        return family, 0.0, rest


def covering(tasks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Shipped references that hold each of some tasks, by its canonical name, sorted."""
    held = {name: {curve.task for curve in whole(name).curves} for name in shipped()}
    return {task: tuple(name for name, own in held.items() if task in own) for task in sorted(tasks)}


def builder(tasks: str = "TASK,TASK", model: str = "SmolLM2 1.7B") -> str:
    """The commands that build a reference from the public checkpoints of a model."""
    folder = model.lower().replace(" ", "-")
    return (
        f"lm_eval --model hf --tasks {tasks} --output_path {folder}/REVISION \\\n"
        f"  --model_args pretrained={OTHERS[model]},\\\n"
        "revision=REVISION\n"
        f"runlens reference build {folder}/ -o {folder}.json\n"
    )


def coverage_hint(tasks: Collection[str]) -> str:
    """Where tasks that a reference does not hold can be had, in sentences; empty for no task."""
    if not tasks:
        return ""
    held = covering(tasks)
    said = [f"{task} is held by {', '.join(_families(names))}" for task, names in held.items() if names]
    lacking = [task for task, names in held.items() if not names]
    if lacking:
        said.append(
            f"no shipped reference holds {', '.join(lacking)}; build one from the public checkpoints of "
            f"{', '.join(OTHERS)}, for each revision:\n{builder(','.join(lacking))}"
        )
    return "\n".join(text[:1].upper() + text[1:] for text in said)


def _families(names: Sequence[str]) -> list[str]:
    """Names of one family as `pythia-70m to pythia-12b-deduped`."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("-")[0], []).append(name)
    return [group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups.values()]
