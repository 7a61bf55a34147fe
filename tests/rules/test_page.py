"""The pages of the rules: every setting once, with its default and what it means."""

import re
from dataclasses import dataclass

import pytest

from runlens.rules import RULES, base
from runlens.rules.base import Rule
from runlens.rules.page import markdown, page


@dataclass(frozen=True)
class Made(Rule):
    """A rule of this test.

    What it does
    ------------
    Nothing.

    Why it matters
    --------------
    It does not.

    What to do
    ----------
    Go on.

    Settings
    --------
    Both are shares.

    first : how much,
        or how little.
    second, third : float
        What two have in common.

    References
    ----------
    None.
    """

    code = "MADE001"
    name = "made"
    needs = ("train_loss|grad_norm",)

    first: float = 0.5
    second: float = 1.0
    third: float | None = None


def test_settings_are_one_line_each_whatever_style_they_were_written_in():
    text = markdown(Made)
    assert (
        "### Settings\n\nBoth are shares.\n\n"
        "- `first` = `0.5`: how much, or how little.\n"
        "- `second` = `1.0`: What two have in common.\n"
        "- `third` = `None`: What two have in common.\n\n### References" in text
    )
    assert "Needs: `train_loss` or `grad_norm`." in text
    assert "fixtures/rules/MADE001/bad.jsonl" in text


def test_a_missing_section_is_named():
    class Bare(Rule):
        """Only a line."""

        code = "BARE001"

    with pytest.raises(ValueError, match=r"BARE001 has no section 'What it does'"):
        page(Bare)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_every_setting_has_a_meaning(rule):
    lines = re.findall(r"^- `(\w+)` = `.*`: ?(.*)$", markdown(rule), re.MULTILINE)
    assert [name for name, _ in lines] == [name for name, _ in page(rule).settings]
    assert [name for name, said in lines if not said] == []


@pytest.mark.parametrize(
    ("text", "metric", "begun"),
    [
        ("textchoice acc fell", "eval/textchoice/acc", "textchoice acc fell"),
        ("lm-eval/piqa fell", "lm-eval/piqa", "lm-eval/piqa fell"),
        ("loss spike at step 3", "train/loss", "Loss spike at step 3"),
        ("validation loss fell", "validation/loss", "Validation loss fell"),
        ("the gradient norm rose", "grad_norm", "The gradient norm rose"),
        ("rank 1 is slower", "step_time/rank_1", "Rank 1 is slower"),
        ("", "loss", ""),
    ],
)
def test_a_logged_name_begins_a_sentence_as_it_was_logged(text: str, metric: str, begun: str) -> None:
    assert base.begun(text, metric) == begun
