"""Names of trainers that are in no table, as people write them: the role, the unit and the scope that each has.

`unseen.csv` lists runs of such names. The patterns were widened by it, so it shows that they hold, not how many names
of the next unknown trainer they will know: the first reading of its second half (from `plain paths` on) was 88 % right.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from runlens.roles import ROLES, catalogue_role
from runlens.roles.names.frameworks import recognise
from runlens.roles.names.reading import read_name

RUNS: dict[str, dict[str, str]] = defaultdict(dict)
with (Path(__file__).parent / "unseen.csv").open(encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        RUNS[row["run"]][row["name"]] = row["role"]


def test_the_truth_uses_known_roles():
    assert {role for names in RUNS.values() for role in names.values()} <= set(ROLES)
    assert sum(map(len, RUNS.values())) > 400


@pytest.mark.parametrize("run", RUNS)
def test_unknown_trainers_are_read_right(run):
    names = RUNS[run]
    frameworks = recognise(set(names))
    claims = {name: read_name(name, set(names), frameworks) for name in names}
    roles = {name: "other" if claim is None else catalogue_role(claim.role) for name, claim in claims.items()}
    assert roles == {name: catalogue_role(role) for name, role in names.items()}


@pytest.mark.parametrize(
    ("name", "unit", "scope"),
    [
        ("perf/step_ms", "ms", "global"),
        ("stepTimeMs", "ms", "global"),
        ("Step time (s)", "s", "global"),
        ("step_time_minutes", "min", "global"),
        ("iter_time_us", "us", "global"),
        ("data_time_ms", "ms", "global"),
        ("ktok/s", "ktokens/s", "unknown"),
        ("k_tokens_per_sec", "ktokens/s", "unknown"),
        ("Mtok/s", "Mtokens/s", "unknown"),
        ("tokens_per_sec_per_gpu", "tokens/s", "per_gpu"),
        ("tok/s/gpu", "tokens/s", "per_gpu"),
        ("tokens/gpu/sec", "tokens/s", "per_gpu"),
        ("total_tokens_per_sec", "tokens/s", "global"),
        ("global_tokens_per_second", "tokens/s", "global"),
        ("MFU (%)", "%", "unknown"),
        ("mfu_pct", "%", "unknown"),
        ("total_tokens_B", "Gtokens", "global"),
        ("tokens_billion", "Gtokens", "global"),
        ("n_tokens_M", "Mtokens", "global"),
        ("consumed_tokens", "tokens", "global"),
        ("peak_memory_gib", "GiB", "per_gpu"),
        ("gpu_mem_gb", "GB", "per_gpu"),
        ("gpu0/memory_used_mib", "MiB", "per_gpu"),
        ("gpu_power_mw", "mW", "per_gpu"),
        ("system/gpu_power_w", "W", "per_gpu"),
        ("sm_clock_ghz", "GHz", "per_gpu"),
        ("tflops_per_gpu", "TFLOP/s", "per_gpu"),
        ("PFLOPs", "PFLOP/s", "unknown"),
        ("val_bpb", "bits/byte", "global"),
        ("val_bits_per_token", "bits", "global"),
    ],
)
def test_units_and_scopes_are_told_by_the_name(name, unit, scope):
    claim = read_name(name, {name, "loss"})
    assert claim is not None
    assert (claim.unit, claim.scope) == (unit, scope)


@pytest.mark.parametrize(
    ("name", "beside", "role"),
    [
        ("mmlu", (), "eval_score"),
        ("ARC-Challenge", (), "eval_score"),
        ("hellaswag_5shot", (), "eval_score"),
        ("drop", (), None),
        ("record", ("loss",), None),
        ("drop", ("hellaswag",), "eval_score"),
        ("train/mmlu", (), None),
    ],
)
def test_a_benchmark_by_its_bare_name_is_a_score_unless_it_is_an_ordinary_word(name, beside, role):
    claim = read_name(name, {name, *beside})
    assert (claim.role if claim else None) == role
