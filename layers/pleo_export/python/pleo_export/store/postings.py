"""The posting record: what we intended to book for an accounting entry, and the result (promise 1).

Keyed by company, entry and revision, never by job, so that it is found again for a re-exported or expired item. The
records outlive jobs; they are the audit trail. Losing them does not cause duplicates, because the accounting system is
always searched as well (R-8.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key

from pleo_export.store.attached_files import AttachedFile, bounded, files_from, files_record
from pleo_export.store.booked import BookedDocument, as_text, from_text
from pleo_export.store.fencing import FencingToken, write
from pleo_export.store.table import conditional_write, get_many, iso, moment, posting_key, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

DRAFTS_INDEX = "drafts"  # sparse: only postings with open references carry its key, their company


@dataclass(frozen=True)
class Posting:
    """The posting of one entry at one revision.

    `intended_at` (UTC): from then on the documents may exist. `document_id`: they do, we have seen them; it is the one
    that Pleo links to, `payment_ids` are those of its payments (R-6.9). `finishing_since`: from then on what belongs to
    them (files, exchange differences) may exist without our having seen it. `complete`: nothing is left to do.
    `open_references`: those of its bills and payments that are drafts, or that a person has posted and that are not
    settled yet. `booked`: what the documents come to; none in records of before it was kept. `settings_version` (None:
    not known) and `code_version` name what made it; `files` are those attached to the main document, without
    `files_left_out` further originals.

    `reversal_begun_at`: from then on its documents may be undone, and are never adopted. `reversed_at`: they are, by
    `reversed_by` (the caller's ARN); `reversal_ids` are the counter-entries. A re-export books the next revision.
    """

    company_id: str
    entry_id: str
    revision: int
    reference: str
    fingerprint: str
    job_id: str
    intended_at: datetime
    document_id: str | None = None
    document_url: str | None = None
    document_number: str | None = None
    document_state: str | None = None
    payment_ids: tuple[str, ...] = ()
    open_references: tuple[str, ...] = ()
    complete: bool = False
    recorded_at: datetime | None = None
    reversal_begun_at: datetime | None = None
    reversed_at: datetime | None = None
    reversed_by: str | None = None
    reversal_ids: tuple[str, ...] = ()
    booked: tuple[BookedDocument, ...] = ()
    settings_version: int | None = None
    code_version: str | None = None
    files: tuple[AttachedFile, ...] = ()
    files_left_out: int = 0
    finishing_since: datetime | None = None

    def with_files(self, files: Sequence[AttachedFile]) -> Posting:
        """Return the posting with the files that were attached now, and those from before, which the document has as
        well; as many as the record takes."""
        if not files:
            return self
        attached = {each.sha256 for each in files}
        kept, left_out = bounded([*files, *(each for each in self.files if each.sha256 not in attached)])
        return replace(self, files=kept, files_left_out=left_out)


class Postings:
    """The posting records of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get_many(self, company_id: str, revisions: Mapping[str, int]) -> Mapping[str, Posting]:
        """Return the postings of the given entries, each at the given revision, by entry id."""
        keys = (posting_key(company_id, entry_id, revision) for entry_id, revision in revisions.items())
        return {record["entry_id"]: _posting(record) for record in get_many(self._table, keys)}

    def revisions(self, company_id: str, entry_id: str) -> list[Posting]:
        """Return all postings of the entry, oldest revision first."""
        answer: Any = self._table.query(
            KeyConditionExpression=Key("pk").eq(posting_key(company_id, entry_id, 1)["pk"]), ConsistentRead=True
        )
        return [_posting(record) for record in answer["Items"]]

    def histories(self, company_id: str, entry_ids: Iterable[str]) -> Mapping[str, list[Posting]]:
        """Return all postings of each entry that has any, oldest revision first: a read per hundred entries for each
        revision that one of them has come to."""
        found: dict[str, list[Posting]] = {}
        wanted, revision = list(entry_ids), 1
        while wanted:
            postings = self.get_many(company_id, dict.fromkeys(wanted, revision))
            for entry_id, posting in postings.items():
                found.setdefault(entry_id, []).append(posting)
            wanted, revision = list(postings), revision + 1
        return found

    def latest(self, company_id: str, entry_id: str) -> Posting | None:
        """Return the posting of the entry's highest revision; None if there is none."""
        answer: Any = self._table.query(
            KeyConditionExpression=Key("pk").eq(posting_key(company_id, entry_id, 1)["pk"]),
            ScanIndexForward=False,
            Limit=1,
            ConsistentRead=True,
        )
        return _posting(answer["Items"][0]) if answer["Items"] else None

    def intend(self, fencing_token: FencingToken, intents: Iterable[tuple[Posting, Posting | None]]) -> bool:
        """Write intents, each with the record that the caller has read in its place (None: absent).

        Returns False if another run or function is working on the same job or entries. Then nothing may be recorded,
        although some of more than 99 intents may have been written.
        """
        return write(self._table, fencing_token, (_replacement(intent, seen) for intent, seen in intents))

    def withdraw(self, posting: Posting) -> None:
        """Delete an intent: the accounting system has answered for certain that nothing was recorded."""
        conditional_write(
            self._table.delete_item,
            Key=posting_key(posting.company_id, posting.entry_id, posting.revision),
            ConditionExpression=Attr("intended_at").eq(iso(posting.intended_at)) & Attr("document_id").not_exists(),
        )

    def save_many(self, fencing_token: FencingToken, postings: Iterable[Posting]) -> bool:
        """Write the results of intended postings. Returns False if the fencing token is another call's by now: then not
        all are written."""
        return write(self._table, fencing_token, ({"Item": _record(posting)} for posting in postings))

    def with_open_references(self, company_id: str) -> list[Posting]:
        """Return the company's postings with open references, as they were a moment ago, in no order."""
        condition = Key("drafts_of").eq(company_id)
        found = query_all(self._table, IndexName=DRAFTS_INDEX, KeyConditionExpression=condition)
        keys = ({"pk": str(each["pk"]), "sk": str(each["sk"])} for each in found)
        postings = (_posting(record) for record in get_many(self._table, keys))
        return [each for each in postings if each.open_references]

    def save_reversal(self, seen: Posting, now: Posting) -> bool:
        """Replace `seen` by `now`, and return whether it was done: not if an export has written to it meanwhile."""
        unchanged: Any = Attr("intended_at").eq(iso(seen.intended_at)) & Attr("job_id").eq(seen.job_id)
        ended = Attr("reversed_at").not_exists()
        return conditional_write(self._table.put_item, Item=_record(now), ConditionExpression=unchanged & ended)

    def save_open_references(self, seen: Posting, now: Posting) -> bool:
        """Replace `seen` by `now`, and return whether it was done: a record that an export has written meanwhile
        stays."""
        unchanged: Any = Attr("intended_at").eq(iso(seen.intended_at)) & Attr("job_id").eq(seen.job_id)
        return conditional_write(
            self._table.put_item,
            Item=_record(now),
            ConditionExpression=unchanged & Attr("open_references").eq(list(seen.open_references)),
        )


def _replacement(intent: Posting, seen: Posting | None) -> dict[str, Any]:
    """Return the put of the intent if the record is still as the caller has read it."""
    if seen is None:
        return {"Item": _record(intent), "ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "Item": _record(intent),
        "ConditionExpression": "intended_at = :seen",
        "ExpressionAttributeValues": {":seen": iso(seen.intended_at)},
    }


def _record(posting: Posting) -> dict[str, Any]:
    facts = {
        "company_id": posting.company_id,
        "entry_id": posting.entry_id,
        "revision": posting.revision,
        "reference": posting.reference,
        "fingerprint": posting.fingerprint,
        "job_id": posting.job_id,
        "intended_at": iso(posting.intended_at),
        "finishing_since": _iso(posting.finishing_since),
        "document_id": posting.document_id,
        "document_url": posting.document_url,
        "document_number": posting.document_number,
        "document_state": posting.document_state,
        "payment_ids": list(posting.payment_ids) or None,
        "open_references": list(posting.open_references) or None,
        "drafts_of": posting.company_id if posting.open_references else None,
        "complete": posting.complete or None,
        "recorded_at": _iso(posting.recorded_at),
        "booked": as_text(posting.booked),
        "settings_version": posting.settings_version,
        "code_version": posting.code_version,
        "files": files_record(posting.files) or None,
        "files_left_out": posting.files_left_out or None,
        "reversal_begun_at": _iso(posting.reversal_begun_at),
        "reversed_at": _iso(posting.reversed_at),
        "reversed_by": posting.reversed_by,
        "reversal_ids": list(posting.reversal_ids) or None,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    return {**posting_key(posting.company_id, posting.entry_id, posting.revision), **known}


def _posting(record: Mapping[str, Any]) -> Posting:
    return Posting(
        company_id=record["company_id"],
        entry_id=record["entry_id"],
        revision=int(record["revision"]),
        reference=record["reference"],
        fingerprint=record["fingerprint"],
        job_id=record["job_id"],
        intended_at=moment(record["intended_at"]),
        finishing_since=_moment(record, "finishing_since"),
        document_id=record.get("document_id"),
        document_url=record.get("document_url"),
        document_number=record.get("document_number"),
        document_state=record.get("document_state"),
        payment_ids=tuple(record.get("payment_ids", ())),
        open_references=tuple(record.get("open_references", ())),
        complete=bool(record.get("complete", False)),
        recorded_at=_moment(record, "recorded_at"),
        booked=from_text(record.get("booked")),
        settings_version=int(record["settings_version"]) if "settings_version" in record else None,
        code_version=record.get("code_version"),
        files=files_from(record.get("files", ())),
        files_left_out=int(record.get("files_left_out", 0)),
        reversal_begun_at=_moment(record, "reversal_begun_at"),
        reversed_at=_moment(record, "reversed_at"),
        reversed_by=record.get("reversed_by"),
        reversal_ids=tuple(record.get("reversal_ids", ())),
    )


def _iso(time: datetime | None) -> str | None:
    return iso(time) if time else None


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    return moment(record[name]) if name in record else None
