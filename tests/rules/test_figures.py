"""What rules find on graded faults is what was kept: a threshold that moves, moves a figure."""

from __future__ import annotations

import pytest

from tests.figures import check, named
from tests.rules.figures import shipped, swarms


@pytest.mark.parametrize(("module", "name"), named(shipped, swarms))
def test_figures_are_those_that_were_kept(module, name):
    check(module, name)
