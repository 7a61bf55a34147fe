"""Which part of a run's id names the night, and which the job."""

import fnmatch

import pytest

from runlens.judging.nights.job import job_of


@pytest.mark.parametrize(
    ("run", "job"),
    [
        ("night-05", "night-*"),
        ("nightly-3b/2026-11-16", "nightly-3b/*"),
        ("nightly-3b-20261116", "nightly-3b-*"),
        ("nightly_2026-11-16T05-30-00Z", "nightly_*"),
        ("team/project/3x8k2p9q", "team/project/*"),
        ("logs/night12", "logs/night*"),
        ("offline-run-20251123_220001-abc123de", "offline-run-*"),
        ("slurm-4812345", "slurm-*"),
        ("gate-9f3c2ab1e0", "gate-*"),
        ("a/12", "a/*"),
        ("build 77", "build *"),
        ("run[7]-night-3", "run?7?-night-*"),
    ],
)
def test_what_names_the_night_is_left_out(run, job):
    assert job_of(run) == job
    assert fnmatch.fnmatchcase(run, job)


@pytest.mark.parametrize(
    "run",
    ["tonight", "ref_small_s0", "gpu_drop6", "lr3e4-seed1", "exp7", "llama-7b", "healthy8", "x/healthy8", "7", "v1.2"],
)
def test_what_tells_experiments_apart_is_kept(run):
    assert job_of(run) == run
