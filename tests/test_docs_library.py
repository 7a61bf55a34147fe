"""The files of docs/library, as a reader runs them: the notebook cell by cell, the script, the gate, the training."""

from __future__ import annotations

import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "docs" / "library"


def test_the_notebook_runs_from_the_first_cell_to_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell in turn in one namespace; the last expression of a cell shows itself, as in a notebook."""
    import ast

    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    book = json.loads((LIBRARY / "notebook.ipynb").read_text(encoding="utf-8"))
    assert book["nbformat"] == 4 and len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    names: dict[str, object] = {"__name__": "__main__"}
    shown: list[object] = []
    for number, cell in enumerate(c for c in book["cells"] if c["cell_type"] == "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None, "kept without outputs"
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"<cell {number}>", "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), f"<cell {number}>", "eval"), names))  # type: ignore[attr-defined]
    pages = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(pages) >= 4 and "lr_bump" in pages[0]


def test_the_script_ends_with_the_code_of_the_gate(tmp_path: Path) -> None:
    for run, code in (("restart_clean", 0), ("lr_bump", 1)):
        call = [
            sys.executable,
            "-W",
            "error",
            str(LIBRARY / "check_runs.py"),
            f"fixtures/runs/{run}",
            str(tmp_path / "p.html"),
        ]
        done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert (tmp_path / "p.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "FAIL      lr_bump" in done.stdout and "-> Learning rate off its schedule" in done.stdout


@pytest.mark.parametrize(("run", "code"), [("ref_small_s0", 0), ("lr_bump", 1)])
def test_the_nightly_gate_is_green_on_a_good_run_and_red_on_a_bad_one(run: str, code: int) -> None:
    import os

    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    env |= {"RUN": f"fixtures/runs/{run}", "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(LIBRARY / "test_last_night.py")]
    done = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        assert "LOSS001" in done.stdout and "Mend the learning rate, then rewind" in done.stdout


@pytest.mark.filterwarnings("default")  # of the frameworks
def test_a_training_with_transformers_is_stopped_when_it_goes_wrong() -> None:
    for needed in ("torch", "transformers", "accelerate"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs {needed}, which is not installed with RunLens")
    train = runpy.run_path(str(LIBRARY / "train_hf.py"))["train"]
    last, watch = train(steps=300)
    assert last == 300 and watch.report.passed, watch.report
    last, watch = train(steps=400, break_at=200)
    assert 200 < last < 400, watch.report
    assert any(f.code == "LR001" or f.code.startswith("LOSS") for f in watch.report.findings)
