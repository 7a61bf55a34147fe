"""TensorBoard event files: which runs there are below a folder, and all scalars of one run.

Each folder that holds event files is a run, named by its path below the root, but for folders that are one run together
(`runlens.sources.tfevents.kin`) and one that holds several trainings (`runlens.sources.appended.event_files`). The
format is read by `runlens.sources.tfevents` in numpy alone; neither TensorFlow nor tensorboard is needed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from runlens.errors import NotALog, RunLensError
from runlens.model import Note, Run, RunRef, Series
from runlens.model.words import percent
from runlens.sources.appended.event_files import each_training, notes_of
from runlens.sources.bounds import counted
from runlens.sources.contract import Look
from runlens.sources.event_files import Folder, read_folder
from runlens.sources.halves.tables import with_tables
from runlens.sources.tfevents import files
from runlens.sources.tfevents.decode import Decoder, Oddities
from runlens.sources.tfevents.files import Entry
from runlens.sources.tfevents.frames import Damage
from runlens.sources.tfevents.hparams import config_of
from runlens.sources.tfevents.kin import families, folders_of, name_below
from runlens.sources.tfevents.listing import grouped, is_event_file, walk
from runlens.sources.tfevents.wire import WireError
from runlens.sources.tfevents.words import PLUGIN, Words, series_of_words

SOURCE = "tensorboard"
_SMALL = 1 << 16  # bytes: files that hold hyperparameters or nothing at all are smaller, and can be looked into
_HPARAMS_FOLDER = re.compile(r"\d{9,11}\.\d+")  # torch and tensorboardX name the folder of `add_hparams` by the time
_HPARAMS_TAG = b"_hparams_/session_start_info"


def find(path: str) -> list[RunRef]:
    """The runs at a path: an event file or a folder.

    Cheap: only names, small files (hyperparameters, empty logs) and the first bytes of folders below a run are looked
    at. A folder that torch's `add_hparams` made below a run is part of that run, and so are those of its splits, of its
    `add_scalars` and of its attempts (`runlens.sources.tfevents.kin`).

    Returns
    -------
    list of RunRef
        Sorted by id, the path below the root (the folder's own name for the root itself). Empty if the folder holds
        no event file, or if the file's name is not that of one.

    Raises
    ------
    NoRunFound
        If nothing is at the path.
    AccessRefused, ReadError
        If the path cannot be looked at.
    """
    root = files.entry_of(path)
    if not root.folder:
        return [RunRef(SOURCE, path, files.folder_name(path), (path,))] if is_event_file(root.name) else []
    return _runs(walk(path), path)


def _runs(runs: dict[str, list[Entry]], path: str) -> list[RunRef]:
    kin = families(runs, _last_step)
    joined = {folder for family in kin for folder in family.folders}
    for inner, entries in list(runs.items()):
        nested = any(other != inner and other.startswith(f"{inner}/" if inner else "") for other in runs)
        if nested and inner not in joined and sum(e.size for e in entries) <= _SMALL and _has_no_points(entries):
            del runs[inner]  # such as the root of an hparams search, or a writer that was opened and never used
    for inner in list(runs):
        parent, _, name = inner.rpartition("/")
        if inner and parent in runs and _HPARAMS_FOLDER.fullmatch(name) and _holds_hparams(runs[inner]):
            runs[parent] = runs[parent] + runs.pop(inner)
    found = [(inner, inner, entries) for inner, entries in runs.items() if inner not in joined]
    found += [(f.name, f.home, [entry for folder in f.folders for entry in runs[folder]]) for f in kin]
    whole = [
        RunRef(SOURCE, files.join(path, home), name or files.name_of(path), tuple(e.path for e in entries))
        for name, home, entries in sorted(found, key=lambda run: run[0])
    ]
    return [ref for one in whole for ref in each_training(one)]


def claims(head: bytes, path: Path) -> bool:
    """Never: an event file is known by its name, as to TensorBoard."""
    return False


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of an event file, or of all that were found below the root."""
    return find(str(files[0])) if look.named else _runs(grouped(map(str, files), str(look.root)), str(look.root))


def _has_no_points(entries: Sequence[Entry]) -> bool:
    try:
        run = read(RunRef(SOURCE, "", "", tuple(e.path for e in entries)))
    except RunLensError:
        return False  # it stays a run, and reading it says what is wrong
    return run.points == 0 and not run.notes


def _holds_hparams(entries: Sequence[Entry]) -> bool:
    if any(entry.size > _SMALL for entry in entries):
        return False
    try:
        return any(_HPARAMS_TAG in files.content_of(entry.path) for entry in entries)
    except RunLensError:
        return False  # it stays a run of its own, and reading it says what is wrong


def read(ref: RunRef, folder: Callable[[Sequence[str]], Folder] | None = None) -> Run:
    """Read every scalar of a run, of every attempt, in the order written.

    Parameters
    ----------
    ref : RunRef
        As from `find`. Without `files`, those in the folder `location` are read.
    folder : callable, optional
        What reads the files of one folder, such as one that knows what was read of them before.

    Returns
    -------
    Run
        `series` by tag (bytes that are not UTF-8 are shown as escapes); `config` from the hparams plugin; `starts`
        the wall time at which each writer opened its file, and of every later SessionLog.START; `notes` say what was
        damaged or not understood. A tail that is not written out yet is no damage. Empty and header-only files give
        a run without series.

    Raises
    ------
    NotALog
        If the files hold bytes and not one sound record, or are no regular files.
    AccessRefused, ReadError
        If a file cannot be opened or read.
    """
    paths = ref.files or _files_in(ref.location)
    tables = [path for path in paths if not is_event_file(files.name_of(path))]
    if tables and len(tables) < len(paths):
        return with_tables(read(replace(ref, files=tuple(p for p in paths if p not in tables)), folder), tables)
    groups = folders_of(paths, ref.location)
    series: dict[str, Series] = {}
    words: dict[str, Words] = {}
    config: dict[str, object] = {}
    notes: list[Note] = []
    starts: list[float] = []
    for inner, group in groups.items():
        held = (folder or read_folder)(group)
        decoder, found, odds = held.decoder, held.series, held.odds
        config |= _config(odds)
        notes += _notes(decoder, group, held.damage, odds, held.total)
        if _HPARAMS_FOLDER.fullmatch(inner.rpartition("/")[2]):
            series = found | series  # a tag that the run has itself is a final value there
            continue
        for tag, one in found.items():
            name = name_below(inner, tag)
            name = f"{name} ({inner})" if name in series else name
            series[name] = Series(name, one.step, one.time, one.value)
        words |= {name_below(inner, tag): said for tag, said in _words(decoder).items()}
        if not starts:  # the folder of the training comes first; those of other splits began with it
            starts = [odds[part[0]].first_time for part in held.generations] + [t for odd in odds for t in odd.starts]
    series, uncounted = counted(series, files.name_of(ref.location))
    notes += [*uncounted, *notes_of(ref)]
    home = files.parent_of(paths[0])
    worded, texts, constant = series_of_words(words, series)
    return Run(
        id=ref.id,
        name=files.name_of(ref.location if len(groups) > 1 and "" not in groups else home),
        source=ref.location,
        config=MappingProxyType(constant | config),
        series=MappingProxyType(dict(sorted((series | worded).items()))),
        texts=MappingProxyType(texts),
        notes=tuple(notes),
        starts=tuple(sorted(float(t) for t in starts if np.isfinite(t))),
        read_at=time.time(),
    )


def _last_step(entries: Sequence[Entry], tag: bytes) -> int | None:
    try:
        run = read(RunRef(SOURCE, "", "", tuple(e.path for e in entries)))
    except RunLensError:
        return None
    series = run.series.get(tag.decode("utf-8", "backslashreplace"))
    return int(series.step.max()) if series is not None and len(series) else None


def _files_in(folder: str) -> tuple[str, ...]:
    entries = walk(folder).get("", []) if files.entry_of(folder).folder else []
    if not entries:
        raise NotALog(f"{folder} holds no event file (a name with `tfevents` in it)")
    return tuple(entry.path for entry in entries)


def _words(decoder: Decoder) -> dict[str, Words]:
    texts = {tag.name for tag in decoder.tags if tag.plugin == PLUGIN}
    return {tag.decode("utf-8", "backslashreplace"): w for tag, w in decoder.words.items() if tag in texts}


def _config(odds: Sequence[Oddities]) -> dict[str, object]:
    config: dict[str, object] = {}
    for odd in odds:
        odd.bad_hparams = 0
        for _, content in odd.contents:
            try:
                config |= config_of(content)
            except WireError:
                odd.bad_hparams += 1
    return config


def _notes(
    decoder: Decoder, paths: Sequence[str], damages: Sequence[Damage], odds: Sequence[Oddities], total: int
) -> list[Note]:
    notes = []
    hurt = [(path, damage) for path, damage in zip(paths, damages, strict=True) if damage.bytes]
    if hurt:
        records, lost = sum(d.records for _, d in hurt), sum(d.bytes for _, d in hurt)
        where = files.name_of(hurt[0][0]) + (f" and {len(hurt) - 1} more" if len(hurt) > 1 else "")
        notes.append(
            Note(
                "damaged",
                f"{records:,} damaged {'record' if records == 1 else 'records'} in {where} could not be read "
                f"({lost:,} of {total:,} bytes, {percent(lost / total)}); everything around them was",
                records,
                lost,
                total,
            )
        )
    plugins = {tag.name: tag.plugin for tag in decoder.tags}
    unread = {
        tag: sum(odd.unread.get(tag, 0) for odd in odds)
        for tag in dict.fromkeys(tag for odd in odds for tag in odd.unread)
        if plugins.get(tag) == b"scalars"
    }
    if unread:
        first = next(iter(unread)).decode("utf-8", "backslashreplace")
        more = f" and {len(unread) - 1} more tags" if len(unread) > 1 else ""
        count = sum(unread.values())
        message = (
            f"{count:,} values of {first!r}{more} are scalars by name and no single real number, and were left out"
        )
        notes.append(Note("unsupported", message, count))
    if broken := sum(odd.bad_hparams for odd in odds):
        notes.append(Note("unsupported", f"{broken} records of hyperparameters could not be understood", broken))
    return notes
