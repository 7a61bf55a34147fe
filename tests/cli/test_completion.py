"""What the tab key gives: codes, families after a comma, formats, references."""

from __future__ import annotations

import pytest

from runlens.render import FORMATS
from tests.cli.command import within


def completed(*words: str) -> list[str]:
    """What bash is given for the last of the words."""
    env = {
        "_RUNLENS_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["runlens", *words]),
        "COMP_CWORD": str(len(words)),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    return within(env=env).out.split()


@pytest.mark.parametrize(
    ("words", "some", "none"),
    [
        (("check", "--select", "LOSS00"), {"LOSS001", "LOSS006"}, {"GRAD001"}),
        (("check", "--select", "LO"), {"LOSS", "LOG", "LOSS001"}, {"TPUT"}),
        (("check", "--ignore", "LOG003,TPU"), {"LOG003,TPUT", "LOG003,TPUT001"}, {"TPUT"}),
        (("check", "-f", "j"), {"json", "jsonl", "junit"}, {"html"}),
        (("check", "--report", "ju"), {"junit=runlens.xml"}, {"junit"}),
        (("check", "--reference", "pythia-1"), {"pythia-1b", "pythia-1.4b", "pythia-12b"}, {"tinyllama-1.1b"}),
        (("reference", "show", "luc"), {"lucie-7b"}, {"pythia-1b"}),
        (("rule", "EVAL"), {"EVAL001"}, {"LOSS001"}),
        (("rule", "loss-s"), {"loss-spike", "loss-shift"}, {"LOSS001"}),
        (("render", "r.json", "-f", "mark"), {"markdown"}, {"json"}),
        (("check", "--color", ""), {"auto", "always", "never"}, set()),
        (("ch",), {"check"}, {"show"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_tab_key_completes(words: tuple[str, ...], some: set[str], none: set[str]) -> None:
    told = set(completed(*words))
    assert some <= told and not none & told


def test_every_format_is_among_them() -> None:
    assert set(completed("check", "-f", "")) == set(FORMATS)
