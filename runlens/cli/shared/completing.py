"""What a shell completes: codes of rules, formats, references. Loaded by nothing but a press of the tab key.

`runlens --install-completion` writes what bash, zsh, fish or PowerShell needs.
"""

from __future__ import annotations


def codes(incomplete: str) -> list[tuple[str, str]]:
    """Codes of rules and their families, after the last comma of what is typed, each with what it says."""
    from runlens.rules import RULES
    from runlens.rules.page import summary

    before, _, last = incomplete.rpartition(",")
    head = f"{before}," if before else ""
    families = dict.fromkeys(rule.code.rstrip("0123456789") for rule in RULES)
    known = [(family, f"all of {family}") for family in families] + [(rule.code, summary(rule)) for rule in RULES]
    return [(head + code, said) for code, said in known if code.startswith(last.upper())]


def names_of_rules(incomplete: str) -> list[tuple[str, str]]:
    """Codes and names of rules, for `runlens rule`."""
    from runlens.rules import RULES
    from runlens.rules.page import summary

    found = [(rule.code, summary(rule)) for rule in RULES if rule.code.startswith(incomplete.upper())]
    return found or [(rule.name, summary(rule)) for rule in RULES if rule.name.startswith(incomplete.lower())]


def formats(incomplete: str) -> list[tuple[str, str]]:
    """Names of output formats."""
    from runlens.render import FORMATS

    return [(name, form.about) for name, form in FORMATS.items() if name.startswith(incomplete)]


def reports(incomplete: str) -> list[tuple[str, str]]:
    """`FORMAT=runlens.SUFFIX`, for `--report`."""
    from runlens.render import FORMATS

    return [(f"{n}=runlens{form.suffix}", form.about) for n, form in FORMATS.items() if n.startswith(incomplete)]


def references(incomplete: str) -> list[tuple[str, str]]:
    """Names of the references that ship; a path is the shell's own affair."""
    from runlens.references.shipped import shipped

    return [(name, "a reference that ships") for name in shipped() if name.startswith(incomplete)]
