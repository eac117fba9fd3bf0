"""Drafts into Tryton, and drafts posted there: all at once where Tryton allows it, each with its own outcome."""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import Outcome, State
from pleo_export.accounting.tryton_documents import FIELDS, INVOICE, MOVE, TrytonDocuments
from pleo_export.accounting.tryton_rest import Record, TrytonRest
from pleo_export.accounting.tryton_session import TrytonSession

# Not about one document: the next would meet the same.
CONNECTION = (AuthenticationFailed, PermissionDenied, InvalidConfiguration, RateLimited, Unavailable)


class TrytonRegister:
    """Moves or invoices, by the references of the documents."""

    def __init__(self, rest: TrytonRest, session: TrytonSession | None, documents: TrytonDocuments) -> None:
        self._tryton = rest
        self._session = session
        self._documents = documents

    def check(self) -> None:
        """Raises PermissionDenied, or another error of the connection."""
        rights = self._tryton.access(MOVE, INVOICE)
        if not all(rights[model][right] for model in (MOVE, INVOICE) for right in ("read", "write", "create")):
            raise PermissionDenied(
                "The user of the API key may not write entries in Tryton. Add it to the group Accounting there."
            )
        if self._session:
            self._session.log_in()

    def create(self, model: str, records: Mapping[str, Record]) -> tuple[dict[str, int], dict[str, AccountingError]]:
        """All at once; if Tryton refuses them together, nothing was stored, and each is tried for itself."""
        if not records:
            return {}, {}
        try:
            return dict(zip(records, self._tryton.create_many(model, list(records.values())), strict=True)), {}
        except OutcomeUnknown as unknown:
            return {}, dict.fromkeys(records, unknown)
        except (Rejected, PermissionDenied):
            self.check()
            return self._create_singly(model, records)

    def post(
        self, model: str, drafts: Mapping[str, int], *, new: bool, skip_warnings: bool = False
    ) -> dict[str, Outcome]:
        """`new`: the drafts are of this call, so that after a broken connection a search has to come first."""
        if self._session and len(drafts) > 1 and not skip_warnings:
            try:
                self._session.press(model, "post", list(drafts.values()))
            except OutcomeUnknown as unknown:
                return dict.fromkeys(drafts, unknown)
            except AccountingError:
                pass  # nothing was posted; tried one by one, each says why
            else:
                return self._read_posted(model, drafts)
        return self._post_singly(model, drafts, new=new, skip_warnings=skip_warnings)

    def _create_singly(
        self, model: str, records: Mapping[str, Record]
    ) -> tuple[dict[str, int], dict[str, AccountingError]]:
        created: dict[str, int] = {}
        refused: dict[str, AccountingError] = {}
        waiting = dict(records)
        while waiting:
            reference = next(iter(waiting))
            values = waiting.pop(reference)
            try:
                created[reference] = self._tryton.create(model, values)
            except Rejected as error:
                refused[reference] = error
            except OutcomeUnknown as unknown:
                refused[reference] = unknown
                refused |= dict.fromkeys(waiting, Unavailable("Tryton did not answer. This entry was not sent."))
                break
            except CONNECTION as error:
                if not created:
                    raise
                refused |= dict.fromkeys([reference, *waiting], error)
                break
        return created, refused

    def _read_posted(self, model: str, posted: Mapping[str, int]) -> dict[str, Outcome]:
        try:
            documents = self._documents.read(model, posted.values())
        except AccountingError as error:
            return dict.fromkeys(posted, OutcomeUnknown(f"Recorded, but not read back. {error.message}"))
        gone = Rejected("Deleted in Tryton while it was being recorded. Export it again.")
        return {reference: documents.get(id_, gone) for reference, id_ in posted.items()}

    def _post_singly(
        self, model: str, drafts: Mapping[str, int], *, new: bool, skip_warnings: bool
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        waiting = dict(drafts)
        while waiting:
            reference, id_ = next(iter(waiting.items()))
            try:
                row = self._tryton.press(model, id_, "post", FIELDS[model], skip_warnings=skip_warnings)
                outcomes[reference] = self._documents.document(model, row)
            except (Rejected, InvalidConfiguration) as error:
                outcomes[reference] = self._not_posted(model, reference, id_, error)
            except AccountingError as error:
                if not new and not outcomes and not isinstance(error, OutcomeUnknown):
                    raise
                outcomes |= dict.fromkeys(waiting, left_as_draft(error) if new else error)
                break
            del waiting[reference]
        return outcomes

    def _not_posted(self, model: str, reference: str, id_: int, error: AccountingError) -> Outcome:
        """A person may have posted, or deleted, the draft; else it stays, and the next export finds it."""
        document = self._documents.read(model, [id_]).get(id_)
        if document is None:
            return Rejected(f"The draft of {reference} was deleted in Tryton before it was posted. Export it again.")
        if document.state is State.POSTED:
            return document
        return Rejected(f"Kept as a draft, for Tryton does not post it: {error.message}", status=error.status)


def left_as_draft(error: AccountingError) -> OutcomeUnknown:
    message = f"Recorded as a draft; whether it was posted is not known yet. {error.message}"
    return OutcomeUnknown(message, status=error.status, code=error.code)
