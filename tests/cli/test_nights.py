"""`runlens nights`, and the flags that go with it, as a user types them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.cli.command import within
from tests.synthetic.nights import Night, nights

POINTS = 80


def write(folder, one, name=""):
    path = folder / f"{name or one.name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in one.rows()), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Seven healthy nights and a slow one, recorded."""
    folder = tmp_path_factory.mktemp("kept")
    for one in [*nights(7, points=POINTS, seed=2), Night(8, points=POINTS, seed=2, speed=0.93)]:
        done = within("check", write(folder, one), "--nights", "n.jsonl", "-f", "concise", cwd=folder)
        assert done.code == (1 if one.number == 8 else 0), done.out
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    (tmp_path / "n.jsonl").write_text((kept / "n.jsonl").read_text())
    return tmp_path


def test_the_nights_are_listed_with_their_verdicts_as_they_were(folder):
    done = within("nights", "list", "--nights", "n.jsonl", cwd=folder)
    assert done.code == 0 and "night-008" in done.out and "TREND002 (duration, speed" in done.out
    assert "7 of 8 nights count as good" in done.out
    told = within("nights", "list", "--nights", "n.jsonl", "-f", "json", "--last", "2", cwd=folder).json["nights"]
    assert [(r["night"], r["verdict"], r["good"]) for r in told] == [
        ("night-007", "pass", True), ("night-008", "fail", False)
    ]  # fmt: skip
    assert told[0]["held_against"][0] == "night-001" and "speed" in told[0]["compared"]


def test_a_night_is_accepted_with_a_reason_and_taken_back(folder):
    slow = write(folder, Night(9, points=POINTS, seed=2, speed=0.93))
    flags = ("--nights", "n.jsonl")
    assert within("check", slow, *flags, cwd=folder).code == 1
    assert within("nights", "accept", "night-008", "--reason", "", *flags, cwd=folder).code == 2
    done = within("nights", "accept", "night-008", "--reason", "driver 560", *flags, cwd=folder)
    assert done.code == 0 and "new normal: duration, speed" in done.err
    assert "accepted: driver 560" in within("nights", "list", *flags, cwd=folder).out
    assert within("check", slow, *flags, cwd=folder).code == 0
    assert within("nights", "revoke", "night-008", *flags, cwd=folder).code == 0
    assert within("nights", "revoke", "night-008", *flags, cwd=folder).code == 2
    assert within("check", slow, *flags, cwd=folder).code == 1


def test_the_trend_is_drawn_a_sign_a_night(folder):
    done = within("nights", "trend", "--nights", "n.jsonl", "--what", "speed", cwd=folder)
    assert done.code == 0 and "night-*" in done.out and "tokens/s" in done.out and "x" in done.out.splitlines()[-1]
    told = within("nights", "trend", "--nights", "n.jsonl", "-f", "json", cwd=folder).json["jobs"]["night-*"]
    speed = next(row for row in told if row["what"] == "speed")
    assert len(speed["nights"]) == 8 and speed["nights"][-1]["good"] is False
    wrong = within("nights", "trend", "--nights", "n.jsonl", "--what", "sped", cwd=folder)
    assert wrong.code == 2 and "speed" in wrong.err


def test_a_drift_is_said_in_the_trend(tmp_path):
    for one in nights(12, points=POINTS, seed=4):
        creeping = replace(one, speed=0.996 ** max(one.number - 4, 0))
        within("check", write(tmp_path, creeping), "--nights", "n.jsonl", "-q", cwd=tmp_path)
    for r in within("nights", "list", "--nights", "n.jsonl", "-f", "json", cwd=tmp_path).json["nights"]:
        if not r["good"]:
            within("nights", "accept", r["key"], "--reason", "to draw it", "--nights", "n.jsonl", cwd=tmp_path)
    assert "peak GPU memory" in within("nights", "trend", "--nights", "n.jsonl", cwd=tmp_path).out


def test_the_records_of_several_runners_are_merged(folder, tmp_path):
    lines = (folder / "n.jsonl").read_text().splitlines()
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:5]) + "\n")
    (tmp_path / "b.jsonl").write_text("\n".join(lines[3:]) + "\n")
    done = within("nights", "merge", "a.jsonl", "b.jsonl", "--nights", "all.jsonl", cwd=tmp_path)
    assert done.code == 0 and len((tmp_path / "all.jsonl").read_text().splitlines()) == 8
    assert within("nights", "merge", "gone.jsonl", "--nights", "all.jsonl", cwd=tmp_path).code == 2


def test_a_record_that_is_not_there_or_is_none_is_wrong_use(folder):
    done = within("nights", "list", "--nights", "gone.jsonl", cwd=folder)
    assert done.code == 2 and "--nights gone.jsonl" in done.err
    (folder / "n.jsonl").write_text("[]\n")
    done = within("nights", "list", "--nights", "n.jsonl", cwd=folder)
    assert done.code == 2 and "line 1" in done.err


def test_the_record_may_stand_in_the_settings(folder):
    (folder / "runlens.toml").write_text('nights = "n.jsonl"\n')
    assert "night-008" in within("nights", "list", cwd=folder).out
    within("check", write(folder, Night(9, points=POINTS, seed=2)), "-q", cwd=folder)
    assert "night-009" in within("nights", "list", cwd=folder).out


def test_known_findings_survive_the_new_id_of_each_night(tmp_path):
    def spiked(number):
        one = Night(number, points=400, seed=6)
        rows = one.rows()
        for i in range(200 + number, 203 + number):
            rows[i]["loss"] = float("nan")
        path = tmp_path / f"{one.name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    assert within("check", spiked(5), "--fail-on", "warning", cwd=tmp_path).code == 1
    done = within("baseline", spiked(5), "--reason", "bad shard 17", "-o", "known.json", cwd=tmp_path)
    assert done.code == 0 and "every night of night-*" in done.err
    for number in (6, 7):
        done = within("check", spiked(number), "--baseline", "known.json", "--fail-on", "warning", cwd=tmp_path)
        assert done.code == 0, done.out
    within("baseline", spiked(5), "--reason", "x", "--this-run", "-o", "one.json", cwd=tmp_path)
    assert within("check", spiked(6), "--baseline", "one.json", "--fail-on", "warning", cwd=tmp_path).code == 1
