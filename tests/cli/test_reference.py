import json
from pathlib import Path

import pytest

from tests.cli.command import within as runlens

ROOT = Path(__file__).parents[2]
HEALTHY, BUG = str(ROOT / "fixtures/runs/ref_small_s0"), str(ROOT / "fixtures/runs/tp_bug_small")


def test_a_run_becomes_a_file_that_serves_as_the_run_does(tmp_path):
    done = runlens(
        "reference", "build", HEALTHY, "-o", "ref.json", "--name", "healthy", "--licence", "MIT", cwd=tmp_path
    )
    assert (done.code, done.out) == (0, "") and "healthy, 3 curves, up to 13 checkpoints" in done.err
    assert json.loads((tmp_path / "ref.json").read_text())["licence"] == "MIT"
    stored = runlens("compare", BUG, "-r", "ref.json", "-f", "json", cwd=tmp_path).json["comparisons"][0]
    direct = runlens("compare", BUG, "-r", HEALTHY, "-f", "json", cwd=tmp_path).json["comparisons"][0]
    assert stored["reference"] == "healthy"
    assert stored["groups"][0]["lag_factor"] == pytest.approx(direct["groups"][0]["lag_factor"], rel=0.02)


def test_without_a_file_it_goes_to_standard_output():
    done = runlens("reference", "build", HEALTHY)
    assert done.json["name"] == "ref_small_s0" and done.json["tokens_per_step"] == 16384


def test_several_runs_make_a_band_and_what_is_left_out_is_said(tmp_path):
    done = runlens("reference", "build", HEALTHY, BUG, "-o", str(tmp_path / "band.json"))
    assert done.code == 0 and "a band of 2 members" in done.err
    done = runlens("reference", "build", str(ROOT / "fixtures/runs"), "-o", str(tmp_path / "all.json"))
    assert "left out: gpu_drop6: the run logged no evals" in done.err
    page = runlens("reference", "show", str(tmp_path / "band.json"))
    assert "member" in page.out and page.out.count("tp_bug_small") >= 3


def test_a_table_over_steps_takes_its_tokens_per_step(tmp_path):
    (tmp_path / "t.csv").write_text("step,task,metric,value\n100,piqa,acc,0.6\n200,piqa,acc,0.65\n")
    done = runlens("reference", "build", "t.csv", "--tokens-per-step", "1000", cwd=tmp_path)
    assert done.json["axis"] == "tokens" and done.json["curves"][0]["at"] == [100_000, 200_000]


def test_the_list_shows_the_shipped_ones_and_the_stored_ones_of_a_folder(tmp_path):
    runlens("reference", "build", HEALTHY, "-o", str(tmp_path / "mine.json"))
    done = runlens("reference", "list", str(tmp_path), env={"COLUMNS": "80"})
    names = [line.split()[0] for line in done.out.splitlines()[2:] if line]
    assert {"pythia-70m", "pythia-12b-deduped", "tinyllama-1.1b", "ref_small_s0"} <= set(names)
    assert all(len(line) <= 80 for line in done.out.splitlines()[:-1]) and "…" not in done.out
    assert "reference show NAME" in done.out
    rows = runlens("reference", "list", "-f", "json").json
    assert next(r for r in rows if r["spec"] == "pythia-1b")["settings"] == ["0-shot", "5-shot"]
    assert all(r["citation"] and r["licence"] for r in rows)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_reference_is_shown_with_its_source_and_curves(columns):
    done = runlens("reference", "show", "pythia-1.4b@5-shot", env={"COLUMNS": str(columns)})
    assert done.code == 0 and "Biderman" in done.out and "5-shot" in done.out and "0-shot" not in done.out
    assert "lambada_openai" in done.out and "0.2312" not in done.out
    assert all(len(line) <= columns for line in done.out.splitlines())


def test_a_reference_comes_as_a_table(tmp_path):
    done = runlens("reference", "show", "tinyllama-1.1b", "-f", "csv")
    (tmp_path / "t.csv").write_text(done.out)
    assert done.out.splitlines()[0] == "tokens,task,metric,setting,value,stderr,n,name"
    assert runlens("reference", "show", "t.csv", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "tinylama"), "did you mean tinyllama-1.1b"),
        (("show", "pythia-1b@3-shot"), "it has 0-shot, 5-shot"),
        (("list", "nowhere"), "no folder nowhere"),
        (("build", "nowhere"), "no reference 'nowhere'"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments, words):
    done = runlens("reference", *arguments, cwd=ROOT)
    assert done.code == 2 and done.out == "" and words in done.err and done.err.count("\n") == 1
