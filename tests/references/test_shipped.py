"""What ships, what it covers, and what is said of what it does not."""

import pytest

from runlens.references import load, shipped
from runlens.references.shipped import builder, coverage_hint, covering


def test_lucie_ships_with_the_benchmarks_of_its_chronicle():
    lucie = load("lucie-7b")
    tasks = {c.task: c for c in lucie.curves}
    assert "lucie-7b" in shipped() and lucie.axis == "tokens" and "2503.12294" in lucie.citation
    assert {"hellaswag", "mmlu", "arc_challenge", "gsm8k", "winogrande", "truthfulqa_mc2"} <= set(tasks)
    assert tasks["hellaswag"].setting == "10-shot" and tasks["mmlu"].setting == "5-shot"
    assert tasks["hellaswag"].at[[0, -1]].tolist() == pytest.approx([64719421440, 3121742086144])
    assert len(tasks["hellaswag"].at) == 31 and tasks["gsm8k"].n_items == 1319


def test_a_name_alone_takes_every_eval_that_has_one_setting_only():
    assert len({c.setting for c in load("lucie-7b").curves}) > 2
    assert {c.setting for c in load("pythia-1.4b").curves} == {"0-shot"}
    assert {c.setting for c in load("lucie-7b@0-shot").curves} == {"0-shot"}


def test_what_is_covered_is_known_and_what_is_not_says_how_to_build_it():
    assert covering({"gsm8k", "humaneval"}) == {"gsm8k": ("lucie-7b",), "humaneval": ()}
    said = coverage_hint({"gsm8k", "humaneval"})
    assert "Gsm8k is held by lucie-7b" in said and "No shipped reference holds humaneval" in said
    assert "lm_eval --model hf --tasks humaneval" in said and "runlens reference build" in said
    assert all(len(line) <= 80 for line in builder().splitlines())
    assert coverage_hint(set()) == ""
