"""Every Python block of the README and of the guides runs, in a clone of the repository."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCKS = [
    pytest.param(block, id=f"{page.name}:{page.read_text(encoding='utf-8')[: match.start()].count(chr(10)) + 1}")
    for page in PAGES
    for match in re.finditer(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    for block in (match[1],)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, "<block>", "exec"), {"__name__": "__main__"})  # the project's own pages
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("runlens", "fixtures"):
            raise
        pytest.skip(f"needs {error.name}, which is not installed with RunLens")


def test_there_are_blocks_to_run() -> None:
    assert len(BLOCKS) >= 4
