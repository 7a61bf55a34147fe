import pytest

from tests.figures import check, named
from tests.roles.figures import alone, runs


@pytest.mark.parametrize(("module", "name"), named(alone, runs))
def test_figures_are_those_that_were_kept(module, name):
    check(module, name)
