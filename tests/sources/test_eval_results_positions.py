import pytest

from runlens.sources.eval_results.positions import position


@pytest.mark.parametrize(
    ("name", "step", "tokens"),
    [
        ("step3000", 3000, None),
        ("checkpoint-500", 500, None),
        ("global_step1000", 1000, None),
        ("iter_0002000", 2000, None),
        ("stage1-step1000-tokens5B", 1000, 5e9),
        ("TinyLlama-1.1B-intermediate-step-480k-1T", 480e3, 1e12),
        ("100B-tokens", None, 100e9),
        ("0004000", 4000, None),
        ("pythia-1.4b", None, None),
        ("step_" + "9" * 30, None, None),
        ("9" * 400, None, None),
        ("results_2026-11-25T03-29-59.934596.json", None, None),
    ],
)
def test_names_tell_where_a_checkpoint_stands(name, step, tokens):
    assert position([name]) == (step, tokens)


def test_the_nearest_name_counts():
    assert position(["step2000", "step1000"])[0] == 2000
