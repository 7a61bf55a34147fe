import pytest

from runlens.errors import ConfigError
from runlens.rules.evals.parts.require import parse_requirement


@pytest.mark.parametrize(
    ("text", "name", "sign", "bound", "relative", "at", "unit"),
    [
        ("hellaswag>=0.55@1T", "hellaswag", ">=", 0.55, False, 1e12, "tokens"),
        ("eval_loss<=2.3", "eval_loss", "<=", 2.3, False, None, "tokens"),
        ("mmlu>=ref-0.01", "mmlu", ">=", -0.01, True, None, "tokens"),
        ("mmlu > ref", "mmlu", ">", 0.0, True, None, "tokens"),
        ("arc_easy >= 55% @ 600B tokens", "arc_easy", ">=", 0.55, False, 6e11, "tokens"),
        ("val/loss<1e0@50k steps", "val/loss", "<", 1.0, False, 5e4, "steps"),
        ("eval/x>=0.7@10k", "eval/x", ">=", 0.7, False, 1e4, "steps"),
        ("eval/x>=0.7@999999", "eval/x", ">=", 0.7, False, 999_999.0, "steps"),
        ("eval/x>=0.7@1M", "eval/x", ">=", 0.7, False, 1e6, "tokens"),
        ("eval/x>=0.7@10k tokens", "eval/x", ">=", 0.7, False, 1e4, "tokens"),
        ("eval/a|b|5/acc>=.5@2000 steps", "eval/a|b|5/acc", ">=", 0.5, False, 2000.0, "steps"),
    ],
)
def test_a_requirement_is_read(text, name, sign, bound, relative, at, unit):
    found = parse_requirement(text)
    assert (found.name, found.sign, found.bound) == (name, sign, pytest.approx(bound))
    assert (found.relative, found.at, found.unit) == (relative, at, unit)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hellaswag", "has no comparison"),
        ("hellaswag=0.5", "has no comparison"),
        ("hellaswag=>0.5", "has no comparison"),
        ("hellaswag==0.5", "has no comparison"),
        (">=0.5", "has no comparison"),
        ("hellaswag>=half", "'half' is no number and no ref"),
        ("hellaswag>=ref*2", "no number and no ref"),
        ("hellaswag>=ref--0.01", "no number and no ref"),
        ("hellaswag>=ref-+0.01", "no number and no ref"),
        ("hellaswag>=0.5>=0.4", "no number and no ref"),
        ("hellaswag>=0.5@soon", "'soon' is no number of tokens or steps"),
        ("hellaswag>=0.5@1Q", "'1Q' is no number of tokens or steps"),
    ],
)
def test_a_typing_error_is_told_with_an_example(text, why):
    with pytest.raises(ConfigError, match="write it as") as error:
        parse_requirement(text)
    assert why in str(error.value) and error.value.exit_code == 2


def test_per_cent_of_a_reference_are_points_of_a_score_and_a_share_of_a_loss():
    assert parse_requirement("mmlu>=ref-1%").beside(0.4, "up") == pytest.approx(0.39)
    assert parse_requirement("eval_loss<=ref+1%").beside(2.0, "down") == pytest.approx(2.02)
    assert parse_requirement("eval_loss<=ref+0.01").beside(2.0, "down") == pytest.approx(2.01)


def test_fractions_and_per_cent_are_not_mixed():
    assert "write 55% or 0.55" in parse_requirement("hellaswag>=55").clash(0.5, "up")
    assert "without %" in parse_requirement("mt_bench>=55%").clash(6.2, "up")
    assert parse_requirement("hellaswag>=55%").clash(0.5, "up") == ""
    assert parse_requirement("eval_loss<=3").clash(0.9, "down") == ""
