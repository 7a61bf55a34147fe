"""What tests of the TensorBoard reader share: read one run, and compare a file with the plain reader."""

from __future__ import annotations

import numpy as np

from runlens.sources import tensorboard
from tests.sources import tfevents_oracle as oracle


def read(folder):
    """The one run in a folder, or of a file."""
    (ref,) = tensorboard.find(str(folder))
    return tensorboard.read(ref)


def columns(series):
    return list(zip(series.step.tolist(), series.time.tolist(), series.value.tolist(), strict=True))


def assert_equal_to_protobuf(path):
    """Every point of the file, by tag, in order, bit for bit."""
    run, plain = read(path), oracle.read(path.read_bytes())
    assert run.series.keys() == plain.points.keys()
    for tag, points in plain.points.items():
        np.testing.assert_array_equal(np.array(columns(run.series[tag])), np.array(points), err_msg=tag)
    assert run.notes == ()
    return run
