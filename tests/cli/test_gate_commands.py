"""baseline, config, watch, rule and --baseline-runs, as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.command import within as runlens

RUNS = Path(__file__).parent.parent.parent / "fixtures" / "runs"


def write_run(path: Path, *, rate: float = 1000.0, nan_from: int | None = None, shift: float = 0.0) -> Path:
    """A quiet run with a loss, a rate and an eval loss, or one with a fault."""
    rows = []
    for i in range(600):
        row: dict[str, object] = {
            "step": i,
            "time": 1.7e9 + i,
            "loss": 2 + 6 / (1 + i / 20) + 0.01 * ((i * 7919) % 13 - 6) / 6 + shift,
            "tokens_per_second": rate * (1 + 0.004 * ((i * 104729) % 11 - 5) / 5),
            "tokens": (i + 1) * 1000,
        }
        if nan_from is not None and i >= nan_from:
            row["loss"] = float("nan")
        if i % 50 == 49:
            row["eval/loss"] = 2.05 + 6 / (1 + i / 20) + shift
        rows.append(json.dumps(row))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_known_finding_no_longer_fails_and_a_new_one_does(tmp_path):
    run = write_run(tmp_path / "run.jsonl", nan_from=500)
    known = tmp_path / "known.json"
    assert runlens("check", str(run)).code == 1
    written = runlens("baseline", str(run), "--reason", "bad shard 17", "--until", "2999-01-01", "-o", str(known))
    assert written.code == 0, written.err
    done = runlens("check", str(run), "--baseline", str(known), "--format", "json")
    assert done.code == 0
    assert {f["suppressed"] for f in done.json["runs"][0]["findings"] if f["severity"] == "error"} == {"bad shard 17"}
    again = runlens("baseline", str(run), "--reason", "again", "-o", str(known))
    assert "0 new known findings" in again.err
    clean = write_run(tmp_path / "run.jsonl")
    assert "was not found again" in runlens("check", str(clean), "--baseline", str(known)).err


def test_an_expired_baseline_is_said_and_does_not_count(tmp_path):
    run = write_run(tmp_path / "run.jsonl", nan_from=500)
    known = tmp_path / "known.json"
    written = runlens("baseline", str(run), "--reason", "bad shard", "--until", "2020-01-01", "-o", str(known))
    assert "2020-01-01, has passed already" in written.err
    done = runlens("check", str(run), "--baseline", str(known))
    assert done.code == 1 and "expired on 2020-01-01" in done.err
    count = known.read_text().count('"code"')
    renewed = runlens("baseline", str(run), "--reason", "bad shard", "-o", str(known))
    assert f"{count} new known finding" in renewed.err and "0 from before" in renewed.err


def test_the_configuration_is_found_and_shown(tmp_path):
    (tmp_path / "runlens.toml").write_text(
        'fail_on = "warning"\nignore = ["LOG"]\n[rules.TPUT001]\nseverity = "error"\n'
    )
    shown = runlens("config", "--format", "json", cwd=tmp_path)
    settings = shown.json["settings"]
    assert settings["fail_on"]["value"] == "warning" and settings["fail_on"]["origin"].endswith("runlens.toml")
    assert settings["select"]["origin"] == "default"
    assert settings["rules.TPUT001.severity"]["value"] == "error"
    assert "fail_on" in runlens("config", cwd=tmp_path).out
    schema = json.loads(runlens("config", "--schema").out)
    assert schema["additionalProperties"] is False and "fail_on" in schema["properties"]


def test_the_pages_of_the_rules():
    assert "loss-spike" in runlens("rule").out
    page = runlens("rule", "LOSS001").out
    assert "What it does" in page and "References" in page
    assert runlens("rule", "loss-spike", "--format", "markdown").out.startswith("## LOSS001 loss-spike")


def test_watch_says_each_incident_once_and_keeps_the_metrics(tmp_path):
    run = write_run(tmp_path / "run.jsonl", nan_from=500)
    metrics = tmp_path / "runlens.prom"
    done = runlens("watch", str(run), "--interval", "1", "--looks", "2", "--metrics", str(metrics))
    assert done.code == 1
    assert done.out.count("LOSS003") == 1
    assert metrics.read_text().rstrip().endswith("# EOF")


def test_tonight_is_held_against_the_last_good_nights(tmp_path):
    nights = tmp_path / "nights"
    nights.mkdir()
    for i, rate in enumerate((995.0, 1000.0, 1008.0)):
        write_run(nights / f"night-{i}.jsonl", rate=rate)
    write_run(nights / "broken.jsonl", nan_from=300)
    good = write_run(tmp_path / "good.jsonl", rate=1003.0)
    slow = write_run(tmp_path / "slow.jsonl", rate=900.0)
    done = runlens("check", str(good), "--baseline-runs", str(nights), "--fail-on", "warning")
    assert done.code == 0, done.out
    assert "broken" in done.err and "left out" in done.err
    done = runlens("check", str(slow), "--baseline-runs", str(nights), "--fail-on", "warning", "--format", "json")
    assert done.code == 1
    assert any(f["code"] == "TPUT003" for f in done.json["runs"][0]["findings"])
    shutil.rmtree(nights)
    assert runlens("check", str(good), "--baseline-runs", str(tmp_path / "good.jsonl")).code == 2


def test_an_eval_that_did_not_run_tonight_is_said(tmp_path):
    run = write_run(tmp_path / "run.jsonl")
    rows = [json.loads(line) for line in run.read_text().splitlines()]
    kept = [{k: v for k, v in row.items() if k != "eval/loss" or row["step"] < 250} for row in rows]
    run.write_text("".join(json.dumps(row) + "\n" for row in kept))
    done = runlens("check", str(run), "--fail-on", "warning", "--format", "json")
    assert done.code == 1
    assert [f["code"] for f in done.json["runs"][0]["findings"] if f["severity"] != "info"] == ["EVAL003"]


def test_a_band_of_the_user_counts_for_more_than_that_of_the_nights(tmp_path):
    night = write_run(tmp_path / "night.jsonl", rate=1000.0)
    slow = write_run(tmp_path / "slow.jsonl", rate=900.0)
    flags = ("check", str(slow), "--baseline-runs", str(night), "--select", "TPUT003", "--format", "json")
    assert [f["code"] for f in runlens(*flags, cwd=tmp_path).json["runs"][0]["findings"]] == ["TPUT003"]
    (tmp_path / "runlens.toml").write_text("[rules.TPUT003]\nband = [850, 950]\n")
    assert runlens(*flags, cwd=tmp_path).json["runs"][0]["findings"] == []
