"""What the settings name beside a run: the results of its checkpoints, and the log of its GPUs."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import ConfigError
from runlens.model import Run, RunRef


def below(folder: Path, spec: str) -> str:
    """The path below the folder if it is there; else the name as it stands, such as that of a shipped reference."""
    path = folder / spec
    return str(path) if path.exists() else spec


@functools.lru_cache(maxsize=256)
def states_below(path: str) -> tuple[tuple[str, int, int, int], ...]:
    """What changes when a file at a path, or in the folder there, does; looked at once until `look_anew`.

    Empty for what is no path, such as the name of a shipped reference or an address.
    """
    if not Path(path).is_dir():
        return ((path, *_state(path)),) if Path(path).is_file() else ()
    files = [f"{folder}{os.sep}{name}" for folder, _, names in os.walk(path) for name in names]
    return tuple((file, *_state(file)) for file in sorted(files))


def look_anew() -> None:
    """What stands on the disk may be another now."""
    states_below.cache_clear()


def hardware_of(name: str | None, folder: Path) -> str:
    """The file of a log of nvidia-smi, which must be there, or the address of a Prometheus server; empty for none."""
    if name and "://" in name:
        from runlens.sources.hardware import Address, is_prometheus

        if not is_prometheus(name):
            scheme = name.split("://")[0]
            raise ConfigError(f"--hardware takes a file or prometheus://HOST:9090, and no address of {scheme}://")
        Address.parse(name)
        return name
    if name and not (folder / name).is_file():
        raise ConfigError(
            f"--hardware {name}: there is no such file; name a log of nvidia-smi, or prometheus://HOST:9090"
        )
    return str(folder / name) if name else ""


def evals_of(specs: Sequence[str], folder: Path, run_id: str) -> Run | None:
    """The results that were named as evals of a run; of several models the one that is called as the run is.

    They are looked for at each call, since more come while a run is watched, and read again once they have changed.

    Raises
    ------
    ConfigError
        If they are no results, or of several models of which none is called so.
    """
    if not specs:
        return None
    from runlens import sources

    if len(specs) > 1:
        raise ConfigError(f"--evals takes one folder of results for a run, and got {len(specs)}; put them into one")
    spec = below(folder, specs[0])
    refs = [ref for ref in sources.discover(spec) if ref.source == "eval_results"]
    if not refs:
        raise ConfigError(f"--evals {spec} holds no results of lm-evaluation-harness, lighteval or OLMES")
    if len(refs) > 1:
        named = [ref for ref in refs if ref.id.rpartition("/")[2] == run_id.rpartition("/")[2]]
        some = ", ".join(ref.id for ref in refs[:5]) + (" …" if len(refs) > 5 else "")
        if len(named) != 1:
            raise ConfigError(
                f"--evals {spec} holds the results of {len(refs)} models ({some}); name the folder of one"
            )
        refs = named
    return _read(refs[0], tuple(_state(file) for file in refs[0].files))


def _state(file: str) -> tuple[int, int, int]:
    """What changes when a file does; of one that is gone by now reading says so."""
    try:
        stat = Path(file).stat()
    except OSError:
        return (0, 0, 0)
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@functools.lru_cache(maxsize=32)
def _read(ref: RunRef, states: tuple[tuple[int, int, int], ...]) -> Run:
    """Results, read once for each state of their files."""
    from runlens import roles, sources

    return roles.resolve(sources.read(ref), {})
