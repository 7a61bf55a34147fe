"""The gate over nights: each way in which a night was green by mistake is red or undecided."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import runlens
from runlens.errors import ConfigError, NoRunFound, NotWritten
from runlens.judging.nights import ledger
from runlens.judging.nights.ledger import accepted
from tests.synthetic.nights import EVALS, Night, nights

POINTS = 120
BEFORE = 8
TONIGHT = BEFORE + 1


def night(number=TONIGHT, **faults):
    return Night(number, points=POINTS, seed=7, **faults)


def written(folder: Path, one: Night, name: str = "") -> Path:
    path = folder / f"{name or one.name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in one.rows()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A folder of healthy nights, and what was recorded of them one after another."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "nights").mkdir()
    record = folder / "nights.jsonl"
    for one in nights(BEFORE, points=POINTS, seed=7):
        report = runlens.check(written(folder / "nights", one), nights=record)
        assert report.passed, report
    return folder


@pytest.fixture
def record(house, tmp_path):
    return Path(shutil.copy(house / "nights.jsonl", tmp_path / "nights.jsonl"))


def measures(report):
    return {f.evidence["what"] for f in report.findings if f.code.startswith("TREND") and f.severity != "info"}


def test_a_healthy_night_is_green_and_says_what_it_was_held_against(record, tmp_path):
    report = runlens.check(written(tmp_path, night()), nights=record)
    assert report.passed, report
    against = report.runs[0].held_against
    assert against.nights == tuple(f"night-{n:03d}" for n in range(2, TONIGHT)) and against.known == BEFORE
    told = {one.what for one in against.compared}
    assert {"speed", "duration", "length", "tokens", "memory", "temperature", "train_loss", "grad_norm", *EVALS} <= told
    assert not any(one.unlike for one in against.compared) and not against.not_compared


TRAPS = {
    "cut at step 12": ({"cut": 12 / POINTS}, "length"),
    "cut at half": ({"cut": 0.5}, "length"),
    "evals 3 points lower, tokens not logged": ({"scores": -0.03, "tokens": False}, "mean of all scores"),
    "no evals": ({"evals": ()}, "evals"),
    "training loss 5 % worse": ({"loss": 1.05}, "train_loss"),
    "gradient norm three times as high": ({"norm": 3.0}, "grad_norm"),
    "2 % slower": ({"speed": 0.975}, "speed"),
    "more memory": ({"memory": 1.12}, "memory"),
    "hotter": ({"heat": 9.0}, "temperature"),
    "two hours of standing still": ({"pause": 2.0}, "duration"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_a_night_that_was_green_by_mistake_is_red(record, tmp_path, name):
    faults, what = TRAPS[name]
    report = runlens.check(written(tmp_path, night(**faults)), nights=record)
    assert report.verdict == "fail" and report.exit_code == 1
    assert what in measures(report)
    assert ledger.read(record)[-1].verdict == "fail"


def test_the_second_night_of_the_same_fault_is_red_too(record, tmp_path):
    for number in (TONIGHT, TONIGHT + 1, TONIGHT + 2):
        report = runlens.check(written(tmp_path, night(number, loss=1.05)), nights=record)
        assert report.verdict == "fail" and "train_loss" in measures(report)
        assert f"night-{TONIGHT:03d}" not in report.runs[0].held_against.nights


def test_without_a_record_the_nights_before_are_judged_as_they_would_have_been(house, tmp_path):
    folder = Path(shutil.copytree(house / "nights", tmp_path / "nights"))
    written(folder, night(loss=1.05))
    report = runlens.check(written(tmp_path, night(TONIGHT + 1, loss=1.05)), baseline_runs=folder)
    assert report.verdict == "fail" and "train_loss" in measures(report)
    assert f"night-{TONIGHT:03d}" not in report.runs[0].held_against.nights


def test_one_per_cent_slower_every_night_is_found_within_three(record, tmp_path):
    found = []
    for n in range(1, 11):
        report = runlens.check(written(tmp_path, night(BEFORE + n, speed=0.99**n)), nights=record)
        found.append(report.verdict == "fail" and "speed" in measures(report))
    assert found.index(True) < 3 and all(found[3:])


def test_half_a_per_cent_every_night_is_told_as_a_trend(record, tmp_path):
    said = set()
    for n in range(1, 8):
        report = runlens.check(written(tmp_path, night(BEFORE + n, speed=0.996**n)), nights=record)
        said |= {f.code for f in report.findings if f.severity == "error"}
    assert "TREND001" in said


@pytest.mark.parametrize("state", ("crashed", "failed", "killed"))
def test_a_run_that_its_source_calls_crashed_is_red(record, tmp_path, state):
    from runlens.judging.one import Settings, judge_run
    from runlens.rules.log.bad_end import BadEnd

    run = replace(night().run(), state="crashed")  # what every source calls all three
    report = judge_run(run, Settings((BadEnd(),)))
    assert report.verdict == "fail"


@pytest.mark.parametrize(
    ("lacking", "name"),
    [(("tokens_per_second", "tokens", "time"), "speed"), (("gpu/memory_gb",), "memory"), (("grad_norm",), "grad_norm")],
)
def test_what_could_not_be_compared_leaves_the_night_undecided_unless_it_is_allowed(record, tmp_path, lacking, name):
    path = written(tmp_path, night(lacking=lacking))
    report = runlens.check(path, nights=record)
    assert report.exit_code == 3
    (skip,) = [s for s in report.runs[0].skips if s.kind == "not-comparable" and s.code == "TREND002"]
    assert name in skip.lacking
    assert ledger.read(record)[-1].verdict == "undecided"
    allowed = json.dumps(list(skip.lacking))
    (tmp_path / "runlens.toml").write_text(f"[rules.TREND002]\nmay_lack = {allowed}\n")
    report = runlens.check(path, nights=record, config=tmp_path / "runlens.toml")
    assert report.passed, report


def test_an_eval_that_did_not_come_is_never_green(record, tmp_path):
    report = runlens.check(written(tmp_path, night(evals=EVALS[:-1])), nights=record)
    assert report.exit_code == 3 and "evals" in measures(report)


def test_a_night_that_failed_is_no_baseline_until_a_person_accepts_it(record, tmp_path):
    slower = night(speed=0.95)
    assert runlens.check(written(tmp_path, slower), nights=record).verdict == "fail"
    assert runlens.check(written(tmp_path, night(TONIGHT + 1, speed=0.95)), nights=record).verdict == "fail"
    records, one = accepted(ledger.read(record), slower.name, "new driver, wanted", "2026-11-30")
    assert one.good and one.reason == "new driver, wanted"
    ledger.write(record, records)
    report = runlens.check(written(tmp_path, night(TONIGHT + 2, speed=0.95)), nights=record)
    assert report.passed, report
    assert slower.name in report.runs[0].held_against.nights
    back = runlens.check(written(tmp_path, night(TONIGHT + 3, speed=0.90)), nights=record)
    assert "speed" in measures(back)


def test_a_reason_is_asked_for_and_a_night_that_is_not_there_is_named(record):
    records = ledger.read(record)
    with pytest.raises(ConfigError, match="reason"):
        accepted(records, "night-003", " ", "2026-11-30")
    with pytest.raises(ConfigError, match="night-003"):
        accepted(records, "night-00", "because", "2026-11-30")


def test_a_night_judged_twice_is_one_and_is_not_held_against_itself(record, tmp_path):
    path = written(tmp_path, night())
    for _ in range(2):
        report = runlens.check(path, nights=record)
        assert report.passed and night().name not in report.runs[0].held_against.nights
    assert [r.night for r in ledger.read(record)].count(night().name) == 1


def test_nights_under_one_name_are_told_apart(tmp_path):
    record = tmp_path / "nights.jsonl"
    for number in (1, 2, 3):
        runlens.check(written(tmp_path, night(number), "tonight"), nights=record)
    kept = ledger.read(record)
    assert [r.night for r in kept] == ["tonight"] * 3 and len({r.key for r in kept}) == 3
    with pytest.raises(ConfigError, match="key"):
        accepted(kept, "tonight", "why not", "2026-11-30")
    assert accepted(kept, kept[1].key, "why not", "2026-11-30")[1].key == kept[1].key


def test_the_first_night_is_held_against_none_and_is_recorded(tmp_path):
    report = runlens.check(written(tmp_path, night(1)), nights=tmp_path / "new" / "nights.jsonl")
    assert report.passed and report.runs[0].held_against is None
    (record,) = ledger.read(tmp_path / "new" / "nights.jsonl")
    assert record.verdict == "pass" and record.job == "night-*"


def test_another_job_is_not_held_against_these_nights(record, tmp_path):
    report = runlens.check(written(tmp_path, night(), "ablation-wide"), nights=record)
    assert report.passed and report.runs[0].held_against is None


def test_what_changed_since_the_last_good_night_is_shown(house, record, tmp_path):
    lines = record.read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    for one in kept:
        one["measured"]["config"] = {"optimizer.beta2": 0.95, "run_name": one["night"]}
    record.write_text("".join(json.dumps(one) + "\n" for one in kept))
    from runlens.judging.nights.held import held_against

    own = ledger.read(record)[-1].as_twin
    own = replace(own, config={"optimizer.beta2": 0.99, "run_name": "tonight"})
    (change,) = held_against(own, [r.as_twin for r in ledger.read(record)[:-1]], 7).changed
    assert (change.setting, change.before, change.tonight) == ("optimizer.beta2", "0.95", "0.99")


def test_a_record_that_is_none_is_refused_with_its_line(record, tmp_path):
    record.write_text(record.read_text() + '{"night": 1}\n')
    with pytest.raises(ConfigError, match=f"line {BEFORE + 1}"):
        runlens.check(written(tmp_path, night()), nights=record)


def test_a_record_is_written_as_reports_are(record, tmp_path, monkeypatch):
    """A link to it stays; a full disk leaves the old one, and no part of a new one."""
    (tmp_path / "link.jsonl").symlink_to(record)
    records = ledger.read(record)
    ledger.write(tmp_path / "link.jsonl", records[1:])
    assert (tmp_path / "link.jsonl").is_symlink() and len(ledger.read(record)) == BEFORE - 1

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(NotWritten, match="No space left"):
        ledger.write(record, records)
    assert {p.name for p in tmp_path.iterdir()} == {"link.jsonl", "nights.jsonl"}
    assert len(ledger.read(record)) == BEFORE - 1


def test_no_good_night_among_those_named_is_wrong_use(tmp_path):
    bad = written(tmp_path, night(1, nan_from=60))
    with pytest.raises(NoRunFound, match="none of the baseline runs"):
        runlens.check(written(tmp_path, night()), baseline_runs=bad)


def test_later_nights_are_no_baseline_of_an_earlier_one(house):
    report = runlens.check(house / "nights" / "night-004.jsonl", baseline_runs=house / "nights")
    assert report.runs[0].held_against.nights == ("night-001", "night-002", "night-003")


def test_the_commit_that_ci_checked_out_is_among_what_changed(record, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_SHA", "a" * 40)
    runlens.check(written(tmp_path, night()), nights=record)
    monkeypatch.setenv("GITHUB_SHA", "b" * 40)
    report = runlens.check(written(tmp_path, night(TONIGHT + 1, speed=0.9)), nights=record)
    changed = {one.setting: (one.before, one.tonight) for one in report.runs[0].held_against.changed}
    assert changed == {"ci.commit": ("a" * 40, "b" * 40)}
    assert "ci.commit" in report.render("markdown") and "ci.commit" in str(report.render("terminal"))


def test_a_verdict_on_record_counts_for_the_log_that_is_at_hand(house, tmp_path):
    """A night that passed when it was judged stays good, and one that failed bad, by whatever it is named."""
    folder = Path(shutil.copytree(house / "nights", tmp_path / "nights"))
    slow = written(folder, night(speed=0.9))
    record = Path(shutil.copy(house / "nights.jsonl", tmp_path / "record.jsonl"))
    assert not runlens.check(slow, nights=record).passed
    records, _ = accepted(ledger.read(record), slow.stem, "wanted", "2026-11-30")
    ledger.write(record, records)
    tonight = written(tmp_path, night(TONIGHT + 1, speed=0.9))
    assert runlens.check(tonight, nights=record, baseline_runs=folder).passed
    assert not runlens.check(tonight, baseline_runs=folder).passed
