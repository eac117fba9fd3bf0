"""The report as one HTML page: no script, nothing loaded from a network, good on a phone and on A4."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli.report import charts
from cli.report.content import ReportOutput
from cli.wording import amount, minute

TEMPLATES = Path(__file__).parent / "templates"


def render(report: ReportOutput) -> str:
    """Return the page. Everything that comes from Pleo or the ledger is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["money"] = money
    environment.filters["minute"] = minute
    environment.filters["safe_link"] = _safe_link
    drawn = [charts.outcome_by_reason(report.entries), charts.timeline(report.entries), *charts.amounts(report.entries)]
    pictures = [Markup(each) for each in drawn if each]  # noqa: S704 - drawn by us; the chart library escapes its labels
    style = Markup((TEMPLATES / "report.css").read_text("utf-8"))  # noqa: S704 - ours
    return environment.get_template("report.html.j2").render(report=report, charts=pictures, style=style)


def money(minor_units: int | None, currency: str = "") -> str:
    """Return an amount of minor units as people write it: 1,234.50 GBP. Empty where it is not known."""
    if minor_units is None:
        return ""
    return f"{amount(minor_units).replace('-', '−')} {currency}".strip()


def _safe_link(url: str | None) -> str:
    """Return a link that a browser may follow; anything but http and https is left out."""
    return url if url and url.startswith(("https://", "http://")) else ""
