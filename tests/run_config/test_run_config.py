"""What configs say: the spellings of all tools, in every form in which a config reaches RunLens."""

from __future__ import annotations

import math

import pytest

from runlens.model import Run
from runlens.roles.names.table import short, table
from runlens.run_config import RunConfig, Spelling, leaves, spellings
from runlens.run_config.flat import flat
from tests.run_config.tools import TOOLS

QUESTIONS = (
    "planned_steps", "planned_tokens", "planned_epochs", "batch_samples", "batch_tokens", "micro_batch", "accumulation",
    "sequence_length", "gpus", "data_parallel", "checkpoint_interval",
)  # fmt: skip
ASKED = {
    "STEPS": "planned_steps", "EPOCHS": "planned_epochs", "TOKENS": "planned_tokens", "BATCH_TOKENS": "batch_tokens",
    "BATCH": "batch_samples", "MICRO": "micro_batch", "ACCUMULATION": "accumulation", "SEQUENCE": "sequence_length",
    "WORLD": "gpus", "COUNTED": "gpus", "DATA_PARALLEL": "data_parallel", "CHECKPOINTS": "checkpoint_interval",
}  # fmt: skip
"""Table to the question that it answers."""
FORMS = {
    "nested": lambda config: config,
    "dotted": lambda config: dict(leaves(config)),
    "slashed": lambda config: {key.replace(".", "/"): value for key, value in leaves(config)},
    "hyphens": lambda config: {key.replace("_", "-"): value for key, value in leaves(config)},
    "capitals": lambda config: {key.upper(): value for key, value in leaves(config)},
    "W&B": lambda config: {key: {"value": value, "desc": None} for key, value in config.items()} | {"_wandb": {"x": 1}},
    "report": flat,
}


def told(config):
    said = RunConfig(config)
    answers = {question: getattr(said, question)() for question in QUESTIONS}
    return {question: answer.value for question, answer in answers.items() if answer is not None}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_is_understood_in_each_form(tool, form):
    case = TOOLS[tool]
    config = FORMS[form](case.config)
    assert told(config) == case.told
    precision = RunConfig(config).precision()
    assert (precision.kind if precision else "") == case.precision
    assert RunConfig(config).framework() == case.framework


def rows():
    return [(name, question, row) for name, question in ASKED.items() for row in getattr(spellings, name)]


