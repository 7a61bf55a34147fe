"""Tables of a loss that name no axis, under any name."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.errors import NoRunFound
from runlens.sources import discover, read


def test_a_curve_without_an_axis_is_a_log_whatever_its_name(tmp_path):
    path = tmp_path / "train_log.txt"
    rows = "".join(f"{9 - i / 9:.6f}\t{1 - i / 99:.6f}\t\n" for i in range(40))
    path.write_text("total loss\tscore loss\t\n" + rows)
    for named in (path, tmp_path):
        (ref,) = discover(str(named))
        run = read(ref)
        assert ref.source == "table"
        np.testing.assert_array_equal(run.series["total loss"].step, np.arange(40))
        assert "rows were counted" in run.notes[0].message


def test_lines_of_a_loss_without_an_axis_are_a_log(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("".join(f'{{"train_loss": {9 - i / 9}, "lr": 0.1, "test_map": [0.1, 0.2]}}\n' for i in range(40)))
    (ref,) = discover(str(tmp_path))
    assert len(read(ref).series["train_loss"]) == 40


@pytest.mark.parametrize("text", ["loss,word\n1,a\n2,b\n3,c\n", "loss,x\n1,2\n2,3\n", "height,x\n1,2\n2,3\n3,4\n"])
def test_other_tables_without_an_axis_are_none(tmp_path, text):
    (tmp_path / "data.txt").write_text(text)
    with pytest.raises(NoRunFound):
        discover(str(tmp_path))
