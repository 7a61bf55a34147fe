"""Files of numbers without a head that are named for their metric, and folders of them."""

import numpy as np
import pytest

from runlens.errors import RunLensError
from runlens.roles import resolve
from runlens.sources import discover, read

N = 20
FALL = np.round(3 - 0.1 * np.arange(N), 4)


def put(path, values=FALL, sep=None, first=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{v}" if sep is None else f"{first + i}{sep}{v}" for i, v in enumerate(values)]
    path.write_text("\n".join(rows) + "\n")
    return path


def runs(path):
    return [resolve(read(ref)) for ref in discover(str(path))]


@pytest.mark.parametrize("sep", [None, ",", " ", "\t", ", "])
@pytest.mark.parametrize("inside", [False, True], ids=["named", "in a folder"])
def test_numbers_are_a_curve_of_the_name_of_their_file(tmp_path, sep, inside):
    path = put(tmp_path / "out" / "train_loss.txt", sep=sep)
    (run,) = runs(tmp_path if inside else path)
    loss = run.role("train_loss").series
    assert loss.name == "train_loss" and loss.value.tolist() == FALL.tolist()
    assert np.array_equal(np.diff(loss.step), np.ones(N - 1))


def test_files_of_one_folder_are_one_run_where_they_have_as_many_lines(tmp_path):
    for name in ("loss_G", "loss_D", "psnr"):
        put(tmp_path / "metrics" / f"{name}.txt", sep=",")
    put(tmp_path / "metrics" / "test_acc.txt", FALL[:7], sep=",")
    first, second = sorted(runs(tmp_path), key=lambda run: -run.points)
    assert set(first.series) == {"loss_G", "loss_D", "psnr"} and set(second.series) == {"test_acc"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("loss.txt", "2.5\n2.4\n2.3\n2.2\n"),  # four lines are no curve
        ("loss.txt", "2.5 a\n2.4 b\n2.3 c\n2.2 d\n2.1 e\n"),  # words
        ("loss.txt", "1,2,3\n4,5,6\n7,8,9\n1,2,3\n4,5,6\n"),  # three columns: which is which?
        ("loss.txt", "1,2.5\n2,2.4\n1,2.3\n2,2.2\n3,2.1\n"),  # the first is no place
        ("pixels.txt", "2.5\n2.4\n2.3\n2.2\n2.1\n"),  # named for nothing that a training logs
    ],
)
def test_other_numbers_are_no_log(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(RunLensError):
        runs(tmp_path)


def test_five_lines_are_a_curve(tmp_path):
    (tmp_path / "loss.txt").write_text("2.5\n2.4\n2.3\n2.2\n2.1\n")
    assert len(runs(tmp_path)) == 1


def test_a_metric_of_dvclive_that_nobody_knows_is_read_all_the_same(tmp_path):
    path = tmp_path / "dvclive" / "plots" / "metrics" / "train" / "foo_quality.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("step\tfoo_quality\n" + "".join(f"{i}\t{i / 10}\n" for i in range(N)))
    (run,) = runs(tmp_path)
    assert [len(s) for s in run.series.values()] == [N]
