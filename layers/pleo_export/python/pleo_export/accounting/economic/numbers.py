"""The voucher numbers that new vouchers get.

All entries of a voucher are created in one request, so they need their number before. It is taken from the journal's
own range, above all numbers that are used there: by drafts, by the entries that were booked last, and by documents. For
a document stays with its number when a person deletes the draft: the next voucher of that number would show another
expense's receipt. The journal is Pleo's alone; what we have given out, and is not there yet, the sequence knows.
"""

from __future__ import annotations

from functools import cached_property

from pleo_export.accounting.economic.documents import BOOKED_ENTRIES, DRAFTS
from pleo_export.accounting.economic.filters import between, both, equals
from pleo_export.accounting.economic.lookups import EconomicLookups
from pleo_export.accounting.economic.rest import DOCUMENTS, EconomicRest
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.failures.connection import VOUCHER_NUMBERS_USED_UP
from pleo_export.number_sequence import NumberSequence

HIGHEST = 999_999_999
_LATEST = 100  # booked entries that are looked at


class EconomicNumbers:
    """Gives out voucher numbers of one journal. Raises AccountingError."""

    def __init__(self, rest: EconomicRest, lookups: EconomicLookups, journal: int, sequence: NumberSequence) -> None:
        self._economic = rest
        self._lookups = lookups
        self._journal = journal
        self._sequence = sequence

    def take(self, count: int) -> range:
        """Return so many numbers that nothing uses. Four calls before the first, none for the others. Raises
        InvalidConfiguration if the journal has no more."""
        first, last = self._range
        begin = self._sequence.take(first, count)
        if begin + count - 1 > last:
            raise InvalidConfiguration(VOUCHER_NUMBERS_USED_UP.told(ledger=TITLE, journal=self._journal))
        return range(begin, begin + count)

    @cached_property
    def _range(self) -> tuple[int, int]:
        """The first number that is free, and the last of the journal."""
        journal = self._lookups.journal()
        first = max(int(journal.get("nextVoucherNumber") or 1), int(journal.get("minimumVoucherNumber") or 1), 1)
        last = int(journal.get("maximumVoucherNumber") or HIGHEST)
        taken = between("voucherNumber", first, last)
        drafts = self._economic.items(DRAFTS, both(equals("journalNumber", self._journal), taken))
        booked = self._economic.get(
            f"{BOOKED_ENTRIES}/paged?filter={taken}&sort=-entryNumber&pageSize={_LATEST}&skipPages=0"
        )
        documents = self._economic.get(
            f"{DOCUMENTS}/AttachedDocuments/paged?filter={taken}&sort=-voucherNumber&pageSize=1&skipPages=0"
        )
        used = [row["voucherNumber"] for row in (*drafts, *booked, *documents) if row.get("voucherNumber")]
        return max([first - 1, *used]) + 1, last
