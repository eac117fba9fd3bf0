"""Which pile an entry belongs to, from all that is known of it. Pure.

| Pleo was told     | In the ledger                                   | Pile                                   |
|-------------------|-------------------------------------------------|----------------------------------------|
| any               | could not be read                               | unknown                                |
| any, job runs     | any                                             | unknown, until the job has finished    |
| successful        | no document, a void one, or no payment to it    | missing                                |
| successful        | the document, as booked                         | matched                                |
| successful        | the document, changed, a draft, or not the one  | different                              |
|                   | that Pleo links to                              |                                        |
| successful        | the document, and our record does not say what  | unknown                                |
|                   | was booked                                      |                                        |
| failed, or nothing| a document                                      | extra                                  |
| failed, or nothing| none, or void ones                              | none: as it should be                  |
| any               | a further document                              | extra, beside the entry's own          |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pleo_export.accounting.port import DocumentState, LedgerDocument
from pleo_export.bookkeeping.settings import PostingMode
from pleo_export.operations.reconciliation.evidence import EntryEvidence
from pleo_export.operations.reconciliation.lines import label, mismatches
from pleo_export.operations.reconciliation.result import Cause, MismatchReason, Pile, ReconciledEntry
from pleo_export.store.booked import BookedDocument

EXPORTED = "EXPORTED"
_UNKNOWN = frozenset({Cause.NOT_COMPARABLE, Cause.LEDGER_UNREADABLE, Cause.PLEO_UNREADABLE, Cause.UNDER_WAY})
_MISSING = frozenset({Cause.DELETED, Cause.VOID, Cause.PAYMENT_GONE})


@dataclass(frozen=True)
class EntryComparison:
    """Compares the entries of one company. `posting` is what the settings ask for now, `names` are the accounts'."""

    posting: PostingMode
    names: Mapping[str, str]

    def compare(self, evidence: EntryEvidence) -> Iterator[ReconciledEntry]:
        """Yield the entry in its pile, and each further document; nothing for an expense that is not booked, which Pleo
        was told."""
        own, further = self._own(evidence)
        told = evidence.told
        if told and told.under_way:
            text = "Its export is still running. Reconcile again when the job has finished."
            yield _entry(evidence, [MismatchReason(Cause.UNDER_WAY, text)], own)
            return
        if told and told.successful:
            yield _entry(evidence, list(self._reasons(evidence, own)), own)
        elif own:
            yield _entry(evidence, [_not_told(evidence, own)], own)
        for document in further:
            yield _entry(evidence, [_duplicate(document, own)], [document])

    def counts(self, document: LedgerDocument) -> bool:
        """Whether a document counts in the ledger: a draft only where the settings ask for drafts."""
        state = document.ref.state
        return state is DocumentState.POSTED or (state is DocumentState.DRAFT and self.posting is PostingMode.DRAFT)

    def _own(self, evidence: EntryEvidence) -> tuple[list[LedgerDocument], list[LedgerDocument]]:
        """Return the entry's own documents, at most one for each reference of its latest revision, and the others that
        are not void."""
        latest = evidence.latest
        ids = {latest.document_id, *latest.payment_ids} if latest else set()
        live = [each for each in evidence.documents if each.ref.state is not DocumentState.VOID]
        expected = [each.reference for each in latest.booked] if latest and latest.booked else []
        own: list[LedgerDocument] = []
        for reference in expected or list(dict.fromkeys(each.ref.reference for each in live)):
            same = [each for each in live if each.ref.reference == reference]
            own += sorted(same, key=lambda each: each.ref.id not in ids)[:1]
        return own, [each for each in live if each not in own]

    def _reasons(self, evidence: EntryEvidence, own: Sequence[LedgerDocument]) -> Iterator[MismatchReason]:
        """Yield why an entry that Pleo was told to be successful is not matched."""
        latest = evidence.latest
        booked = latest.booked if latest else ()
        held = {each.ref.reference: each for each in own}
        gone = list(_gone(evidence, booked, held))
        yield from gone
        if gone:
            return
        for document in own:
            if not self.counts(document) or _was_posted(evidence, document):
                text = f"{label(document)} is a draft in the ledger: post it there, or delete it and export again."
                yield MismatchReason(Cause.DRAFT, text)
        yield from _link(evidence, own)
        for each in booked:
            yield from mismatches(each, held[each.reference], self.names)
        if not booked:
            text = (
                "Our record does not say what was booked, because it is older than this comparison or lost. Compare "
                f"{label(own[0])} with the expense in Pleo."
            )
            yield MismatchReason(Cause.NOT_COMPARABLE, text)
        if evidence.export_status not in (None, EXPORTED):
            text = (
                f"Pleo was told that it is booked, and shows it as {evidence.export_status} all the same. Look at the "
                "expense in Pleo."
            )
            yield MismatchReason(Cause.PLEO_STATUS, text)


