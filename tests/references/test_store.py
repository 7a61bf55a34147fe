import json

import numpy as np
import pytest

from runlens.errors import NotALog
from runlens.model import Curve, Reference
from runlens.references import dumps, loads
from runlens.references.store import is_stored

AT = np.array([1e9, 2e9, 3e9])
REFERENCE = Reference(
    "mine",
    "tokens",
    (
        Curve("piqa", "acc", "0-shot", "up", AT, np.array([0.6, 0.65, 0.7]), np.array([0.01, np.nan, 0.01]), 1838),
        Curve("", "loss", "", "down", AT, np.array([3.0, 2.5, 2.25]), np.full(3, np.nan), 0, "val/löss"),
    ),
    2.0**21,
    "a run",
    "Apache-2.0",
    "Me 2026",
    {"members": ["a", "b"]},
)


def test_what_is_stored_reads_back():
    again = loads(dumps(REFERENCE), "mine.json")
    assert dumps(again) == dumps(REFERENCE)
    assert (again.name, again.axis, again.tokens_per_step, again.citation) == ("mine", "tokens", 2**21, "Me 2026")
    assert np.isnan(again.curves[0].stderr[1]) and again.curves[1].name == "val/löss"
    assert again.settings["members"] == ["a", "b"]


def test_people_can_read_it_one_curve_a_line():
    lines = dumps(REFERENCE).splitlines()
    assert sum('"task"' in line for line in lines) == 2
    assert json.loads(dumps(REFERENCE))["curves"][0]["at"] == [1000000000, 2000000000, 3000000000]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("runlens_reference"), "runlens reference build"),
        (lambda d: d.update(runlens_reference=2), "form 2"),
        (lambda d: d.update(axis="days"), "axis is 'days'"),
        (lambda d: d["curves"][0]["at"].pop(), "differ in length"),
        (lambda d: d["curves"][0]["at"].reverse(), "not finite and in order"),
        (lambda d: d["curves"][0].update(direction="sideways"), "sideways"),
        (lambda d: d.pop("curves"), "damaged"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(change, words):
    data = json.loads(dumps(REFERENCE))
    change(data)
    with pytest.raises(NotALog, match=words) as error:
        loads(json.dumps(data), "broken.json")
    assert "broken.json" in str(error.value)


def test_a_stored_file_is_known_by_its_first_key(tmp_path):
    (tmp_path / "a.json").write_text(dumps(REFERENCE))
    (tmp_path / "b.json").write_text('{"name": "x"}')
    assert is_stored(tmp_path / "a.json") and not is_stored(tmp_path / "b.json")
    assert not is_stored(tmp_path / "absent.json")
