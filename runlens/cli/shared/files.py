"""`--show-files`: which files make which run, and which looked like logs and are in none."""

from __future__ import annotations

from runlens.cli.shared.printing import plain
from runlens.config import load
from runlens.judging.request import Request, found
from runlens.sources.local import BROKEN, REFUSED


def listed(request: Request) -> str:
    """A block a run, then what was not read; nothing is judged.

    Raises
    ------
    NoRunFound
        If a name stands for nothing.
    """
    lines = []
    search = request.searching()
    for ref in found(request, load(request.config_path), request.names, search):
        unreadable = {BROKEN: f" (not read: {ref.member})", REFUSED: " (no permission to look into it)"}
        form = ref.source if ref.source not in unreadable else "?"
        lines.append(f"{plain(ref.id)}  {form}{plain(unreadable.get(ref.source, ''))}")
        lines += [f"  {plain(file)}" for file in ref.shown_files]
    if search.unread:
        lines += ["", "not read, though it looks like a log:"]
        lines += [f"  {plain(one.path)}  ({plain(one.reason)})" for one in search.unread]
    lines += [f"\n{plain(note)}" for note in search.notes]
    return "\n".join(lines) + "\n"
