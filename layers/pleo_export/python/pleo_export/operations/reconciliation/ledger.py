"""Reading the ledger so that what cannot be read is told apart from what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pleo_export.accounting.errors import AccountingError, AuthenticationFailed, InvalidConfiguration, PermissionDenied
from pleo_export.accounting.port import LedgerDocument, LedgerReader

# These would meet the next request too.
_FOR_ALL = (AuthenticationFailed, PermissionDenied, InvalidConfiguration)
_FAILURES_IN_A_ROW = 10  # more than it takes to find one document that cannot be read among `max_find`


@dataclass
class LedgerContent:
    """What the ledger holds under the references that were asked for: documents, or the error of those that could not
    be read."""

    documents: dict[str, tuple[LedgerDocument, ...]] = field(default_factory=dict)
    errors: dict[str, AccountingError] = field(default_factory=dict)

    def error(self, references: Sequence[str]) -> AccountingError | None:
        """Return why one of these could not be read; None if all could."""
        return next((self.errors[each] for each in references if each in self.errors), None)

    def of(self, references: Sequence[str]) -> Mapping[str, tuple[LedgerDocument, ...]]:
        """Return the documents of these references, for those that have any."""
        return {each: self.documents[each] for each in references if self.documents.get(each)}


@dataclass
class LedgerScan:
    """Reads references in batches. A batch that fails is halved, so that one document that cannot be read hides no
    other; after many failures in a row the ledger counts as out of reach."""

    reader: LedgerReader
    content: LedgerContent = field(default_factory=LedgerContent)
    _failures: int = 0

    def read(self, references: Sequence[str]) -> None:
        """Add what the ledger holds under these references to the content; what is known already is not read again."""
        known = self.content.documents.keys() | self.content.errors.keys()
        wanted = [each for each in dict.fromkeys(references) if each not in known]
        size = self.reader.capabilities.max_find
        waiting = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        while waiting:
            batch = waiting.pop(0)
            error = self._read(batch)
            if error is None:
                continue
            hopeless = isinstance(error, _FOR_ALL) or self._failures >= _FAILURES_IN_A_ROW
            if hopeless:
                lost = [*batch, *(each for later in waiting for each in later)]
                self.content.errors |= dict.fromkeys(lost, error)
                return
            if len(batch) == 1:
                self.content.errors[batch[0]] = error
            else:
                middle = len(batch) // 2
                waiting = [batch[:middle], batch[middle:], *waiting]

    def _read(self, batch: Sequence[str]) -> AccountingError | None:
        try:
            found = self.reader.read(batch)
        except AccountingError as error:
            self._failures += 1
            return error
        self._failures = 0
        self.content.documents |= {each: tuple(found.get(each, ())) for each in batch}
        return None
