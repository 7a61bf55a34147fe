"""The comparison as a page and as a figure, with hostile names, many tasks and several references."""

from dataclasses import replace
from functools import lru_cache
from io import BytesIO

import numpy as np
import pytest

from runlens.comparison.compare import compare
from runlens.comparison.training import training_beside
from runlens.model import Reference
from runlens.render.figures import compare as compare_png
from runlens.render.figures import compare_training
from runlens.render.figures.compare_panel import said
from runlens.render.pages import compare as page
from tests.synthetic.evals import eval_run, reseeded, simulated_curve, simulated_loss
from tests.synthetic.twins import twin

TOKENS = np.geomspace(2e9, 3e11, 14)
HOSTILE = "\x1b[31mred\x1b[0m\u202e$_{x}$[bold]"


@lru_cache
def compared(tasks, lag=2.0, name="night-41", references=1, loss=False):
    rng = np.random.default_rng(0)
    at = np.linspace(5e10, 3e11, 6)
    curves = [simulated_curve(f"task_{i}", at, lag, 5000) for i in range(tasks)] + [simulated_loss(at, lag)] * loss
    run = eval_run(curves, name=name)
    healthy = [simulated_curve(f"task_{i}", TOKENS, 1.0, 5000) for i in range(tasks)] + [simulated_loss(TOKENS)] * loss
    return tuple(
        compare(run, Reference(f"{name} ref {r}", "tokens", tuple(reseeded(c, rng) if c.task else c for c in healthy)))
        for r in range(references)
    )


def size(png):
    from matplotlib.image import imread

    return imread(BytesIO(png)).shape


@pytest.mark.parametrize(("tasks", "width"), [(1, 8), (2, 10), (4, 10), (5, 12), (14, 12)])
def test_the_figure_grows_with_the_tasks(tasks, width):
    height, wide, _ = size(compare_png.render(compared(tasks)))
    assert wide == pytest.approx(width * 140, abs=2)
    assert height < 12 * 140, "what is beyond twelve tasks is counted, not drawn"


def test_several_references_a_loss_and_hostile_names_are_drawn():
    assert compare_png.render(compared(2, name=HOSTILE, references=3, loss=True))[:4] == b"\x89PNG"


def test_a_band_and_a_run_that_is_level_are_drawn():
    (found,) = compared(1, lag=1.0)
    task = found.tasks[0]
    banded = replace(task, low=task.reference.value - 0.01, high=task.reference.value + 0.01)
    assert compare_png.render([replace(found, tasks=(banded,))])[:4] == b"\x89PNG"


def beside(own, *members):
    """A comparison of nothing but training curves."""
    gaps, _ = training_beside(own, members)
    return replace(compared(1)[0], tasks=(), training=gaps)


def test_training_curves_alone_are_drawn_a_row_each():
    level = beside(twin(1), twin(2), twin(3))
    height, wide, _ = size(compare_png.render([level]))
    assert wide == pytest.approx(10 * 140, abs=2)
    assert height == pytest.approx(size(compare_png.render([level] * 2))[0] - 3 * 2.5 * 140, abs=30)
    assert size(compare_png.render([level] * 9))[0] < 20 * 140, "what is beyond six curves is counted, not drawn"


def test_training_curves_stand_below_the_tasks():
    (evals,) = compared(2)
    both = replace(evals, training=beside(twin(1), twin(2)).training)
    assert size(compare_png.render([both]))[0] > size(compare_png.render([evals]))[0] + 3 * 2.4 * 140


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (twin(4), "level at its end"),
        (twin(4, worse=0.08, since=2000), " higher from step 1,9"),
        (twin(4, worse=0.2, since=1000, until=2000), "apart from step 1,000 to 1,9"),
        (twin(4, worse=-0.08, since=2000), " lower from step 2,0"),
    ],
)
def test_a_training_panel_says_what_it_shows(own, words):
    found = beside(own, twin(2), twin(3))
    assert words in compare_training.said(found.training[0])
    assert compare_png.render([found])[:4] == b"\x89PNG"


def test_a_loss_that_is_lost_is_drawn_up_to_there():
    own = twin(4)
    own.curves["train_loss"] = replace(own.curves["train_loss"], lost_from=4100)
    found = beside(own, twin(2))
    assert compare_training.said(found.training[0]) == "not finite from step 4,100 on"
    assert compare_png.render([found])[:4] == b"\x89PNG"


def test_the_gravest_training_curve_leads_a_figure_without_tasks():
    assert compare_training.worst([beside(twin(4, worse=0.08), twin(2))]).startswith("the training loss is")


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no task"):
        compare_png.render([replace(compared(1)[0], tasks=())])


@pytest.mark.parametrize(
    ("behind", "interval", "factor", "words"),
    [
        (True, (1.5, 2.5), 2.0, "(2.00 x) behind"),
        (False, (0.9, 2.5), 1.6, "1.60 x, not proven (0.90 x to 2.50 x)"),
        (False, (0.5, 0.9), 0.7, "ahead (0.50 x to 0.90 x)"),
        (False, (0.9, 1.1), 1.0, "level (0.90 x to 1.10 x)"),
        (False, (0.13, 64.0), 1.0, "cannot tell (< 0.13 x to > 60 x)"),
    ],
)
def test_a_panel_says_what_it_shows(behind, interval, factor, words):
    task = replace(compared(1)[0].tasks[0], behind=behind, interval=interval, factor=factor, trend="steady")
    assert words in said(task, "tokens")[0]


@pytest.mark.parametrize("width", [72, 80, 100, 120, 160])
def test_no_line_is_longer_than_the_page_and_no_name_is_lost(width):
    text = page.render(compared(5, references=2, loss=True), ["restart: it pays."], width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert all(text.count(f"task_{i}") >= 2 for i in range(5)) and "Restart: it pays." in text
    assert text.count("BEHIND") == 2 and "…" not in text


@pytest.mark.parametrize("width", range(72, 132, 6))
def test_no_interval_and_no_trend_is_cut_off(width):
    (found,) = compared(1)
    task = replace(found.tasks[0], interval=(0.1, 1.553), trend="widening", label="validation loss of the new mixture")
    text = page.render([replace(found, tasks=(task,))], width=width)
    assert "< 0.13 – 1.55 x" in text and "↗ widening" in text


def test_hostile_names_can_do_nothing_but_be_read():
    text = page.render(compared(1, name=HOSTILE), width=120)
    assert "\x1b" not in text and "\u202e" not in text and r"\x1b[31mred" in text and "[bold]" in text


def test_ascii_alone_where_the_output_is_no_utf8():
    text = page.render(compared(2, loss=True), unicode=False)
    assert text.isascii() and "\\u" not in text


def test_many_evals_without_a_partner_are_counted():
    (found,) = compared(1)
    many = replace(found, unmatched=tuple((f"eval/{i}", "the reference has no such task") for i in range(20)))
    text = page.render([many])
    assert "and 8 more, in --format json" in text and "eval/11" in text and "eval/12" not in text
