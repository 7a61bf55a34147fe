"""A log that ends before a step was logged: the crash is all that it tells."""

from __future__ import annotations

import pytest

from runlens.errors import NotALog
from runlens.judging.library import check
from runlens.sources import discover, read

TRACE = """Traceback (most recent call last):
  File "/app/train.py", line 264, in <module>
    main()
  File "/app/lib/trainer.py", line 2170, in train
    loss = self.training_step(model, inputs)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.25 GiB.
"""
TORCHRUN = "E0101 torch/distributed/elastic failed (exitcode: 1)\ntorch.distributed.elastic.errors.ChildFailedError: \n"
SLURM = "Loading torch\nslurmstepd: error: *** JOB 12 ON n3 CANCELLED AT 2024-01-01T10:00:00 DUE TO TIME LIMIT ***\n"
SRUN = "building the model on cuda:0 for training\nsrun: error: n3: task 0: Exited with exit code 1\n"
SERVER = "Traceback (most recent call last):\n  File \"/srv/web.py\", line 3, in get\nKeyError: 'user'\n"
BAR = "  0%|          | 0/61683 [00:00<?, ?it/s]"


def state(text, folder):
    path = folder / "output.log"
    path.write_text(text)
    (ref,) = discover(str(path))
    return read(ref).state


@pytest.mark.parametrize("crash", [TRACE, TORCHRUN, SLURM, SRUN, BAR + TRACE])
def test_a_training_that_crashed_before_its_first_step_is_told(tmp_path, crash):
    path = tmp_path / "output.log"
    path.write_text("loading the data\n" * 20 + crash)
    report = check(str(path))
    (finding,) = report.runs[0].findings
    assert (finding.code, str(finding.severity)) == ("LOG006", "error")
    assert "before it logged a step" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        SERVER,  # another program
        TRACE + "tried again with a smaller batch\n" * 200,  # caught
        TRACE + "Training finished\n",
        *(
            TRACE.replace("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.25 GiB.", ended)
            for ended in ("KeyboardInterrupt", "bdb.BdbQuit")
        ),
        "loading torch\n",
    ],
)
def test_other_texts_without_metrics_are_refused_as_before(tmp_path, text):
    with pytest.raises(NotALog):
        state("loading the data\n" * 20 + text, tmp_path)


def test_in_a_folder_a_crash_alone_is_no_run(tmp_path):
    (tmp_path / "server.log").write_text("loading the data\n" + TRACE)
    (tmp_path / "train.log").write_text("".join(f"step {i} loss {2.0 - i / 50:.3f}\n" for i in range(40)))
    assert [ref.id for ref in discover(str(tmp_path))] == ["train"]
