"""Tables by hand: 48 kinds of damage in five forms, each with the truth of what stands in it.

None passes while a loss of it is missing, wrong or out of place and nothing says so.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.adversary.judge import held, written
from tests.fuzz.harness import Lost
from tests.fuzz.targets.tables import KINDS


@pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind, forms in KINDS.items() for form in forms])
def test_no_loss_is_hidden(kind, form, tmp_path):
    for case in range(2):
        folder = tmp_path / str(case)
        folder.mkdir()
        held(*written(Random(f"{kind} {form} {case}"), kind, form, folder))


def test_there_are_a_hundred_of_them():
    assert sum(map(len, KINDS.values())) >= 200 and len(KINDS) >= 40


def test_what_is_hidden_is_seen(tmp_path):
    made, path = written(Random(1), "a head again", "csv", tmp_path)
    held(made, path)
    made.truth["1.25"] = 3
    with pytest.raises(Lost, match="lost"):
        held(made, path)
    made.truth.pop(next(iter(made.truth)))
    with pytest.raises(Lost, match="made up"):
        held(made, path)
