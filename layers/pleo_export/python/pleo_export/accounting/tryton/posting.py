"""Creating and posting drafts in Tryton: all at once where Tryton allows it, each with its own outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.errors import (
    AccountingError,
    InvalidConfiguration,
    KeptAsDraft,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.tryton.documents import FIELDS, INVOICE, MOVE, TrytonDocuments
from pleo_export.accounting.tryton.rest import Record, TrytonRest, failed_without_reason
from pleo_export.accounting.tryton.session import TrytonSession
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT, LEDGER_UNREACHABLE, RIGHT_MISSING
from pleo_export.failures.ledger import ENTRY_DELETED, KEPT_AS_DRAFT
from pleo_export.failures.openings import DRAFT_IN_DOUBT, NOT_READ_BACK

Done = TypeVar("Done")


# While another transaction posts thousands of lines, Tryton fails on ours, without saying why. So what it fails on is
# tried again after these pauses, in seconds; there are no more of them for a whole batch, for it may be our fault.
PAUSES = (0.5, 1.0, 2.0)


class TrytonPosting:
    """Creates and posts moves and invoices, by the references of the documents. `sleep` waits between two tries, in
    seconds."""

    def __init__(
        self,
        rest: TrytonRest,
        session: TrytonSession | None,
        documents: TrytonDocuments,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tryton = rest
        self._session = session
        self._documents = documents
        self._sleep = sleep

    def check(self) -> None:
        """Check that the user may write entries, and can log in. Raises PermissionDenied, or another error of
        `CONNECTION`."""
        rights = self._tryton.access(MOVE, INVOICE)
        if not all(rights[model][right] for model in (MOVE, INVOICE) for right in ("read", "write", "create")):
            raise PermissionDenied(RIGHT_MISSING.told(ledger=TITLE, what="write entries"))
        if self._session:
            self._session.log_in()

    def create(self, model: str, records: Mapping[str, Record]) -> tuple[dict[str, int], dict[str, AccountingError]]:
        """Create the records, and return the ids of those created and the errors of the others. All in one call; if
        Tryton refuses them together, nothing was stored, and each is tried individually. Raises an error of
        `CONNECTION` only if nothing was created."""
        if not records:
            return {}, {}
        try:
            return dict(zip(records, self._tryton.create_many(model, list(records.values())), strict=True)), {}
        except OutcomeUnknown as unknown:
            return {}, dict.fromkeys(records, unknown)
        except (Rejected, PermissionDenied) as refusal:
            self.check()
            stored = self._stored(records) if failed_without_reason(refusal) else {}
            rest = {reference: values for reference, values in records.items() if reference not in stored}
            created, refused = self._create_singly(model, rest)
            return created, {**stored, **refused}

    def post(
        self, model: str, drafts: Mapping[str, int], *, new: bool, skip_warnings: bool = False
    ) -> dict[str, DocumentOutcome]:
        """Post the drafts, and return them as they are then, or why they are not posted. `new`: they were created just
        now, so a broken connection leaves them in doubt; otherwise it raises AccountingError while none is posted."""
        if self._session and len(drafts) > 1 and not skip_warnings:
            try:
                self._session.press_button(model, "post", list(drafts.values()))
            except OutcomeUnknown as unknown:
                return dict.fromkeys(drafts, unknown)
            except AccountingError:
                pass  # nothing was posted; tried one by one, each says why
            else:
                return self._read_posted(model, drafts)
        return self._post_singly(model, drafts, new=new, skip_warnings=skip_warnings)

    def _stored(self, records: Mapping[str, Record]) -> dict[str, AccountingError]:
        """Return, as in doubt, what Tryton holds although it failed: its database may have stored it all the same."""
        try:
            there = self._documents.find_many(list(records))
        except AccountingError:
            return dict.fromkeys(records, OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE)))
        live = [
            reference
            for reference, found in there.items()
            if not isinstance(found, DocumentRef) or found.state is not DocumentState.VOID
        ]
        return dict.fromkeys(live, OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE)))

    def _create_singly(
        self, model: str, records: Mapping[str, Record]
    ) -> tuple[dict[str, int], dict[str, AccountingError]]:
        created: dict[str, int] = {}
        refused: dict[str, AccountingError] = {}
        waiting = dict(records)
        pauses = iter(PAUSES)
        while waiting:
            reference = next(iter(waiting))
            values = waiting.pop(reference)
            try:
                created[reference] = self._patiently(pauses, partial(self._tryton.create, model, values))
            except Rejected as error:
                refused[reference] = error
            except OutcomeUnknown as unknown:
                refused[reference] = unknown
                refused |= dict.fromkeys(waiting, Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE)))
                break
            except CONNECTION as error:
                if not created:
                    raise
                refused |= dict.fromkeys([reference, *waiting], error)
                break
        return created, refused

    def _read_posted(self, model: str, posted: Mapping[str, int]) -> dict[str, DocumentOutcome]:
        try:
            documents = self._documents.read(model, posted)
        except AccountingError as error:
            return dict.fromkeys(posted, OutcomeUnknown(error.told.after(NOT_READ_BACK)))
        gone = Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))
        return {reference: documents.get(reference, gone) for reference in posted}

    def _post_singly(
        self, model: str, drafts: Mapping[str, int], *, new: bool, skip_warnings: bool
    ) -> dict[str, DocumentOutcome]:
        outcomes: dict[str, DocumentOutcome] = {}
        waiting = dict(drafts)
        pauses = iter(PAUSES)

        def press(draft: int) -> Record:
            return self._tryton.press_button(model, draft, "post", FIELDS[model], skip_warnings=skip_warnings)

        while waiting:
            reference, id_ = next(iter(waiting.items()))
            try:
                row = self._patiently(pauses, partial(press, id_))
                outcomes[reference] = self._documents.document(model, row, reference)
            except (Rejected, InvalidConfiguration) as error:
                outcomes[reference] = self._not_posted(model, reference, id_, error)
            except AccountingError as error:
                if not new and not outcomes and not isinstance(error, OutcomeUnknown):
                    raise
                outcomes |= dict.fromkeys(waiting, left_as_draft(error) if new else error)
                break
            del waiting[reference]
        return outcomes

    def _patiently(self, pauses: Iterator[float], act: Callable[[], Done]) -> Done:
        """Call `act`, again after a pause where Tryton failed on it without a reason, as long as there are pauses."""
        while True:
            try:
                return act()
            except Rejected as error:
                pause = next(pauses, None) if failed_without_reason(error) else None
                if pause is None:
                    raise
            self._sleep(pause)

    def _not_posted(self, model: str, reference: str, id_: int, error: AccountingError) -> DocumentOutcome:
        """Return the outcome of a draft that Tryton did not post. A person may have posted or deleted it; else it
        stays, and the next export finds it."""
        try:
            document = self._documents.read(model, {reference: id_}).get(reference)
        except AccountingError as unread:
            return left_as_draft(unread)
        if document is None:
            return Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))
        if document.state is DocumentState.DRAFT:
            return kept_as_draft(document, error)
        if document.state is DocumentState.VOID:
            return Rejected(ENTRY_DELETED.told(ledger=TITLE, what="cancelled"))
        return document


def left_as_draft(error: AccountingError) -> OutcomeUnknown:
    """Return the outcome of a new draft of which it is not known whether it was posted."""
    return OutcomeUnknown(error.told.after(DRAFT_IN_DOUBT), status=error.status, code=error.code)


def kept_as_draft(document: DocumentRef, cause: AccountingError) -> KeptAsDraft:
    """Return the outcome of a draft that Tryton refuses to post."""
    told = KEPT_AS_DRAFT.told(ledger=TITLE, draft=document.id, words=cause.told.sentence)
    return KeptAsDraft(told, document=document, cause=cause)
