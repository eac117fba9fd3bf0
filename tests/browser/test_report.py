"""The report in a real browser: on a desktop, on a phone and on paper."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from cli.report.page import render
from tests.browser.conftest import SCREENSHOTS, Window
from tests.unit.cli.test_report_page import entry, failed, report


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A report of two dozen expenses, as a file opens."""
    long = "A supplier with a name that no column is made for, Aktiengesellschaft"
    entries = [entry(number, supplier=long if number % 5 else "Ryman") for number in range(18)]
    fix = "Activate account 6999, or choose another category"
    problems = [failed(number, fix, supplier=long) for number in (20, 21)]
    file = tmp_path / "report.html"
    file.write_text(render(report(*entries, *problems, failed(22, "Choose a category in Pleo"))), "utf-8")
    return file.as_uri()


def test_the_report_is_accessible_and_fits(window: Window, page: str) -> None:
    window.page.goto(page)
    window.keep("report")

    assert window.accessibility_faults() == []
    assert window.overflow() == 0
    assert window.complaints == []


def test_the_report_prints_on_a4(desktop: Window, page: str) -> None:
    desktop.page.goto(page)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    paper = desktop.page.pdf(path=SCREENSHOTS / "report.pdf", prefer_css_page_size=True)

    sheets = PdfReader(BytesIO(paper)).pages
    assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in sheets} == {(595, 842)}
    assert len(sheets) < 12