def unreadable(evidence: EntryEvidence, reason: MismatchReason) -> ReconciledEntry:
    """Return the entry in the pile of what is unknown: something of it could not be read."""
    return _entry(evidence, [reason], [])


def stray(document: LedgerDocument) -> ReconciledEntry:
    """Return a document that carries our mark and names no expense: it is extra."""
    text = f"{label(document)} carries the mark of this integration in the ledger, but names no expense of Pleo."
    reason = MismatchReason(Cause.NOT_TOLD, text)
    return ReconciledEntry(Pile.EXTRA, document.ref.reference, held=(document,), reasons=(reason,))


def _entry(
    evidence: EntryEvidence, reasons: Sequence[MismatchReason], held: Sequence[LedgerDocument]
) -> ReconciledEntry:
    latest, told = evidence.latest, evidence.told
    references = [*(each.ref.reference for each in held), *([latest.reference] if latest else ())]
    return ReconciledEntry(
        pile=_pile({each.cause for each in reasons}),
        reference=references[0] if references else "",
        entry_id=evidence.entry_id,
        told=told.status if told else None,
        job_id=told.job_id if told else None,
        booked=latest.booked if latest else (),
        held=tuple(held),
        reasons=tuple(reasons),
    )


def _pile(causes: set[Cause]) -> Pile:
    """A difference that is certain counts before what is unknown."""
    if not causes:
        return Pile.MATCHED
    if causes & _MISSING:
        return Pile.MISSING
    if causes & {Cause.DUPLICATE, Cause.NOT_TOLD}:
        return Pile.EXTRA
    return Pile.UNKNOWN if causes <= _UNKNOWN else Pile.DIFFERENT


def _gone(
    evidence: EntryEvidence, booked: Sequence[BookedDocument], held: Mapping[str, LedgerDocument]
) -> Iterator[MismatchReason]:
    """Yield what Pleo was told to be in the ledger, and is not."""
    latest = evidence.latest
    expected = [each.reference for each in booked] or list(held) or [latest.reference if latest else ""]
    for number, reference in enumerate(expected):
        if reference in held:
            continue
        void = [each for each in evidence.documents if each.ref.reference == reference]
        what = f"the {'payment' if number else 'document'} of this expense"
        if number == 0 and latest and latest.document_number:
            what = latest.document_number
        if number:
            text = f"In the ledger {what} is {'cancelled' if void else 'gone'}. Export the expense again: it is looked "
            yield MismatchReason(Cause.PAYMENT_GONE, text + "for first, and what is missing is booked.")
        elif void:
            text = f"{_capital(what)} is cancelled in the ledger. If that was not intended, export the expense again."
            yield MismatchReason(Cause.VOID, text)
        else:
            text = (
                f"{_capital(what)} is not in the ledger any more. If that was not intended, export the expense again."
            )
            yield MismatchReason(Cause.DELETED, text)


def _was_posted(evidence: EntryEvidence, document: LedgerDocument) -> bool:
    """Whether a draft was posted when it was booked: a person has taken it back."""
    latest = evidence.latest
    main = latest is not None and latest.document_id == document.ref.id
    recorded = latest.document_state if latest and main else None
    return document.ref.state is DocumentState.DRAFT and recorded == DocumentState.POSTED.value


def _link(evidence: EntryEvidence, own: Sequence[LedgerDocument]) -> Iterator[MismatchReason]:
    told = evidence.told.external_id if evidence.told else None
    if told is not None and told not in {each.ref.id for each in own}:
        text = f"Pleo links to another document ({told}). Export the expense again: Pleo is told {label(own[0])} then."
        yield MismatchReason(Cause.OTHER_DOCUMENT, text)


def _not_told(evidence: EntryEvidence, own: Sequence[LedgerDocument]) -> MismatchReason:
    told = f"was told last that the expense is {evidence.told.status}" if evidence.told else "was never told of it"
    text = (
        f"{label(own[0])} is in the ledger, and Pleo {told}. Export the expense again: the document is found and "
        "reported, nothing is booked twice."
    )
    return MismatchReason(Cause.NOT_TOLD, text)


def _duplicate(document: LedgerDocument, own: Sequence[LedgerDocument]) -> MismatchReason:
    beside = f" beside {label(own[0])}" if own else ""
    fix = "delete" if document.ref.state is DocumentState.DRAFT else "cancel"
    text = f"{label(document)} is in the ledger{beside} for the same expense: {fix} the one that is too many."
    return MismatchReason(Cause.DUPLICATE, text)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
