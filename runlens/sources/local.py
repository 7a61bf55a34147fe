"""Runs on this disk: one walk sorts the files of a folder by their reader, each reader makes runs of its own."""

from __future__ import annotations

import os
from pathlib import Path

from runlens.errors import AccessRefused, NoRunFound, NotALog
from runlens.model import RunRef
from runlens.sources.naming import printable
from runlens.sources.table.columns import has_step_column, is_table_name

REFUSED = "refused"
"""`RunRef.source` of a folder below the named one that may not be looked into: reading it says so, nothing hides it."""

_WANDB_INNER = {"files", "logs", "tmp"}  # of a W&B run's folder: media and console output, never a run
_PASSED_OVER = {"node_modules", "__pycache__", "site-packages"}


def find(path: Path) -> list[RunRef]:
    """The runs at an existing file or folder.

    Raises
    ------
    NoRunFound
        A folder with no log in it.
    NotALog
        A file that is no log.
    AccessRefused
        No permission to open the named file or folder.
    """
    return _in_folder(path) if path.is_dir() else [_of_file(path)]


def kind(path: Path) -> str:
    """The reader of a file by its name alone: a source's name, or empty."""
    name = path.name.lower()
    if "tfevents" in name:
        return "tensorboard"
    if name.endswith(".wandb"):
        return "wandb_file"
    if name == "trainer_state.json":
        return "trainer_state"
    return "table" if is_table_name(name) else ""


def _of_file(path: Path) -> RunRef:
    if not path.is_file():  # asked before opening: to open a pipe is to wait for its writer
        raise NotALog(f"{printable(str(path))} is a pipe, socket or device; write the log to a file and name that")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {printable(str(path))}; ask its owner for read access") from error
    except OSError as error:
        raise NotALog(f"{printable(str(path))} cannot be read ({error.strerror}); name a log file or folder") from error
    source = kind(path) or _by_content(head)
    if not source:
        raise NotALog(
            f"{printable(str(path))} is no log that RunLens knows; it reads event files, .wandb files, "
            "trainer_state.json, and .jsonl, .csv or .parquet tables with a step column"
        )
    if source == "tensorboard":
        from runlens.sources import tensorboard

        return tensorboard.find(str(path))[0]
    if source == "wandb_file":
        from runlens.sources import wandb_file

        return wandb_file.refs([path])[0]
    if source == "trainer_state":
        from runlens.sources import trainer_state

        return trainer_state.ref(path, path.parent)
    from runlens.sources import table

    return table.ref(path, path.parent)


def _by_content(head: bytes) -> str:
    """The reader of a file whose name says nothing, by its first bytes."""
    if head.startswith(b":W&B"):
        return "wandb_file"
    if b'"log_history"' in head and head.lstrip()[:1] == b"{":
        return "trainer_state"
    if head.startswith(b"PAR1"):
        return "table"
    return "table" if has_step_column(head) else ""


def _in_folder(root: Path) -> list[RunRef]:
    groups, refused = _walk(root)
    refs: list[RunRef] = []
    if groups["tensorboard"]:
        from runlens.sources import tensorboard

        refs += tensorboard.find(str(root))
    if groups["wandb_file"]:
        from runlens.sources import wandb_file

        refs += wandb_file.refs(groups["wandb_file"])
    if groups["trainer_state"]:
        from runlens.sources import trainer_state

        fuller = [file.parent for kind_ in ("tensorboard", "wandb_file") for file in groups[kind_]]
        refs += trainer_state.refs(groups["trainer_state"], root, fuller)
    if groups["table"]:
        from runlens.sources import table

        refs += table.refs(groups["table"], root)
    refs += [RunRef(REFUSED, str(folder), folder.relative_to(root).as_posix()) for folder in refused]
    if not refs:
        raise NoRunFound(
            f"the folder {printable(str(root))} holds no log; RunLens looks for event files, .wandb files, "
            "trainer_state.json, and .jsonl, .csv or .parquet tables with a step column"
        )
    return refs


def _walk(root: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """Files by reader and folders that may not be looked into, sorted.

    Links to folders are followed after the folders themselves, each place once (W&B keeps a `latest-run` link, and
    links can go in circles). Hidden folders, installed packages, pipes and dead links are passed over.
    """
    groups: dict[str, list[Path]] = {"tensorboard": [], "wandb_file": [], "trainer_state": [], "table": []}
    refused: list[Path] = []
    seen: set[str] = set()
    starts = [root]
    while starts:
        start = starts.pop(0)
        for at, folders, files in os.walk(start, onerror=lambda error: refused.append(Path(error.filename))):
            real = os.path.realpath(at)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            here = Path(at)
            links = [f for f in folders if (here / f).is_symlink()]
            starts += [here / f for f in sorted(links)]
            of_wandb = any(f.endswith(".wandb") for f in files)
            folders[:] = sorted(
                f
                for f in folders
                if f not in links and f not in _PASSED_OVER and f[0] != "." and not (of_wandb and f in _WANDB_INNER)
            )
            for file in sorted(files):
                source = kind(here / file)
                if source and file[0] != "." and (source == "tensorboard" or (here / file).is_file()):
                    groups[source].append(here / file)
    if root in refused:
        raise AccessRefused(f"no permission to look into {printable(str(root))}; ask its owner for read access")
    return groups, refused
