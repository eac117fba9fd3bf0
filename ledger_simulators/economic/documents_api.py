"""documentsapi: the one document of a voucher."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ledger_simulators.economic.entries import AttachedDocument
from ledger_simulators.economic.entries_api import paged
from ledger_simulators.economic.filters import COMPARABLE, rows, select
from ledger_simulators.economic.json_bodies import without_empty
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

LARGEST = 9_000_000  # bytes
MERGE, FAIL = "0", "1"
LONGEST_NOTE = 250
BEGINNINGS = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
FILTERS = dict.fromkeys(("number", "voucherNumber", "accountingYear"), COMPARABLE)


def documents_api(ledger: EconomicLedger) -> Blueprint:  # noqa: C901 - one route after another
    """Return the routes of the service."""
    api = Blueprint("documents", __name__)

    @api.get("/AttachedDocuments")
    def list_documents() -> ResponseReturnValue:
        found = [_row(each) for each in ledger.documents.values()]
        args = request.args
        return jsonify(rows(found, "number", FILTERS, args.get("filter", ""), args.get("cursor")))

    @api.get("/AttachedDocuments/paged")
    def list_some_documents() -> ResponseReturnValue:
        found = [_row(each) for each in ledger.documents.values()]
        return jsonify(paged(select(found, FILTERS, request.args.get("filter", ""))))

    @api.post("/AttachedDocuments")
    def attach() -> ResponseReturnValue:
        file = request.files.get("file")
        form = request.form
        if file is None or "accountingYear" not in form or not form.get("voucherNumber", "").isdigit():
            raise Problem(400, "The file, accountingYear and voucherNumber fields are required.", "ValidationFailed")
        content = file.stream.read()
        if len(content) > LARGEST:
            raise Problem(413, "The file is too large")
        if ledger.reads_files and not content.startswith(BEGINNINGS):
            raise Problem(
                400, "Failed attaching file, perhaps the file is corrupt or not supported", "InvalidFileData", "file"
            )
        if len(form.get("note", "")) > LONGEST_NOTE:
            raise Problem(400, "The field Note must have at most 250 characters.", "ValidationFailed", "note")
        year, voucher = form["accountingYear"], int(form["voucherNumber"])
        if year not in {each.year for each in ledger.years}:
            raise Problem(400, "Accounting year name was not found", "AccountingYearNotFound", "accountingYear")
        if voucher < 1 or not _has_voucher(ledger, year, voucher):
            raise Problem(
                400,
                "Voucher number does not exist in the specified accounting year",
                "InvalidVoucherNumber",
                "voucherNumber",
            )
        there = [each for each in ledger.documents.values() if (each.year, each.voucher) == (year, voucher)]
        part = (file.filename or "", content)
        if there and form.get("onConflict", MERGE) == FAIL:
            raise Problem(
                400,
                "The voucher already has a document attached and merging was not allowed",
                "DocumentAlreadyAttachedToVoucher",
            )
        if there:
            there[0].parts.append(part)
            return jsonify({"number": there[0].number}), 201
        ledger.last_document += 1
        made = AttachedDocument(ledger.last_document, year, voucher, form.get("note", ""), [part])
        ledger.documents[made.number] = made
        return jsonify({"number": made.number}), 201

    @api.get("/AttachedDocuments/<int:number>/pdf")
    def read_pdf(number: int) -> ResponseReturnValue:
        if number not in ledger.documents:
            raise Problem(404, "Document does not exist")
        return Response(ledger.documents[number].parts[0][1], content_type="application/pdf")

    return api


def _has_voucher(ledger: EconomicLedger, year: str, voucher: int) -> bool:
    held = [(each.voucher, each.date) for each in ledger.drafts.values()]
    held += [(each.voucher, each.date) for each in ledger.booked.values()]
    return any(number == voucher and _year(ledger, on) == year for number, on in held)


def _year(ledger: EconomicLedger, on: Any) -> str | None:
    year = ledger.year_of(on)
    return year.year if year else None


def _row(document: AttachedDocument) -> dict[str, Any]:
    return without_empty(
        {
            "number": document.number,
            "note": document.note or None,
            "pageCount": len(document.parts),
            "voucherNumber": document.voucher,
            "accountingYear": document.year,
        }
    )
