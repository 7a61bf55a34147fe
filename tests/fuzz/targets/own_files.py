"""Files that RunLens itself reads and people edit: configuration, baselines, saved reports, references, results."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

from runlens import config
from runlens.files import text_of
from runlens.judging import baseline
from runlens.references.load import load
from runlens.render import FORMATS, render
from runlens.render import json as report_json
from tests.fuzz.damage import damaged
from tests.fuzz.harness import Outcome
from tests.render.reports import fixed

_CONFIG = b"""fail_on = "warning"
ignore = ["HW"]
requirements = ["hellaswag>=0.55@1T"]
total_tokens = "3T"
[metrics]
train_loss = "my/loss"
[rules.LOG001]
error_share = 0.1
severity = "warning"
[[runs]]
match = "nightly/*"
select = ["LOSS"]
"""
_BASELINE = json.dumps(
    {
        "runlens_baseline": 1,
        "known": [
            {
                "code": "LOSS001",
                "run": "a*",
                "metric": "loss",
                "steps": [1, 9],
                "reason": "known",
                "until": "2027-01-31",
            }
        ],
    }
).encode()
_CURVE = {
    "task": "hellaswag",
    "metric": "acc",
    "setting": "",
    "direction": "up",
    "at": [1e9, 2e9, 4e9],
    "value": [0.3, 0.4, 0.45],
}
_REFERENCE = json.dumps({"runlens_reference": 1, "name": "r", "axis": "tokens", "curves": [_CURVE]}).encode()
_SCORES = b"tokens,hellaswag/acc,arc_easy/acc\n1000000000,0.3,0.4\n2000000000,0.35,0.45\n4000000000,0.4,0.5\n"
_RESULTS = json.dumps(
    {
        "results": {"hellaswag": {"acc,none": 0.4, "acc_stderr,none": 0.01, "alias": "hellaswag"}},
        "model_name": "m-step1000",
        "n-shot": {"hellaswag": 0},
    }
).encode()
_TOKENS = (
    b"NaN",
    b"null",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"1e999",
    b"-1",
    b"true",
    b'""',
    b"\xff",
    b"\0",
    b"[[",
    b"=",
    b"9" * 40,
    b'{"a":' * 2000,
    b"2026-13-99",
    b"\\ud800",
    b"runs",
    b"evidence",
)


@cache
def _report() -> bytes:
    return report_json.render(fixed()).encode()


def of_config(draw: Random, folder: Path) -> Outcome:
    """`runlens.toml`."""
    path = folder / "runlens.toml"
    path.write_bytes(damaged(draw, _CONFIG, _TOKENS, 1))
    config.load(path)
    return "read"


def of_baseline(draw: Random, folder: Path) -> Outcome:
    """A file of known findings."""
    path = folder / "baseline.json"
    path.write_bytes(damaged(draw, _BASELINE, _TOKENS, 1))
    baseline.loads(text_of(path), str(path))
    return "read"


def of_report(draw: Random, folder: Path) -> Outcome:
    """A saved report, rendered again in some format."""
    report = report_json.parse(changed(draw, _report()), "the report")
    name = draw.choice(sorted(FORMATS))
    render(report, name)
    return "read"


def of_reference(draw: Random, folder: Path) -> Outcome:
    """A stored reference, a table of scores, a file of results."""
    name, raw = draw.choice((("r.json", _REFERENCE), ("scores.csv", _SCORES), ("results_2026.json", _RESULTS)))
    (folder / name).write_bytes(damaged(draw, raw, _TOKENS, 2))
    load(str(folder / name))
    return "read"


def changed(draw: Random, raw: bytes) -> bytes:
    """Damage to the text, or to a value: a report that parses and says something else."""
    if draw.random() < 0.3:
        return damaged(draw, raw, _TOKENS, 2)
    document = json.loads(raw)
    for _ in range(draw.randint(1, 3)):
        at = document
        while isinstance(at, (dict, list)) and at:
            key = draw.choice(list(at)) if isinstance(at, dict) else draw.randrange(len(at))
            if not isinstance(at[key], (dict, list)) or not at[key] or draw.random() < 0.15:
                at[key] = draw.choice(
                    (
                        None,
                        0,
                        -1,
                        2**70,
                        1e308,
                        5e-324,
                        "NaN",
                        "",
                        "x" * 5000,
                        [],
                        {},
                        [1, 2],
                        True,
                        "\u202e\x1b[31m",
                        1.5,
                    )
                )
                break
            at = at[key]
    return json.dumps(document).encode()


TARGETS = {"config": of_config, "baseline": of_baseline, "report": of_report, "reference": of_reference}
