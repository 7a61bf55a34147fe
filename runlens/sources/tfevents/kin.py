"""Folders of event files that are one run: a folder for each split, for each curve of `add_scalars`, for each attempt.

Names alone decide where a name cannot mean anything else; where it can, the first records of a file are asked too.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runlens.errors import RunLensError
from runlens.sources.tfevents import files
from runlens.sources.tfevents.event import Event, parse
from runlens.sources.tfevents.files import Entry
from runlens.sources.tfevents.headers import FRAME, HEADER
from runlens.sources.tfevents.wire import WireError

HELD_OUT = frozenset({"val", "valid", "validation", "test", "testing", "eval", "evaluation", "dev"})
_TRAIN = frozenset({"train", "training", "train_inner"})  # fairseq logs every few updates to `train_inner`
_SPLIT = re.compile(
    r"(?<![a-z])(train(?:ing|_inner)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)(?![a-z])", re.IGNORECASE
)
_OF_TRAINING = re.compile(r"(?<![a-z])(?:lr|learning[_ -]?rate|grad(?:ient)?[_ -]?norm|train(?:ing)?)(?![a-z])")
_VERSION = re.compile(r"version_(\d+)")
_HEAD = 1 << 16  # bytes: some hundred records, of which every tag of an `add_scalars` folder is the same


@dataclass(frozen=True, slots=True)
class Family:
    """Folders of one run, as paths below the root of the search (empty for the root itself)."""

    name: str
    """By which the run is named."""
    home: str
    """The folder below which all of them lie; the names of their series are told from there (`name_below`)."""
    folders: tuple[str, ...]
    """In the order in which they are to be read; two or more."""


LastStep = Callable[[Sequence[Entry], bytes], int | None]
"""The highest step that a tag reaches in files, or None; it may read them whole."""


def families(runs: Mapping[str, Sequence[Entry]], last_step: LastStep) -> list[Family]:
    """Which of the folders with event files are one run; every folder in one family at most.

    Parameters
    ----------
    runs : mapping
        Event files in written order by the path of their folder.
    last_step : callable
        Asked only for a Lightning version whose successor does not begin anew.

    Notes
    -----
    - `add_scalars("loss", {"train": …, "val": …})` of torch writes the tag `loss` to the folders `loss_train` and
      `loss_val`, that of tensorboardX to `loss/train` and `loss/val`, beside the file of the run itself.
    - Keras, fairseq, tf.estimator: `train/` and `validation/` of one run, or `eval/` below the folder of the training.
      Folders whose names differ in that word alone (`exp_train`, `exp_val`) are of the same kind.
    - Lightning: `version_1/` goes on with `version_0/` if its first step lies beyond the first steps of that one and
      not beyond its end; one that begins anew is a run of its own.
    """
    found = _curves(runs)
    taken = {folder for family in found for folder in family.folders if folder != family.home}
    splits = _splits({folder: entries for folder, entries in runs.items() if folder not in taken})
    heads = {family.folders[0]: family for family in found}
    for family in splits:  # a run that has both: the curves of its folders join its splits
        extra = [f for folder in family.folders if folder in heads for f in heads.pop(folder).folders[1:]]
        heads[family.folders[0]] = Family(family.name, family.home, (*family.folders, *extra))
    taken |= {folder for family in heads.values() for folder in family.folders}
    return [*heads.values(), *_attempts({f: e for f, e in runs.items() if f not in taken}, last_step)]


def name_below(inner: str, tag: str) -> str:
    """The name of a series of the folder `inner` below the home of its run.

    Examples
    --------
    >>> name_below("val", "loss"), name_below("loss_val", "loss"), name_below("out_pred", "out")
    ('val/loss', 'val/loss', 'out/pred')
    """
    parts = inner.split("/")
    for at in range(len(parts)):
        curve = _curve_of("/".join(parts[at:]), tag)
        if curve is not None:
            name = f"{curve}/{tag}" if _SPLIT.fullmatch(curve) else f"{tag}/{curve}"
            return name_below("/".join(parts[:at]), name) if at else name
    split = _split_in(inner)
    if split is None or _SPLIT.search(tag):
        return tag
    return f"{split[1].lower()}/{tag}"


def folders_of(paths: Sequence[str], location: str) -> dict[str, list[str]]:
    """The files of a run by their folder below its location: empty for that folder itself and for its attempts.

    Parameters
    ----------
    paths : sequence of str
        One or more, in the order in which they are to be read.
    location : str
        A folder above them; where it is none, the folder of the first file is taken.
    """
    base = os.path.normpath(location) if location else ""
    if not base or _below(os.path.normpath(files.parent_of(paths[0])), base) is None:
        base = os.path.normpath(files.parent_of(paths[0]))
    out: dict[str, list[str]] = {}
    for path in paths:
        folder = os.path.normpath(files.parent_of(path))
        inner = _below(folder, base)
        inner = folder if inner is None else inner
        attempt = _VERSION.fullmatch(inner.rpartition("/")[2]) is not None
        out.setdefault("" if attempt else inner, []).append(path)
    return out


def _below(folder: str, base: str) -> str | None:
    """The path from `base` to a folder, empty for itself; None if it lies elsewhere."""
    if folder == base:
        return ""
    if base == ".":
        return None if folder.startswith(("/", "..")) else folder
    start = base if base.endswith("/") else f"{base}/"
    return folder[len(start) :] if folder.startswith(start) else None


def _curves(runs: Mapping[str, Sequence[Entry]]) -> list[Family]:
    """Runs with the folders of their `add_scalars`, which writes beside a file of the run itself."""
    parts: dict[str, list[str]] = {}
    for inner, entries in runs.items():
        if inner and (home := _home_of_curve(inner, entries, runs)) is not None:
            parts.setdefault(home, []).append(inner)
    curves = {folder for group in parts.values() for folder in group}
    return [Family(home, home, (home, *group)) for home, group in parts.items() if home not in curves]


def _home_of_curve(inner: str, entries: Sequence[Entry], runs: Mapping[str, Sequence[Entry]]) -> str | None:
    """The folder whose run a folder is one curve of, or None."""
    parts = inner.split("/")
    above = ["/".join(parts[:depth]) for depth in range(len(parts))]
    if not any(folder in runs for folder in above):  # most folders: nothing is read
        return None
    first = next((point.tag for event in _head(entries) for point in event.points), None)
    if first is None:
        return None
    tag = first.decode("utf-8", "backslashreplace")
    for home, below in ((home, "/".join(parts[depth:])) for depth, home in enumerate(above)):
        if home in runs and _curve_of(below, tag) is not None:
            alone = all(point.tag == first for event in _head(entries) for point in event.points)
            return home if alone else None
    return None


def _curve_of(inner: str, tag: str) -> str | None:
    """What `add_scalars` calls the curve of the folder, or None if it is none of the tag."""
    for before in (tag.replace("/", "_") + "_", tag + "/"):
        if inner.startswith(before) and len(inner) > len(before):
            return inner[len(before) :]
    return None


def _splits(runs: Mapping[str, Sequence[Entry]]) -> list[Family]:
    """Runs with a folder for each split: one of training, or the run's own folder, and one of held-out data.

    A `test/` below a run can be a run of its own, tried out before: what trains is not held out.
    """
    groups: dict[tuple[str, str, str], dict[str, str]] = {}
    for inner in runs:
        if (found := _key(inner)) is not None:
            home, name, pattern, split = found
            of = groups.setdefault((home, name, pattern), {})
            of.setdefault(split, inner)
    out = []
    for (home, name, pattern), of in groups.items():
        own = [home] if pattern == "*" and home in runs else []
        if own and not _TRAIN & set(of):
            of = {split: folder for split, folder in of.items() if not _trains(runs[folder])}
        if not (own or _TRAIN & set(of)) or not HELD_OUT & set(of):
            continue
        first = sorted(of, key=lambda split: (split in HELD_OUT, split))
        out.append(Family(name, home, (*own, *(of[split] for split in first))))
    return out


def _trains(entries: Sequence[Entry]) -> bool:
    tags = {point.tag.decode("utf-8", "backslashreplace").lower() for event in _head(entries) for point in event.points}
    return any(_OF_TRAINING.search(tag) for tag in tags)


def _key(inner: str) -> tuple[str, str, str, str] | None:
    """Home, name, what the folders of one run have in common (`*` for the split), and the split; None without one."""
    parts = inner.split("/")
    place = _place_of_split(parts)
    if place is None:
        return None
    at, match = place
    stem = parts[at][: match.start()] + "*" + parts[at][match.end() :]
    rest = [part for part in (stem.replace("*", "").strip("_-. "), *parts[at + 1 :]) if part]
    home = "/".join(parts[:at])
    return home, "/".join([*parts[:at], *rest]), "/".join([stem, *parts[at + 1 :]]), match[1].lower()


def _split_in(inner: str) -> re.Match[str] | None:
    place = _place_of_split(inner.split("/"))
    return place[1] if place else None


def _place_of_split(parts: Sequence[str]) -> tuple[int, re.Match[str]] | None:
    """The deepest folder that is called for a split, else the deepest whose name holds one; where it stands there."""
    found = [(at, list(_SPLIT.finditer(part))) for at, part in enumerate(parts)]
    only = [(at, matches[0]) for at, matches in found if len(matches) == 1]  # of two words, no telling which is meant
    whole = [(at, match) for at, match in only if match[0] == parts[at]]
    best = whole or only
    return best[-1] if best else None


def _attempts(runs: Mapping[str, Sequence[Entry]], last_step: LastStep) -> list[Family]:
    """Versions of Lightning that go on where the one before them was left."""
    numbered: dict[str, list[tuple[int, str]]] = {}
    for inner in runs:
        home, _, last = inner.rpartition("/")
        if found := _VERSION.fullmatch(last):
            numbered.setdefault(home, []).append((int(found[1]), inner))
    out = []
    for home, versions in numbered.items():
        chain: list[str] = []
        for _, inner in sorted(versions):
            if chain and _goes_on(runs[chain[-1]], runs[inner], last_step):
                chain.append(inner)
                continue
            if len(chain) > 1:
                out.append(Family(chain[0], home, tuple(chain)))
            chain = [inner]
        if len(chain) > 1:
            out.append(Family(chain[0], home, tuple(chain)))
    return out


def _goes_on(before: Sequence[Entry], after: Sequence[Entry], last_step: LastStep) -> bool:
    """Whether files begin with a tag of those before, later, and at a step that they had reached or were about to."""
    first, second = _first_points(before), _first_points(after)
    common = [tag for tag in second if tag in first]
    if not common:
        return False
    tag = common[0]
    (began, at), (resumed, then) = first[tag][0], second[tag][0]
    stride = first[tag][1][0] - began if len(first[tag]) > 1 else 1
    if not (resumed > began + stride and then > at):  # it begins anew, as a second experiment does
        return False
    last = last_step(before, tag)
    return last is not None and resumed <= last + 2 * max(stride, 1)


def _first_points(entries: Sequence[Entry]) -> dict[bytes, list[tuple[int, float]]]:
    """Step and wall time of the first points by tag."""
    out: dict[bytes, list[tuple[int, float]]] = {}
    for event in _head(entries):
        for point in event.points:
            out.setdefault(point.tag, []).append((event.step, event.time))
    return out


def _head(entries: Sequence[Entry]) -> Iterator[Event]:
    """The events in the first bytes of the first file that holds a point; none where there is no sound record."""
    for entry in entries:
        try:
            with files.opened(entry.path) as (stream, size):
                raw = bytearray(min(size, _HEAD))
                raw = raw[: stream.readinto(memoryview(raw))]
        except RunLensError:  # it stays a run, and reading it says what is wrong
            return
        at, points = 0, 0
        while at + HEADER <= len(raw):
            length = int(struct.unpack_from("<Q", raw, at)[0])
            if length > len(raw) - at - FRAME:
                break
            try:
                event = parse(bytes(raw[at + HEADER : at + HEADER + length]))
            except WireError:
                break
            points += len(event.points)
            yield event
            at += FRAME + length
        if points:
            return
