"""The commands, each loaded when it is asked for: `runlens --help` and a typing error load none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "check": "Judge runs; the exit code is the gate.",
    "show": "What was logged, and which series plays which role.",
    "report": "Write the postmortem of a run: Markdown, HTML, figures.",
    "compare": "Lay a run's evals over a reference's checkpoints.",
    "reference": "Build, list and show reference curves.",
    "watch": "Follow a live run; alerts, and metrics for Prometheus.",
    "pull": "Fetch a W&B history into the cache or a file.",
    "render": "Any output again from a saved JSON report.",
    "rule": "The documentation of a rule, or the list of all.",
    "baseline": "Write the known findings, with a reason and a last day.",
    "nights": "The record of a nightly gate: list, accept, trend.",
    "config": "The settings in force, and where each comes from.",
    "cache": "Show or clear the cache of W&B histories.",
}
"""Name and line of help; the module of the same name holds the function, or an `app` with commands of its own."""


class SectionedCommand(TyperCommand):
    """A command whose help shows its options in sections, by their `rich_help_panel`."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the arguments and options, section by section in the order in which they first appear."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or plain, []).append(record)
        sections["Options"] = sections.pop("Options")  # what belongs to no section comes last; --help is always there
        wide = max(len(names) for records in sections.values() for names, _ in records)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl([(names.ljust(wide), said) for names, said in records])

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """`RUN...` in place of typer's `{RUN...}`."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Subcommands(TyperGroup):
    """A command with commands of its own, whose help shows their first paragraphs whole."""

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the names and what they do."""
        with formatter.section("Commands"):
            said = {name: command.help or "" for name, command in self.commands.items()}
            formatter.write_dl([(name, " ".join(text.split("\n\n")[0].split())) for name, text in said.items()])


class _Loaded(Mapping[str, Any]):
    """The commands by name; looking one up imports its module."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._known:
            module = import_module(f"runlens.cli.{name}")
            box = typer.Typer(rich_markup_mode=None)
            if hasattr(module, "app"):
                for command in module.app.registered_commands:
                    command.cls = SectionedCommand
                box.add_typer(module.app, name=name, cls=Subcommands)
            else:
                box.command(name, cls=SectionedCommand)(getattr(module, name))
            self._known[name] = typer.main.get_group(box).commands[name]
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded()  # type: ignore[assignment]

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
