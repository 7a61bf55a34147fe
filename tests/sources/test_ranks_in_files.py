"""Logs of the ranks of one run beside each other are one run, that of the lowest rank."""

import json

import numpy as np
import pytest

from runlens.sources import discover
from runlens.sources.unread import Search

N = 20
FALL = np.round(0.5 + 2.0 * np.exp(-np.arange(N) / 5.0), 4)


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = path.suffix in (".jsonl", ".csv")
    path.write_text(
        "".join(
            (json.dumps({"step": i, "loss": v}) if table else f"step {i} loss {v}") + "\n" for i, v in enumerate(FALL)
        )
    )


@pytest.mark.parametrize("form", ["train_log_rank{}.txt", "rank_{}.log", "log.rank={}.txt", "metrics_rank{}.jsonl"])
def test_ranks_are_one_run_and_the_others_are_named(tmp_path, form):
    for n in range(3):
        put(tmp_path / form.format(n))
    search = Search()
    (ref,) = discover(str(tmp_path), search=search)
    assert ref.location.endswith(form.format(0))
    said = [one.reason for one in search.unread]
    assert said == [f"it is of the same run as '{form.format(0)}'"] * 2


@pytest.mark.parametrize(
    "names", [("gpu0.log", "gpu1.log"), ("frank1.log", "frank2.log"), ("a/rank0.log", "b/rank1.log")]
)
def test_what_may_be_runs_side_by_side_are_runs(tmp_path, names):
    for name in names:
        put(tmp_path / name)
    assert len(discover(str(tmp_path))) == 2


def test_the_lowest_that_is_there_stands_for_the_run_and_each_can_be_named(tmp_path):
    for n in ("08", "09", "10"):
        put(tmp_path / f"rank{n}.log")
    (ref,) = discover(str(tmp_path))
    assert ref.location.endswith("rank08.log")
    (named,) = discover(str(tmp_path / "rank09.log"))
    assert named.location.endswith("rank09.log")
