"""Every text format of the fixed report is, to the byte, what was looked at and committed."""

from __future__ import annotations

import pytest

from fixtures.make.goldens import goldens
from tests.render.reports import REPORTS


@pytest.mark.parametrize("name", goldens())
def test_golden(name: str) -> None:
    path = REPORTS / name
    expected = path.read_bytes().decode("utf-8") if path.exists() else "nothing yet"
    assert goldens()[name] == expected, "looked at and meant? python -m fixtures.make.goldens"
