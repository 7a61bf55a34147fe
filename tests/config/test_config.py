import pytest

from runlens.config import in_force, load, parse, settings_for
from runlens.config.plan import count_of_tokens
from runlens.errors import ConfigError
from runlens.model import Severity
from runlens.rules import RULES


def write(folder, text, name="runlens.toml"):
    path = folder / name
    path.write_text(text)
    return path


def test_the_nearest_file_wins_and_pyproject_needs_its_table(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    write(tmp_path, '[tool.runlens]\nfail_on = "warning"\n', "pyproject.toml")
    write(deep, "[project]\n", "pyproject.toml")
    assert load(start=deep).values == {"fail_on": Severity.WARNING}
    write(tmp_path / "a", 'ignore = ["LOG"]\n')
    assert load(start=deep).values == {"ignore": ["LOG"]}


def test_without_a_file_there_are_only_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load()
    assert config.path is None or not config.path.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fail_onn = 'error'", "did you mean 'fail_on'"),
        ("fail_on = 'fatal'", "fail_on"),
        ("select = ['LOSS01']", "did you mean LOSS001"),
        ("[metrics]\nloss = 'x'", "unknown role 'loss'"),
        ("[rules.LOSS009]\nx = 1", "LOSS009"),
        ("[rules.LOSS]\nx = 1", "whole code"),
        ("[rules.LOSS001]\nsigmaa = 1", "has no setting 'sigmaa'"),
        ("[rules.LOSS001]\nseverity = 'bad'", "must be info, warning or error"),
        ("[[runs]]\nselct = ['LOSS']\nmatch = '*'", "did you mean 'select'"),
        ("[[runs]]\nselect = ['LOSS']", "match"),
        ("tokens_per_step = -3", "tokens_per_step"),
        ("total_tokens = 'many'", "total_tokens"),
        ("select = [", "no valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_right(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert words in str(error.value) and str(path) in str(error.value)


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="no configuration file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"no \[tool.runlens\]"):
        load(write(tmp_path, "[project]\n", "pyproject.toml"))


def test_layers_lie_over_each_other_and_say_where_they_come_from(tmp_path):
    path = write(
        tmp_path,
        """
        fail_on = "warning"
        ignore = ["LOG003"]
        [metrics]
        train_loss = "a"
        grad_norm = "g"
        [[runs]]
        match = "nightly/*"
        fail_on = "info"
        [runs.metrics]
        train_loss = "b"
        """,
    )
    config = load(path)
    nightly = in_force(config, {"ignore": ["LOG"], "select": [], "metrics": {}}, "nightly/7")
    assert nightly.values["fail_on"] == "info"
    assert nightly.origin["fail_on"] == f"{path} [[runs]] match = 'nightly/*'"
    assert nightly.values["metrics"] == {"train_loss": "b", "grad_norm": "g"}
    assert nightly.origin["metrics.grad_norm"] == str(path)
    assert nightly.values["ignore"] == ["LOG"]
    assert nightly.origin["ignore"] == "command line"
    assert nightly.origin["select"] == "default"
    assert in_force(config, {}, "weekly/7").values["fail_on"] == "warning"


def test_settings_are_made_for_each_run():
    config = parse(
        {"select": ["LOG"], "runs": [{"match": "b", "ignore": ["LOG002"]}], "rules": {"LOG003": {"severity": "error"}}}
    )
    codes = [r.code for r in settings_for("a", config, {}).rules]
    assert codes == [r.code for r in RULES if r.code.startswith("LOG")]
    assert "LOG002" not in [r.code for r in settings_for("b", config, {}).rules]
    assert settings_for("a", config, {}).severities == {"LOG003": Severity.ERROR}


@pytest.mark.parametrize(
    ("text", "count"), [("3T", 3e12), ("600B", 6e11), ("14.5m", 14.5e6), ("3e12", 3e12), ("42", 42.0)]
)
def test_counts_of_tokens(text, count):
    assert count_of_tokens(text) == count


@pytest.mark.parametrize("text", ["", "T", "many", "-3", "0", "inf", "nan"])
def test_what_is_no_count_of_tokens(text):
    with pytest.raises(ConfigError, match="no number of tokens"):
        count_of_tokens(text)
