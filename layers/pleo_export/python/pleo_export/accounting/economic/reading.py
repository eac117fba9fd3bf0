"""What e-conomic holds of our documents, whole: for a comparison with what was booked. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from pleo_export.accounting.economic.documents import (
    BOOKED_ENTRIES,
    DRAFTS,
    EconomicDocuments,
    standing,
)
from pleo_export.accounting.economic.filters import begins, between, both
from pleo_export.accounting.economic.lines import lines_of
from pleo_export.accounting.economic.lookups import EconomicLookups
from pleo_export.accounting.economic.rest import EconomicRest
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.vouchers import reference_in
from pleo_export.accounting.port import Capabilities, LedgerDocument
from pleo_export.bookkeeping.reference import MARK


class EconomicReader:
    """The port's LedgerReader for e-conomic; see `LedgerReader` for what each method promises."""

    def __init__(self, settings: EconomicSettings, rest: EconomicRest, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._economic = rest
        self._documents = EconomicDocuments(rest)
        self._lookups = EconomicLookups(settings, rest)

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        """Read the vouchers of the references, whole: four calls, and a few for VAT codes and suppliers. Raises
        AccountingError, and ValueError for more than `capabilities.max_find` references."""
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        wanted = {each for each in references if each}
        if not wanted:
            return {}
        booked = self._documents.booked(wanted)
        held = [each for each in self._documents.all_drafts() if each.reference in wanted]
        states = standing(booked)
        held += [each for each in booked if each.reference in wanted and (each.number, each.date) in states]
        found: dict[str, list[LedgerDocument]] = defaultdict(list)
        for each, currency, lines in lines_of(self._documents.whole(held), self._lookups):
            ref = each.ref(states.get((each.number, each.date)) if each.posted else None)
            found[each.reference].append(LedgerDocument(ref, currency, lines))
        return dict(found)

    def ours(self, since: date, until: date) -> Collection[str]:
        """Find the texts that begin with our mark: two calls. Raises AccountingError."""
        period = between("date", since, until)
        rows = self._economic.items(BOOKED_ENTRIES, both(begins("text", MARK), period))
        rows += self._economic.items(DRAFTS, period)
        references = {reference_in(row.get("text")) for row in rows}
        return {each for each in references if each.startswith(MARK)}

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        """Read the names of accounts: one call. Raises AccountingError."""
        if not codes:
            return {}
        return {
            str(row["number"]): row.get("name") or ""
            for row in self._lookups.all_accounts
            if str(row["number"]) in codes
        }
