"""The metrics file of a watch."""

from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from runlens.model import Report
from runlens.watching.gauges import KEPT, Gauges, in_full
from runlens.watching.life import Life, Lives
from tests.builders import report


def whole(*runs, asked=("logs",)):
    return Report("1", "2023-11-14T22:15:00Z", "fail", 1, runs, asked=asked)


def told(file):
    return [s for f in text_string_to_metric_families(file.read_text()) for s in f.samples]


def by_run(file):
    found = {}
    for s in told(file):
        found.setdefault(s.labels.get("run"), set()).add(s.name)
    return found


def lives_of(now, *runs, lives=None):
    lives = lives or Lives()
    lives.look(runs, now)
    return lives


def test_a_run_that_ends_leaves_and_its_end_is_told_for_a_day(tmp_path):
    now = [1000.0]
    gauges = Gauges(tmp_path / "m.prom", lambda: now[0])
    going, crashed = replace(report(run="a"), state="running"), replace(report(run="b"), state="running")
    lives = lives_of(1000.0, going, crashed)
    gauges.write(whole(going, crashed), lives)
    assert "runlens_run_step" in by_run(gauges.file)["b"]
    now[0] = 2000.0
    crashed = replace(crashed, state="crashed", verdict="fail")
    lives_of(2000.0, going, crashed, lives=lives)
    gauges.write(whole(going, crashed), lives)
    assert by_run(gauges.file)["b"] == {"runlens_run_ended_seconds"} and "runlens_run_step" in by_run(gauges.file)["a"]
    (end,) = [s for s in told(gauges.file) if s.name == "runlens_run_ended_seconds"]
    assert (end.value, end.labels["state"], end.labels["verdict"]) == (2000.0, "crashed", "fail")
    now[0] = 2000.0 + KEPT
    gauges.write(whole(going, crashed), lives)
    assert "b" in by_run(gauges.file)
    now[0] += 1
    gauges.write(whole(going, crashed), lives)
    assert "b" not in by_run(gauges.file) and "a" in by_run(gauges.file)


def test_a_run_that_is_gone_is_told_of_though_no_report_holds_it(tmp_path):
    gauges = Gauges(tmp_path / "m.prom", lambda: 9000.0)
    lives = lives_of(0.0, report(run="a"), report(run="b"))
    for look in range(1, 20):
        lives_of(100.0 * look, report(run="a"), lives=lives)
    gauges.write(whole(report(run="a")), lives)
    assert by_run(gauges.file)["b"] == {"runlens_run_ended_seconds"}
    (end,) = [s for s in told(gauges.file) if s.name == "runlens_run_ended_seconds"]
    assert end.labels["state"] == "gone"


def test_a_stalled_run_says_so(tmp_path):
    gauges = Gauges(tmp_path / "m.prom", lambda: 9000.0)
    lives = lives_of(0.0, report(run="a"))
    lives.runs["a"].life = Life.STALLED
    gauges.write(whole(report(run="a")), lives)
    (state,) = [s.labels["state"] for s in told(gauges.file) if s.name == "runlens_run_state" and s.value]
    assert state == "stalled"


def test_a_run_that_is_resumed_comes_back(tmp_path):
    gauges = Gauges(tmp_path / "m.prom", lambda: 1000.0)
    ended = replace(report(run="a"), state="crashed")
    lives = lives_of(0.0, ended)
    gauges.write(whole(ended), lives)
    assert by_run(gauges.file)["a"] == {"runlens_run_ended_seconds"}
    again = replace(report(run="a"), state="running")
    gauges.write(whole(again), lives_of(60.0, again, lives=lives))
    assert "runlens_run_step" in by_run(gauges.file)["a"]


def test_at_the_end_of_the_watch_no_gauge_stays_that_nobody_moves(tmp_path):
    gauges = Gauges(tmp_path / "m.prom", lambda: 1000.0)
    runs = (replace(report(run="a"), state="running"), replace(report(run="b"), state="finished"))
    gauges.write(whole(*runs), lives_of(0.0, *runs), over=True)
    assert by_run(gauges.file) == {"b": {"runlens_run_ended_seconds"}}


def test_two_watches_in_two_folders_share_no_series(tmp_path, monkeypatch):
    keys = []
    for name in ("a", "b"):
        folder = tmp_path / name
        (folder / "logs" / "run").mkdir(parents=True)
        monkeypatch.chdir(folder)
        gauges = Gauges(tmp_path / f"{name}.prom", lambda: 1000.0)
        gauges.write(whole(replace(report(run="run"), source="logs/run")), Lives())
        keys.append({(s.name, *sorted(s.labels.items())) for s in told(gauges.file)})
    assert keys[0] and not keys[0] & keys[1]


def test_addresses_stay_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    assert in_full("logs") == str(tmp_path / "logs")
    assert in_full("team/project/run") == "team/project/run"
    assert in_full("s3://bucket/logs") == "s3://bucket/logs"
