"""What the process leaves behind: its code, no half report, no worker, whatever happens to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from runlens.cli.shared import output
from runlens.errors import ConfigError, NotWritten
from runlens.files import save
from runlens.render import json as report_json
from tests.cli.command import heeding_ctrl_c, runlens
from tests.render.reports import fixed

LOG = "step,loss\n" + "".join(f"{i},{2 + 1 / (1 + i)}\n" for i in range(200))
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")  # noqa: PTH110


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(LOG)
    return path


@pytest.mark.parametrize(("arguments", "code"), [(("nowhere",), 2), (("broken.csv",), 3)])
def test_debug_keeps_the_code(arguments, code, tmp_path):
    (tmp_path / "broken.csv").write_bytes(b"\0" * 100)
    for more in ((), ("--debug",)):
        done = runlens("check", *arguments, *more, cwd=tmp_path)
        assert done.code == code
        assert ("Traceback" in done.err) is bool(more)


def run(*arguments, **how):
    return subprocess.Popen([sys.executable, "-m", "runlens", *arguments], stderr=subprocess.PIPE, **how)


@FULL
@pytest.mark.parametrize(("arguments", "code"), [(("check", "nowhere"), 2), (("chekc",), 2), (("rule", "LOSS001"), 0)])
def test_a_full_disk_under_standard_error_changes_no_code(arguments, code):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "runlens", *arguments], stdout=subprocess.DEVNULL, stderr=full, check=False
        )
    assert done.returncode == code


@FULL
def test_help_on_a_full_disk_is_no_fault_of_runlens():
    with open("/dev/full", "w") as full, run("--help", stdout=full) as process:  # noqa: PTH123
        said = process.stderr.read().decode()
        assert process.wait(60) == 3
    assert said == "runlens: what was to be written could not be: No space left on device\n"


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"COLUMNS": "1"},
        {"COLUMNS": "many"},
        {"TMPDIR": "/nonexistent"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"},
    ],
)
def test_odd_surroundings_change_no_code(env, log):
    done = runlens("check", str(log), env=env)
    assert (done.code, done.err) == (0, "") and "PASS" in done.out


@FULL
def test_a_full_disk_under_standard_output_is_told(log):
    with open("/dev/full", "w") as full, run("check", str(log), stdout=full) as process:  # noqa: PTH123
        said = process.stderr.read().decode()
        assert process.wait(60) == 3
    assert said == "runlens: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_change_no_code(closed, log):
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m runlens check "$1" {closed}', sys.executable, str(log)], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_a_full_disk_leaves_the_old_report_and_no_part(tmp_path):
    (tmp_path / "r.md").write_text("old")

    def full():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(NotWritten, match="No space left"):
        save(tmp_path / "r.md", full())
    assert [p.name for p in tmp_path.iterdir()] == ["r.md"] and (tmp_path / "r.md").read_text() == "old"


def test_what_interrupts_a_write_leaves_no_part(tmp_path):
    def stopped():
        yield b"new"
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        save(tmp_path / "r.md", stopped())
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "r.md").symlink_to(tmp_path / "there" / "r.md")
    save(tmp_path / "r.md", b"new")
    assert (tmp_path / "r.md").is_symlink() and (tmp_path / "there" / "r.md").read_bytes() == b"new"
    assert [p.name for p in (tmp_path / "there").iterdir()] == ["r.md"]


def test_two_reports_to_one_file_are_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for one, two in (("a", "a"), ("a", "link"), ("a", "./a")):
        with pytest.raises(ConfigError, match="two reports"):
            output.destinations("json", tmp_path / one, [f"markdown={tmp_path / two}"])
    output.destinations("json", tmp_path / "a", [f"markdown={tmp_path / 'b'}"])


@pytest.mark.parametrize("how", [("-o",), ("--report",)])
def test_a_judged_log_is_never_written_over(how, log):
    target = {"-o": ("-f", "json", "-o", str(log)), "--report": ("--report", f"json={log}")}
    done = runlens("check", str(log), *target[how[0]])
    assert (done.code, log.read_text()) == (2, LOG)
    assert "is a file that is judged or read" in done.err


EVALS = "step,hellaswag/acc\n" + "".join(f"{i * 100},{0.3 + i / 100}\n" for i in range(1, 20))
CURVE = {"task": "hellaswag", "metric": "acc", "setting": "", "direction": "up", "at": [1e9, 2e9], "value": [0.3, 0.4]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "report.json", "-o", "."),
        ("report", ".", "-o", "link"),
        ("check", "report.json", "--png", "report.json"),
        ("check", "report.json", "-o", "link/report.json"),
        ("check", "report.json", "--reference", "r.json", "-f", "json", "-o", "r.json"),
        ("check", "report.json", "--baseline", "known.json", "-o", "known.json"),
        ("check", "report.json", "--config", "set.toml", "-o", "set.toml"),
        ("check", "report.json", "-o", "runlens.toml"),
        ("check", "report.json", "-o", "twin.csv"),
        ("check", "report.json", "--hardware", "smi.csv", "-o", "smi.csv"),
        ("check", "report.json", "--nights", "report.json"),
        ("check", "report.json", "--nights", "nights.jsonl", "-o", "nights.jsonl"),
        ("compare", "report.json", "--reference", "r.json", "-o", "r.json"),
        ("compare", "report.json", "--reference", "r.json", "-o", "report.json"),
        ("render", "saved.json", "-f", "html", "-o", "saved.json"),
        ("reference", "build", "evals.csv", "-o", "evals.csv"),
        ("watch", "report.json", "--looks", "1", "--metrics", "report.json"),
    ],
)
def test_what_is_judged_or_read_is_never_written_over(arguments, tmp_path):
    """A history may be called `report.json`, as a postmortem's own file is, and lie behind a link."""
    rows = [{"step": i, "loss": 2 + 1 / (1 + i)} for i in range(200)]
    (tmp_path / "report.json").write_text(json.dumps(rows))
    (tmp_path / "evals.csv").write_text(EVALS)
    (tmp_path / "r.json").write_text(
        json.dumps({"runlens_reference": 1, "name": "r", "axis": "tokens", "curves": [CURVE]})
    )
    (tmp_path / "known.json").write_text('{"runlens_baseline": 1, "known": []}')
    (tmp_path / "set.toml").write_text('fail_on = "error"\n')
    (tmp_path / "runlens.toml").write_text('twins = ["twin.csv"]\n')
    (tmp_path / "twin.csv").write_text(EVALS)
    (tmp_path / "smi.csv").write_text("timestamp, index, temperature.gpu\n2026/01/01 00:00:00.000, 0, 60\n")
    (tmp_path / "nights.jsonl").write_text("")
    (tmp_path / "saved.json").write_text(report_json.render(fixed()))
    (tmp_path / "link").symlink_to(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = runlens(*arguments, cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert "written over" in done.err or ".png" in done.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_pipe_that_nobody_reads_is_refused_and_one_that_somebody_reads_gets_it_all(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="a pipe that nobody reads"):
        save(tmp_path / "pipe", b"x")
    content = bytes(range(256)) * 4096  # more than a pipe holds
    with (tmp_path / "out").open("wb") as out, subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=out) as reader:
        for _ in range(500):
            try:
                save(tmp_path / "pipe", content)
                break
            except ConfigError:  # `cat` has not opened it yet
                time.sleep(0.02)
        assert reader.wait(60) == 0
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize("odd", ["link", "folder", "pipe"])
def test_odd_settings_are_an_error(odd, log):
    settings = log.parent / "runlens.toml"
    {"link": lambda: settings.symlink_to("gone"), "folder": settings.mkdir, "pipe": lambda: os.mkfifo(settings)}[odd]()
    done = runlens("check", str(log), cwd=log.parent)
    assert done.code == 2 and "runlens.toml" in done.err and done.err.count("\n") == 1


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes with ps")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_signal_ends_it_with_its_code_and_leaves_no_worker(sent, code, tmp_path):
    for i in range(400):
        (tmp_path / f"r{i}.csv").write_text(LOG)
    target = tmp_path / "out" / "report.json"
    with run(
        "check",
        str(tmp_path),
        "-j",
        "2",
        "-f",
        "json",
        "-o",
        str(target),
        stdout=subprocess.PIPE,
        preexec_fn=heeding_ctrl_c,
    ) as process:
        workers = []
        for _ in range(600):
            workers = children(process.pid) or workers
            if len(workers) >= 2 or process.poll() is not None:
                break
            time.sleep(0.05)
        assert process.poll() is None, process.stderr.read()
        process.send_signal(sent)
        assert process.wait(60) == code, process.stderr.read()
    for _ in range(600):  # after SIGKILL each worker sees within a second that it is alone
        if all(map(gone, workers)):
            break
        time.sleep(0.05)
    assert all(map(gone, workers))
    assert not target.exists() and not (target.parent.exists() and list(target.parent.iterdir()))
