"""The page of a rule: its docstring, with the settings and their defaults."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap

from runlens.rules.base import AnyRule

DOCS = "docs/rules.md"
"""Where the pages of the rules stand: a path in this project's repository, which has no address of its own yet."""
TYPES = frozenset({"float", "int", "bool", "str", "tuple", "list", "None", "Severity"})
HEADINGS = ("What it does", "Why it matters", "What to do", "Settings", "References")


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A rule as its documentation tells it."""

    code: str
    name: str
    summary: str
    needs: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    """(heading, text) in the order of `HEADINGS`."""
    settings: tuple[tuple[str, str], ...]
    """(setting, default) of every field."""


def page(rule: type[AnyRule]) -> Page:
    """Take a rule's docstring apart.

    Raises
    ------
    ValueError
        If it lacks one of the headings.
    """
    lines = (inspect.getdoc(rule) or "").splitlines()
    starts = {line.strip(): i for i, line in enumerate(lines) if line.strip() in HEADINGS}
    missing = [heading for heading in HEADINGS if heading not in starts]
    if missing:
        raise ValueError(f"the docstring of {rule.code} has no section {missing[0]!r}")
    order = sorted(starts.items(), key=lambda item: item[1])
    ends = [start for _, start in order[1:]] + [len(lines)]
    sections = []
    for (heading, start), end in zip(order, ends, strict=True):
        body = lines[start + 1 : end]
        if body and body[0] and not body[0].strip("-= "):
            body = body[1:]
        sections.append((heading, textwrap.dedent("\n".join(body)).strip()))
    settings = tuple((f.name, _default(f)) for f in dataclasses.fields(rule))
    return Page(rule.code, rule.name, summary(rule), rule.needs, tuple(sections), settings)


def summary(rule: type[AnyRule]) -> str:
    """What a rule says, in one sentence: the first paragraph of its docstring."""
    return " ".join((inspect.getdoc(rule) or "").partition("\n\n")[0].split())


def docs_url(rule: type[AnyRule]) -> str:
    """Where the page of a rule stands: `docs/rules.md#loss001-loss-spike`, with the anchor that forges give."""
    return f"{DOCS}#{rule.code.lower()}-{rule.name}"


def markdown(rule: type[AnyRule]) -> str:
    """The page of a rule as Markdown."""
    about = page(rule)
    needs = ", ".join(f"`{need.replace('|', '` or `')}`" for need in about.needs) or "nothing in particular"
    parts = [f"## {about.code} {about.name}", about.summary, f"Needs: {needs}."]
    for heading, text in about.sections:
        body = _settings(about, text) if heading == "Settings" else text
        parts += [f"### {heading}", body or "None."]
    runs = f"fixtures/rules/{about.code}"
    parts.append(f"Examples: the run `{runs}/bad.jsonl` shows it, `{runs}/good.jsonl` looks alike and is quiet.")
    return "\n\n".join(parts) + "\n"


def _settings(about: Page, text: str) -> str:
    """One line a setting: name, default, meaning; what the section says besides stands as it is."""
    meanings: dict[str, list[str]] = {}
    rest: list[str] = []
    names = {name for name, _ in about.settings}
    into = rest
    for line in text.splitlines():
        head, colon, said = line.partition(" : ")
        if colon and names.issuperset(head.split(", ")):
            into = [] if _is_type(said) else [said]
            meanings |= dict.fromkeys(head.split(", "), into)
        else:
            into = into if line.startswith(" ") else rest
            into.append(line.strip())
    lines = [f"- `{name}` = `{default}`: {' '.join(meanings.get(name, []))}" for name, default in about.settings]
    return "\n\n".join(part for part in ("\n".join(rest).strip(), "\n".join(lines)) if part)


def _is_type(text: str) -> bool:
    """Whether what stands behind the colon is a type, as numpydoc has it, and the meaning is below."""
    first = text.split(",")[0].split("[")[0].split(" |")[0].lstrip("(")
    return first in TYPES and not text.endswith(".")


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return repr(field.default_factory())
    return "required"
