"""Where a report points to: names beside ids, the run's page at its tracker, the page of each rule."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from runlens.judging.about import described
from runlens.model import Finding, Report, RunReport, Severity
from runlens.model.words import web_address
from runlens.render import FORMATS, links, render
from runlens.render.postmortem import markdown as postmortem
from runlens.rules import RULES
from runlens.rules.page import docs_url, page, summary
from tests.render.reports import fixed

ROOT = Path(__file__).parents[2]
URL = "https://wandb.example.com:8443/my-team/pretrain/runs/ab12cd34"
SPIKE = Finding("LOSS001", "loss-spike", Severity.ERROR, "loss", (1500, 1600), "The loss rose.", {}, incident=1)


def run(name: str = "amber-sunset-8", url: str = URL, **fields: object) -> RunReport:
    base = replace(fixed().runs[0], run="ab12cd34", name=name, url=url)
    return replace(base, **fields)


def report(*runs: RunReport) -> Report:
    return replace(fixed(), runs=runs, notes=())


@pytest.mark.parametrize(
    ("name", "key", "shown"),
    [
        ("amber-sunset-8", "ab12cd34", "amber-sunset-8 (ab12cd34)"),
        ("ab12cd34", "ab12cd34", "ab12cd34"),
        ("", "ab12cd34", "ab12cd34"),
        ("exp7 lr-3e-3", "exp7/lr-3e-3", "exp7/lr-3e-3"),
        ("seed0", "sweep/seed0", "sweep/seed0"),
        ("a\nb", "x", r"a\nb (x)"),
    ],
)
def test_a_name_stands_beside_the_id_where_it_says_more(name: str, key: str, shown: str) -> None:
    assert links.called(run(name, run=key)) == shown


@pytest.mark.parametrize("form", [f for f in FORMATS if f not in ("badge", "openmetrics", "json", "jsonl", "junit")])
@pytest.mark.parametrize("several", [False, True])
def test_every_page_says_name_and_id(form: str, several: bool) -> None:
    runs = (run(), run("other", run="zz")) if several else (run(),)
    text = render(report(*runs), form)
    assert "amber-sunset-8 (ab12cd34)" in text
    junit = render(report(*runs), "junit")
    assert 'value="amber-sunset-8"' in junit and 'value="ab12cd34"' in junit


@pytest.mark.parametrize("form", ["terminal", "markdown", "github", "gitlab", "html", "junit", "json"])
def test_pages_lead_to_the_run(form: str) -> None:
    assert URL in render(report(run()), form)
    assert "https:" not in re.sub(
        r"https://(docs\.)?(github|gitlab|www\.w3|leeoniya)\S+", "", render(report(run(url="")), form)
    )


def test_a_postmortem_leads_to_the_run_at_the_step() -> None:
    text = postmortem.render(report(run()), 0, postmortem.FigureFiles())
    assert f"[Look at wandb.example.com, step 1,497](<{URL}>)" in text
    assert "step 1,497</a>" in render(report(run()), "html")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "https://user:secret@host/x", "https://host/a b", 'https://host/"onclick=x', "//host/x",
        "https://host/<script>", "https:///x", "https://[bad", "ftp://host/x", "",
    ],
)  # fmt: skip
def test_nothing_but_plain_addresses_of_the_web_is_linked(text: str) -> None:
    assert web_address(text) == ""
    assert f'href="{text}' not in render(report(run(url=text)), "html") or not text
    assert web_address(URL) == URL


def test_each_rule_has_a_page_under_its_address() -> None:
    pages = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", pages, re.M)
    anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
    for rule in RULES:
        path, _, anchor = docs_url(rule).partition("#")
        assert (ROOT / path).is_file() and anchor in anchors, rule.code
        assert summary(rule) == page(rule).summary


def test_findings_carry_the_page_of_their_rule_and_a_retired_code_has_none() -> None:
    old = replace(SPIKE, code="LOSS999")
    told = described(run(findings=(SPIKE, old), incidents=()))
    assert [f.docs_url for f in told.findings] == ["docs/rules.md#loss001-loss-spike", ""]
    assert told.about_of("LOSS001").summary.startswith("The training loss leaves")
    assert told.about_of("LOSS999").summary == ""


def test_every_page_says_what_its_codes_mean() -> None:
    told = report(described(run(findings=(SPIKE,), incidents=())))
    for form in ("markdown", "github", "gitlab", "html", "junit"):
        assert "docs/rules.md#loss001-loss-spike" in render(told, form), form
    assert "What a code means: runlens rule LOSS001." in render(told, "terminal")


def test_a_page_that_has_an_address_is_linked() -> None:
    where = "https://docs.example.com/rules#loss001"
    told = report(run(findings=(replace(SPIKE, docs_url=where),), incidents=()))
    assert f"[LOSS001](<{where}>)" in render(told, "markdown")
    assert f'<a href="{where}" rel="noreferrer">' in render(told, "html")
    assert f"[LOSS001](<{where}>)" in postmortem.render(told, 0, postmortem.FigureFiles())
    assert links.pages((replace(SPIKE, docs_url="d#a"), replace(SPIKE, code="X", docs_url="d#b"))) == "d#a, #b"