@pytest.mark.parametrize(("name", "question", "row"), rows(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_each_spelling_alone_is_the_answer(name, question, row):
    config = {row.name: 96, **dict.fromkeys(row.beside[:1], True)}
    answer = getattr(RunConfig(config), question)()
    assert (answer.value, answer.key) == (96.0, row.name)
    for other in row.never:
        assert getattr(RunConfig(config | {other: 3}), question)() != answer
    if row.beside:
        assert getattr(RunConfig(config | {row.beside[0]: False}), question)() is None
        assert getattr(RunConfig({row.name: 96}), question)() is None


def test_every_table_of_spellings_is_tested():
    tables = {
        name
        for name, value in vars(spellings).items()
        if isinstance(value, tuple) and value and all(isinstance(row, Spelling) for row in value)
    }
    assert tables - set(ASKED) == {"SAMPLES", "PRECISION", "STEP_AT", "TOKENS_AT"}


@pytest.mark.parametrize(
    "nothing", [-1, 0, None, "auto", "", True, math.nan, math.inf, "inf", [1, 2], "[1, 2]", {}, "8k", object()]
)
def test_what_is_no_positive_number_is_no_answer(nothing):
    assert (
        told({"max_steps": nothing, "global_batch_size": nothing, "world_size": nothing, "seq_length": nothing}) == {}
    )


@pytest.mark.parametrize("number", [4096, 4096.0, "4096", " 4_096 ", "4.096e3", [4096], (4096,), "[4096]"])
def test_a_number_in_a_text_or_alone_in_a_list_is_one(number):
    assert RunConfig({"seq_length": number}).sequence_length().value == 4096


def test_an_empty_config_says_nothing():
    said = RunConfig({})
    assert told({}) == {} and said.precision() is None and said.guard() is None and said.framework() == ""
    assert said.text("model") == "" and list(leaves({})) == []


class TestPlan:
    def test_a_plan_below_what_is_done_is_passed_over(self):
        said = RunConfig({"max_steps": 1000, "scheduler": {"total_steps": 5000}})
        assert said.planned_steps().value == 1000
        assert said.planned_steps(at_least=1000).value == 1000
        assert (said.planned_steps(at_least=1001).value, said.planned_steps(1001).key) == (
            5000,
            "scheduler.total_steps",
        )
        assert said.planned_steps(at_least=5001) is None

    def test_half_steps_are_no_plan(self):
        assert RunConfig({"max_steps": 0.5}).planned_steps() is None
        assert RunConfig({"max_steps": 1000.5}).planned_steps() is None

    @pytest.mark.parametrize(
        ("duration", "steps", "tokens"),
        [
            ("24000ba", 24000, None), ("5e12T", None, 5e12), ("65e9tok", None, 65e9), ("2ep", None, None),
            (739_328, 739_328, None), ("1_000", 1000, None), ({"value": 9, "unit": "steps"}, 9, None),
            ({"value": 1e9, "unit": "DurationUnit.tokens"}, None, 1e9), ({"value": 1, "unit": "epochs"}, None, None),
        ],
    )  # fmt: skip
    def test_a_duration_is_in_its_own_unit(self, duration, steps, tokens):
        said = RunConfig({"max_duration": duration})
        found = said.planned_steps(), said.planned_tokens()
        assert [answer and answer.value for answer in found] == [steps, tokens]

    def test_samples_that_ramp_up_tell_no_steps(self):
        config = {"train_samples": 1e6, "global_batch_size": 500, "rampup_batch_size": "16 16 1000"}
        assert RunConfig(config).planned_steps() is None


class TestOrder:
    def test_the_outer_of_two_entries_counts_then_the_first(self):
        assert RunConfig({"old": {"max_steps": 5}, "max_steps": 9}).planned_steps().value == 9
        assert RunConfig({"a": {"max_steps": 5}, "b": {"max_steps": 7}}).planned_steps().key == "a.max_steps"

    def test_the_key_is_told_as_it_was_spelt(self):
        assert RunConfig({"Train": {"seq-length": 8}}).sequence_length().key == "Train.seq-length"
        told = RunConfig({"a": {"global_batch_size": 4}, "seq_length": 8}).batch_tokens()
        assert (told.value, told.key) == (32, "a.global_batch_size x seq_length")

    def test_a_config_that_holds_itself_ends(self):
        config: dict[str, object] = {"max_steps": 5}
        config["self"] = config
        assert RunConfig(config).planned_steps().value == 5


class TestPrecision:
    @pytest.mark.parametrize(
        ("config", "kind"),
        [
            ({"precision": 16}, "fp16"), ({"precision": "16-true"}, "fp16"), ({"precision": "half"}, "fp16"),
            ({"precision": "32-true"}, "fp32"), ({"precision": 32}, "fp32"), ({"precision": "bf16"}, "bf16"),
            ({"dtype": "torch.float16"}, "fp16"), ({"dtype": "float32"}, "fp32"), ({"mixed_precision": "no"}, None),
            ({"my_compute_dtype": "bfloat16"}, "bf16"), ({"print_precision": 16}, None), ({"dtype": "fp8"}, None),
            ({"kv_cache_dtype": "bfloat16"}, None), ({"grad_reduce_dtype": "bfloat16"}, None),
            ({"fp16": True, "torch_dtype": "bfloat16"}, "fp16"), ({"fp16": False, "dtype": "float16"}, "fp16"),
            ({"dtype": "float32", "param_dtype": "bfloat16"}, "bf16"), ({"fp16_full_eval": True}, None),
        ],
    )  # fmt: skip
    def test_kinds(self, config, kind):
        found = RunConfig(config).precision()
        assert (found.kind if found else None) == kind

    def test_the_entry_itself_is_told(self):
        found = RunConfig({"trainer": {"precision": "bf16-mixed"}}).precision()
        assert (found.key, found.value) == ("trainer.precision", "bf16-mixed")


def test_a_guard_that_is_off_is_none():
    assert RunConfig({"qk_norm": False, "z_loss": 1e-4}).guard() == ("z_loss", 1e-4)
    assert RunConfig({"qk_norm": False, "z_loss": 0.0, "qk_layernorm": None}).guard() is None


def test_texts_are_found_by_name():
    assert RunConfig({"a": {"checkpoint": 5}, "b": {"checkpoint": "step100"}}).text("checkpoint") == "step100"


def test_every_framework_is_one_of_the_table_of_metrics():
    known = {short(framework) for framework in table()}
    assert {short(framework) for framework, _ in spellings.FRAMEWORKS} <= known


def test_a_run_asks_its_config_once():
    run = Run("r", "r", "r", config={"max_steps": 7})
    assert run.configured is run.configured
    assert run.configured.planned_steps().value == 7
