"""The page of a report: what it says, that it needs nothing else, and that nothing from outside becomes markup."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from cli.report.content import (
    ReportDocument,
    ReportEntry,
    ReportFinding,
    ReportLine,
    ReportOutput,
    ReportProof,
    ReportReconciliation,
    amount_by_account,
)
from cli.report.page import money, render

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def entry(number: int = 1, **changes: Any) -> ReportEntry:
    lines = (
        ReportLine(account="6100", account_name="Office supplies", debit=5305, tax_code="GB20"),
        ReportLine(account="2200", account_name="VAT", debit=1061, tax_code="GB20"),
        ReportLine(account="1950", account_name="Pleo wallet", credit=6366),
    )
    document = ReportDocument(
        name="2026/00003",
        state="posted",
        posted_on=date(2026, 7, 3),
        url="https://books.example.com/3",
        currency="GBP",
        lines=lines,
    )
    facts: dict[str, Any] = {
        "entry_id": f"entry-{number}",
        "date": date(2026, 7, 3),
        "supplier": "Ryman",
        "amount": 6366,
        "currency": "GBP",
        "status": "exported",
        "documents": (document,),
    }
    return ReportEntry(**(facts | changes))


def failed(number: int, fix: str, **changes: Any) -> ReportEntry:
    return entry(number, status="failed", documents=(), reason=f"{fix}, please.", fix=fix, code="a_code", **changes)


def report(*entries: ReportEntry, **changes: Any) -> ReportOutput:
    facts: dict[str, Any] = {
        "title": "July 2026",
        "company": "Northgate",
        "ledger": "Tryton",
        "made_at": datetime(2026, 8, 1, 9, 30, tzinfo=UTC),
        "entries": entries,
    }
    return ReportOutput(**(facts | changes))


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_an_exported_expense_is_shown_with_its_lines_and_its_link() -> None:
    page = render(report(entry()))

    assert "6100 Office supplies 53.05" in text(page)
    assert "1950 Pleo wallet 63.66" in text(page)
    assert '<a href="https://books.example.com/3">2026/00003</a>' in page
    assert "Made 2026-08-01 09:30 UTC" in text(page)


def test_failures_with_one_fix_stand_together_and_the_largest_group_is_first() -> None:
    found = report(failed(1, "Open July"), failed(2, "Choose a category"), failed(3, "Choose a category")).to_fix

    assert [(group.fix, [each.entry_id for each in group.entries]) for group in found] == [
        ("Choose a category", ["entry-2", "entry-3"]),
        ("Open July", ["entry-1"]),
    ]


def test_what_comes_from_outside_never_becomes_markup() -> None:
    odd = entry(supplier=HOSTILE, pleo_url="javascript:alert(1)", warnings=(HOSTILE,))
    page = render(
        report(odd, failed(2, HOSTILE, supplier=HOSTILE), company=HOSTILE, ledger=HOSTILE, job_reason=HOSTILE)
    )

    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page


def test_the_page_loads_nothing() -> None:
    page = render(report(entry(), failed(2, "Open July")))

    assert "<svg" in page
    assert not re.search(r"<(link|script|img|iframe|object)\b|@import|url\(", page)


def test_the_labels_of_charts_are_escaped() -> None:
    lines = (ReportLine(account="6100", account_name=HOSTILE, debit=1), ReportLine(account="1950", credit=1))
    page = render(report(entry(documents=(ReportDocument(name="1", state="posted", currency="GBP", lines=lines),))))

    assert "<script" not in page


def test_a_ledger_that_could_not_be_read_is_said_and_not_shown_as_empty() -> None:
    assert "The ledger could not be read for this expense." in text(render(report(entry(documents=None))))


def test_a_difference_is_never_shown_as_agreement() -> None:
    proof = ReportProof(what="1950 Pleo wallet", currency="GBP", told=-6366, held=-6365)
    agreed = ReportReconciliation(proven=True, counts={"matched": 1})
    page = text(
        render(
            report(entry(), reconciliation=ReportReconciliation(proven=True, counts={"matched": 1}, proofs=(proof,)))
        )
    )

    assert "0.01 GBP" in page
    assert "do not agree" in page
    assert "Everything that Pleo was told is in the ledger" in text(render(report(entry(), reconciliation=agreed)))
    finding = ReportFinding(pile="unknown", entry_id="entry-1", explanation="The ledger did not answer.")
    assert not ReportReconciliation(proven=False, counts={"unknown": 1}, findings=(finding,)).agrees


def test_sums_are_kept_apart_by_status_and_currency() -> None:
    made = report(entry(), entry(2, amount=-100), failed(3, "x", amount=42, currency="EUR"))

    assert made.totals == {"GBP": {"exported": 6266}, "EUR": {"failed": 42}}
    assert amount_by_account([entry()]) == {
        ("6100 Office supplies", "GBP"): 5305,
        ("2200 VAT", "GBP"): 1061,
        ("1950 Pleo wallet", "GBP"): -6366,
    }


def test_amounts_are_written_as_people_write_them() -> None:
    assert [money(0), money(-5, "GBP"), money(123_456_789, "EUR")] == ["0.00", "−0.05 GBP", "1,234,567.89 EUR"]


def test_a_report_without_expenses_says_so() -> None:
    assert "There is no expense in this report." in text(render(report()))
