"""Run the command as a user does: in a process of its own, with a quiet environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def heeding_ctrl_c() -> None:
    """For `preexec_fn`: a shell that starts the tests in the background ignores SIGINT, and their children with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


def within(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """The same in this process: much faster, for commands whose imports are not what is tested."""
    import contextlib
    import io
    from unittest.mock import patch

    from runlens.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RUNLENS_", "WANDB_", "GITHUB_", "COLUMNS"))}
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.dict(os.environ, {**kept, **(env or {})}, clear=True),
        patch.object(sys, "argv", ["runlens", *arguments]),
    ):
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    text = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Done(int(code or 0), *text)  # type: ignore[call-overload]
