"""The HTML page in a real browser: it draws, zooms, asks nobody for anything, and can be read without scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runlens.model import Chart, Report
from runlens.render import html
from tests.render import browser
from tests.render.reports import HOSTILE, fixed, hostile

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.PROGRAM is None, reason="no Chromium on this machine (apt-get install chromium)"),
]

SHOWN = "getComputedStyle(document.querySelector('figure.chart > svg')).display"
LIMITS = "runlensCharts.r0.plots.map(p => [p.scales.x.min, p.scales.x.max])"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.page(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def opened(page: browser.Page, tmp_path: Path) -> browser.Page:
    load(page, tmp_path, fixed())
    return page


def load(page: browser.Page, folder: Path, report: Report) -> Path:
    file = folder / "report.html"
    file.write_text(html.render(report), encoding="utf-8")
    page.open(file)
    return file


def middle_of(page: browser.Page, share: float) -> tuple[float, float]:
    """A point so far to the right in the first chart of the run, scrolled into view: curves of all runs stand above."""
    page.ask("document.querySelector('main .u-over').scrollIntoView({block: 'center'})")
    box = page.ask(
        "(b => [b.left, b.top, b.width, b.height])(document.querySelector('main .u-over').getBoundingClientRect())"
    )
    return box[0] + share * box[2], box[1] + box[3] / 2


def test_the_console_is_silent_and_no_request_leaves_the_page(opened: browser.Page, tmp_path: Path) -> None:
    assert opened.said == []
    assert opened.requests == [(tmp_path / "report.html").as_uri()]


def test_every_chart_is_drawn(opened: browser.Page) -> None:
    figures = opened.ask("document.querySelectorAll('figure.chart').length")
    assert figures > 5
    assert opened.ask("document.querySelectorAll('figure.chart.drawn canvas').length") == figures
    colours = opened.ask("""[...document.querySelectorAll('.uplot canvas')].map(c => {
        const all = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, found = new Set();
        for (let i = 0; i < all.length; i += 4) { found.add(all[i] << 16 | all[i + 1] << 8 | all[i + 2]); }
        return found.size; })""")
    assert min(colours) > 10, "an empty canvas has one colour"
    assert opened.ask(SHOWN) == "none"


def test_a_drag_zooms_every_chart_of_the_run_and_the_button_shows_all_again(opened: browser.Page) -> None:
    before = opened.ask(LIMITS)
    opened.drag(middle_of(opened, 0.25), middle_of(opened, 0.5))
    opened.wait(f"{LIMITS}[0][0] !== {before[0][0]}")
    zoomed = opened.ask(LIMITS)
    assert len(zoomed) > 2 and all(limits == zoomed[0] for limits in zoomed)
    whole = before[0][1] - before[0][0]
    assert zoomed[0][0] == pytest.approx(before[0][0] + 0.25 * whole, abs=0.02 * whole)
    assert zoomed[0][1] == pytest.approx(before[0][0] + 0.5 * whole, abs=0.02 * whole)
    opened.ask("document.querySelector('main .tools button').click()")
    assert opened.ask(LIMITS) == before
    assert opened.said == []


def test_the_value_under_the_mouse_is_told_with_step_and_tokens(opened: browser.Page) -> None:
    opened.hover(middle_of(opened, 0.5))
    opened.wait("document.querySelector('main .u-legend').innerText.includes('tokens)')")
    assert opened.ask("getComputedStyle(document.querySelector('main .u-legend')).visibility") == "visible"


def test_the_table_of_runs_sorts_by_number_and_leaves_the_rows_that_hold_a_word(
    page: browser.Page, tmp_path: Path
) -> None:
    def run(name: str, *speed: float):  # type: ignore[no-untyped-def]
        charts = tuple(Chart("tokens_per_second", "speed", "tokens/s", (1, 2), (v, v)) for v in speed)
        return replace(fixed().runs[1], run=name, name=name, charts=charts)

    load(page, tmp_path, replace(fixed(), runs=(run("b", 980.0), run("d"), run("c", 27_300.0), run("a", 1_210_000.0))))
    names = "[...document.querySelectorAll('.runs tbody tr:not([hidden]) th')].map(e => e.innerText).join('')"
    by_speed = "document.querySelectorAll('.runs thead th')[6].querySelector('button').click()"
    page.ask(by_speed)
    assert page.ask(names) == "bcad", "one without a speed comes last"
    page.ask(by_speed)
    assert page.ask(names) == "acbd"
    page.ask(
        "(box => { box.value = '1.21 tok'; box.dispatchEvent(new Event('input')) })(document.querySelector('input'))"
    )
    assert (page.ask(names), page.ask("document.querySelector('output').innerText")) == ("a", "1 of 4")
    assert page.said == []


def test_two_runs_that_are_ticked_stand_side_by_side(page: browser.Page, tmp_path: Path) -> None:
    def run(name: str, loss: float, lr: float):  # type: ignore[no-untyped-def]
        charts = (Chart("train_loss", "loss", "nats", (1, 2, 3), (loss, loss, loss)),)
        return replace(fixed().runs[1], run=name, name=name, charts=charts, config={"lr": lr, "seed": name})

    load(page, tmp_path, replace(fixed(), runs=(run("a", 2.0, 0.1), run("b", 3.0, 0.1), run("c", 4.0, 0.2))))
    open_columns = "[...document.querySelectorAll('.column[data-open] bdi')].map(e => e.innerText).join('')"
    click = "document.querySelectorAll('.pick input')[{}].click()"
    assert page.ask("document.querySelector('.beside').offsetParent === null"), "nothing is chosen yet"
    page.ask(click.format(0))
    page.ask(click.format(1))
    assert page.ask(open_columns) == "ab"
    assert page.ask("document.querySelectorAll('.pair .uplot').length") == 1
    shown = "[...document.querySelectorAll('.column[data-open] tr.setting')].filter(r => !r.hidden).length"
    assert page.ask(shown) == 2, "the seed differs, the learning rate does not"
    page.ask(click.format(2))
    assert page.ask(open_columns) == "bc", "the first one gives way"
    assert page.ask("document.querySelectorAll('.pick input:checked').length") == 2
    page.ask(click.format(2))
    assert page.ask("document.querySelector('.beside').offsetParent === null")
    assert page.said == []


def test_what_is_folded_is_open_on_paper(opened: browser.Page) -> None:
    folded = "document.querySelectorAll('details:not([open])').length"
    before = opened.ask(folded)
    assert before > 0
    opened.ask(f"window.atPrint = null; addEventListener('beforeprint', () => {{ window.atPrint = {folded} }})")
    opened.send("Page.printToPDF")
    assert opened.ask("window.atPrint") == 0
    opened.wait(f"{folded} === {before}")


def test_numbers_in_tables_are_never_broken_on_paper(opened: browser.Page) -> None:
    """The steps of a span stand on one line, however narrow the sheet."""
    opened.send("Emulation.setEmulatedMedia", media="print")
    opened.send("Emulation.setDeviceMetricsOverride", width=640, height=900, deviceScaleFactor=1, mobile=False)
    try:
        count = "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length }"
        lines = f"[...document.querySelectorAll('.timeline td:nth-child(2)')].map({count})"
        assert opened.ask(f"Math.max(...{lines})") == 1
    finally:
        opened.send("Emulation.clearDeviceMetricsOverride")
        opened.send("Emulation.setEmulatedMedia", media="")


def test_the_page_is_complete_without_scripts(page: browser.Page, tmp_path: Path) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        load(page, tmp_path, fixed())
        assert page.ask("typeof runlensCharts") == "undefined"
        heights = page.ask(
            "[...document.querySelectorAll('figure.chart > svg')].map(s => s.getBoundingClientRect().height)"
        )
        assert len(heights) > 5 and min(heights) > 100
        assert page.ask("document.querySelector('.tools').offsetParent === null"), "no button that does nothing"
        text = page.ask("document.body.innerText")
        for words in ("rewind to the checkpoint at step 1,400", "Timeline", "Likely causes", "What others did", "Cost"):
            assert words in text
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)


def test_it_fits_a_telephone(page: browser.Page, tmp_path: Path) -> None:
    page.send("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
    try:
        load(page, tmp_path, fixed())
        assert page.ask("document.documentElement.scrollWidth") <= 390
        assert page.ask("document.querySelector('.uplot').offsetWidth") <= 390
        page.send("Emulation.setDeviceMetricsOverride", width=1000, height=800, deviceScaleFactor=1, mobile=False)
        page.wait("document.querySelector('.uplot').offsetWidth > 600")
        assert page.said == []
    finally:
        page.send("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("width", [390, 800, 1000])
def test_no_cell_of_the_table_of_runs_leaves_the_page_or_stands_on_another(page: browser.Page, tmp_path, width) -> None:
    overlaps = """[...document.querySelectorAll('.runs tbody tr')].some(row => {
        const boxes = [...row.children].map(c => c.getBoundingClientRect()).filter(b => b.width);
        return boxes.some((a, i) => boxes.slice(i + 1).some(b =>
            a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        || a.right > document.documentElement.clientWidth)
        || [...row.children].some(c => c.clientWidth && c.scrollWidth > c.clientWidth + 1)
    })"""
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    try:
        load(page, tmp_path, fixed())
        assert page.ask("document.querySelectorAll('.runs tbody tr').length") > 1
        assert page.ask(overlaps) is False
    finally:
        page.send("Emulation.clearDeviceMetricsOverride")


def test_it_is_dark_where_the_reader_wants_it_and_light_on_paper(opened: browser.Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
    assert min(opened.ask(background)) > 240
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    try:
        opened.send("Emulation.setEmulatedMedia", features=dark)
        assert max(opened.ask(background)) < 60
        opened.send("Emulation.setEmulatedMedia", media="print", features=dark)
        assert min(opened.ask(background)) > 240
        assert opened.ask(SHOWN) == "block"
        paper = base64.b64decode(opened.send("Page.printToPDF", printBackground=True)["data"])
        assert paper.startswith(b"%PDF") and len(paper) > 20_000
        assert opened.said == []
    finally:
        opened.send("Emulation.setEmulatedMedia", media="", features=[])


@pytest.mark.parametrize(
    "text", [HOSTILE["html"], HOSTILE["template"], "</script><script>alert(1)</script>", "\"'`</svg>"]
)
def test_hostile_names_do_nothing(page: browser.Page, tmp_path: Path, text: str) -> None:
    file = load(page, tmp_path, hostile(text))
    assert page.said == []
    assert page.requests == [file.as_uri()]
    assert page.ask("document.scripts.length") == 1
    assert page.ask("document.images.length") == 0
    assert page.ask("document.querySelectorAll('figure.chart.drawn').length") > 2
    assert text.split("&")[0].split()[0][:9] in page.ask("document.body.innerText")
