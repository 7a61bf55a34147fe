from pathlib import Path

import pytest

from runlens.config import Learned, in_force, load, parse, settings_for, ways
from runlens.config.tokens import count_of_tokens
from runlens.errors import ConfigError
from runlens.model import RunRef, Severity
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
        ("fail_onn = 'error'", "line 1: unknown setting 'fail_onn'; did you mean fail_on?"),
        ("fail_on = 'fatal'", "fail_on"),
        ("fail_on = 3", "fail_on"),
        ("ignore = 'LOG'", "ignore"),
        ("jobs = 'many'", "jobs"),
        ("[colour]\nx = 1", "line 1: unknown setting 'colour'; known are select, ignore"),
        ("select = ['LOSS01']", "did you mean LOSS001"),
        ("[metrics]\nloss = 'x'", "line 1: setting 'metrics': unknown role 'loss'; did you mean train_loss"),
        ("[metrics]\ngradnorm = 'x'", "did you mean grad_norm?"),
        ("[metrics]\ntrain_loss = 3", "line 2: setting 'metrics.train_loss'"),
        ("[rules.LOSS009]\nx = 1", "LOSS009"),
        ("[rules.LOSS]\nx = 1", "whole code"),
        ("[rules.LOSS001]\nfast = 3\nsigmaa = 1", "line 3: rule LOSS001 has no setting 'sigmaa'; did you mean sigmas?"),
        ("[rules]\nLOSS001.fast = 'long'", "line 2: rules.LOSS001.fast is 'long'"),
        ("[rules.TPUT003]\nband = [1]", "line 2: rules.TPUT003.band"),
        ("[rules.TPUT003]\nband = [5, 1]", "line 2: rules.TPUT003.band is [5, 1]; it must be two positive rates"),
        ("[rules.LOSS001]\nseverity = 'bad'", "must be info, warning or error"),
        ("[[runs]]\nselct = ['LOSS']\nmatch = '*'", "did you mean select"),
        ("[[runs]]\nselect = ['LOSS']", "line 1: setting 'runs.0.match'"),
        ("[[runs]]\nmatch = 'a'\n[[runs]]\nmatch = 'b'\n[runs.rules.LOG003]\npoint = 2", "line 6: rule LOG003 has no"),
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


def test_a_setting_in_pyproject_is_found_by_its_line(tmp_path):
    path = write(tmp_path, "[project]\nname = 'x'\n\n[tool.runlens]\nfail_on = 'never'\n", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"pyproject.toml, line 5: setting 'fail_on'"):
        load(path)


def test_what_is_no_text_is_said(tmp_path):
    path = tmp_path / "runlens.toml"
    path.write_bytes(b"fail_on = '\xff'")
    with pytest.raises(ConfigError, match="no UTF-8 text"):
        load(path)


def test_a_rule_may_be_named_in_any_way_that_select_takes():
    config = parse({"rules": {"loss-spike": {"fast": 7}, "log003": {"severity": "error"}}})
    assert config.values["rules"] == {"LOSS001": {"fast": 7}, "LOG003": {"severity": "error"}}


@pytest.mark.parametrize(("given", "count"), [(3e12, 3e12), ("3T", 3e12), (14_500_000, 14.5e6)])
def test_planned_tokens_are_a_number_or_a_text(given, count):
    assert settings_for("run", parse({"total_tokens": given}), {}).total_tokens == count


def test_the_settings_in_the_readme_work_as_written(tmp_path):
    readme = Path(__file__).parent.parent.parent / "README.md"
    (block,) = [b for b in readme.read_text(encoding="utf-8").split("```toml\n")[1:] if "[[runs]]" in b]
    config = load(write(tmp_path, block.split("```")[0]))
    main, ablation = (settings_for(run, config, {}) for run in ("main", "ablation/seed-7"))
    band = next(rule for rule in main.rules if rule.code == "TPUT003")
    assert band.band == (13_500, 14_000)
    assert "LOG003" not in [rule.code for rule in main.rules]
    assert (main.fail_on, ablation.fail_on) == (Severity.WARNING, Severity.ERROR)
    behind = next(rule for rule in main.rules if rule.code == "EVAL001")
    assert [reference.name for reference in behind.references] == ["pythia-1.4b"]


def test_what_was_learned_counts_for_less_than_what_the_user_says(tmp_path):
    learned = Learned("the last good night", {"TPUT003": {"band": (1.0, 2.0), "min_points": 50}})
    path = write(tmp_path, "[rules.TPUT003]\nband = [3, 4]\n")
    force = in_force(load(path), {}, "run", learned)
    assert force.values["rules"]["TPUT003"] == {"band": [3, 4], "min_points": 50}
    assert force.origin["rules.TPUT003.band"] == str(path)
    assert force.origin["rules.TPUT003.min_points"] == "the last good night"


def test_a_reference_is_looked_for_beside_the_one_who_names_it(tmp_path, monkeypatch):
    table = "tokens,task,metric,value\n1e9,hellaswag,acc,0.3\n2e9,hellaswag,acc,0.4\n3e9,hellaswag,acc,0.5\n"
    for folder, value in (("project", "0.31"), ("project/below", "0.32")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ref.csv").write_text(table.replace("0.3\n", f"{value}\n"))
    config = load(write(tmp_path / "project", 'references = ["ref.csv"]\n'))
    monkeypatch.chdir(tmp_path / "project" / "below")

    def first(flags):
        rule = next(r for r in settings_for("run", config, flags).rules if r.code == "EVAL001")
        return rule.references[0].curves[0].value[0]

    assert first({}) == 0.31
    assert first({"references": ["ref.csv"]}) == 0.32


def test_which_way_of_an_eval_is_better_is_said_by_its_logged_name_or_by_the_sign_of_a_requirement(tmp_path):
    path = write(tmp_path, '[evals."val/score"]\nhigher_is_better = false\n[evals.odd]\nhigher_is_better = true\n')
    flags = {"requirements": ["my_metric>=0.5", "other<=1", "val/accuracy<=0.9", "odd<=3"]}
    told = settings_for("r", load(path), flags).directions
    # a name that tells its direction is not turned by a bound, and what the user says counts before a sign
    assert told == {"val/score": "down", "odd": "up", "my_metric": "up", "other": "down"}
    assert in_force(load(path), {}).origin["evals.odd"] == str(path)
    with pytest.raises(ConfigError, match="higher_is_better"):
        load(write(tmp_path, "[evals.odd]\nhigher = true\n"))


def test_runs_that_no_override_tells_apart_share_their_settings():
    config = parse(
        {
            "runs": [
                {"match": "ablation/*", "ignore": ["LOSS002"], "x": "epoch"},
                {"match": "*-7", "fail_on": "warning"},
            ]
        }
    )
    refs = [RunRef("table", run, run) for run in ("a", "b", "ablation/1", "ablation/2", "ablation/seed-7", "seed-7")]
    made = []

    def make(ref):
        made.append(ref.id)
        return settings_for(ref, config, {})

    found = ways(refs, config, {}, make)
    assert made == ["a", "ablation/1", "ablation/seed-7", "seed-7"]
    assert [settings for _, settings in found] == [settings_for(ref, config, {}) for ref in refs]
    assert [ref.options.x for ref, _ in found] == ["", "", "epoch", "epoch", "epoch", ""]
