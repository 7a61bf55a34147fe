from pathlib import Path

import pytest

from tests.cli.command import within as runlens

ROOT = Path(__file__).parents[2]
BUG, HEALTHY = "fixtures/runs/tp_bug_small", "fixtures/runs/ref_small_s0"


def compare(*arguments, **more):
    return runlens("compare", BUG, "--reference", HEALTHY, *arguments, cwd=ROOT, **more)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_page_says_how_far_behind_and_fits(columns):
    done = compare(env={"COLUMNS": str(columns)})
    assert done.code == 1 and done.err == ""
    assert done.out.startswith("✖ BEHIND  tp_bug_small beside ref_small_s0\n")
    assert all(len(line) <= columns for line in done.out.splitlines())
    told = " ".join(done.out.split())
    for words in (
        "validation loss",
        "codechoice",
        "acc_norm",
        "(1.30 x) behind",
        "would not prove it",
        "--total-tokens",
    ):
        assert words in told, words
    assert "\x1b" not in done.out


def test_the_numbers_come_as_json_with_the_choice():
    done = compare("-f", "json", "--total-tokens", "600M")
    (found,) = done.json["comparisons"]
    assert (done.code, found["verdict"], found["severity"]) == (1, "behind", "error")
    assert {t["task"] for t in found["tasks"]} == {"", "codechoice", "textchoice"}
    assert [t["proven"] for t in found["tasks"]] == [True, False, False]
    choice = found["restart_or_go_on"]
    lag = found["groups"][0]["lag_factor"]
    assert choice["restart"] and choice["certain"]
    assert choice["break_even"] == pytest.approx(600e6 * (1 - 1 / lag), rel=0.01)
    assert choice["gpu_hours_saved"] > 0


def test_the_picture_is_written_and_the_same_each_time(tmp_path):
    assert compare("--png", str(tmp_path / "a.png")).code == 1
    assert compare("--png", str(tmp_path / "b.png")).code == 1
    picture = (tmp_path / "a.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and picture == (tmp_path / "b.png").read_bytes()


def test_a_run_beside_itself_is_not_behind():
    done = runlens("compare", HEALTHY, "--reference", HEALTHY, cwd=ROOT)
    assert done.code == 0 and "BEHIND" not in done.out


def test_nothing_in_common_is_no_pass():
    done = runlens("compare", BUG, "--reference", "pythia-1.4b", cwd=ROOT)
    assert done.code == 3
    assert "NOT COMPARED" in done.out and "the reference has no such task" in done.out
    assert "Biderman" in done.out, "who is used is cited"


def test_the_configuration_gives_references_too(tmp_path):
    (tmp_path / "runlens.toml").write_text(f'references = ["{ROOT / HEALTHY}"]\n')
    done = runlens("compare", str(ROOT / BUG), "--config", str(tmp_path / "runlens.toml"), cwd=tmp_path)
    assert done.code == 1 and "BEHIND" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((BUG,), "give at least one --reference"),
        ((BUG, "-r", "pythia1.4b"), "did you mean pythia-1.4b"),
        ((BUG, "-r", HEALTHY, "--total-tokens", "much"), "is no number of tokens"),
        (("fixtures/runs", "-r", HEALTHY), "name one of them"),
        ((BUG, "-r", "pythia-1.4b", "--png", "x.png"), "nothing to draw"),
        (("nowhere", "-r", HEALTHY), "nowhere"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments, words):
    done = runlens("compare", *arguments, cwd=ROOT)
    assert done.code == 2 and done.out == ""
    assert words in done.err and done.err.count("\n") == 1


def test_steps_are_compared_when_asked():
    done = compare("--axis", "steps")
    assert done.code == 1 and "steps behind" in " ".join(done.out.split())


def test_check_says_the_same():
    done = runlens("check", BUG, "--reference", HEALTHY, "--select", "EVAL001", "-f", "json", cwd=ROOT)
    (finding,) = done.json["runs"][0]["findings"]
    assert done.code == 1 and finding["code"] == "EVAL001"
    said = compare("-f", "json").json["comparisons"][0]["sentence"]
    assert finding["message"] == said[0].upper() + said[1:]
