import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import runlens
from runlens.render import FORMATS

ROOT = Path(__file__).parent.parent
RUN = ROOT / "fixtures" / "runs" / "lr_bump"


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


def test_a_plain_check_loads_neither_pandas_nor_pyarrow_nor_wandb():
    code = (
        "import sys\n"
        "from runlens import RULES, Settings, discover, judge\n"
        f"(report,) = [judge(ref, Settings(tuple(r() for r in RULES))) for ref in discover({str(RUN)!r})]\n"
        "assert report.checked\n"
        "heavy = {'pandas', 'pyarrow', 'wandb', 'matplotlib', 'scipy.stats', 'scipy.signal', 'tensorboard', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_output_is_made_without_extras_and_without_the_packages_of_the_tests(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["optional-dependencies"].values(), project["dependency-groups"]["test"]]
    optional = {_canonical(name) for group in needed for name in group if isinstance(name, str)}
    installed = importlib.metadata.packages_distributions()
    blocked = sorted(m for m, owners in installed.items() if {_canonical(o) for o in owners} <= optional)
    assert {"pytest", "yaml"} <= set(blocked)
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))\n"
        "from runlens.cli import app\n"
        "from runlens.render import FORMATS\n"
        f"reports = [f'--report={{name}}={tmp_path}/report.{{name}}' for name in FORMATS]\n"
        f"app(['check', {str(RUN)!r}, '-o', {str(tmp_path / 'page')!r}, '--png={tmp_path}/run.png', *reports])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(list(tmp_path.glob("report.*"))) == len(FORMATS)


def _canonical(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
