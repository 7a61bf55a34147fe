"""The state of a watch on disk: what was told, what is still to be sent, how the runs stood."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from runlens.errors import ConfigError, RunLensError
from runlens.files import save, text_of
from runlens.watching.gauges import in_full
from runlens.watching.life import Life, Watched
from runlens.watching.memory import id_of

VERSION = 1
_OF_A_RUN = frozenset(f.name for f in fields(Watched)) - {"last", "restored"}
"""What is kept of how a run stands; its report is made anew."""


def default_file(names: Sequence[str]) -> Path:
    """Where a watch of these names keeps its state, unless it is told."""
    import platformdirs

    folder = Path(platformdirs.user_state_dir("runlens", appauthor=False))
    return folder / "watch" / f"{id_of(*map(in_full, names))}.json"


def write(file: Path, state: dict[str, Any]) -> None:
    """Write the state whole or not at all.

    Raises
    ------
    ConfigError, NotWritten
        It cannot be written there.
    """
    save(file, json.dumps({"runlens-watch": VERSION, "sum": _sum(state), **state}, indent=1).encode())


def _sum(state: dict[str, Any]) -> str:
    """A checksum of the state, so that one damaged figure is not taken for what was told."""
    return f"{zlib.crc32(json.dumps(state, sort_keys=True).encode()):08x}"


def read(file: Path, say: Callable[[str], None]) -> dict[str, Any] | None:
    """The state that was left there; None if there is none.

    A file that is no state is said and set aside, and the watch begins anew: that something is told twice is better
    than that nothing is.

    Raises
    ------
    ConfigError
        There is a file, and it cannot be read.
    """
    if not file.exists():
        return None
    try:
        raw = json.loads(text_of(file))
        if not isinstance(raw, dict) or raw.get("runlens-watch") != VERSION:
            raise ValueError("it is no state of this version")
        del raw["runlens-watch"]
        if raw.pop("sum", None) != _sum(raw):
            raise ValueError("its checksum is wrong")
    except (ValueError, RecursionError) as error:
        aside = file.with_suffix(".broken")
        file.replace(aside)
        say(f"{file} is no state of a watch ({error}): it was set aside as {aside.name}, and the watch begins anew")
        return None
    except RunLensError as error:
        raise ConfigError(f"the state of the watch cannot be read: {error}") from error
    return raw


def lives_to_json(runs: dict[str, Watched]) -> dict[str, Any]:
    """How the runs stand, without their reports."""
    return {run: {name: _plain(getattr(watched, name)) for name in sorted(_OF_A_RUN)} for run, watched in runs.items()}


def lives_of_json(raw: dict[str, Any]) -> dict[str, Watched]:
    """What `lives_to_json` made; fields that this version does not know are passed over."""
    made = {}
    for run, values in raw.items():
        values = {k: math.nan if v is None else v for k, v in values.items() if k in _OF_A_RUN}
        made[run] = Watched(**{**values, "life": Life(values["life"])}, restored=True)
    return made


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
