"""What is worked out of a column look by look is what is worked out of it at once, at random cuts."""

import gc

import numpy as np
import pytest

from runlens import growing
from runlens.growing import Grown, column, middle

KINDS = ["normal", "level", "ties", "holes", "infinite", "rising", "falling", "none"]


def values(kind, rng, n=3000):
    x = rng.normal(0, 1, n)
    if kind == "level":
        x[:] = 2.5
    if kind == "ties":
        x = np.round(x)
    if kind == "holes":
        x[rng.random(n) < 0.1] = np.nan
    if kind == "infinite":
        x[rng.random(n) < 0.01] = np.inf
    if kind == "rising":
        x = np.cumsum(np.abs(x))
    if kind == "falling":
        x = -np.cumsum(np.abs(x))
    if kind == "none":
        x[:] = np.nan
    return x


def looks(rng, *columns):
    """Views of columns that grow, at random lengths, and copies of them."""
    grown = [Grown(x.dtype) for x in columns]
    done = 0
    for n in [*np.sort(rng.integers(0, len(columns[0]), 12)).tolist(), len(columns[0]), len(columns[0])]:
        for one, x in zip(grown, columns, strict=True):
            one.extend(x[done:n])
        done = n
        yield [one.view() for one in grown], [x[:n].copy() for x in columns]


def same(one, other):
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return one == other or (one != one and other != other)


ASKED = {
    "all finite": growing.all_finite,
    "some finite": growing.some_finite,
    "rises": growing.rises,
    "rises strictly": lambda x: growing.rises(x, strictly=True),
    "least": lambda x: growing.least(x) if len(x) else None,
    "greatest": lambda x: growing.greatest(x) if len(x) else None,
    "median": growing.median,
    "sum": growing.total,
    "above": lambda x: growing.counted("above", (x,), lambda v: v > 0.5),
    "differences": lambda x: growing.differences(x) if len(x) else None,
    "over three": lambda x: (
        growing.mapped("over", (x,), lambda v: v[3:] - v[:-3], back=3, short=3) if len(x) > 3 else None
    ),
    "positive": lambda x: growing.chosen("positive", (x, x[:]), lambda v, w: v > 0),
    "of what is positive": lambda x: growing.median(growing.chosen("positive", (x,), lambda v: v > 0)[0]),
    "blocks": lambda x: growing.blocks("greatest", x, 7, lambda v: v.max(axis=1)),
    "falls": lambda x: growing.places("falls", (x,), lambda v: v[1:] < v[:-1], back=1) if len(x) else None,
    "differences of logs": lambda x: (
        growing.differences(growing.mapped("abs", (x,), np.abs)[2:]) if len(x) > 2 else None
    ),
}


@pytest.fixture(autouse=True)
def few_around_the_median(monkeypatch):
    monkeypatch.setattr(middle, "_KEPT", 40)


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_at_random_cuts_it_is_what_it_is_at_once(what, kind, seed):
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    ask = ASKED[what]
    with np.errstate(invalid="ignore"):  # a check ignores what infinite values do
        for (x,), (plain,) in looks(rng, values(kind, rng)):
            assert same(ask(x), ask(plain))
            assert same(ask(x), ask(plain)), "asked twice"


def test_the_plain_way_is_that_of_numpy():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 100, 101, 9000):
        x = rng.normal(0, 1, n)
        assert growing.median(x) == np.median(x)
        assert growing.total(x) == pytest.approx(x.sum())
        assert same(growing.differences(x), np.diff(x))
        x[0] = np.inf
        assert same(growing.median(x), float(np.median(x[1:])) if n > 1 else np.nan)
    assert np.isnan(growing.median(np.empty(0))) and growing.rises(np.empty(0)) and growing.all_finite(np.empty(0))
    assert not growing.rises(np.array([1.0, np.nan])) and not growing.rises(np.ones(2), strictly=True)


def test_points_that_were_taken_in_are_not_looked_at_again():
    rng, seen = np.random.default_rng(1), []
    grown = Grown(np.float64)
    for n in (1000, 60, 60):
        grown.extend(rng.normal(0, 1, n))
        growing.every("any", (grown.view(),), lambda v: seen.append(len(v)) or np.isfinite(v), back=1)
        growing.mapped("twice", (grown.view(),), lambda v: seen.append(len(v)) or 2 * v)
        growing.blocks("any", grown.view(), 100, lambda v: seen.append(len(v)) or v.max(axis=1))
    assert seen == [1000, 1000, 10, 61, 60, 61, 60, 1]


def test_a_median_that_has_moved_away_is_found_anew():
    grown, everything = Grown(np.float64), np.empty(0)
    for level in (0.0, 0.0, 50.0, 50.0, -7.0, -7.0, -7.0):
        new = np.random.default_rng(len(everything)).normal(level, 1, 500)
        grown.extend(new)
        everything = np.append(everything, new)
        assert growing.median(grown.view()) == np.median(everything)


