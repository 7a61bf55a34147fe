"""`runlens rule [CODE]`: the documentation of a rule, or the list of all."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from runlens.cli.shared import completing


def rule(
    code: Annotated[
        str | None,
        typer.Argument(
            help="Code or name of a rule, such as LOSS001.",
            show_default=False,
            autocompletion=completing.names_of_rules,
        ),
    ] = None,
    format: Annotated[
        Literal["terminal", "markdown"], typer.Option("--format", "-f", metavar="FORMAT", help="terminal|markdown.")
    ] = "terminal",
    every: Annotated[bool, typer.Option("--all", help="The pages of all rules.")] = False,
) -> None:
    """Print what a rule does, why it matters, what to do and how to set it; without a code, list the rules."""
    from runlens.cli.shared.output import echo
    from runlens.rules import RULES
    from runlens.rules.page import markdown, page
    from runlens.rules.select import check_codes

    if code is None and not every:
        rows = [(r.code, r.name, page(r).summary) for r in RULES]
        if format == "markdown":
            echo(
                "\n".join(
                    [
                        "| code | name | what it says |",
                        "| --- | --- | --- |",
                        *(f"| {c} | {n} | {s} |" for c, n, s in rows),
                    ]
                )
            )
        else:
            wide = max(len(name) for _, name, _ in rows)
            echo("\n".join(f"{c:8} {n:{wide}}  {s}" for c, n, s in rows))
        return
    wanted = RULES if code is None else [r for r in RULES if r.code.startswith(check_codes([code])[0])]
    text = "\n".join(markdown(r) for r in wanted)
    if format == "markdown":
        echo(text)
        return
    import io

    from rich.console import Console
    from rich.markdown import Markdown

    from runlens.cli.shared.page import look
    from runlens.render.text import ascii_only

    form = look(None)
    console = Console(
        file=io.StringIO(),
        width=form["width"] or 100,
        force_terminal=form["color"],
        highlight=False,
        safe_box=not form["unicode"],
    )
    with console.capture() as captured:
        console.print(Markdown(text))
    shown = "\n".join(line.rstrip() for line in captured.get().splitlines())
    echo(shown if form["unicode"] else ascii_only(shown))
