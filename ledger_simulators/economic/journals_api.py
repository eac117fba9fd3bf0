"""journalsapi: journals, draft entries, and the booking of named entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ledger_simulators.economic.booking import book
from ledger_simulators.economic.chart import Journal
from ledger_simulators.economic.drafting import new_draft
from ledger_simulators.economic.entries import Draft
from ledger_simulators.economic.filters import COMPARABLE, ORDERED, rows
from ledger_simulators.economic.json_bodies import number, sent_json, without_empty
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

MOST_ENTRIES = 500
FILTERS = {
    **dict.fromkeys(("entryNumber", "entryTypeNumber", "voucherNumber", "journalNumber"), COMPARABLE),
    **dict.fromkeys(("accountNumber", "contraAccountNumber", "currency", "projectNumber"), COMPARABLE),
    **dict.fromkeys(("customerNumber", "supplierNumber"), COMPARABLE),
    "date": ORDERED,
}


def journals_api(ledger: EconomicLedger) -> Blueprint:  # noqa: C901 - one route after another
    """Return the routes of the service."""
    api = Blueprint("journals", __name__)

    @api.get("/journals/<int:journal>")
    def read_journal(journal: int) -> ResponseReturnValue:
        return jsonify(_journal(_known(ledger, journal)))

    @api.get("/journals/paged")
    def list_journals() -> ResponseReturnValue:
        return jsonify([_journal(each) for each in ledger.journals.values()])

    @api.get("/journals")
    def journals() -> ResponseReturnValue:
        raise Problem(500, "An unexpected error occurred")  # as the real one does, for any filter and for none

    @api.get("/draft-entries")
    def list_drafts() -> ResponseReturnValue:
        found = [draft_row(each) for each in ledger.drafts.values()]
        return jsonify(rows(found, "entryNumber", FILTERS, request.args.get("filter", ""), request.args.get("cursor")))

    @api.get("/draft-entries/<int:entry>")
    def read_draft(entry: int) -> ResponseReturnValue:
        return jsonify(draft_row(_draft(ledger, entry)))

    @api.post("/draft-entries")
    def create_draft() -> ResponseReturnValue:
        draft = ledger.add_draft(new_draft(ledger, sent_json()))
        return jsonify({"entryNumber": draft.entry}), 201

    @api.post("/draft-entries/bulk")
    def create_drafts() -> ResponseReturnValue:
        entries = sent_json().get("entries")
        if not isinstance(entries, list) or not entries:
            raise Problem(400, "Entries list cannot be empty", "OneAPIEntriesListCannotBeEmpty")
        if len(entries) > MOST_ENTRIES:
            raise Problem(400, "Entries list cannot contain more than 500 entries", "OneAPITooManyEntries")
        made: list[Draft] = []
        for each in entries:  # all or none: since 11.0.3 one that fails reverts the others
            made.append(new_draft(ledger, each, taken=frozenset(draft.voucher for draft in made)))
        return jsonify({"entryNumbers": [ledger.add_draft(each).entry for each in made]}), 201

    @api.put("/draft-entries")
    def change_draft() -> ResponseReturnValue:
        sent = sent_json()
        old = _draft(ledger, int(sent.get("entryNumber", 0)))
        require_version(sent, old.version)
        if "voucherNumber" not in sent:
            raise Problem(400, "The voucherNumber field is required.", "ValidationFailed", "voucherNumber")
        if sent.get("journalNumber") != old.journal:
            raise Problem(400, "JournalNumber cannot be changed", "JournalNumberCannotBeChangedOnDraftEntry")
        new = new_draft(ledger, sent)
        new.entry, new.version, new.dimensions = old.entry, old.version + 1, old.dimensions
        ledger.drafts[old.entry] = new
        return Response(status=204)

    @api.delete("/draft-entries/<int:entry>")
    def delete_draft(entry: int) -> ResponseReturnValue:
        del ledger.drafts[_draft(ledger, entry).entry]
        return Response(status=204)

    @api.post("/journals/<int:journal>/bookdraftentries")
    def book_named(journal: int) -> ResponseReturnValue:
        known = _known(ledger, journal)
        numbers = sent_json().get("entryNumbers") or []
        if not numbers:
            raise Problem(400, "Entries list cannot be empty", "OneAPIEntriesListCannotBeEmpty", "entryNumbers")
        drafts = [ledger.drafts.get(each) for each in numbers]
        chosen = [each for each in drafts if each is not None and each.journal == known.number]
        if len(chosen) < len(drafts):
            raise Problem(400, "Journal entry does not exist", "JournalEntryDoesNotExist", "entryNumbers")
        book(ledger, chosen)
        return Response(status=204)

    @api.post("/journals/<int:journal>/book")
    def book_all(journal: int) -> ResponseReturnValue:
        known = _known(ledger, journal)
        book(ledger, [each for each in ledger.drafts.values() if each.journal == known.number])
        return Response(status=204)

    return api


def draft_row(draft: Draft) -> dict[str, Any]:
    """Return an entry as the service shows it: without what is empty."""
    return without_empty(
        {
            "entryNumber": draft.entry,
            "entryTypeNumber": draft.type,
            "voucherNumber": draft.voucher,
            "journalNumber": draft.journal,
            "date": f"{draft.date}T00:00:00Z",
            "accountNumber": draft.account,
            "vatCode": draft.vat_code,
            "amount": number(draft.amount),
            "currency": draft.currency,
            "exchangeRate": number(draft.rate),
            "contraAccountNumber": draft.contra_account,
            "contraVatCode": draft.contra_vat_code,
            "text": draft.text or None,
            "projectNumber": draft.project,
            "costTypeNumber": draft.cost_type,
            "supplierNumber": draft.supplier,
            "supplierInvoiceNumber": draft.invoice,
            "dueDate": f"{draft.due}T00:00:00Z" if draft.due else None,
            "objectVersion": f"v{draft.entry}.{draft.version}",
        }
    )


def require_version(sent: Mapping[str, Any], version: object) -> None:
    """Refuse a change of something older than what is held. Raises Problem."""
    if str(sent.get("objectVersion", "")).rpartition(".")[2] != str(version):
        raise Problem(409, "Update conflict. Version does not match.", "UpdateConflict", "objectVersion")


def _journal(journal: Journal) -> dict[str, Any]:
    return without_empty(
        {
            "number": journal.number,
            "name": journal.name,
            "nextVoucherNumber": journal.next_voucher,
            "minimumVoucherNumber": journal.lowest or None,
            "maximumVoucherNumber": None if journal.highest == 999_999_999 else journal.highest,
            "allowedEntryType": journal.allowed_entry_type or None,
            "objectVersion": f"j{journal.number}.1",
        }
    )


def _known(ledger: EconomicLedger, journal: int) -> Journal:
    if journal not in ledger.journals:
        raise Problem(404, "Journal does not exist", "JournalDoesNotExist")
    return ledger.journals[journal]


def _draft(ledger: EconomicLedger, entry: int) -> Draft:
    if entry not in ledger.drafts:
        raise Problem(404, "Journal entry does not exist", "JournalEntryDoesNotExist")
    return ledger.drafts[entry]
