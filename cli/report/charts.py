"""The charts of a report, as SVG that stands in the page. Each has a title that a screen reader reads; its figures are
in the page's tables as well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import vl_convert

from cli.report.content import EXPORTED, FAILED, OPEN, ReportEntry, amount_by_account

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
COLOURS = {EXPORTED: "#1a7f5a", FAILED: "#b3261e", OPEN: "#8a6d00"}
WIDTH = 560
MOST_ACCOUNTS = 12
FONT = "sans-serif"
LONGEST_LABEL = 240  # pixels


def outcome_by_reason(entries: Sequence[ReportEntry]) -> str:
    """Return how many entries were exported, and how many failed of what. An empty text where there are none."""
    counts = Counter((each.status, _reason(each)) for each in entries)
    values = [{"outcome": reason, "status": status, "entries": count} for (status, reason), count in counts.items()]
    encoding = {
        "y": {"field": "outcome", "type": "nominal", "sort": "-x", "axis": {"title": None}},
        "x": {"field": "entries", "type": "quantitative", "axis": {"title": "expenses", "tickMinStep": 1}},
        "color": _by_status(entries),
    }
    return _svg("Outcome by reason", values, {"mark": "bar", "encoding": encoding})


def amounts(entries: Sequence[ReportEntry]) -> Sequence[str]:
    """Return the amount by account, one chart for each currency: the accounts with the largest amounts."""
    sums = amount_by_account(entries)
    charts = []
    for currency in sorted({currency for _, currency in sums}):
        axis = f"{currency}, debit less credit"
        values = [
            # for the length of a bar only: the figures stand in the tables
            {"account": account, "amount": amount / 100, "side": "debit" if amount > 0 else "credit"}
            for (account, each), amount in sums.items()
            if each == currency and amount
        ]
        values.sort(key=lambda each: -abs(float(str(each["amount"]))))
        encoding = {
            "y": {"field": "account", "type": "nominal", "sort": None, "axis": {"title": None}},
            "x": {
                "field": "amount",
                "type": "quantitative",
                "axis": {"title": axis, "tickCount": 5},
            },
            "color": {
                "field": "side",
                "type": "nominal",
                "scale": {"domain": ["debit", "credit"], "range": ["#2457a6", "#7a4fa3"]},
                "legend": {"title": None, "orient": "bottom"},
            },
        }
        title = f"Amount by account, {currency}"
        charts.append(_svg(title, values[:MOST_ACCOUNTS], {"mark": "bar", "encoding": encoding}))
    return charts


def timeline(entries: Sequence[ReportEntry]) -> str:
    """Return how many expenses of each day were exported or failed."""
    counts = Counter((each.date.isoformat(), each.status) for each in entries)
    values = [{"day": day, "status": status, "entries": count} for (day, status), count in sorted(counts.items())]
    encoding = {
        "x": {"field": "day", "type": "ordinal", "axis": {"title": "day of the expense", "labelAngle": -45}},
        "y": {"field": "entries", "type": "quantitative", "axis": {"title": "expenses", "tickMinStep": 1}},
        "color": _by_status(entries),
    }
    return _svg("Expenses by day", values, {"mark": "bar", "height": 160, "encoding": encoding})


def _reason(entry: ReportEntry) -> str:
    if entry.status != FAILED:
        return entry.status
    return (entry.code or "failed").replace("_", " ")


def _by_status(entries: Sequence[ReportEntry]) -> dict[str, Any]:
    shown = [status for status in COLOURS if any(each.status == status for each in entries)]
    return {
        "field": "status",
        "type": "nominal",
        "scale": {"domain": shown, "range": [COLOURS[status] for status in shown]},
        "legend": {"title": None, "orient": "bottom"},
    }


def _svg(title: str, values: Sequence[dict[str, Any]], chart: dict[str, Any]) -> str:
    """Draw the chart. It scales with the page and has one name for a screen reader instead of a hundred marks."""
    if not values:
        return ""
    specification = {
        "$schema": SCHEMA,
        "title": {"text": title, "anchor": "start"},
        "width": WIDTH,
        "padding": {
            "left": 24,
            "right": 12,
            "top": 4,
            "bottom": 4,
        },  # a browser's letters are wider than those measured
        "data": {"values": list(values)},
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": LONGEST_LABEL, "labelColor": "#1f2933"},
            "legend": {"labelFontSize": 12},
            "background": "transparent",
            "aria": False,
        },
        **chart,
    }
    drawn = vl_convert.vegalite_to_svg(specification, show_warnings=False)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn)
    drawn = re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", drawn)  # of each mark, which is not a picture by itself
    drawn = re.sub(r' width="[\d.]+" height="[\d.]+"', "", drawn, count=1)
    style = f' style="max-width:{size[1]}px"' if size else ""
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{title}"{style} ', 1)
