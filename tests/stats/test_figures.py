import pytest

from tests.figures import check, named
from tests.stats.figures import changes, excursions, kernels


@pytest.mark.parametrize(("module", "name"), named(kernels, changes, excursions))
def test_figures_are_those_that_were_kept(module, name):
    check(module, name)
