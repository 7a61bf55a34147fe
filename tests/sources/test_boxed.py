"""Numbers in the boxes of PyTorch, TensorFlow and JAX."""

from __future__ import annotations

import pytest

from runlens.sources import discover, read
from runlens.sources.table.forms.boxed import unboxed, unboxed_rows


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("tensor(0.5)", "0.5"),
        ("tensor(2., requires_grad=True)", "2."),
        ("torch.tensor(-1e-05, device='cuda:0', dtype=torch.float64, grad_fn=<NllLossBackward0>)", "-1e-05"),
        ("tensor([0.5], grad_fn=<AddBackward0>)", "0.5"),
        ("tensor(nan, device='cuda:0')", "nan"),
        ("tf.Tensor(0.5, shape=(), dtype=float32)", "0.5"),
        ("tf.Tensor(0.5, shape=(1,), dtype=float32)", "0.5"),
        ("<tf.Tensor: id=7, shape=(), dtype=float32, numpy=0.5>", "0.5"),
        ("Array(0.5, dtype=float32)", "0.5"),
        ("DeviceArray(0.5, dtype=float32)", "0.5"),
    ],
)
def test_a_box_of_one_number_is_that_number(text, plain):
    line = f"loss {text} lr {text}\n"
    assert unboxed(line) == f"loss {plain} lr {plain}\n"
    assert unboxed(line.encode()) == unboxed(line).encode()


@pytest.mark.parametrize(
    "text",
    [
        "tensor([0.5, 0.25])",
        "tensor([[0.5]])",
        "tensor(0.5, device='cuda:0'",
        "tensor(0.5,\ndevice='cuda:0')",
        "mytensor(0.5)",
        "-tensor(2.5)",
        "tensor(2.5)5",
        "1.tensor(2.5)",
        "tensor(2.5)e3",
        "Tensor of 3",
        "Array(x)",
        "loss 0.5",
    ],
)
def test_all_else_is_left_as_it_is(text):
    assert unboxed(text) == text and unboxed(text.encode()) == text.encode()


def test_a_torn_box_costs_no_more_than_its_length():
    unboxed("tensor(0.5, " + "a=b" * 50_000 + "\n" + "tensor(1, a=<" * 20_000)


def test_rows_that_quote_a_cell_are_left_as_they_are():
    rows = "1,tensor(2.5, device='cuda:0')\n2,\"1,tensor(250.)\"\n3,tensor(2.0)"
    assert unboxed_rows(rows) == '1,2.5\n2,"1,tensor(250.)"\n3,2.0'
    assert unboxed_rows(rows.encode()) == unboxed_rows(rows).encode()


@pytest.mark.parametrize(
    "box",
    [
        "tensor({}, device='cuda:0')",
        "tf.Tensor({}, shape=(), dtype=float32)",
        "<tf.Tensor: shape=(), dtype=float32, numpy={}>",
        "Array({}, dtype=float32)",
    ],
)
def test_a_box_tears_no_row_of_a_table(box, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,lr\n" + "".join(f"{i},{box.format(2 - i / 64)},0.125\n" for i in range(9)))
    (ref,) = discover(str(path))
    run = read(ref)
    assert run.series["loss"].value.tolist() == [2 - i / 64 for i in range(9)]
    assert run.series["lr"].value.tolist() == [0.125] * 9 and run.notes == ()
