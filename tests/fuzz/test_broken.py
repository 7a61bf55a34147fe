"""One bad run never takes the verdicts of others: folders with broken logs of twenty kinds among sound ones."""

from __future__ import annotations

import runlens
from tests.fuzz.broken import KINDS, made


def told(report):
    return {run.run.split("/")[0]: (run.verdict, [(f.code, f.steps) for f in run.findings]) for run in report.runs}


def test_every_other_verdict_is_as_alone(tmp_path):
    made(tmp_path, 6, len(KINDS))
    assert len(KINDS) >= 20
    together = told(runlens.check(tmp_path))
    for i in range(6):
        alone = told(runlens.check(tmp_path / f"good{i:05}"))
        (said,) = alone.values()
        assert together[f"good{i:05}"] == said
    assert {said[0] for name, said in together.items() if name.startswith("good")} == {"pass", "fail"}
    bomb = f"bad{list(KINDS).index('a bomb'):03}"  # holds a whole log before the rest
    passed = {name for name, said in together.items() if name.startswith("bad") and said[0] == "pass"}
    assert passed <= {bomb}


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
