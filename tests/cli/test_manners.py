"""How the command behaves among others: pipes, signals, encodings, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import within as runlens

RUNS = Path(__file__).parent.parent.parent / "fixtures" / "runs"


def table(path: Path, last: float | str = 2.28) -> str:
    path.parent.mkdir(exist_ok=True)
    losses = [2 + 6 / (1 + i / 20) if i < 300 else last for i in range(400)]
    path.write_text("".join(f'{{"step": {i}, "loss": {loss}, "lr": 0.001}}\n' for i, loss in enumerate(losses)))
    return str(path)


@pytest.fixture
def runs(tmp_path):
    """A good run, a bad one, and a file that is there and is no log."""
    broken = tmp_path / "broken.jsonl"
    broken.write_text("this is no JSON\n" * 5)
    return {
        "good": table(tmp_path / "good.jsonl"),
        "bad": table(tmp_path / "bad.jsonl", "NaN"),
        "broken": str(broken),
        "gone": str(tmp_path / "gone"),
    }


@pytest.mark.parametrize(
    ("names", "code"),
    [("good", 0), ("bad", 1), ("gone", 2), ("broken", 3), ("good broken", 3), ("bad broken", 1), ("good gone", 2)],
)
def test_the_exit_codes(runs, names, code):
    assert runlens("check", *(runs[name] for name in names.split())).code == code


def test_a_broken_run_in_a_folder_of_many_is_named_and_hides_none(runs, tmp_path):
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "events.out.tfevents.1.host").write_bytes(b"nothing that anybody logged" * 9)
    done = runlens("check", str(tmp_path), "--ignore", "LOSS003", "--format", "json", "--jobs", "2")
    assert done.code == 3
    verdicts = {run["run"]: run["verdict"] for run in done.json["runs"]}
    assert (verdicts["good"], verdicts["torn"]) == ("pass", "undecided"), verdicts


def test_a_source_that_fails_over_one_file_costs_that_file_alone(runs, tmp_path, monkeypatch):
    from runlens.judging.library import report_of
    from runlens.judging.request import Request
    from runlens.sources import table

    usual = table.refs

    def refs(files, look):
        if any(file.name == "bad.jsonl" for file in files):
            raise RecursionError("too deep")
        return usual(files, look)

    monkeypatch.setattr(table, "refs", refs)
    report = report_of(Request([str(tmp_path)]))
    assert {run.run: run.verdict for run in report.runs} == {"good": "pass", "bad.jsonl": "undecided"}
    assert report.exit_code == 3
    with pytest.raises(RecursionError):
        report_of(Request([str(tmp_path)], debug=True))


def test_one_name_among_several_that_cannot_be_looked_at_hides_none(runs, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = runlens("check", runs["bad"], str(tmp_path / "pipe"), "--format", "json")
    assert done.code == 1
    assert [run["verdict"] for run in done.json["runs"]] == ["fail", "undecided"]
    assert "pipe" in done.json["runs"][1]["failures"][0]["message"]
    assert runlens("check", str(tmp_path / "pipe")).code == 3


def test_what_was_not_read_is_said_and_fails_only_if_asked(tmp_path):
    table(tmp_path / "good.jsonl")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "train.log").write_text("hello\n")
    done = runlens("check", str(tmp_path), "--format", "json")
    assert done.code == 0
    assert [(Path(one["path"]).name, one["reason"][:7]) for one in done.json["unread"]] == [("train.log", "no line")]
    assert "train.log" in runlens("check", str(tmp_path)).out
    strict = runlens("check", str(tmp_path), "--strict", "--format", "json")
    assert (strict.code, strict.json["verdict"]) == (3, "undecided")
    table(tmp_path / "bad.jsonl", "NaN")
    assert runlens("check", str(tmp_path), "--strict").code == 1
    assert runlens("check", str(tmp_path / "good.jsonl"), "--strict").code == 0
    left = runlens("check", str(tmp_path), "--strict", "--exclude", "train.log", "--exclude", "bad*")
    assert left.code == 0


def test_what_is_passed_over_and_whether_it_counts_may_stand_in_the_settings(tmp_path):
    table(tmp_path / "good.jsonl")
    table(tmp_path / "bad.jsonl", "NaN")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "train.log").write_text("hello\n")
    settings = tmp_path / "runlens.toml"
    settings.write_text('exclude = ["bad*"]\n')
    assert runlens("check", str(tmp_path), "--config", str(settings)).code == 0
    settings.write_text('exclude = ["bad*"]\nstrict = true\n')
    assert runlens("check", str(tmp_path), "--config", str(settings)).code == 3
    only = runlens("check", str(tmp_path), "--config", str(settings), "--exclude", "train.log")
    assert only.code == 1  # what is given with the command replaces what stands in the file
    settings.write_text('exclude = ["bad*", "*.log"]\nstrict = true\n')
    assert runlens("check", str(tmp_path), "--config", str(settings)).code == 0
    assert "bad" not in runlens("check", str(tmp_path), "--config", str(settings), "--show-files").out


def test_a_gitignore_is_heeded_and_said_unless_told_otherwise(tmp_path):
    table(tmp_path / "good.jsonl")
    table(tmp_path / "old" / "bad.jsonl", "NaN")
    (tmp_path / ".gitignore").write_text("old/\n")
    done = runlens("check", str(tmp_path), "--format", "json")
    assert done.code == 0 and len(done.json["runs"]) == 1
    assert any("--no-gitignore" in note for note in done.json["notes"])
    assert "--no-gitignore" in runlens("check", str(tmp_path)).out
    assert "--no-gitignore" in runlens("check", str(tmp_path), "--show-files").out
    assert runlens("check", str(tmp_path), "--no-gitignore").code == 1
    settings = tmp_path / "runlens.toml"
    settings.write_text("gitignore = false\n")
    assert runlens("check", str(tmp_path), "--config", str(settings)).code == 1


@pytest.mark.parametrize("command", [("show",), ("compare", "--reference", "pythia-1.4b")])
def test_show_and_compare_take_a_folder_as_check_does(command, tmp_path):
    name, *more = command
    table(tmp_path / "good.jsonl")
    table(tmp_path / "other.jsonl")
    table(tmp_path / "old" / "bad.jsonl", "NaN")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "train.log").write_text("hello\n")
    (tmp_path / ".gitignore").write_text("old/\n")
    several = runlens(name, str(tmp_path), *more)
    assert several.code == 2 and "2 runs" in several.err
    told = ("--exclude", "other*")
    usual = runlens(name, str(tmp_path), *more, *told)
    assert "train.log" in usual.err and "--no-gitignore" in usual.err
    assert runlens(name, str(tmp_path), *more, *told, "--no-gitignore").code == 2
    settings = tmp_path / "runlens.toml"
    settings.write_text('exclude = ["other*"]\nstrict = true\n')
    for strict in (("--strict", *told), ("--config", str(settings))):
        assert runlens(name, str(tmp_path), *more, *strict).code == 3
    left = runlens(name, str(tmp_path), *more, *told, "--exclude", "train.log", "--strict")
    assert left.code == usual.code


def test_show_files_judges_nothing(tmp_path):
    table(tmp_path / "bad.jsonl", "NaN")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "train.log").write_text("hello\n")
    done = runlens("check", str(tmp_path), "--show-files")
    assert done.code == 0
    assert done.out.splitlines()[0] == "bad  table" and "bad.jsonl" in done.out.splitlines()[1]
    assert "train.log  (no line" in done.out


def test_a_rule_that_crashes_is_named_and_never_green(runs, tmp_path):
    script = tmp_path / "crash.py"
    script.write_text(
        "from runlens.rules.loss.non_finite import NonFiniteLoss\n"
        "def crash(self, run):\n    raise ZeroDivisionError('of course')\n    yield\n"
        "NonFiniteLoss.check = crash\n"
        "from runlens.cli import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), "check", runs["good"]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "LOSS003" in done.stdout and "of course" in done.stdout and "Traceback" not in done.stdout + done.stderr
    shown = subprocess.run(
        [sys.executable, str(script), "check", runs["good"], "--debug"], capture_output=True, text=True, check=False
    )
    assert "Traceback" in shown.stderr


@pytest.mark.parametrize("command", [("check", "{bad}"), ("rule", "--all"), ("check", "{bad}", "-f", "json")])
def test_a_reader_that_has_seen_enough_changes_nothing(runs, command):
    arguments = [part.format(**runs) for part in command]
    with subprocess.Popen(
        [sys.executable, "-m", "runlens", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(60)
    assert said == b""
    assert code == (1 if "check" in command else 0)


def test_ctrl_c_stops_quietly(runs, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("runlens.judging.check.judged_in_steps", interrupted)
    done = runlens("check", runs["good"])
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", [("check", "lr_bump"), ("show", "lr_bump"), ("rule", "LOSS001"), ("rule",)])
def test_every_encoding_of_the_terminal_is_good_enough(command, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "runlens", *command],
        capture_output=True,
        cwd=RUNS,
        env={**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"},
        check=False,
    )
    assert done.returncode == (1 if "check" in command else 0), done.stderr
    text = done.stdout.decode(encoding)
    assert "lr_bump" in text or "LOSS001" in text
    assert "?" not in text.replace("?,", "").splitlines()[0]
    assert encoding == "utf-8" or text.isascii()


def test_what_is_data_is_on_standard_output_and_nothing_else(runs):
    done = runlens("check", runs["bad"], "--format", "json", "--baseline-runs", runs["good"])
    assert done.json["verdict"] == "fail"
    assert "held against good" in done.err


def test_colour_is_for_terminals_and_no_color_is_obeyed(runs):
    if not hasattr(os, "openpty"):
        pytest.skip("no pseudo-terminals here")
    shown = {}
    for name, more in (("colour", {}), ("plain", {"NO_COLOR": "1"})):
        leader, follower = os.openpty()
        env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color", "COLUMNS": "90"}
        process = subprocess.Popen(
            [sys.executable, "-m", "runlens", "check", runs["good"]], stdout=follower, env=env | more
        )
        os.close(follower)
        parts = []
        try:
            while part := os.read(leader, 65536):
                parts.append(part)
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(leader)
        assert process.wait(60) == 0
        shown[name] = b"".join(parts)
    assert b"\x1b[" in shown["colour"] and b"\x1b[" not in shown["plain"]
    assert b"\x1b[" not in runlens("check", runs["good"]).out.encode()


@pytest.mark.parametrize("arguments", [[], ["-h"], ["check", "-h"], ["reference", "-h"], ["cache", "info", "-h"]])
def test_help_fits_a_narrow_terminal(arguments):
    done = runlens(*arguments, env={"COLUMNS": "80"})
    text = done.out + done.err
    assert text.startswith("Usage: runlens")
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.replace("[ARGS]...", "").replace("RUN...", "")


def test_the_help_of_check_is_in_sections():
    text = runlens("check", "--help").out
    titles = [line[:-1] for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles[0] == "Arguments" and titles[-1] == "Options"
    assert {"Output", "What fails", "Evals", "Runs at W&B"} <= set(titles)


def test_a_mistyped_command_is_guessed_and_the_version_is_told():
    done = runlens("chek")
    assert done.code == 2 and "'check'" in done.err
    assert runlens("--version").out.startswith("runlens ")


@pytest.mark.parametrize("jobs", ["0", "-5"])
def test_a_number_of_jobs_that_makes_no_sense(runs, jobs):
    done = runlens("check", runs["good"], f"--jobs={jobs}")
    assert done.code == 2 and "--jobs must be 1 or more" in done.err


def test_one_report_in_many_forms_at_once(runs, tmp_path):
    files = {name: tmp_path / "out" / name for name in ("json", "junit", "markdown")}
    done = runlens(
        "check", runs["good"], "-o", str(tmp_path / "page"), *(f"--report={n}={f}" for n, f in files.items())
    )
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "page").read_text(encoding="utf-8").startswith("PASS")
    assert all(file.stat().st_size for file in files.values())
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == sorted(files)  # no half-written neighbours


@pytest.mark.parametrize(
    ("arguments", "flag", "choices"),
    [
        ("show x", "--format", ("terminal", "json")),
        ("config", "--format", ("terminal", "json")),
        ("rule", "--format", ("terminal", "markdown")),
        ("compare x", "--format", ("terminal", "json")),
        ("compare x", "--axis", ("auto", "tokens", "steps")),
        ("check x", "--axis", ("auto", "tokens", "steps")),
        ("reference list", "--format", ("terminal", "json")),
        ("reference show x", "--format", ("terminal", "json", "csv")),
        ("watch x", "--level", ("info", "warning", "error")),
        ("baseline x --reason y", "--level", ("info", "warning", "error")),
    ],
)
def test_choices_show_in_the_help_and_others_are_refused(arguments, flag, choices):
    command = [word for word in arguments.split() if word not in ("x", "y", "--reason")]
    assert "|".join(choices) in runlens(*command, "--help").out
    done = runlens(*arguments.split(), flag, "other")
    assert done.code == 2 and done.out == ""
    assert f"'other' is not one of {', '.join(map(repr, choices))}." in done.err.splitlines()[-1]


def test_without_a_run_the_folder_is_judged(tmp_path):
    table(tmp_path / "here.jsonl")
    done = runlens("check", "-f", "json", cwd=tmp_path)
    assert done.code == 0
    assert [run["run"] for run in done.json["runs"]] == ["here"]


def test_an_empty_folder_is_wrong_use(tmp_path):
    assert runlens("check", cwd=tmp_path).code == 2


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_dash_reads_standard_input(tmp_path, form):
    text = Path(table(tmp_path / "x.jsonl")).read_text()
    if form == "csv":
        rows = [json.loads(line) for line in text.splitlines()]
        text = "step,loss,lr\n" + "".join(f"{r['step']},{r['loss']},{r['lr']}\n" for r in rows)
    call = [sys.executable, "-W", "error", "-m", "runlens", "check", "-", "-f", "json"]
    done = subprocess.run(call, input=text, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    assert run["run"] == "stdin"
    assert run["points"] == 800
    assert not Path(run["source"]).exists(), "the copy is gone with the process"


@pytest.mark.parametrize("given", [("-",), ("-", "-")])
def test_a_dash_with_nothing_behind_it_or_twice_is_wrong_use(tmp_path, given):
    call = [sys.executable, "-m", "runlens", "check", *given]
    done = subprocess.run(call, input="", capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "standard input" in done.stderr


def test_exit_zero_reports_and_lets_pass_but_not_what_could_not_be_judged(tmp_path):
    bad = str(RUNS / "lr_bump")
    assert runlens("check", bad, "--exit-zero").code == 0
    (tmp_path / "torn.jsonl").write_text('{"step": 0, "loss": 1.0}\n')
    assert runlens("check", "torn.jsonl", "--exit-zero", cwd=tmp_path).code == 3


@pytest.mark.parametrize(
    ("options", "env", "colored"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        (("--color", "always"), {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_who_says_whether_there_is_colour(tmp_path, options, env, colored):
    done = runlens("check", table(tmp_path / "x.jsonl"), *options, env=env)
    assert ("\x1b[" in done.out) is colored


@pytest.mark.parametrize(("term", "colored"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_has_no_colour(monkeypatch, term, colored):
    from runlens.cli.shared import page

    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    assert page._colored(None, isatty=True) is colored


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("-f", "json", "-f", "junit"), "--report junit=FILE"),
        (("--png", "run.jpg"), "must end in .png"),
        (("--tokens-per-step", "-5"), "must be positive"),
        (("--tokens-per-step", "many"), "no number of tokens"),
        (("--total-tokens", "-3T"), "must be positive"),
        (("--last", "-1"), "--last"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(tmp_path, given, words):
    done = runlens("check", table(tmp_path / "x.jsonl"), *given)
    assert done.code == 2
    assert words in done.err
    assert not done.out


def test_amounts_are_written_as_people_write_them(tmp_path):
    done = runlens("check", table(tmp_path / "x.jsonl"), "--tokens-per-step", "2M", "-f", "json")
    assert done.code == 0


def test_the_version_in_short():
    assert runlens("-V").out == runlens("--version").out
