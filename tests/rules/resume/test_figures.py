import pytest

from tests.figures import check, named
from tests.rules.resume import figures


@pytest.mark.parametrize(("module", "name"), named(figures))
def test_figures_are_those_that_were_kept(module, name):
    check(module, name)
