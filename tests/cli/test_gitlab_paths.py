"""GitLab's code quality report names files as the project sees them, wherever the job was started."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import within

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("named", ["logs/run", "{home}/logs/run", "../project/logs/run"])
def test_a_source_below_the_project_is_relative_to_it(tmp_path: Path, named: str) -> None:
    home = tmp_path / "project"
    shutil.copytree(ROOT / "fixtures" / "runs" / "gpu_drop6", home / "logs" / "run")
    (home / "below").mkdir()
    for env, cwd in (({}, home), ({"CI_PROJECT_DIR": str(home)}, home)):
        done = within("check", named.format(home=home), "-f", "gitlab", cwd=cwd, env=env)
        assert {entry["location"]["path"] for entry in json.loads(done.out)} == {"logs/run"}, done.err
    done = within("check", "../logs/run", "-f", "gitlab", cwd=home / "below", env={"CI_PROJECT_DIR": str(home)})
    assert {entry["location"]["path"] for entry in json.loads(done.out)} == {"logs/run"}, done.err
