"""Run the command as a user does: in a process of its own, with a quiet environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def runlens(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """`runlens ARGUMENTS` with warnings as errors and no variable that could change what it does."""
    clean = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("RUNLENS_", "WANDB_", "GITHUB_", "COLUMNS", "NO_COLOR"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "runlens", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**clean, **(env or {})},
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
