"""What of a JSON document is no record is counted, however the records follow each other."""

from __future__ import annotations

import json

import pytest

from runlens.sources import table

OBJECTS = [json.dumps({"step": i, "loss": i / 8}, indent=1) for i in range(40)]


def read(tmp_path, text):
    path = tmp_path / "history.json"
    path.write_text(text)
    (ref,) = table.find(str(path))
    run = table.read(ref)
    return run.series["loss"].step.tolist(), [(note.kind, note.records) for note in run.notes]


@pytest.mark.parametrize("broken", [{20: "colon"}, {20: "cut", 30: "colon"}, {1: "cut", 2: "cut", 38: "cut"}])
def test_a_broken_object_costs_itself_and_is_told(broken, tmp_path):
    """All that followed it was dropped without a word."""
    breaks = {"colon": lambda text: text.replace(":", ";", 1), "cut": lambda text: text[:9]}
    text = "\n".join(breaks[broken[i]](one) if i in broken else one for i, one in enumerate(OBJECTS))
    steps, notes = read(tmp_path, text + "\n")
    assert steps == [i for i in range(40) if i not in broken]
    assert notes == [("damaged", len(broken))]


def test_the_torn_end_of_a_live_file_is_no_damage(tmp_path):
    whole = "\n".join(OBJECTS)
    assert read(tmp_path, f"{whole}\n{OBJECTS[0][:15]}") == (list(range(40)), [])
    assert read(tmp_path, f"{whole}\n{OBJECTS[0][:15]}\n") == (list(range(40)), [("damaged", 1)])
    assert read(tmp_path, f"{whole}\n") == (list(range(40)), [])


def test_entries_of_a_list_that_are_no_records_are_told(tmp_path):
    records = [{"step": i, "loss": i / 8} for i in range(40)]
    assert read(tmp_path, json.dumps([*records, 3, None, "x", [1]])) == (list(range(40)), [("damaged", 3)])
    assert read(tmp_path, json.dumps([*records, None])) == (list(range(40)), [])
    assert read(tmp_path, json.dumps({"history": [*records, 7]})) == (list(range(40)), [("damaged", 1)])


def test_words_under_a_key_without_a_name_are_no_lost_entries(tmp_path):
    records = [{"step": i, "loss": i / 8, "": f"note {i}"} for i in range(40)]
    assert read(tmp_path, json.dumps(records)) == (list(range(40)), [])


def test_a_list_that_was_cut_is_told(tmp_path):
    whole = json.dumps([{"step": i, "loss": i / 8} for i in range(40)])
    assert read(tmp_path, whole[: whole.rindex("{") + 9]) == (list(range(39)), [("truncated", 0)])
    assert read(tmp_path, whole[: whole.rindex("{") + 9] + "\n") == (list(range(39)), [("truncated", 0)])
