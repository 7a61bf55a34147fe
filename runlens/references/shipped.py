"""References that come with RunLens: Pythia and TinyLlama, picked by name."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from runlens.errors import ConfigError
from runlens.model import Reference
from runlens.references.store import loads

DEFAULT_SETTING = "0-shot"
"""What `pythia-1.4b` stands for; `pythia-1.4b@5-shot` asks for the other."""


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
    if not at and DEFAULT_SETTING in settings and len(settings) > 1:
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
