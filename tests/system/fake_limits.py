"""What the fake accounting system refuses, or does in another way, where its capabilities say that it can do less."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pleo_export.accounting.errors import AttachmentRejected, Rejected
from pleo_export.accounting.limits import kind_in_words, not_taken
from pleo_export.accounting.port import Attachment, Capabilities, DocumentRef, DocumentState, SettlementSupport
from pleo_export.bookkeeping.documents import Bill, Payment, TaxRole
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_export.failures.ledger import NO_BILL_TO_PAY, OTHER_TOTAL
from pleo_export.failures.receipts import NO_FILES_TAKEN
from tests.system.general_ledger import OWN_CURRENCY, GeneralLedger

OWN_TAX_ACCOUNT = "2200"
PER_CENT = {"GB0": (0,), "GB20": (20,), "ES21": (21,), "RC20": (20, -20)}


def refusal(
    entry: Entry, takes: Capabilities, ledger: GeneralLedger, together: Collection[str] = ()
) -> Rejected | None:
    """Return why the connector does not take it, if so. `together` are the references of what is posted before it."""
    if refused := not_taken(entry, takes, OWN_CURRENCY):
        return refused
    other_tax = entry.kind not in takes.tax_as_given and _tax(entry) != _computed_tax(entry)
    if other_tax and ledger.refusal(entry) is None:
        return Rejected(OTHER_TOTAL.told(left=""))
    first = takes.settlement is SettlementSupport.BILL_FIRST
    waits = first and isinstance(entry, Payment) and entry.settles.reference not in together
    if waits and isinstance(entry, Payment) and not _owed(entry, ledger):
        return Rejected(NO_BILL_TO_PAY.told())
    return None


def with_own_tax_account(entry: Entry) -> Entry:
    """The entry as a ledger books it that has one account for tax."""

    def account(tax: bool, named: str) -> str:
        return OWN_TAX_ACCOUNT if tax else named

    lines = (
        replace(line, account=account(line.tax is not None and line.tax.role is TaxRole.TAX, line.account))
        for line in entry.lines
    )
    return replace(entry, lines=tuple(lines))  # type: ignore[arg-type]


def check_files(document: DocumentRef, files: Sequence[Attachment], takes: Capabilities, held: Collection[str]) -> None:
    """Raises AttachmentRejected. `held` are the hashes of the files that the document has."""
    if document.kind not in takes.files:
        raise AttachmentRejected(NO_FILES_TAKEN.told(kind=kind_in_words(document.kind)))
    if document.state is DocumentState.POSTED and not takes.attach_to_posted:
        raise AttachmentRejected("A posted entry takes no files.")
    for each in files:
        if each.content_type not in takes.attachment_types:
            raise AttachmentRejected(f"{each.name}: files of type {each.content_type} are not attached.")
    if takes.max_attachments is not None and len({*held, *(each.sha256 for each in files)}) > takes.max_attachments:
        raise AttachmentRejected(f"An entry takes at most {takes.max_attachments} files.")


def _tax(entry: Entry) -> int:
    return sum(line.amount for line in entry.lines if line.tax is not None and line.tax.role is TaxRole.TAX)


def _computed_tax(entry: Entry) -> int:
    """For each line; a ledger rounds as it likes."""
    total = 0
    for line in entry.lines:
        if line.tax is not None and line.tax.role is TaxRole.BASE:
            total += sum(line.amount * rate // 100 for rate in PER_CENT.get(line.tax.code, ()))
    return total


def _owed(payment: Payment, ledger: GeneralLedger) -> bool:
    """Whether posted and open bills owe as much as is paid."""
    target = payment.settles
    named = {target.reference} if target.reference else {target.invoice_number, *target.reconciliation_ids}
    due = sum(
        each.entry.payable.amount
        for each in ledger.documents
        if isinstance(each.entry, Bill)
        and each.entry.party == payment.party
        and named & {each.entry.reference, each.entry.invoice_number, each.entry.reconciliation_id}
        and ledger.is_open(each)
    )
    return 0 < abs(payment.payable.amount) <= abs(due)
