"""Lines of console logs whose numbers are none are counted, and nothing is made of them."""

from __future__ import annotations

import math

import pytest

from runlens import sources


def read(tmp_path, values, line="step {i} | loss: {v} | lr: 1.0e-04\n"):
    path = tmp_path / "train.log"
    path.write_text("".join(line.format(i=i, v=v) for i, v in enumerate(values)))
    (ref,) = sources.discover(str(path))
    return sources.read(ref)


def points(run, name="loss"):
    return dict(zip(run.series[name].step.tolist(), run.series[name].value.tolist(), strict=True))


@pytest.mark.parametrize("odd", ["8.3.376103", "2.5e3.1", "1e5e7"])
def test_two_numbers_in_one_are_no_nan(odd, tmp_path):
    """They were NaN, which is an error of its own (LOSS003) in a log that is merely damaged."""
    run = read(tmp_path, [odd if i in (3, 7) else f"{2 - i / 100:.2f}" for i in range(40)])
    assert points(run) == {i: float(f"{2 - i / 100:.2f}") for i in range(40) if i not in (3, 7)}
    lost = {note.series: (note.kind, note.records, note.share) for note in run.notes}
    assert lost == dict.fromkeys(("loss", "lr"), ("damaged", 2, 0.05))


def test_a_nan_that_was_printed_is_one(tmp_path):
    run = read(tmp_path, ["nan" if i == 5 else "2.5" for i in range(20)])
    assert math.isnan(points(run)[5])
    assert not run.notes


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234.0), ("-1,234", -1234.0), ("999,999.5", 999999.5), ("1,234,567", 1234567.0), ("1,23", None),
     ("1234,567", None), ("+1,234", 1234.0), ("0.5,250", None), ("1,2345", None), ("1,.25", None), ("1.,250", None)],
)  # fmt: skip
def test_thousands_are_groups_of_three(text, value, tmp_path):
    """Lines of one shape are read alike: one that holds a list among them is no number of thousands."""
    found = points(read(tmp_path, [text if i == 9 else f"2,{100 + i}.5" for i in range(20)]))
    assert found.get(9) == value
    assert [found[i] for i in range(9)] == [2100.5 + i for i in range(9)]


def test_a_share_of_nothing_is_no_infinity(tmp_path):
    run = read(tmp_path, [f"{i}/{0 if i == 4 else 40}" for i in range(40)], "step {i} | accuracy: {v} | loss: 2.5\n")
    (name,) = (name for name in run.series if "acc" in name)
    assert points(run, name) == {i: i / 40 for i in range(40) if i != 4}
    assert {note.records for note in run.notes if note.series == name} == {1}


@pytest.mark.parametrize(
    ("text", "value"), [("2,5", 2.5), ("5.8,947", None), ("2,.5", None), ("2,5e3", None), ("2.,5", None)]
)
def test_a_decimal_comma_stands_between_whole_numbers(text, value, tmp_path):
    """5.8,947 was 6.747 in a log whose other lines have a decimal comma."""
    found = points(
        read(tmp_path, [text if i == 9 else f"2,{50 + i}" for i in range(20)], "step {i} | loss: {v} | lr: 0,1\n")
    )
    assert found.get(9) == value and found[8] == 2.58


@pytest.mark.parametrize("line", ["[{i}] step={i} loss={v} lr=0.1\n", "step {i} | loss: {v} | lr: 1.0e-04\n"])
@pytest.mark.parametrize(
    ("odd", "first"), [("1,+16", 1.0), ("2.000,28", 2.0), ("8/.2.2", 8.0), ("1,1e5", 1.0), ("2e3,5", 2000.0)]
)
def test_numbers_that_run_into_each_other_are_no_third_one(odd, first, line, tmp_path):
    """The first of them may be what is meant, as in a list; of `1,+16` once 1016 was made."""
    run = read(tmp_path, [odd if i % 7 == 3 else f"{2 - i / 100:.2f}" for i in range(40)], line)
    found = points(run)
    assert {found.pop(i, first) for i in range(3, 40, 7)} == {first}
    assert found == {i: float(f"{2 - i / 100:.2f}") for i in range(40) if i % 7 != 3}


@pytest.mark.parametrize(("text", "value"), [("1,7", 1.7), ("-0,35", -0.35), ("47,8365", 47.8365)])
def test_a_decimal_comma_is_read_to_the_last_bit(text, value, tmp_path):
    assert points(read(tmp_path, [text] * 20)) == dict.fromkeys(range(20), value)
