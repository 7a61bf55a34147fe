"""One run in several tables: which files belong together, and the series of them all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runlens.sources.table.attempts import VERSION, chains
from runlens.sources.table.bare import lines_of
from runlens.sources.table.head import suffix

_BOARD = re.compile(r"(?:run-)?(?P<run>.*?)-?tag-(?P<tag>.+)", re.IGNORECASE)
"""TensorBoard's downloads: `run-exp1-tag-train_loss.csv`."""
SPLIT = re.compile(
    r"(?<![a-z])(train(?:ing)?|learn(?=_error)|val(?:id(?:ation)?)?|test|eval(?:uation)?|dev)(?![a-z])", re.IGNORECASE
)
"""A word in a name that says which split it is of."""


@dataclass(frozen=True, slots=True)
class Family:
    """The files of one run."""

    root: Path
    """Folder or file by which the run is named."""
    files: tuple[Path, ...]


def families(files: Sequence[Path], names: dict[Path, list[str]]) -> list[Family]:
    """Files of one folder tree as runs: those that belong together in one, every other by itself.

    Parameters
    ----------
    files : sequence of Path
        Tables, sorted.
    names : dict
        The columns of each.

    Notes
    -----
    Together belong: the files of DeepSpeed's csv_monitor (a folder, a file for each metric, of step and value);
    TensorBoard's downloads of one run; DVCLive's `plots/metrics`; `scalars.json` of MMEngine and its copy under the
    time of the start; a log of training and one of held-out data in one folder, whose names differ in that word alone,
    such as CatBoost's `learn_error.tsv` and `test_error.tsv`;
    files of one name in the folders `train/` and `val/` (or what else held-out data is called); and those of
    Lightning's `version_0/`, `version_1/` where one goes on with the other.
    """
    groups: dict[tuple[str, Path, str], list[Path]] = {}
    for file in files:
        groups.setdefault(_kin(file, names.get(file, [])), []).append(file)
    out = []
    for (kind, folder, _), group in groups.items():
        if kind == "copies":
            whole = [file for file in group if file.name == "scalars.json"]
            group = whole or group
            out += [Family(folder.parent if whole else file, (file,)) for file in group]
        elif kind == "versions":
            out += [Family(chain[0].parent if len(chain) > 1 else chain[0], tuple(chain)) for chain in chains(group)]
        elif kind and len(group) > 1 and _belong(kind, group):
            out.append(Family(folder, tuple(group)))
        else:
            out += [Family(file, (file,)) for file in group]
    return sorted(out, key=lambda family: family.files)


def is_dvclive(file: Path) -> bool:
    """Whether a table is one of DVCLive's, whatever its metric: `plots/metrics/**.tsv`."""
    parts = file.parts
    return suffix(file.name) == ".tsv" and "plots" in parts and "metrics" in parts[parts.index("plots") :]


def _belong(kind: str, group: Sequence[Path]) -> bool:
    """Whether files of one kin are one run: each of a split of its own, and folders only with one of the training."""
    if kind == "splits":
        return len({_split_of(file) for file in group}) == len(group)
    return kind != "folders" or any(file.parent.name.lower() in ("train", "training") for file in group)


def _kin(file: Path, names: list[str]) -> tuple[str, Path, str]:
    """What a file belongs to: the kind of family, its folder, and what tells families of one folder apart."""
    stem = file.name.split(".")[0]
    folder = file.parent
    parts = file.parts
    if is_dvclive(file):
        return "dvclive", Path(*parts[: parts.index("plots")]), ""
    if len(names) == 2 and names[0] == "step" and _plain(names[1]) == _plain(stem):
        return "monitor", folder, ""
    if not names and not suffix(file.name):  # `loss.txt`, `psnr.txt`: columns of numbers
        return "bare", folder, str(lines_of(file))
    if found := _BOARD.fullmatch(stem):
        return "board", folder, found["run"]
    if folder.name == "vis_data" and file.suffix == ".json":
        return "copies", folder, ""
    if VERSION.fullmatch(folder.name):
        return "versions", folder.parent, file.name
    if SPLIT.search(stem):
        return "splits", folder, SPLIT.sub("*", stem.lower()) + suffix(file.name) + str(len(names) > 0)
    if SPLIT.fullmatch(folder.name):
        return "folders", folder.parent, file.name
    return "", folder, str(file)


def name_in(file: Path, root: Path, series: str, only: bool) -> str:
    """The name of a series of one of several files: the metric that the file is named for, or its split before the
    name.

    Parameters
    ----------
    file, root : Path
        The file, and the folder by which its run is named.
    series : str
        As the file itself names it.
    only : bool
        True if the file holds no other.
    """
    stem = file.name.split(".")[0]
    if found := _BOARD.fullmatch(stem):
        return found["tag"] if only else f"{found['tag']}/{series}"
    if "plots" in file.parts:
        inside = file.parts[len(root.parts) :]
        below = "/".join(inside[inside.index("metrics") + 1 : -1]) if "metrics" in inside else ""
        return f"{below}/{series}" if below else series
    split = SPLIT.search(stem) or (SPLIT.fullmatch(file.parent.name) if file.parent.parent == root else None)
    if split and not SPLIT.search(series) and _plain(series) != _plain(stem):
        return f"{split[1].lower().replace('learn', 'train')}/{series}"
    if _plain(series) == _plain(stem) and series.startswith(
        "Train_Samples_"
    ):  # `/` of DeepSpeed's names, written as `_`
        return series.replace("Train_Samples_", "Train/Samples/", 1)
    return series


def _split_of(file: Path) -> str:
    found = SPLIT.search(file.name)
    return found[1].lower() if found else ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
