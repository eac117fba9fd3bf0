"""Tax codes: the ledger's codes of purchases, from which each category in Pleo has some.

They are known by their code, which Pleo does not keep unique: of several, one is kept, as for tags. One that was made
in Pleo without a code never came from a ledger, and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from pleo_export.accounting.lists import LedgerList, LedgerTaxCode
from pleo_export.failures import sync as sentences
from pleo_export.pleo.list_models import PleoTaxCode, TaxCodeBody
from pleo_export.sync.context import SyncContext, SyncPart
from pleo_export.sync.diff import Ownership
from pleo_export.sync.elements import ActualElement, DesiredElement
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.plan import FindingKind, SyncAction, SyncPlan, SyncStep
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.whole_list import ReadElements, compare, may_begin
from pleo_export.text import visible_code

_SMALLEST = Decimal("0.000001")  # difference between two rates: Pleo sends them as floating-point numbers


def tax_code_parts(context: SyncContext) -> Iterator[SyncPart]:
    """Yield the tax codes."""
    yield TaxCodesPart(context)


@dataclass
class TaxCodesPart:
    """The tax codes."""

    context: SyncContext
    list: LedgerList = LedgerList.TAX_CODES
    group: str | None = None
    _read: ReadElements = field(default_factory=ReadElements)

    def plan(self) -> SyncPlan:
        """Read the tax codes of both sides. Raises AccountingError, PleoError."""
        desired = [_desired(each) for each in self.context.ledger.tax_codes()]
        pages = self.context.pleo.tax_codes(self.context.company_id)
        actual = (_actual(each) for page in pages for each in page)
        plan, self._read = compare(self.context, desired, actual, Ownership(LedgerList.TAX_CODES))
        return _without_rateless(plan)

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Change one by one: Pleo has no other way."""
        for step in plan.steps:
            if may_begin(step, progress):
                progress.attempt(step.action, step.key, partial(self._send, step))

    def _send(self, step: SyncStep) -> None:
        if step.id is None:
            self.context.pleo.create_tax_code(self._body(step))
        else:
            self.context.pleo.update_tax_code(step.id, self._body(step))

    def _body(self, step: SyncStep) -> TaxCodeBody:
        fields = self._read.fields_after(step)
        return TaxCodeBody(
            company_id=self.context.company_id,
            name=str(fields["name"]),
            rate=Decimal(str(fields["rate"])),
            type=str(fields["type"]),
            archived=step.action is SyncAction.ARCHIVE,
            code=fields["code"],
            ingoing_tax_account=fields.get("ingoing_account"),
            outgoing_tax_account=fields.get("outgoing_account"),
        )


def _without_rateless(plan: SyncPlan) -> SyncPlan:
    """Return the plan without the creates that Pleo cannot take, since it demands a rate."""
    rateless = [each for each in plan.steps if each.action is SyncAction.CREATE and "rate" not in each.after]
    findings = ListFindings(plan.list)
    for step in rateless:
        findings.note(FindingKind.RATE_UNKNOWN, step.key, sentences.RATE_UNKNOWN, code=visible_code(step.key))
    kept = tuple(step for step in plan.steps if step not in rateless) if rateless else plan.steps
    return replace(plan, steps=kept, findings=(*plan.findings, *findings.found))


def _desired(tax: LedgerTaxCode) -> DesiredElement:
    fields: dict[str, str | None] = {"code": visible_code(tax.code), "type": tax.type.value}
    if tax.rate is not None:
        fields["rate"] = rate_text(tax.rate)
    given = {"ingoing_account": tax.ingoing_account, "outgoing_account": tax.outgoing_account}
    fields |= {name: account for name, account in given.items() if account}
    return DesiredElement(tax.code, tax.code, tax.name, tax.active, fields)


def _actual(tax: PleoTaxCode) -> ActualElement:
    fields = {
        "name": tax.name,
        "code": tax.code,
        "type": tax.type.lower(),
        "rate": rate_text(tax.rate),
        "ingoing_account": tax.ingoing_tax_account,
        "outgoing_account": tax.outgoing_tax_account,
    }
    return ActualElement(tax.id, tax.code, tax.archived, tax.created_at, fields)


def rate_text(rate: Decimal) -> str:
    """Return a rate in one form: 0.2 for 0.20."""
    text = f"{rate.quantize(_SMALLEST):f}"
    return text.rstrip("0").rstrip(".") or "0"
