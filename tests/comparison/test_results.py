"""Results of harnesses side by side: how they were measured first, then scores, item by item where both kept them."""

import numpy as np
import pytest

from runlens.comparison.answers import disagreement
from runlens.comparison.compare import compare
from runlens.comparison.conditions import assumed, differ
from runlens.model import Severity
from runlens.model.measured import Answers
from runlens.references import load
from runlens.roles import resolve
from runlens.sources import discover, read
from tests.synthetic.results import answered, lighteval, lm_eval, olmes, unlike

ITEMS = 10_042
BASE = answered(0.56, ITEMS, 1)
ONE_POINT_LOWER = unlike(BASE, 250, 150)


def beside(run, reference, axis="auto"):
    (ref,) = discover(str(run))
    return compare(resolve(read(ref)), load(str(reference)), axis)


def of_final(tmp_path, right=BASE, **how):
    lm_eval(tmp_path / "base", {"hellaswag": BASE})
    lm_eval(tmp_path / "run", {"hellaswag": right}, **how)
    return beside(tmp_path / "run", tmp_path / "base")


def test_a_final_model_one_point_lower_on_the_same_items_is_proven(tmp_path):
    found = of_final(tmp_path, ONE_POINT_LOWER)
    (point,) = found.at_one[0].points
    assert point.yardstick == "the same 10,042 items (McNemar)" and point.p < 1e-5
    assert found.severity is Severity.WARNING


def test_another_model_that_is_as_good_is_level(tmp_path):
    assert of_final(tmp_path, unlike(BASE, 200, 200)).severity is None


def test_without_answers_one_point_is_no_proof(tmp_path):
    found = of_final(tmp_path, ONE_POINT_LOWER, samples=False)
    assert found.at_one[0].points[0].yardstick == "healthy twins" and found.severity is None


@pytest.mark.parametrize("harness", [lighteval, olmes])
def test_answers_of_other_harnesses_are_paired_too(tmp_path, harness):
    harness(tmp_path / "base", {"hellaswag": BASE})
    harness(tmp_path / "run", {"hellaswag": ONE_POINT_LOWER})
    points = [p for one in beside(tmp_path / "run", tmp_path / "base").at_one for p in one.points]
    assert any("McNemar" in p.yardstick and p.p < 1e-5 for p in points)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"limit": 10}, "the run's was measured on the first 10 items, the reference's on all"),
        ({"version": 2.0}, "the run's task version is 2, the reference's 1"),
        (
            {"prompt": "{{q}}?"},
            "the prompts differ: their text, delimiters, split or few-shot examples are not the same",
        ),
        ({"shots": 5}, "the run's is 5-shot, the reference's 0-shot"),
        ({"chat": "{{x}}"}, "the run's chat template is"),
    ],
)
def test_scores_that_were_measured_in_two_ways_are_not_compared(tmp_path, how, said):
    found = of_final(tmp_path, ONE_POINT_LOWER, **how)
    assert found.verdict == "not compared" and said in found.why_not


def test_a_limit_beside_a_reference_that_tells_none_is_not_compared():
    assert "the first 10" in differ({"items": "the first 10"}, {})
    assert differ({"items": "all"}, {}) == "" and differ({}, {}) == ""


def test_two_harnesses_are_compared_and_it_is_said():
    one, other = {"harness": "lighteval", "prompt": "a"}, {"harness": "lm-evaluation-harness", "prompt": "b"}
    assert differ(one, other) == ""
    assert assumed(one, other) == ("measured by lighteval, the reference by lm-evaluation-harness: prompts may differ",)
    assert "chat template" in differ({**one, "chat template": "applied"}, {**other, "chat template": "none"})
    assert differ({**one, "chat template": "applied"}, {**other, "chat template": "ab12"}) == ""


def test_a_chat_template_that_one_side_does_not_tell_is_said():
    assert assumed({"chat template": "ab"}, {"items": "all"}) == ("the reference does not tell its chat template",)


def test_items_that_few_share_are_no_pair():
    def of(first, last):
        return Answers(np.arange(first, last, dtype=np.uint64), np.ones(last - first, dtype=bool))

    assert disagreement(of(0, 100), of(10, 100)) is not None
    assert disagreement(of(0, 100), of(11, 100)) is None
    assert disagreement(of(0, 100), None) is None


def course(folder, lag, seed):
    for step in range(1000, 9000, 1000):
        done = step / lag
        tasks = {
            name: answered(low + (high - low) * (1 - np.exp(-done / pace)), 2000, seed + step)
            for name, low, high, pace in (
                ("hellaswag", 0.25, 0.6, 3e3),
                ("piqa", 0.5, 0.75, 2e3),
                ("sciq", 0.2, 0.9, 2e3),
            )
        }
        lm_eval(folder / f"step{step}", tasks, samples=False)


@pytest.mark.parametrize(("lag", "severity"), [(1.0, None), (2.0, Severity.ERROR)])
def test_checkpoints_beside_checkpoints(tmp_path, lag, severity):
    course(tmp_path / "ref", 1.0, 1)
    course(tmp_path / "run", lag, 2)
    assert beside(tmp_path / "run", tmp_path / "ref", "steps").severity is severity
    assert "--axis steps" in beside(tmp_path / "run", tmp_path / "ref").why_not


def test_a_checkpoint_is_not_held_against_a_final_model(tmp_path):
    course(tmp_path / "run", 1.0, 1)
    lm_eval(tmp_path / "base", {"hellaswag": BASE})
    assert "nothing tells where in training the reference stands" in beside(tmp_path / "run", tmp_path / "base").why_not


def test_a_final_model_beside_a_course_takes_its_end_and_says_so(tmp_path):
    course(tmp_path / "ref", 1.0, 1)
    lm_eval(tmp_path / "run", {"hellaswag": answered(0.3, 2000, 9)}, samples=False)
    (point,) = beside(tmp_path / "run", tmp_path / "ref").at_one[0].points
    assert point.worse > 0.2 and "held against the reference's last checkpoint" in point.notes[-1]


def test_parts_of_a_mean_are_not_counted_beside_it(tmp_path):
    import json

    for name in ("run", "base"):
        tasks = dict.fromkeys(("mmlu", "mmlu_stem", "mmlu_virology"), BASE[:2000])
        file = lm_eval(tmp_path / name, tasks, samples=False)
        data = json.loads(file.read_text())
        file.write_text(json.dumps({**data, "group_subtasks": {"mmlu": ["mmlu_stem", "mmlu_virology"]}}))
    found = beside(tmp_path / "run", tmp_path / "base")
    assert [p.label for p in found.at_one[0].points] == ["MMLU acc, 0-shot"]
    assert ("2 evals of mmlu", "their mean is compared") in found.unmatched
