"""Vendors, which flow both ways: suppliers of the ledger are vendors at Pleo, and a vendor made in Pleo becomes a
supplier.

What was made in Pleo comes first. Until the ledger's supplier and Pleo's vendor are joined, the supplier looks like one
that Pleo lacks, and would be made there a second time. So where a draft could not be finished, suppliers are not
compared at all in that run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from pleo_export.accounting.lists import LedgerList, LedgerSupplier
from pleo_export.pleo.list_models import ACTIVE, PleoVendor, VendorBody, VendorUpdate
from pleo_export.sync.context import SyncContext, SyncPart
from pleo_export.sync.diff import Ownership
from pleo_export.sync.draft_vendors import DraftVendorsPart
from pleo_export.sync.elements import ActualElement, DesiredElement
from pleo_export.sync.plan import SyncAction, SyncPlan, SyncStep
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.whole_list import ReadElements, compare, may_begin
from pleo_export.text import visible_code


def vendor_parts(context: SyncContext, vendor_id: str | None) -> Iterator[SyncPart]:
    """Yield the vendors that were made in Pleo, or the one that is asked for; then, if all are, the suppliers."""
    yield DraftVendorsPart(context, vendor_id)
    if vendor_id is None:
        yield SuppliersPart(context)


@dataclass
class SuppliersPart:
    """The suppliers of the ledger."""

    context: SyncContext
    list: LedgerList = LedgerList.VENDORS
    group: str | None = None
    _read: ReadElements = field(default_factory=ReadElements)

    def plan(self) -> SyncPlan:
        """Read suppliers and vendors. Raises AccountingError, PleoError."""
        desired = [_desired(each) for each in self.context.ledger.suppliers()]
        pages = self.context.pleo.vendors(self.context.company_id)
        actual = (_actual(each) for page in pages for each in page)
        plan, self._read = compare(self.context, desired, actual, Ownership(LedgerList.VENDORS, by_code=False))
        return plan

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Change one by one: Pleo has no other way."""
        for step in plan.steps:
            if may_begin(step, progress):
                progress.attempt(step.action, step.key, partial(self._send, step))

    def _send(self, step: SyncStep) -> None:
        pleo, fields = self.context.pleo, self._read.fields_after(step)
        match step.action:
            case SyncAction.CREATE:
                made = pleo.create_vendor(self._body(fields))
                if made.state != ACTIVE:
                    pleo.activate_vendor(made.id, str(fields["external_id"]), fields.get("code"))
            case SyncAction.UNARCHIVE:
                pleo.activate_vendor(str(step.id), str(fields["external_id"]), fields.get("code"))
            case SyncAction.ARCHIVE:
                pleo.archive_vendor(str(step.id))
            case _:
                pleo.update_vendor(str(step.id), self._replacement(fields))

    def _body(self, fields: Mapping[str, str | None]) -> VendorBody:
        return VendorBody(
            company_id=self.context.company_id,
            name=str(fields["name"]),
            default_currency=fields.get("currency") or self.context.currency,
            code=fields.get("code"),
            external_id=fields["external_id"],
            country=fields.get("country"),
            registration_number=fields.get("registration_number"),
            tax_registration_number=fields.get("tax_registration_number"),
        )

    def _replacement(self, fields: Mapping[str, str | None]) -> VendorUpdate:
        return VendorUpdate(
            company_id=self.context.company_id,
            name=str(fields["name"]),
            default_currency=str(fields["currency"]),
            external_id=str(fields["external_id"]),
            state=ACTIVE,
            code=fields["code"],
            country=fields["country"],
            registration_number=fields["registration_number"],
            tax_registration_number=fields["tax_registration_number"],
        )


def _desired(supplier: LedgerSupplier) -> DesiredElement:
    """Return a supplier. What the ledger does not tell stays as it is at Pleo."""
    told = {
        "code": visible_code(supplier.code),
        "country": supplier.country,
        "registration_number": supplier.registration_number,
        "tax_registration_number": supplier.tax_registration_number,
        "currency": supplier.currency,
    }
    fields = {"external_id": visible_code(supplier.id), **{name: value for name, value in told.items() if value}}
    return DesiredElement(supplier.id, supplier.code, supplier.name, supplier.active, fields)


def _actual(vendor: PleoVendor) -> ActualElement:
    fields = {
        "name": vendor.name,
        "external_id": vendor.external_id,
        "code": vendor.code,
        "country": vendor.country,
        "registration_number": vendor.registration_number,
        "tax_registration_number": vendor.tax_registration_number,
        "currency": vendor.default_currency,
    }
    return ActualElement(vendor.id, vendor.external_id, vendor.state != ACTIVE, vendor.created_at, fields)
