"""Numbers as people read them, and text that can do nothing but be read."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlens.render import text


@given(st.text(st.characters(), max_size=60))
def test_visible_text_is_printable_and_on_one_line(raw: str) -> None:
    shown = text.visible(raw)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
    shown.encode("utf-8")


def test_visible_escapes_and_shortens() -> None:
    assert text.visible("a\x1b[31m\nb\u202ec\udcff\U000e0001") == r"a\x1b[31m\nb\u202ec\udcff\U000e0001"
    assert text.visible("häagen σ 学习") == "häagen σ 学习"
    long = text.visible("a" * 50 + "b" * 50, 20)
    assert len(long) == 20
    assert long.startswith("aaaa")
    assert long.endswith("bbbb")
    assert text.named("") == "(no name)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (11.19, "11.19"), (27300.0, "27,300"), (123456.7, "123,457"), (0.003, "0.003"), (9e-5, "9e-5"),
        (-2.5, "-2.5"), (9.9999, "10"), (0.00098765, "9.877e-4"), (1.5e12, "1.5e12"), (math.nan, "NaN"),
        (math.inf, "Infinity"), (-math.inf, "-Infinity"), (1000, "1,000"),
    ],
)  # fmt: skip
def test_number(value: float, shown: str) -> None:
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (980, "980"), (9999, "9,999"), (27300, "27.3 k"), (196608, "197 k"), (999_950_000, "1 B"), (42.6e6, "42.6 M"),
        (1.2e12, "1.2 T"), (0, "0"), (2.1e10, "21 B"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_amount(value: float, shown: str) -> None:
    assert text.amount(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.04 s"), (42, "42 s"), (99.6, "1.7 min"), (720, "12 min"), (11520, "3.2 h"), (40000, "11 h"),
        (356400, "4 d 3 h"), (345600, "4 d"), (math.nan, "an unknown time"), (math.inf, "an unknown time"),
    ],
)  # fmt: skip
def test_duration(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


def test_clock_is_utc_and_never_fails() -> None:
    assert text.clock(1763935200.0) == "2025-11-23 22:00"
    assert [text.clock(t) for t in (math.nan, math.inf, 1e300, -1e18)] == ["", "", "", ""]


def test_spans() -> None:
    assert text.steps((1500, 1511)) == "1,500–1,511"
    assert text.steps((7, 7)) == "7"
    assert text.tokens((24.57e6, 24.77e6)) == "24.6 M–24.8 M tokens"
    assert text.tokens((24.571e6, 24.572e6)) == "24.6 M tokens"


def test_ascii_only_spells_out_what_the_pages_use() -> None:
    assert text.ascii_only("1–2 × σ → … 学") == r"1-2 x sigma -> ... \u5b66"
    assert text.ascii_only("✖ ✔ ↗ ↘") == "x + / \\"
