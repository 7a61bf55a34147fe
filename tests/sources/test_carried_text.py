"""A console log that is read look by look is the log that is read at once, whatever happens to its file."""

import numpy as np
import pytest

from runlens import sources
from runlens.errors import RunLensError
from runlens.sources.carried import text
from runlens.sources.carried.text import CarriedLog, keeping
from runlens.sources.text.axis.log import last_log
from runlens.sources.text.gather import Gathering
from runlens.sources.text.stretches import stretches
from tests.sources import growing
from tests.sources.text_samples import MADE

BLOCK = 700


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(stretches, "__defaults__", (BLOCK, None, 1 << 62))
    monkeypatch.setattr(CarriedLog.read, "__defaults__", (BLOCK,))


def everything(path):
    """All runs of a log, or why there are none."""
    last_log.cache_clear()
    try:
        return [sources.read(ref) for ref in sources.discover(str(path))]
    except RunLensError as error:
        return [f"{type(error).__name__}: {error}"]


def same_as_at_once(path, logs):
    with keeping(logs):
        kept = everything(path)
    whole = everything(path)
    assert len(kept) == len(whole)
    for one, other in zip(kept, whole, strict=True):
        assert one == other if isinstance(one, str) else growing.same(one, other) is None
    return whole


def looks(path, content, rng, logs, count=7):
    for end in [*np.sort(rng.integers(0, len(content), count)).tolist(), len(content)]:
        done = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(content[done:end])
        found = same_as_at_once(path, logs)
    return found


def printed(rng, rows=400):
    """A log with a heading, a bar that is drawn again, evaluations, warnings, a restart and odd numbers."""
    out, step = ["Namespace(lr=3e-4, batch_size=32)", "model: 124M parameters", ""], 0
    for _ in range(rows):
        loss = 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01)
        out.append(f"2026-01-02 03:{step // 60 % 60:02d}:{step % 60:02d} step {step} | loss: {loss:.4f} | lr 3.0e-4")
        kind = rng.integers(40)
        if kind == 0:
            out.append(f"eval: step {step} val_loss {loss + 0.1:.3f} acc {rng.random():.3f}")
        elif kind == 1:
            out.append(f"WARNING: {rng.integers(9)} of 12.5.1 retries at node {rng.integers(4)}")
        elif kind == 2:
            out.append(
                "\r".join(f"epoch 1: {k}%|###   | {k}/100 [00:0{k % 10}<00:09, loss={loss:.3f}]" for k in range(4))
            )
        elif kind == 3:
            step = max(step - int(rng.integers(20)), 0)
            out.append("resuming from checkpoint")
        elif kind == 4:
            out.append(["-" * 30, "", "résumé of the epoch: naïve", "step 1.2.3 | loss: nan.1"][rng.integers(4)])
        step += 1
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("seed", range(6))
def test_at_random_cuts_a_log_is_the_one_that_is_read_at_once(tmp_path, monkeypatch, seed, end):
    rng = np.random.default_rng(seed)
    content = printed(rng).replace("\n", end).encode()
    read, real = [], Gathering.add
    monkeypatch.setattr(Gathering, "add", lambda own, stretch: read.append(len(stretch)) or real(own, stretch))
    logs = {}
    (run,) = looks(tmp_path / "train.log", content, rng, logs)
    assert len(run.series["loss"]) > 300
    assert len(content) - 2 * BLOCK < logs[tmp_path / "train.log"].size <= len(content)
    read.clear()
    with keeping(logs):
        everything(tmp_path / "train.log")
    assert sum(read) < 6 * BLOCK, "what was read is not read again"


@pytest.mark.parametrize("name", sorted(MADE))
def test_logs_of_each_framework_are_the_same(tmp_path, name):
    rng = np.random.default_rng(len(name))
    looks(tmp_path / "train.log", MADE[name]().text.encode(), rng, {}, count=4)


@pytest.mark.parametrize("seed", range(4))
def test_a_log_that_was_cut_replaced_or_written_anew_is_read_from_the_beginning(tmp_path, seed):
    rng, path, logs = np.random.default_rng(seed), tmp_path / "train.log", {}
    looks(path, printed(rng).encode(), rng, logs, count=2)
    with path.open("r+b") as file:
        file.truncate(int(rng.integers(5000, 15_000)))
    same_as_at_once(path, logs)
    path.rename(tmp_path / "train.log.1")  # as logrotate does
    looks(path, printed(rng).encode(), rng, logs, count=2)
    path.write_bytes(printed(rng).encode())
    same_as_at_once(path, logs)
    looks(path, path.read_bytes() + printed(rng).encode(), rng, logs, count=2)


def test_several_trainings_in_one_log_are_told_apart_look_by_look(tmp_path):
    rng = np.random.default_rng(0)
    once = "".join(f"step {s} | loss: {2 + 4 * (s + 20.0) ** -0.3:.4f}\n" for s in range(200))
    found = looks(tmp_path / "train.log", (once + "seed 2\n" + once).encode(), rng, {})
    assert len(found) == 2


@pytest.mark.parametrize("coded", ["utf-16", "utf-16-le"])
def test_other_codes_and_packed_logs_are_read_whole(tmp_path, coded):
    import gzip

    rng, logs = np.random.default_rng(1), {}
    (run,) = looks(tmp_path / "train.log", printed(rng).encode(coded), rng, logs, count=2)
    assert len(run.series["loss"]) > 300 and not logs
    (tmp_path / "other.log.gz").write_bytes(gzip.compress(printed(rng).encode()))
    same_as_at_once(tmp_path / "other.log.gz", logs)
    assert not logs


def test_of_more_logs_than_may_be_kept_the_latest_are(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MOST_BYTES", 40_000)
    logs = {}
    for name in "abc":
        (tmp_path / f"{name}.log").write_text(printed(np.random.default_rng(0)))
        same_as_at_once(tmp_path / f"{name}.log", logs)
    assert [path.name for path in logs] == ["c.log"]
    (tmp_path / "b.log").unlink()
    same_as_at_once(tmp_path / "b.log", logs)
