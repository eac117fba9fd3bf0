"""Vendors that somebody made in Pleo: each gets its supplier in the ledger, and is then active at Pleo.

The supplier is found before it is made, by a key that follows from the id of Pleo's vendor. So it makes no difference
where a run ends: the next one finds the supplier, and activates the vendor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.lists import LedgerList, LedgerSupplier, NewSupplier
from pleo_export.failures import sync as sentences
from pleo_export.failures.ledger_lists import SUPPLIER_AMBIGUOUS
from pleo_export.pleo.errors import PleoAlreadyExists, PleoNotFound, PleoOutcomeUnknown, PleoRefused
from pleo_export.pleo.list_models import DRAFT, PleoVendor
from pleo_export.sync.context import SyncContext
from pleo_export.sync.diff import Ownership, plan_of
from pleo_export.sync.plan import FindingKind, SyncAction, SyncFinding, SyncPlan, SyncStep
from pleo_export.sync.progress import ListProgress


def supplier_key(vendor_id: str) -> str:
    """Return the key that the supplier of a vendor carries in the ledger."""
    return f"pleo-vendor:{vendor_id}"


@dataclass
class DraftVendorsPart:
    """The vendors that the ledger does not know yet; only that with the id `vendor_id`, if one is given."""

    context: SyncContext
    vendor_id: str | None = None
    list: LedgerList = LedgerList.VENDORS
    group: str | None = None
    _drafts: dict[str, PleoVendor] = field(default_factory=dict)

    def plan(self) -> SyncPlan:
        """Read the vendors. Raises PleoError."""
        found = (each for each in self._vendors() if each.state == DRAFT and each.external_id is None)
        self._drafts = {each.id: each for each in found}
        steps = [
            SyncStep(SyncAction.ACTIVATE, each.id, each.id, after={"name": each.name}, reason="made in Pleo")
            for each in self._drafts.values()
        ]
        return plan_of(Ownership(LedgerList.VENDORS, by_code=False), steps, ())

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Make the suppliers, and activate the vendors. Raises AccountingError where a supplier may have been made, or
        the ledger does not answer."""
        for step in plan.steps:
            progress.clock.check()
            supplier = self._supplier(self._drafts[step.key], progress)
            if supplier is not None:
                self._activate(step, supplier, progress)

    def _vendors(self) -> Iterable[PleoVendor]:
        if self.vendor_id is None:
            return (each for page in self.context.pleo.vendors(self.context.company_id) for each in page)
        try:
            return [self.context.pleo.vendor(self.vendor_id)]
        except PleoNotFound:
            return []

    def _supplier(self, vendor: PleoVendor, progress: ListProgress) -> LedgerSupplier | None:
        wanted = NewSupplier(
            key=supplier_key(vendor.id),
            name=vendor.name,
            currency=vendor.default_currency,
            country=vendor.country,
            registration_number=vendor.registration_number,
            tax_registration_number=vendor.tax_registration_number,
        )
        try:
            return self.context.ledger.ensure_supplier(wanted)
        except Rejected as error:
            several = error.told.code == SUPPLIER_AMBIGUOUS.code
            kind = FindingKind.VENDOR_AMBIGUOUS if several else FindingKind.REFUSED
            progress.findings.found.append(SyncFinding(kind, LedgerList.VENDORS, vendor.id, error.message))
            return None

    def _activate(self, step: SyncStep, supplier: LedgerSupplier, progress: ListProgress) -> None:
        call = partial(self.context.pleo.activate_vendor, step.key, supplier.id, supplier.code)
        try:
            progress.send(call)
        except PleoAlreadyExists:
            told, number = sentences.VENDOR_TWICE, supplier.code or supplier.id
            progress.findings.note(FindingKind.DUPLICATE_AT_PLEO, step.key, told, vendor=step.key, supplier=number)
        except (PleoNotFound, PleoOutcomeUnknown) as changed:
            progress.note_changed(step.action, step.key, changed)
        except PleoRefused as refusal:
            progress.findings.refused(step.action, step.key, refusal)
        else:
            progress.applied[step.action] += 1
