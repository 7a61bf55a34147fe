"""A watch of real logs in a world whose clock is given."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import ConfigError, NoRunFound, NotWritten, SourceDown
from runlens.model import Report
from runlens.watching.gauges import Gauges
from tests.builders import finding, report
from tests.watching.world import START, Log, World

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def world():
    return World()


def test_a_run_that_stops_logging_is_stalled_and_one_that_goes_on_again_is_told(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    log.live(660, 3600)
    log.live(10_800, 12_000)
    code = world.watch(log.path, until=START + 12_000).run()
    (stalled,) = world.lines("LOG004")
    (back,) = world.lines(" going: ")
    assert "goes on again" in back and world.out.index(stalled) < world.out.index(back)
    assert code == 0


@pytest.mark.parametrize("skew", [-1e8, -7200.0, 7200.0])
def test_the_clock_of_the_log_is_not_that_of_the_watcher(world, tmp_path, skew):
    log = Log(tmp_path / "run.jsonl", world, skew=skew)
    log.upto(600)
    log.live(660, 7200)
    world.watch(log.path, until=START + 7200).run()
    assert world.lines("LOG004") == [] and world.lines("stalled") == []


def test_a_log_that_comes_late_in_batches_is_no_stall(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world, every=5.0)
    log.upto(1800)
    for batch in range(1, 20):
        world.at(900 * batch, lambda batch=batch: log.upto(900 * batch + 900))
    world.watch(log.path, until=START + 17_000).run()
    assert world.lines("LOG004") == [] and world.lines("stalled") == []


def test_a_log_without_times_that_stops_is_stalled_too(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world, timed=False)
    log.upto(600)
    log.live(660, 1800)
    code = world.watch(log.path, until=START + 7200).run()
    (stalled,) = world.lines(" stalled: ")
    assert "at step 179" in stalled and code == 5


def test_idle_runs_end_the_watch_of_a_folder(world, tmp_path):
    for name in ("a", "b"):
        log = Log(tmp_path / "logs" / name / "run.jsonl", world)
        log.upto(600)
    log.live(660, 3600)
    code = world.watch(tmp_path / "logs", idle=1800.0).run()
    assert [line.split()[1:4] for line in world.lines(" quiet: ")] == [
        ["a/run", "info", "quiet:"], ["b/run", "info", "quiet:"]
    ]  # fmt: skip
    assert code == 0 and 3600 + 1800 <= world.now - START < 3600 + 2000
    assert any("every run has ended" in text for text in world.err)


def test_one_run_that_is_deleted_is_gone_and_the_other_is_watched_on(world, tmp_path):
    logs = {name: Log(tmp_path / "logs" / name / "run.jsonl", world) for name in ("a", "b")}
    for log in logs.values():
        log.upto(600)
    logs["b"].live(660, 7200)
    world.at(1200, logs["a"].path.unlink)
    code = world.watch(tmp_path / "logs", until=START + 7200, metrics=tmp_path / "m.prom").run()
    (gone,) = world.lines(" gone: ")
    assert "its log is not there any more" in gone and code == 6
    assert 'state="gone"' in (tmp_path / "m.prom").read_text()


def test_a_single_run_that_is_deleted_ends_the_watch(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    world.at(1200, log.path.unlink)
    code = world.watch(log.path).run()
    assert code == 6 and world.now - START == pytest.approx(1800, abs=121)
    assert world.lines(" gone: ")


def test_a_file_system_that_is_away_for_a_moment_is_not_gone(world, tmp_path):
    log, away = Log(tmp_path / "run.jsonl", world), tmp_path / "away"
    log.upto(600)
    log.live(1800, 3600)
    world.at(1200, lambda: log.path.rename(away))
    world.at(1500, lambda: away.rename(log.path))
    code = world.watch(log.path, until=START + 3600).run()
    assert code == 0 and not world.lines(" gone: ")
    assert sum("this look failed, the watch goes on" in text for text in world.err) == 5


def test_there_is_a_start_line_a_sign_of_life_each_hour_and_a_summary(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    log.live(660, 3 * 3600)
    world.watch(log.path, until=START + 3 * 3600 + 100, metrics=tmp_path / "m.prom").run()
    first, *rest = world.err
    assert first.startswith("watching 1 run of ") and "every 60 s" in first and "m.prom" in first and " UTC" in first
    signs = [text for text in rest if text.startswith("still watching: 1 going")]
    assert len(signs) == 3 and "the furthest at step 1,0" in signs[-1]
    assert rest[-2].startswith("stopped after 183 looks in 3 h (the time given by --until has come): 1 going")
    assert rest[-2].endswith("exit code 0") and rest[-1].startswith("  run: going, steps 0–1,07")


def test_ctrl_c_and_sigterm_close_the_metrics(world, tmp_path):
    log, metrics = Log(tmp_path / "run.jsonl", world), tmp_path / "m.prom"
    log.upto(600)

    def interrupt():
        assert "runlens_run_step" in metrics.read_text()
        raise KeyboardInterrupt

    world.at(300, interrupt)
    assert world.watch(log.path, metrics=metrics).run() == 0
    assert "runlens_run_step{" not in metrics.read_text()

    def terminate():
        raise SystemExit(143)

    world.at(600, terminate)
    with pytest.raises(SystemExit) as ended:
        world.watch(log.path, metrics=metrics).run()
    assert ended.value.code == 143 and any("(terminated)" in text for text in world.err)


def test_a_half_saved_toml_leaves_the_settings_of_the_look_before(world, tmp_path):
    log, config = Log(tmp_path / "run.jsonl", world), tmp_path / "runlens.toml"
    log.upto(6000)
    config.write_text("[rules.LOSS003]\nseverity = 'warning'\n")
    world.at(100, lambda: config.write_text("[rules.LOSS003\n"))
    world.at(200, lambda: log.write(3, loss=float("nan")))
    code = world.watch(log.path, until=START + 600, config=config).run()
    assert sum("stay in force" in text for text in world.err) == 1, "said once"
    assert " warning LOSS003 " in world.lines("LOSS003")[0] and code == 0


def test_wrong_settings_are_refused_at_the_first_look(world, tmp_path):
    log, config = Log(tmp_path / "run.jsonl", world), tmp_path / "runlens.toml"
    log.upto(600)
    config.write_text("[rules.LOSS003\n")
    with pytest.raises(ConfigError):
        world.watch(log.path, config=config).run()
    with pytest.raises(NoRunFound):
        world.watch(tmp_path / "nothing").run()


def test_one_failed_write_does_not_end_it(world, tmp_path, monkeypatch):
    log, metrics = Log(tmp_path / "run.jsonl", world), tmp_path / "m.prom"
    log.upto(600)
    log.live(660, 1800)
    real, calls = Gauges.write, []

    def write(self, *arguments, **more):
        calls.append(1)
        if len(calls) in (1, 5):
            raise NotWritten(f"{metrics} cannot be written: {errno.errorcode[errno.ENOSPC]}")
        if len(calls) == 6:
            raise OSError(errno.EIO, "Input/output error")
        real(self, *arguments, **more)

    monkeypatch.setattr(Gauges, "write", write)
    world.watch(log.path, looks=10, metrics=metrics).run()
    assert sum("the metrics were not written, the watch goes on" in text for text in world.err) == 3
    assert "runlens_run_step{" in metrics.read_text()


def test_a_server_that_is_away_and_a_fault_of_our_own_are_survived(world, tmp_path):
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    watch = world.watch(log.path, looks=6)
    real, calls = watch.look, []

    def look():
        calls.append(1)
        if len(calls) == 3:
            raise SourceDown("the server does not answer")
        if len(calls) == 4:
            raise ZeroDivisionError("division by zero")
        return real()

    watch.look = look
    assert watch.run() == 0
    failed = [text for text in world.err if text.startswith("this look failed")]
    assert len(failed) == 2 and "a fault of RunLens" in failed[1]


def test_a_new_run_in_a_folder_is_said_and_judged(world, tmp_path):
    a = Log(tmp_path / "logs" / "a" / "run.jsonl", world)
    a.upto(600)
    b = tmp_path / "logs" / "b" / "run.jsonl"

    def begin():
        rows = [{"step": s, "loss": float(np.nan) if s == 500 else 5 - s / 1000} for s in range(600)]
        b.parent.mkdir()
        b.write_text("\n".join(map(json.dumps, rows)))

    world.at(600, begin)
    code = world.watch(tmp_path / "logs", until=START + 900).run()
    assert [Path(line.split()[1]).name for line in world.lines("is watched from now on")] == ["run"]
    assert world.lines("LOSS003") and code == 0


def reported(*looks):
    """Reports as a source would give them, look by look, the last one for ever."""
    left = list(looks)

    def look():
        runs = left.pop(0) if len(left) > 1 else left[0]
        return Report("1", "2027-01-15T08:00:00Z", "pass", 0, runs, asked=("p",))

    return look


def test_a_crash_is_told_once_and_leaves_the_other_run_alone(world, tmp_path):
    watch = world.watch("p")
    a, b = report(run="a"), report(run="b")
    crashed, finished = replace(a, state="crashed"), replace(b, state="finished")
    nan = replace(b, findings=(finding("LOSS003"),))
    watch.look = reported((a, b), (crashed, b), (crashed, b), (crashed, nan), (crashed, replace(nan, state="finished")))
    assert watch.run() == 4
    assert [line.split(" ", 1)[1] for line in world.out] == [
        "a error crashed: has crashed at step 2,599",
        "b error LOSS003 steps 1500-1512: LOSS003 says so.",
        "b info finished: has finished at step 2,599",
    ]
    assert watch.looked == 5 and finished.run == "b"


def test_a_crash_that_log006_has_told_is_not_told_again(world):
    watch = world.watch("p")
    a = report(run="a")
    watch.look = reported((a,), (replace(a, state="crashed", findings=(finding("LOG006", kind="crashed"),)),))
    assert watch.run() == 4
    assert [line.split()[3] for line in world.out] == ["LOG006"]


def test_how_a_run_stands_at_the_first_look_is_news(world):
    watch = world.watch("p")
    watch.look = reported((replace(report(), state="finished"),))
    assert watch.run() == 0 and len(world.lines(" finished: ")) == 1


def test_the_watch_goes_on_until_the_time_given_though_all_have_ended(world):
    watch = world.watch("p", until=START + 90)
    watch.look = reported(
        (replace(report(), state="finished"),), (replace(report(), state="finished"), report(run="b"))
    )
    watch.run()
    assert watch.looked == 3 and world.now == START + 90
