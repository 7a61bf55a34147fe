"""From what the user wrote after `--reference` to a `Reference`."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from runlens.comparison.training import training_of
from runlens.errors import ConfigError, NoRunFound, NotALog
from runlens.model import Reference
from runlens.references.build import build
from runlens.references.combine import combine
from runlens.references.shipped import load_shipped, shipped
from runlens.references.store import is_stored, loads
from runlens.references.table import is_score_folder, is_score_table, read_table


def load(spec: str, tokens_per_step: float | None = None) -> Reference:
    """The reference that a name stands for.

    Parameters
    ----------
    spec : str
        In this order: a stored reference, a table of scores, a dataset of scores on disk, anything else on disk that is
        a run, results of lm-evaluation-harness, lighteval and OLMES among them (a folder of several runs is a band); a
        shipped name such as `pythia-1.4b` or `pythia-1.4b@5-shot`; a run in any other form. What exists on
        disk is never taken for a name.
    tokens_per_step : float, optional
        Turns steps into tokens where the reference does not tell them.

    Raises
    ------
    NoRunFound
        Nothing is there; shipped names that are near are named.
    NotALog
        The file is there and is none of these.
    ConfigError
        A shipped name with a setting that it does not have, or a run without evals.
    """
    path = Path(spec).expanduser()
    try:
        there = bool(spec.strip()) and path.exists()
    except (OSError, ValueError):  # too long, or with a NUL in it: no path
        there = False
    if there and path.is_file():
        if is_stored(path):
            return loads(path.read_text("utf-8", errors="replace"), spec)
        if is_score_table(path):
            return read_table(path, tokens_per_step)
    if there and path.is_dir() and is_score_folder(path):
        return read_table(path, tokens_per_step)
    if not there:
        found = load_shipped(spec)
        if found is not None:
            return found
    return _from_runs(spec, tokens_per_step)


def _from_runs(spec: str, tokens_per_step: float | None) -> Reference:
    from runlens import roles, sources

    try:
        refs = sources.discover(spec)
    except NoRunFound as error:
        if Path(spec).expanduser().exists():
            raise NoRunFound(f"reference {spec!r}: {error}") from error
        near = difflib.get_close_matches(spec.partition("@")[0].lower(), shipped(), 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`runlens reference list` shows the shipped ones"
        raise NoRunFound(f"no reference {spec!r}: it is no file, no run and no shipped name; {hint}") from error
    except ConfigError as error:
        raise ConfigError(f"reference {spec!r}: {error}") from error
    parts, without, training = [], [], []
    for ref in refs:
        try:
            run = roles.resolve(sources.read(ref), {})
        except NotALog as error:
            if len(refs) == 1:
                raise
            without.append(f"{ref.id}: {error}")
            continue
        trained = training_of(run)
        if trained.curves:
            training.append(trained)
        try:
            parts.append(build(run, tokens_per_step))
        except ConfigError as error:
            without.append(str(error))
    name = "" if len(refs) == 1 else Path(spec).name
    if not parts and training:
        return Reference(name or training[0].name, "steps", (), source=spec, training=tuple(training))
    if not parts:
        raise ConfigError(without[0])
    found = replace(combine(parts, name), training=tuple(training))
    return replace(found, settings={**found.settings, "left out": without}) if without else found
