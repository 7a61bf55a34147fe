"""One bad run never takes the verdicts of others: folders with broken logs of twenty kinds among sound ones."""

from __future__ import annotations

import runlens
from tests.fuzz.broken import KINDS, differences, made


def test_every_other_verdict_is_as_alone_and_each_broken_one_is_named(tmp_path):
    """`python -m tests.fuzz.fleet` does it with 2,000 runs, of which 50 are broken."""
    assert len(KINDS) >= 20
    sound, others = made(tmp_path, 40, len(KINDS))
    assert differences(tmp_path, sound, others) == []


def test_a_difference_would_be_told(tmp_path, monkeypatch):
    sound, others = made(tmp_path, 4, 3)
    others["run00000"] = "no numbers"  # which is sound, and so named nowhere, and passes
    check = runlens.check

    def checked(path, **given):
        report = check(path, **given)
        if path == tmp_path:  # alone it is another run
            (tmp_path / "run00001" / "history.jsonl").write_text('{"step": 1, "loss": NaN}\n' * 40)
        return report

    monkeypatch.setattr(runlens, "check", checked)
    found = differences(tmp_path, sound, others)
    assert [one.split(":")[0].split(" [")[0] for one in found] == ["run00001", "run00000 (no numbers) is named nowhere"]


def test_each_kind_alone_is_a_sentence(tmp_path):
    for number, kind in enumerate(KINDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        KINDS[kind](folder)
        try:
            report = runlens.check(folder)
        except (runlens.RunLensError, FileNotFoundError) as error:
            assert "\n" not in str(error), kind
            continue
        for run in report.runs:
            assert all("\n" not in failure.message for failure in run.failures), kind
