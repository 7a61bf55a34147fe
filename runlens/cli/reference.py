"""`runlens reference build|list|show`: curves of evals at intermediate checkpoints, to compare runs with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runlens.cli.shared import completing
from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.model import Reference

app = typer.Typer(help="Build, list and show references for `compare` and `check --reference`.", no_args_is_help=True)

_FORMS = (
    "A run (TensorBoard, W&B), a folder of lm-evaluation-harness or lighteval results, a table with the columns tokens "
    "or step, task, metric, value [, stderr, n, setting], a stored reference, or a shipped name."
)
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of standard output.", show_default=False),
]


@app.command()
def build(
    specs: Annotated[list[str], typer.Argument(metavar="FROM...", help=_FORMS, show_default=False)],
    output: Output = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name of the reference.", show_default=False)
    ] = "",
    tokens_per_step: o.TokensPerStep = None,
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Where the figures come from.", show_default=False)
    ] = "",
    licence: Annotated[
        str, typer.Option("--licence", metavar="TEXT", help="Licence of the figures.", show_default=False)
    ] = "",
    citation: Annotated[str, typer.Option("--citation", metavar="TEXT", help="What to cite.", show_default=False)] = "",
    debug: o.Debug = False,
) -> None:
    """Write a reference as one small file. Several runs make a band, several single checkpoints one curve each task."""
    from dataclasses import replace

    from runlens.cli.shared.output import put
    from runlens.errors import ConfigError
    from runlens.files import spare
    from runlens.references import combine, dumps, load

    spare([output] if output is not None else [], specs)
    parts = [load(spec, tokens_per_step) for spec in specs]
    if bare := [part.name for part in parts if not part.curves]:
        raise ConfigError(f"{', '.join(bare)} logged no evals, and a stored reference holds nothing else")
    found = combine(parts, name)
    found = replace(
        found,
        source=source or found.source,
        licence=licence or found.licence,
        citation=citation or found.citation,
    )
    put(dumps(found), output)
    _told(found, output)


@app.command("list")
def list_(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER...]", help="Folders whose stored references are listed too.", show_default=False
        ),
    ] = None,
    format: o.PageOrJson = "terminal",
    output: Output = None,
    debug: o.Debug = False,
) -> None:
    """List the shipped references, and the stored ones of the given folders."""
    from runlens.cli.shared.output import put
    from runlens.references.shipped import DEFAULT_SETTING, OTHERS, builder, shipped, whole

    found = [(name, whole(name)) for name in shipped()]
    found += [pair for folder in folders or [] for pair in _stored(folder)]
    if format == "json":
        import json

        rows = [{"spec": spec, **_facts(reference)} for spec, reference in found]
        put(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", output)
        return
    from runlens.cli.shared.page import look
    from runlens.render.pages.reference import covered, listed

    hint = (
        "`runlens reference show NAME` lists the tasks.\n"
        f"NAME stands for NAME@{DEFAULT_SETTING} where its evals have several settings; NAME@5-shot\n"
        "asks for another.\n"
        "For tasks that none of them holds, build one from the public checkpoints of\n"
        f"{', '.join(OTHERS)} or your own, for each revision:\n{builder()}"
    )
    shown = look(output)
    references = [reference for _, reference in found]
    put(f"{listed(references, **shown)}\n{covered(references, **shown)}\n{hint}", output)


@app.command()
def show(
    spec: Annotated[
        str,
        typer.Argument(metavar="REFERENCE", help=_FORMS, show_default=False, autocompletion=completing.references),
    ],
    tokens_per_step: o.TokensPerStep = None,
    format: Annotated[
        Literal["terminal", "json", "csv"],
        typer.Option(
            "--format", "-f", metavar="FORMAT", help="terminal|json|csv; json is the stored form, csv a table."
        ),
    ] = "terminal",
    output: Output = None,
    debug: o.Debug = False,
) -> None:
    """Show a reference: where it comes from, and every curve with its range, items and values."""
    from runlens.cli.shared.output import put
    from runlens.references import load

    found = load(spec, tokens_per_step)
    if format == "json":
        from runlens.references import dumps

        put(dumps(found), output)
    elif format == "csv":
        from runlens.references.table import as_csv

        put(as_csv(found), output)
    else:
        from runlens.cli.shared.page import look
        from runlens.render.pages.reference import shown

        put(shown(found, **look(output)), output)


def _stored(folder: Path) -> list[tuple[str, Reference]]:
    """The stored references of a folder, by their paths.

    Raises
    ------
    NoRunFound
        If there is no such folder.
    """
    from runlens.errors import NoRunFound
    from runlens.references.store import is_stored, loads

    if not folder.is_dir():
        raise NoRunFound(f"there is no folder {folder}")
    return [(str(f), loads(f.read_text("utf-8"), str(f))) for f in sorted(folder.glob("*.json")) if is_stored(f)]


def _facts(reference: Reference) -> dict[str, object]:
    """What `list -f json` says of a reference."""
    ends = [float(v) for c in reference.curves if len(c.at) for v in (c.at[0], c.at[-1])]
    return {
        "name": reference.name,
        "axis": reference.axis,
        "range": [min(ends), max(ends)] if ends else None,
        "checkpoints": max((len(c.at) for c in reference.curves), default=0),
        "settings": sorted({c.setting for c in reference.curves if c.setting}),
        "tasks": sorted({c.task for c in reference.curves}),
        "coverage": [
            {"task": c.task, "metric": c.metric, "setting": c.setting, "range": [float(c.at[0]), float(c.at[-1])]}
            for c in reference.curves
            if len(c.at)
        ],
        "source": reference.source,
        "licence": reference.licence,
        "citation": reference.citation,
    }


def _told(found: Reference, output: Path | None) -> None:
    """One line on standard error about what was built, and a line for each thing that is not in it."""
    from runlens.cli.shared.printing import plain
    from runlens.model.words import some

    ends = [float(v) for c in found.curves if len(c.at) for v in (c.at[0], c.at[-1])]
    most = max((len(c.at) for c in found.curves), default=0)
    members = found.settings.get("members")
    # a band of models that are no twins of one another is no yardstick
    band = f", a band of {len(members)} members ({some(members)})" if isinstance(members, list) else ""
    where = f"wrote {output}: " if output else ""
    known = [end for end in ends if math.isfinite(end)]
    span = f"{min(known):,.0f} to {max(known):,.0f} {found.axis}" if known else "a model whose place nothing tells"
    typer.echo(
        plain(f"{where}{found.name}, {len(found.curves)} curves{band}, up to {most} checkpoints, {span}"),
        err=True,
    )
    left_out = found.settings.get("left out")
    for text in left_out if isinstance(left_out, list) else ():
        typer.echo(plain(f"left out: {text}"), err=True)
