"""Find the nearest configuration file and read it; say what is wrong with it in one sentence."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from runlens.config.lines import line_of
from runlens.errors import ConfigError, SettingError, did_you_mean

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
        if os.path.lexists(own):  # a dangling link or a folder of that name is an error, never no settings
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and "[tool.runlens" in _text(project):
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
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the configuration file {path} is no valid TOML: {error}") from error
    inside: tuple[str, ...] = ()
    if path.name == "pyproject.toml":
        inside = ("tool", "runlens")
        table = table.get("tool", {}).get("runlens")
        if table is None:
            if named:
                raise ConfigError(f"{path} has no [tool.runlens] table; add one, or name a runlens.toml")
            return Config()
    try:
        return parse(table, path)
    except SettingError as error:
        line = line_of(text, (*inside, *error.setting))
        raise ConfigError(f"{path}{f', line {line}' if line else ''}: {error}") from error


def _text(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        raise ConfigError(f"the configuration file {path} is a link that leads nowhere; mend it, or remove it")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ConfigError(f"the configuration file {path} is no regular file but a pipe, socket or device")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}; check the path given to --config") from error
    except OSError as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the configuration file {path} is no UTF-8 text: {error}") from error


def parse(table: object, path: Path | None = None) -> Config:
    """Check a table of settings.

    Raises
    ------
    SettingError
        Naming the setting, what is wrong with it and the nearest known one.
    """
    from pydantic import ValidationError

    from runlens.config.rule_settings import check_settings
    from runlens.config.schema import ConfigFile

    try:
        model = ConfigFile.model_validate(table)
    except ValidationError as error:
        raise _first_problem(error) from error
    values = model.model_dump(exclude_unset=True, exclude={"runs"})
    runs = tuple(run.model_dump(exclude_unset=True) for run in model.runs)
    for inside, judging in (((), values), *((("runs", i), run) for i, run in enumerate(runs))):
        for code, settings in judging.get("rules", {}).items():
            try:
                check_settings(code, settings)
            except SettingError as error:
                raise SettingError(str(error), (*inside, *error.setting)) from error
    return Config(path, values, runs)


def _first_problem(error: ValidationError) -> SettingError:
    from runlens.config.schema import ConfigFile, RunOverride

    first = error.errors()[0]
    where = first["loc"]
    name = ".".join(str(part) for part in where)
    if first["type"] == "extra_forbidden":
        model = RunOverride if where[0] == "runs" else ConfigFile
        known = [key for key in model.model_fields if key != "runs"]
        return SettingError(f"unknown setting {name!r}; {did_you_mean(str(where[-1]), known)}", where)
    return SettingError(f"setting {name!r}: {first['msg'].removeprefix('Value error, ')}", where)
