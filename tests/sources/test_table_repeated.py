"""Keys that stand twice in one JSON object: the last value is read, as parsers do, and the others are counted."""

from __future__ import annotations

import json

import pytest

from runlens.sources import discover, read

TWICE = '{"step": %d, "loss": 9.0, "loss": 2.5}'


def of(path, text):
    path.write_text(text)
    return read(discover(str(path))[0])


@pytest.mark.parametrize("spaces", ["%s: %s", "%s:%s", "%s : %s", "%s\t:%s"])
def test_keys_twice_are_told(spaces, tmp_path):
    rows = [TWICE % i if i % 4 == 0 else f'{{"step": {i}, "loss": 2.5}}' for i in range(20)]
    text = "\n".join(row.replace('": ', '"|').replace("|", spaces[2:-2]) for row in rows) + "\n"
    run = of(tmp_path / "a.jsonl", text)
    assert run.series["loss"].value.tolist() == [2.5] * 20
    (note,) = run.notes
    assert (note.series, note.records, note.share) == ("loss", 5, 0.2)
    assert "5 cells of 'loss'" in note.message and "stands again in the same object" in note.message


@pytest.mark.parametrize(
    "row", ['{"step": %d, "loss": 2.5, "at": "10:20"}', '{"step": %d, "loss": 2.5, "m": {"a": 1}}']
)
def test_colons_and_objects_within_are_no_keys_twice(row, tmp_path):
    assert of(tmp_path / "a.jsonl", "".join(row % i + "\n" for i in range(9))).notes == ()


def test_keys_twice_within_are_told(tmp_path):
    run = of(tmp_path / "a.jsonl", "".join(f'{{"step": {i}, "loss": 1, "m": {{"a": 1, "a": 2}}}}\n' for i in range(9)))
    (note,) = run.notes
    assert (note.records, note.series) == (9, "") and "9 values of the key 'a'" in note.message


def test_keys_twice_in_a_document_are_told(tmp_path):
    run = of(tmp_path / "a.json", "[" + ",".join(TWICE % i for i in range(9)) + "]")
    assert [(note.series, note.records) for note in run.notes] == [("loss", 9)]


def test_keys_twice_in_a_long_log_are_told(tmp_path):
    rows = [json.dumps({"step": i, "loss": 2.5, "note": "x" * 200}) for i in range(12_000)]
    rows[7000] = TWICE % 7000
    run = of(tmp_path / "a.jsonl", "\n".join(rows) + "\n")
    assert [(note.series, note.records) for note in run.notes] == [("loss", 1)]
