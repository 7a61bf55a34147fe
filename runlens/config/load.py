"""Find the nearest configuration file and read it; say what is wrong with it in one sentence."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from runlens.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file as read, or nothing."""

    path: Path | None = None
    """The file; None if there is none."""
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """The settings given at its top level, checked, without those that were not given."""
    runs: tuple[Mapping[str, object], ...] = ()
    """The overrides for some of the runs, each with its `match`."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.path.parent if self.path else Path()


def find(start: Path) -> Path | None:
    """The nearest `runlens.toml`, or `pyproject.toml` with a `[tool.runlens]` table, at or above a folder."""
    for folder in (start, *start.parents):
        own = folder / "runlens.toml"
        if own.is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and "[tool.runlens" in project.read_text(encoding="utf-8", errors="replace"):
            return project
    return None


def load(path: Path | None = None, start: Path | None = None) -> Config:
    """Read the configuration.

    Parameters
    ----------
    path : Path, optional
        The file named by the user; must exist.
    start : Path, optional
        Where to look for the nearest file if none is named; the current folder if not given.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or holds a key or value that is not known.
    """
    named = path is not None
    path = path if path is not None else find((start or Path()).resolve())
    if path is None:
        return Config()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}; check the path given to --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the configuration file {path} is no valid TOML: {error}") from error
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("runlens")
        if table is None:
            if named:
                raise ConfigError(f"{path} has no [tool.runlens] table; add one, or name a runlens.toml")
            return Config()
    return parse(table, path)


def parse(table: Mapping[str, object], path: Path | None = None) -> Config:
    """Check a table of settings.

    Raises
    ------
    ConfigError
        Naming the key, what is wrong with it and the nearest known one.
    """
    from pydantic import ValidationError

    from runlens.config.rule_settings import check_settings
    from runlens.config.schema import ConfigFile

    try:
        model = ConfigFile.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{path or 'the configuration'}: {_first_problem(error)}") from error
    values = model.model_dump(exclude_unset=True, exclude={"runs"})
    runs = tuple(run.model_dump(exclude_unset=True) for run in model.runs)
    for judging in (values, *runs):
        for code, settings in judging.get("rules", {}).items():
            check_settings(code, settings, str(path or "the configuration"))
    return Config(path, values, runs)


def _first_problem(error: ValidationError) -> str:
    from runlens.config.schema import ConfigFile, RunOverride

    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        model = RunOverride if first["loc"][0] == "runs" else ConfigFile
        near = difflib.get_close_matches(str(first["loc"][-1]), model.model_fields, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(model.model_fields)}."
        return f"unknown setting {where!r}; {hint}"
    return f"setting {where!r}: {first['msg'].removeprefix('Value error, ')}"
