"""SOURCES: every form of log that RunLens reads, a line each, and what the module of a source must offer.

A source is a module or package `runlens/sources/NAME` with the functions of `FileSource`, `AddressSource` or both (see
`contract.py`), and an `Entry` here. Discovery, `--help`, messages and tests go by the entries alone. Nothing heavy is
imported here: a module is imported when its first file or address turns up.

How a file finds its source: in a folder, by its name (`names`), else by its first bytes if its name fits some `maybe`;
a file that the user named, by its name, else by its first bytes whatever its name. The first entry to claim it gets it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

from runlens.sources.contract import (
    AddressSource,
    AppendedSource,
    FileSource,
    Look,
    SearchedSource,
    SlowSource,
    TellingSource,
)

_NEAR = 6
"""Parts of a path in which a folder of `within` counts: names of metrics hold a few `/`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One source, as far as can be said without importing it."""

    name: str
    """Its module in `runlens.sources`, and the `source` of its references."""
    form: str
    """What the user names, with an article, for help and messages."""
    files: str = ""
    """Which files it is made of, for messages; empty if it has addresses only."""
    addresses: str = ""
    """Which addresses it takes, for messages; empty if it has files only."""
    names: tuple[str, ...] = ()
    """Patterns (`fnmatch`, lower case) of file names that are its own, whatever they hold."""
    maybe: tuple[str, ...] = ()
    """Patterns of file names in a folder that are its own if `claims` says so."""
    within: tuple[str, ...] = ()
    """Names of folders, near above a file, that make it worth asking `claims` whatever its own name."""
    inner: tuple[str, ...] = ()
    """Folders beside its files that hold no runs."""
    reads: tuple[str, ...] = ()
    """Those among `inner` that it reads beside its files."""
    finds: bool = False
    """Its `refs` looks through the root itself: a file found only tells that there is something to find."""
    heavy: bool = False
    """Reading takes long enough to say how far it is: its `read` is that of `SlowSource`."""
    filters: bool = False
    """Its `at` takes filters, to choose among many runs."""
    searches: bool = False
    """Its `at` is that of `SearchedSource`: it looks through a folder of files of any other source."""
    options: tuple[str, ...] = ()
    """Fields of `ReadOptions` that it obeys."""
    tells: bool = False
    """It has `left_out`, which says why a file of its names is in no run."""
    appended: bool = False
    """It has `members`: its files may hold several trainings, one after another."""

    def module(self) -> Any:
        """Its module, imported."""
        return import_module(f"runlens.sources.{self.name}")

    def file_source(self) -> FileSource:
        """Its module, as a source of files."""
        return cast(FileSource, self.module())

    def why_left_out(self, path: Path, look: Look) -> str:
        """Why a file of its names is in no run; empty if there is nothing to say of it."""
        return cast(TellingSource, self.module()).left_out(path, look) if self.tells else ""

    def searched_source(self) -> SearchedSource:
        """Its module, as a source of addresses below which files are looked for."""
        return cast(SearchedSource, self.module())

    def address_source(self) -> AddressSource:
        """Its module, as a source of addresses."""
        return cast(AddressSource, self.module())


SOURCES: tuple[Entry, ...] = (
    Entry("tensorboard", "a TensorBoard folder or event file", "event files", names=("*tfevents*",), finds=True),
    Entry(
        "wandb_file", "a W&B offline folder or file", ".wandb files", names=("*.wandb",), inner=("files", "logs", "tmp")
    ),
    Entry(
        "eval_results",
        "a folder of eval results",
        "result files of lm-evaluation-harness, lighteval, OLMES and DCLM",
        names=(
            "results_20[0-9][0-9]-*.json",
            "samples_*_20[0-9][0-9]-*.jsonl",
            "details_*_20[0-9][0-9]-*.parquet",
            "task-[0-9]*-predictions.jsonl",
            "task-[0-9]*-requests.jsonl",
            "task-[0-9]*-recorded-inputs.jsonl",
            "metrics-all.jsonl",
        ),
        maybe=("*.json",),
        tells=True,
    ),
    Entry("trainer_state", "a trainer_state.json", "trainer_state.json", names=("trainer_state.json",)),
    Entry(
        "trackers",
        "a tracker's store: mlruns/, mlflow.db, trackio's .db",
        "MLflow's mlruns and mlflow.db, trackio's .db, Comet's offline .zip, Sacred's folders of runs, AllenNLP's and "
        "Kaldi's files of each epoch",
        names=(
            "meta.yaml",
            "metrics_epoch_[0-9]*.json",
            "compute_prob_train.[0-9]*.log",
            "compute_prob_valid.[0-9]*.log",
        ),
        maybe=("*.db", "*.sqlite", "*.sqlite3", "*.zip", "metrics.json", "info.json", "run.json", "config.json"),
        within=("metrics",),
        inner=("artifacts", "params", "tags", "traces", "inputs", "outputs"),
        reads=("params", "tags"),
    ),
    Entry(
        "table",
        "a table with a step column",
        ".jsonl, .csv or .parquet tables with a step column",
        names=tuple(
            f"*{s}{p}"
            for s in (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
            for p in ("", ".gz", ".bz2", ".xz", ".zst")
        ),
        maybe=("*.json", "*.txt", "*.log", "*.json.*", "*.dat"),
        options=("x",),
        tells=True,
        appended=True,
    ),
    Entry(
        "text",
        "a console log",
        "console logs of training",
        maybe=(
            *(f"{n}{p}" for n in ("*.log", "*.txt", "*.out", "*.err") for p in ("", ".gz", ".bz2", ".xz")),
            *("*.log.[0-9]*", "*.o[0-9]*", "*.e[0-9]*", "log", "*_log", "*-log", "stdout*", "stderr*"),
        ),
        tells=True,
        appended=True,
    ),
    Entry(
        "object_store",
        "the address of such a file or folder",
        addresses="s3://, gs:// and other object stores",
        searches=True,
    ),
    Entry(
        "mlflow_server",
        "mlflow://EXPERIMENT/RUN",
        addresses="mlflow://EXPERIMENT/RUN and the page of a run or experiment of MLflow",
    ),
    Entry(
        "wandb_api",
        "entity/project/run_id",
        addresses="wandb://entity/project/run_id and the page of a W&B run",
        heavy=True,
        filters=True,
    ),
)
"""In the order in which they claim what several could read."""

if TYPE_CHECKING:  # mypy holds each module against its protocol
    from runlens.sources import (
        eval_results,
        mlflow_server,
        object_store,
        table,
        tensorboard,
        text,
        trackers,
        trainer_state,
        wandb_api,
        wandb_file,
    )

    _FILES: tuple[FileSource, ...] = (
        tensorboard,
        wandb_file,
        eval_results,
        trainer_state,
        table,
        trackers,
        text,
    )
    _ADDRESSES: tuple[AddressSource, ...] = (mlflow_server, wandb_api)
    _SEARCHED: tuple[SearchedSource, ...] = (object_store,)
    _TELLING: tuple[TellingSource, ...] = (eval_results, table, text)
    _APPENDED: tuple[AppendedSource, ...] = (table, text)
    _SLOW: tuple[SlowSource, ...] = (wandb_api,)


def entry(name: str) -> Entry:
    """The entry of that name.

    Raises
    ------
    ValueError
        There is none: a reference was made by hand.
    """
    found = next((e for e in SOURCES if e.name == name), None)
    if found is None:
        raise ValueError(f"no source is called {name!r}")
    return found


def by_name(name: str) -> Entry | None:
    """The source of a file by its name alone, or None."""
    return next((e for e in SOURCES if _fits(e.names, name.lower())), None)


def by_head(head: bytes, path: Path, *, whatever: bool) -> Entry | None:
    """The source of a file whose name does not tell, by its first bytes, or None.

    Parameters
    ----------
    head : bytes
        At most `HEAD`.
    path : Path
    whatever : bool
        True to ask every source of files, as for a file that the user named; False for those whose `maybe` it fits.
    """
    asked = (e for e in SOURCES if e.files and (whatever or _asks(e, path)))
    return next((e for e in asked if e.file_source().claims(head, path)), None)


def may_be_a_log(path: PurePath) -> bool:
    """Whether a file in a folder is worth opening, since its name or a folder near above it is in some entry."""
    return any(_asks(e, path) for e in SOURCES)


def _asks(entry: Entry, path: PurePath) -> bool:
    return _fits(entry.maybe, path.name.lower()) or not set(entry.within).isdisjoint(path.parts[-_NEAR:-1])


def inner_folders(files: Sequence[str]) -> frozenset[str]:
    """Names of folders beside files of these names that hold no runs."""
    return frozenset(f for e in SOURCES if e.inner and any(_fits(e.names, n.lower()) for n in files) for f in e.inner)


def read_beside() -> frozenset[str]:
    """Names of those inner folders whose files are read beside a log."""
    return frozenset(f for e in SOURCES for f in e.reads)


def forms() -> str:
    """What can be named, for help and messages."""
    return either([e.form for e in SOURCES])


def files() -> str:
    """What RunLens looks for in a folder, for messages."""
    return either([e.files for e in SOURCES if e.files], "and")


def addresses() -> str:
    """Which addresses RunLens reads, for messages."""
    return either([e.addresses for e in SOURCES if e.addresses], "and")


def either(words: Sequence[str], last: str = "or") -> str:
    """Words as a list in a sentence; a comma goes before the last too, since some hold `or` themselves."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])}, {last} {words[-1]}"


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))


def _fits(patterns: tuple[str, ...], name: str) -> bool:
    return bool(patterns) and _pattern(patterns).match(name) is not None