def test_a_view_of_a_look_before_tells_what_it_told():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, 3000)
    grown = Grown(np.float64)
    grown.extend(x[:1000])
    before = grown.view()
    for ask in ASKED.values():
        ask(before)
    grown.extend(x[1000:])  # into another room
    for ask in ASKED.values():
        assert same(ask(grown.view()), ask(x))
        assert same(ask(before), ask(x[:1000]))
    shorter = grown.view()[:2000]
    assert all(same(ask(shorter), ask(x[:2000])) for ask in ASKED.values())


def test_two_columns_are_taken_for_no_others():
    x, y, z = (np.random.default_rng(k).normal(0, 1, 500) for k in range(3))
    one, two, three = (Grown(np.float64) for _ in range(3))
    for grown, all_of_it in ((one, x), (two, y), (three, z)):
        grown.extend(all_of_it)
    for other, beside in ((two, y), (three, z), (two, y)):
        assert same(growing.mapped("sum", (one.view(), other.view()), np.add), x + beside)
    assert growing.equal(one.view(), one.view()) and not growing.equal(one.view(), two.view())


def test_what_is_no_whole_part_of_a_column_is_looked_at_each_time():
    grown = Grown(np.float64)
    grown.extend(np.arange(100.0))
    shown = grown.view()
    assert column.part_of(shown).first == 0 and column.part_of(shown[7:]).first == 7
    for other in (shown[::2], shown[::-1], shown.copy(), shown.view(np.int64), shown.reshape(10, 10), np.arange(3.0)):
        assert column.part_of(other) is None


def test_stretches_that_begin_elsewhere_each_time_do_not_pile_up():
    grown = Grown(np.float64)
    grown.extend(np.arange(1000.0))
    for first in range(100):
        growing.greatest(grown.view()[first:])
    assert len(grown.facts) == column._MOST_PARTS


def test_a_column_that_nobody_holds_is_forgotten():
    grown = Grown(np.float64)
    grown.extend(np.arange(1000.0))
    growing.median(growing.differences(grown.view()))
    known = len(column._BY_ROOM)
    del grown
    gc.collect()
    assert len(column._BY_ROOM) <= known - 2


def test_views_cannot_be_written_to():
    grown = Grown(np.float64)
    grown.extend(np.arange(10.0))
    with pytest.raises(ValueError, match="read-only"):
        grown.view()[0] = 1.0


@pytest.mark.parametrize("seed", range(12))
def test_the_last_write_of_each_step_is_the_same_look_by_look(seed):
    """Steps go back at a resume, stand twice, and go on; what is taken at them follows."""
    rng = np.random.default_rng(seed)
    step = np.cumsum(rng.integers(0 if seed % 3 == 0 else 1, 3, 2000))
    for at in rng.integers(100, 2000, seed % 4):
        step[at:] -= rng.integers(1, 300)
    for (x, y), (plain, _) in looks(rng, step, rng.normal(0, 1, 2000)):
        order = growing.last_writes(x)
        assert same(order, growing.last_writes(plain))
        assert same(growing.taken(y, order), y[growing.last_writes(plain)])
        assert same(growing.taken(x, order), np.unique(plain))


def test_steps_that_go_on_are_not_sorted_again(monkeypatch):
    from runlens.growing import order

    count, real = [], order._sorted_out
    monkeypatch.setattr(order, "_sorted_out", lambda step: count.append(1) or real(step))
    grown = Grown(np.int64)
    for new in (np.r_[0:500, 400:600], np.arange(600, 700), np.arange(700, 701), np.r_[690:720], np.arange(720, 800)):
        grown.extend(new)
        growing.last_writes(grown.view())
    assert len(count) == 2


@pytest.mark.parametrize("seed", range(4))
def test_ranks_of_stretches_come_from_blocks_that_are_in_order(monkeypatch, seed):
    from runlens.growing import ranks

    monkeypatch.setattr(ranks, "_BLOCK", 64)
    monkeypatch.setattr(ranks, "_EACH", 8)
    rng = np.random.default_rng(seed)
    used, real = [], growing.by_rank.__globals__["ranked"]
    monkeypatch.setitem(growing.by_rank.__globals__, "ranked", lambda *args: used.append(real(*args)) or used[-1])
    for (x,), (plain,) in looks(rng, values(KINDS[seed % 3], rng, 5000)):
        for _ in range(10):
            a, b = np.sort(rng.integers(0, len(plain) + 1, 2))
            if b > a:
                assert same(growing.median(x[a:b]), growing.median(plain[a:b]))
                low = int(rng.integers(0, b - a))
                assert growing.by_rank(x[a:b], low) == growing.by_rank(plain[a:b], low)
    assert sum(found is not None for found in used) > 40
