"""From the name of a run, as the user gives it, to a `Run`: discover (cheap), then read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from runlens.errors import AccessRefused, ConfigError, NoRunFound
from runlens.model import Run, RunRef
from runlens.sources import local, remote
from runlens.sources.heap import keep_freed_memory
from runlens.sources.naming import near, printable, unique

__all__ = ["discover", "read", "unique"]

_READERS = ("tensorboard", "wandb_file", "wandb_api", "table", "trainer_state")


class Reader(Protocol):
    """What each module of a source offers; imported when its first run turns up, since some of them are heavy."""

    def find(self, name: str, **filters: Any) -> list[RunRef]:
        """The runs at a path or address."""
        ...  # pragma: no cover

    def read(self, ref: RunRef) -> Run:
        """The run, raw: roles are resolved elsewhere."""
        ...  # pragma: no cover


def discover(name: str, **filters: Any) -> list[RunRef]:
    """The runs that a name stands for, cheaply: nothing but names and first lines is read.

    Parameters
    ----------
    name : str
        A path (event file, `.wandb` file, table, `trainer_state.json`, a folder of one or of many runs of any kind),
        an address of an object store (`s3://…`), or a W&B path, `wandb://` address or page. What exists on disk is
        never taken for a W&B path.
    **filters
        Which runs of a W&B project to take, handed on to `runlens.sources.wandb_api.find`.

    Returns
    -------
    list of RunRef
        At least one, with ids that are unique within the list, in a stable order.

    Raises
    ------
    NoRunFound
        Nothing is there, or a folder holds no log.
    NotALog
        The file is there and is no log.
    AccessRefused
        No permission to look.
    ConfigError
        Filters were given for something that is no W&B project.
    """
    if not name.strip():
        raise NoRunFound("the name of the run is empty; give a folder, a log file or a W&B path entity/project/run_id")
    filters = {key: value for key, value in filters.items() if value}
    if remote.is_object_store(name):
        _refuse_filters(name, filters)
        return unique(remote.find(name))
    path = Path(name).expanduser()
    try:
        there = "://" not in name and path.exists()
    except PermissionError as error:
        raise AccessRefused(f"no permission to look at {printable(name)}; ask its owner for read access") from error
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL in it, is no path
        there = False
    if there:
        _refuse_filters(name, filters)
        return unique(local.find(path))
    if _is_at_wandb(name, path):
        return unique(_at_wandb(name, filters))
    raise NoRunFound(_nothing_there(name, path))


def read(ref: RunRef, *, progress: Callable[[int, int | None], None] | None = None) -> Run:
    """Read one run that was discovered.

    Parameters
    ----------
    ref : RunRef
    progress : callable, optional
        Called with the rows so far and the rows in all (None if not known) while a run is fetched from W&B.

    Raises
    ------
    ReadError
        It cannot be read: no log after all, no permission, a server that is down.
    """
    if ref.source == local.REFUSED:
        raise AccessRefused(f"no permission to look into {printable(ref.location)}; ask its owner for read access")
    if ref.source == "wandb_api":  # the one source that takes long enough to say how far it is
        from runlens.sources import wandb_api

        return wandb_api.read(ref, progress=progress)
    keep_freed_memory()
    return _reader(ref.source).read(ref)


def _reader(source: str) -> Reader:
    if source not in _READERS:
        raise ValueError(f"no reader is called {source!r}")
    return cast(Reader, import_module(f"runlens.sources.{source}"))


def _is_at_wandb(name: str, path: Path) -> bool:
    """Whether the name is one for W&B: it says so, or has its form and no folder on this disk begins it."""
    from runlens.sources.wandb_api import is_name

    explicit = "://" in name
    return is_name(name) and (explicit or not Path(path.parts[0]).exists())


def _at_wandb(name: str, filters: dict[str, Any]) -> list[RunRef]:
    """The runs of a W&B name; one that may as well be a misspelt path is nowhere where nobody has set W&B up."""
    from runlens.sources import wandb_api

    if "://" in name:
        return wandb_api.find(name, **filters)
    try:
        wandb_api.check_login(name)
    except AccessRefused as error:
        if wandb_api.is_set_up():
            raise
        raise NoRunFound(f"nothing is at {printable(name)} on this disk, and as a name at W&B: {error}") from error
    return wandb_api.find(name, **filters)


def _refuse_filters(name: str, filters: dict[str, Any]) -> None:
    if filters:
        raise ConfigError(f"filters choose among the runs of a W&B project, and {printable(name)} is none; leave them")


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False


def _nothing_there(name: str, path: Path) -> str:
    if "://" in name:
        return (
            f"{printable(name)} is no address that RunLens reads; it reads s3://, gs:// and other object stores, "
            "wandb://entity/project/run_id and the page of a W&B run"
        )
    said = f"nothing is at {printable(name)}"
    if _is_link(path):
        return f"{said}: it is a link that leads nowhere; name the folder or file itself"
    close = near(path)
    if close:
        return f"{said}; did you mean {' or '.join(printable(c) for c in close)}?"
    return f"{said}; give an event file or its folder, a wandb folder, a .jsonl, .csv or .parquet table, or a W&B path"
