"""The script that breaks thresholds finds them, breaks them, and says why it leaves some out."""

import ast

import pytest

from benchmarks.thresholds.__main__ import EQUIVALENT, FOLDERS, ROOT, drawn
from benchmarks.thresholds.sites import of_folders, sites

MODULE = '''"""A text with 5 in it."""
LIMIT = 40
TABLE = {7: 0.5}


class Rule:
    share: float = 0.1

    def check(self, x, window=12):
        """Docs with 9."""
        if len(x) < 3:
            return None
        if x[0] > self.share and x[1] < x[2] * 0.25:
            return f"{x[0]:.3f} of {4.5}"
        return max(x[-1], round(x[0], 2)) or 6
'''


def found(kind):
    return {site.change for site in sites("m.py", MODULE) if site.kind == kind}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("constant", {"40 -> 60", "40 -> 20", "0.5 -> 0.75", "0.5 -> 0.333333"}),
        ("setting", {"0.1 -> 0.15", "0.1 -> 0.0666667"}),
        ("default", {"12 -> 18", "12 -> 6"}),
        ("number", {"3 -> 4", "3 -> 2"}),
        ("factor", {"0.25 -> 0.375", "0.25 -> 0.166667"}),
        ("edge", {"< -> <=", "> -> >="}),
        ("sense", {"< -> >="}),
        ("minmax", {"max -> min"}),
        ("logic", {"and -> or"}),
        ("guard", {"if len(x) < 3 -> if False"}),
        ("window", set()),
    ],
)
def test_each_kind_of_threshold_is_found_and_no_text(kind, changes):
    assert found(kind) - {"if x[0] > self.share and x[1] < x[2] * 0.25 -> if False"} == changes


@pytest.mark.parametrize("site", sites("m.py", MODULE), ids=lambda site: f"{site.line} {site.change}")
def test_a_broken_module_differs_in_one_line_and_can_be_compiled(site):
    broken = site.broken(MODULE)
    compile(broken, "m.py", "exec")
    whole, now = (ast.unparse(tree).splitlines() for tree in (ast.parse(MODULE), broken))
    assert sum(a != b for a, b in zip(whole, now, strict=True)) == 1


def test_the_same_seed_draws_the_same_lines_and_each_once():
    all_of_them = sites("m.py", MODULE)
    assert drawn(all_of_them, 5, 1) == drawn(all_of_them, 5, 1) != drawn(all_of_them, 5, 2)
    assert len({site.line for site in drawn(all_of_them, 99, 1)}) == len({site.line for site in all_of_them})


def test_what_no_test_can_see_has_a_reason_and_is_little():
    lines = [line.split("\t") for line in EQUIVALENT.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(len(line) == 4 and len(line[3]) > 10 for line in lines)
    breakable = {(site.path, site.text) for site in of_folders(ROOT, FOLDERS)}
    assert len(lines) < 0.1 * len(breakable)
