"""Whatever is wrong is one sentence on standard error and the right exit code, never a traceback."""

import os

import pytest

from tests.cli.command import runlens as in_a_process
from tests.cli.command import within as runlens


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["compare"], 2, "RUN"),
        (["check", "{good}", "--select", "LOSS01"], 2, "did you mean LOSS001"),
        (["check", "{good}", "--format", "jsn"], 2, "did you mean json"),
        (["check", "{good}", "--fail-on", "fatal"], 2, "info, warning or error"),
        (["check", "{good}", "--metric", "train_loss"], 2, "ROLE=NAME"),
        (["check", "{good}", "--metric", "train_los=loss"], 2, "train_los"),
        (["check", "{good}", "--metric", "train_loss=los"], 3, "logs no metric 'los'"),
        (["check", "{good}", "--report", "junit"], 2, "FORMAT=FILE"),
        (["check", "{good}", "--config", "none.toml"], 2, "none.toml"),
        (["check", "{good}", "--baseline", "none.json"], 2, "none.json"),
        (["check", "{good}", "--reference", "pythia-9b"], 2, "pythia"),
        (["check", "{good}", "--require", "hellaswag>>1"], 2, "hellaswag"),
        (["check", "{good}", "--total-tokens", "many"], 2, "number of tokens"),
        (["check", "{empty}"], 2, "empty"),
        (["check", "{nolog}"], 3, "nolog"),
        (["rule", "LOSS01"], 2, "LOSS001"),
        (["render", "{nolog}", "-f", "html"], 3, "no RunLens report"),
        (["config", "--config", "none.toml"], 2, "none.toml"),
    ],
)
def test_one_sentence_and_the_right_code(folder, arguments, code, words):
    done = runlens(*(a.format(**folder) for a in arguments))
    assert done.code == code, done.err
    assert words in done.err + done.out
    assert "Traceback" not in done.err and "Traceback" not in done.out
    assert done.err.strip().count("\n") <= 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said(folder, tmp_path):
    locked = tmp_path / "locked.jsonl"
    locked.write_text('{"step": 1}')
    locked.chmod(0)
    done = runlens("check", str(locked))
    assert done.code == 3 and "permission" in done.err


def test_one_unreadable_run_does_not_hide_the_others(folder):
    done = runlens("check", folder["good"], folder["bad"], "--format", "json")
    assert done.code == 1
    assert len(done.json["runs"]) == 2


@pytest.mark.parametrize("debug", [False, True])
def test_a_run_that_is_nowhere_is_said_and_debug_shows_the_traceback(debug):
    """In a process of its own: the name may be that of a run at W&B, whose client keeps the first server it had."""
    done = in_a_process("check", "no/such/run", *["--debug"] * debug)
    assert done.code == 2 and "no/such/run" in done.err
    assert ("Traceback" in done.err) == debug


def test_output_that_cannot_be_written_is_said(folder, tmp_path):
    (tmp_path / "file").write_text("")
    done = runlens("check", folder["good"], "--output", str(tmp_path / "file" / "report"))
    assert done.code == 2 and "cannot be written" in done.err


@pytest.fixture
def folder(tmp_path):
    good = tmp_path / "good.jsonl"
    good.write_text("".join(f'{{"step": {i}, "loss": {2 + 6 / (1 + i / 20)}, "lr": 0.001}}\n' for i in range(400)))
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        "".join(
            f'{{"step": {i}, "loss": {2 + 6 / (1 + i / 20) if i < 300 else "NaN"}, "lr": 0.001}}\n' for i in range(400)
        )
    )
    (tmp_path / "empty").mkdir()
    (tmp_path / "nolog.bin").write_bytes(b"\x00\x01 nothing that anybody logged \xff" * 20)
    return {"good": str(good), "bad": str(bad), "empty": str(tmp_path / "empty"), "nolog": str(tmp_path / "nolog.bin")}
