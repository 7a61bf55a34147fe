import subprocess
import sys

import runlens


def test_every_public_name_is_there_and_is_what_it_says():
    for name in runlens.__all__:
        assert getattr(runlens, name) is not None
    assert sorted(n for n in runlens.__all__ if n != "__version__") == sorted(runlens._HOME)


def test_importing_and_asking_for_help_load_nothing_heavy():
    code = (
        "import sys, runlens.cli\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'wandb', 'tensorboard', 'pyarrow', 'rich', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_check_loads_neither_pandas_nor_pyarrow_nor_wandb(tmp_path):
    table = tmp_path / "run.jsonl"
    table.write_text("".join(f'{{"step": {i}, "loss": {3 - i / 400}}}\n' for i in range(400)))
    code = (
        "import sys\n"
        "from runlens import RULES, Settings, discover, judge\n"
        f"(report,) = [judge(ref, Settings(tuple(r() for r in RULES))) for ref in discover({str(table)!r})]\n"
        "assert report.checked\n"
        "heavy = {'pandas', 'pyarrow', 'wandb', 'matplotlib', 'scipy.stats', 'scipy.signal', 'tensorboard', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
