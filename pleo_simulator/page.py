"""`/_sim/`: what a bookkeeper sees and does in Pleo, as a page. Companies, expenses, Export, and jobs as they run."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pleo_simulator.page_lists import list_facts
from pleo_simulator.pleo_state import Company
from pleo_simulator.service import PleoService

Json = Mapping[str, Any]

PAGE = "/_sim/"
NOTICES = {
    "selected": "No expense was selected, so there was nothing to export.",
    "queued": "No expense is queued. Select some to export them once more.",
    "vendor": "A vendor needs a name.",
    "locked": "An expense that was selected is locked by a running job. Wait until the job has ended.",
}
TEMPLATES = Path(__file__).parent / "templates"
STYLE, SCRIPT = ((TEMPLATES / name).read_text() for name in ("page.css", "page.js"))


def _source(text: str) -> str:
    """Return the text as a source of a content security policy: its hash."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; "
    "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes(service: PleoService) -> APIRouter:
    """Return the routes of the page. `/` leads to it."""
    router = APIRouter()
    state = service.state
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["words"] = lambda name: str(name or "").replace("_", " ")
    template = templates.get_template("page.html")

    @router.get("/")
    def start() -> Response:
        return RedirectResponse(PAGE)

    @router.get(PAGE)
    def show(company: str = "", notice: str = "") -> Response:
        companies = state.companies()
        if not companies:
            return HTMLResponse(
                '<!doctype html><html lang="en"><title>Pleo simulator</title><h1>Pleo simulator</h1>'
                "<p>It has no company yet. Start it with the sample, or put one at <code>/_sim/companies</code>.</p>"
            )
        chosen = state.company(company) if company else companies[0]
        body = template.render(
            style=STYLE, script=SCRIPT, companies=companies, notice=NOTICES.get(notice), **_facts(service, chosen)
        )
        return HTMLResponse(body, headers=HEADERS)

    @router.post(f"{PAGE}export")
    def click_export(
        company: str,
        which: Annotated[str, Form()] = "queued",
        expense: Annotated[list[str] | None, Form()] = None,
        vendor_based_bookkeeping: Annotated[bool, Form()] = False,
    ) -> Response:
        """The click in Pleo: one job of the queued expenses, or of those that were selected, exported ones too."""
        of_page = {"company": company}
        states = {each: state.expense_state(company, each) for each in state.company(company).expenses}
        wanted = (expense or []) if which == "selected" else [each for each in states if states[each] == "queued"]
        if not wanted:
            of_page["notice"] = which
        elif any(states.get(each) == "locked" for each in wanted):
            of_page["notice"] = "locked"
        else:
            state.click_export(company, wanted, vendor_based_bookkeeping=vendor_based_bookkeeping)
        return RedirectResponse(f"{PAGE}?{urlencode(of_page)}", 303)

    @router.post(f"{PAGE}vendor")
    def make_vendor(company: str, name: Annotated[str, Form()] = "") -> Response:
        """Somebody makes a vendor in Pleo, which announces it."""
        of_page = {"company": company}
        if name.strip():
            service.vendors.make(company, name.strip(), state.company(company).default_currency)
        else:
            of_page["notice"] = "vendor"
        return RedirectResponse(f"{PAGE}?{urlencode(of_page)}", 303)

    return router


def _facts(service: PleoService, company: Company) -> Json:
    """What the template shows of the company: expenses by date, jobs newest first."""
    state = service.state
    expenses = [
        {"id": entry_id, "state": state.expense_state(company.id, entry_id), **_expense(item)}
        for entry_id, item in company.expenses.items()
    ]
    jobs = [_job(company, each) for each in reversed(state.all_jobs()) if each["companyId"] == company.id]
    latest = jobs[0] if jobs else None
    return {
        "company": company,
        "expenses": sorted(expenses, key=lambda each: str(each["date"])),
        "queued": sum(each["state"] == "queued" for each in expenses),
        "jobs": jobs,
        "running": any(each["status"] in ("pending", "in_progress") for each in jobs),
        "lists": list_facts(service, company.id),
        "summary": f"Latest job: {latest['status'].replace('_', ' ')}, {latest['counts']}" if latest else "",
    }


def _expense(item: Json) -> Json:
    """What a person knows an expense by."""
    amount = item["amount"]["inWalletCurrency"]
    kind = str(item["type"]).replace("_", " ")
    return {
        "what": (item.get("supplier") or {}).get("name") or kind.capitalize(),
        "by": (item.get("user") or {}).get("name"),
        "date": str(item["date"])[:10],
        "amount": f"{_amount(amount['value'])} {amount['currency']}",
        "type": item["type"],
        "method": (item.get("bookkeeping") or {}).get("method"),
        "note": item.get("note"),
    }


def _amount(hundredths: int) -> str:
    sign, hundredths = "-" if hundredths < 0 else "", abs(hundredths)
    return f"{sign}{hundredths // 100:,}.{hundredths % 100:02}"


def _job(company: Company, job: Json) -> Json:
    counts = Counter(each["status"] for each in job["items"])
    return {
        "id": job["id"],
        "status": job["status"],
        "created": job["createdAt"][:19].replace("T", " ") + " UTC",
        "reason": job["failureReason"],
        "counts": ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in sorted(counts.items()))
        or "no items",
        "items": [_item(company, each) for each in job["items"]],
    }


def _item(company: Company, item: Json) -> Json:
    expense = company.expenses.get(item["accountingEntryId"])
    known = _expense(expense) if expense else {"what": item["accountingEntryId"], "date": "", "amount": ""}
    url = str(item["externalUrl"] or "")
    return {
        **known,
        "status": item["status"],
        "entry": item["externalId"],
        "url": url if urlsplit(url).scheme in ("http", "https") else "",
        "reason": item["failureReason"],
        "reason_type": item.get("failureReasonType"),
    }
