import re

import pytest

from runlens.model.words import percent, role_words, some
from runlens.roles import ROLES


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.61, "61 %"),
        (0.61049, "61 %"),
        (0.0995, "10 %"),
        (0.0994, "9.9 %"),
        (0.06, "6 %"),
        (0.0061, "0.61 %"),
        (0.0001, "0.01 %"),
        (3e-6, "less than 0.01 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (12.5, "1,250 %"),
        (-0.25, "-25 %"),
    ],
)
def test_a_share_has_one_spelling(share, said):
    assert percent(share) == said


def test_an_increase_is_signed_where_a_change_is_told():
    assert (percent(0.5, signed=True), percent(-0.5, signed=True)) == ("+50 %", "-50 %")


def test_roles_in_words_keep_their_capitals():
    assert [role_words(r) for r in ("gpu_errors", "mfu", "train_loss")] == ["GPU errors", "MFU", "train loss"]
    assert not [r for r in ROLES if re.search(r"_|\bgpu\b", role_words(r))]


@pytest.mark.parametrize(
    ("names", "said"), [("", ""), ("ab", "a, b"), ("abc", "a, b, c"), ("abcde", "a, b, c and 2 more")]
)
def test_of_many_names_the_first_are_told_and_the_rest_is_counted(names, said):
    assert some(names) == said
