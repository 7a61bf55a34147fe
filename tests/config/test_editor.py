"""The JSON Schema for editors accepts what RunLens accepts, and refuses what it refuses."""

import tomllib

import jsonschema
import pytest

from runlens.config import parse
from runlens.config.editor import json_schema
from runlens.errors import ConfigError
from runlens.rules import RULES

SCHEMA = json_schema()
GOOD = (
    "",
    "fail_on = 'warning'\nselect = ['LOSS', 'TPUT001']\nignore = []\njobs = -1\nbaseline = 'known.json'",
    "tokens_per_step = 4.2e6\ntotal_tokens = '3T'\nreferences = ['pythia-1.4b']\nrequirements = ['mmlu>=0.3@1T']",
    "total_tokens = 3e12",
    "[metrics]\ntrain_loss = 'my/loss'",
    "[rules.TPUT003]\nband = [13_500, 14_000]\nseverity = 'error'",
    "[rules.LOSS001]\nsigmas = 7\nfast = 300",
    "[[runs]]\nmatch = 'ablation/*'\nfail_on = 'error'\n[runs.rules.LOG003]\nseverity = 'info'",
)
BAD = (
    "fail_onn = 'error'",
    "fail_on = 'fatal'",
    "select = 'LOSS'",
    "tokens_per_step = 0",
    "jobs = 1.5",
    "[metrics]\nloss = 'x'",
    "[metrics]\ntrain_loss = 1",
    "[rules.LOSS009]\nfast = 1",
    "[rules.LOSS001]\nsigmaa = 7",
    "[rules.LOSS001]\nfast = 'long'",
    "[rules.LOSS001]\nseverity = 'bad'",
    "[rules.TPUT003]\nband = [1]",
    "[rules.EVAL001]\nreferences = ['x']",
    "[[runs]]\nfail_on = 'error'",
    "[[runs]]\nmatch = 'x'\nbaseline = 'y'",
)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["rules"]["properties"]) == {rule.code for rule in RULES}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_right_for_both(text):
    table = tomllib.loads(text)
    jsonschema.validate(table, SCHEMA)
    parse(table)


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_wrong_for_both(text):
    table = tomllib.loads(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, SCHEMA)
    with pytest.raises(ConfigError):
        parse(table)
