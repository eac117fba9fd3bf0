"""Which supplier of the ledger is the one that was entered in Pleo: the first of what identifies it that fits decides.

First the key that we wrote into it, then its tax registration number, its registration number, and its exact name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.lists import LedgerSupplier, NewSupplier
from pleo_export.accounting.party_matching import bare_tax_number, can_be_text, plain_name
from pleo_export.failures.ledger_lists import SUPPLIER_AMBIGUOUS, SUPPLIER_BLOCKED, SUPPLIER_NAME_NOT_TAKEN


@dataclass(frozen=True, slots=True)
class SupplierCandidate:
    """A supplier that may be the one. `keys` are what it carries of ours; `numbers` are all of its registration numbers
    as they are written."""

    supplier: LedgerSupplier
    keys: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


def matching_supplier(
    wanted: NewSupplier, candidates: Iterable[SupplierCandidate], ledger: str
) -> LedgerSupplier | None:
    """Return the supplier that is wanted; None if there is none. Raises Rejected where several fit, or only ones that
    are not active."""
    known = list(candidates)
    for fits in _ways_to_fit(wanted):
        found = [each for each in known if fits(each)]
        active = [each for each in found if each.supplier.active]
        if len(active) > 1:
            names = " and ".join(_label(each.supplier) for each in active)
            raise Rejected(SUPPLIER_AMBIGUOUS.told(ledger=ledger, name=wanted.name, names=names))
        if active:
            return active[0].supplier
        if found:
            blocked = _label(found[0].supplier)
            raise Rejected(SUPPLIER_BLOCKED.told(ledger=ledger, name=wanted.name, supplier=blocked))
    return None


def require_name(wanted: NewSupplier, ledger: str, longest: int | None = None) -> None:
    """Raise Rejected for a name that the ledger cannot store as it is. `longest` in characters; None: any length."""
    reason = None
    if not wanted.name.strip():
        reason = "it is empty"
    elif not can_be_text(wanted.name):
        reason = "it has a character that is none"
    elif longest is not None and len(wanted.name) > longest:
        reason = f"it has more than {longest} characters"
    if reason:
        raise Rejected(SUPPLIER_NAME_NOT_TAKEN.told(ledger=ledger, name=wanted.name, reason=reason))


def _ways_to_fit(wanted: NewSupplier) -> Iterable[Callable[[SupplierCandidate], bool]]:
    yield lambda each: wanted.key in each.keys
    for number in (wanted.tax_registration_number, wanted.registration_number):
        if bare := bare_tax_number(number or ""):
            yield lambda each, bare=bare: bare in map(bare_tax_number, each.numbers)  # type: ignore[misc]
    yield (
        lambda each: (
            plain_name(each.supplier.name) == plain_name(wanted.name) and not _contradict(wanted, each.supplier)
        )
    )


def _contradict(wanted: NewSupplier, supplier: LedgerSupplier) -> bool:
    """Return whether the two are registered under different numbers: then one name is that of two companies."""
    pairs = (
        (wanted.tax_registration_number, supplier.tax_registration_number),
        (wanted.registration_number, supplier.registration_number),
    )
    bare = ((bare_tax_number(ours or ""), bare_tax_number(theirs or "")) for ours, theirs in pairs)
    return any(ours and theirs and ours != theirs for ours, theirs in bare)


def _label(supplier: LedgerSupplier) -> str:
    return f"{supplier.name} ({supplier.code})" if supplier.code else supplier.name
