"""What the event files of one folder hold, read in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from runlens.errors import NoRunFound, NotALog, ReadError
from runlens.model import Series
from runlens.sources.tfevents import files, forms, writers
from runlens.sources.tfevents.decode import Decoder, Oddities
from runlens.sources.tfevents.frames import Damage, Frames


class Folder(NamedTuple):
    """What the files of one folder hold."""

    decoder: Decoder
    damage: list[Damage]
    """Of each file."""
    odds: list[Oddities]
    """Of each file."""
    total: int
    """Bytes of all files."""
    series: dict[str, Series]
    """By tag."""
    generations: list[list[int]]
    """Which files were written at once, by number."""


def read_folder(paths: Sequence[str]) -> Folder:
    """Everything in the files of one folder, in order.

    Raises
    ------
    NotALog, AccessRefused, ReadError
        They cannot be read, or hold bytes and not one sound record.
    """
    decoder = Decoder(forms.shared())
    damages: list[Damage] = []
    odds: list[Oddities] = []
    total = 0
    for path in paths:
        odds.append(Oddities())
        frames = read_file(path, decoder, odds[-1])
        damages.append(frames.damage)
        total += frames.size
    refuse_empty(paths, damages, odds)
    tagged = decoder.store.finish(len(decoder.tags))
    generations = writers.generations(tagged)
    found = series_of(decoder, lambda name, tag: writers.series_of(name, tag, tagged, generations))
    return Folder(decoder, damages, odds, total, found, generations)


def read_file(path: str, decoder: Decoder, odd: Oddities, base: int = 0) -> Frames:
    """Read a file from `base` on, where a record begins; returns its frames, exhausted.

    Raises
    ------
    NotALog, AccessRefused, ReadError
        It cannot be opened or read.
    """
    decoder.store.begin_file()
    try:
        with files.opened(path, base) as (stream, size):
            frames = Frames(stream, size, base=base)
            for segment in frames:
                decoder.read(segment, frames.damage, odd)
    except NoRunFound as error:  # it was there when the folder was listed
        raise ReadError(f"{error}; it was removed while the run was being read") from error
    return frames


def refuse_empty(paths: Sequence[str], damages: Sequence[Damage], odds: Sequence[Oddities]) -> None:
    """Refuse files that hold bytes and not one sound record.

    Raises
    ------
    NotALog
        They do.
    """
    if not any(odd.events for odd in odds) and any(damage.bytes for damage in damages):
        shown = paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
        raise NotALog(f"{shown} is no event file, or is damaged throughout: there is no sound record in it")


def series_of(decoder: Decoder, of: Callable[[str, int], list[Series]]) -> dict[str, Series]:
    """The scalar series by tag; `of` gives those of a tag by its name and number."""
    series: dict[str, Series] = {}
    for number, tag in enumerate(decoder.tags):
        # A single number under a histogram's or a text's tag is no scalar; only the plugin's name tells.
        if tag.plugin in (b"", b"scalars") or tag.simple:
            name = tag.name.decode("utf-8", "backslashreplace")
            while name in series:  # two tags that differ only in bytes that are no text
                name += "'"
            series |= {found.name: found for found in of(name, number)}
    return series
