"""What we hold of one person: find it, erase what may be erased, and say what stays and why.

| Where                          | Of a person                           | Then                                  |
|--------------------------------|---------------------------------------|---------------------------------------|
| expenses on their way (bucket) | name, employee number, note, guests   | the files with them are deleted       |
| results: reason, warnings      | a name or number in a sentence        | replaced by [erased]; the rest stays  |
| jobs: why one was closed       | the same                              | the same                              |
| posting records                | ids and hashes, no name               | stay: the law on bookkeeping          |
| versions of settings           | only if somebody wrote it there       | stay: by these entries were booked    |
| events, settings, audits: `by` | the operator's AWS identity           | stay: who changed what                |

The expenses tell by which names the person is known. Once they are gone (PayloadDays) only what the caller gives can be
searched for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr

from pleo_export.operations.audit.records import AuditReader, Record, job_of
from pleo_export.store.payloads import Payloads, WorkItem
from pleo_export.store.records import Records
from pleo_export.store.table import conditional_write

ERASED = "[erased]"
BY = ("by", "stored_by", "made_by")


@dataclass(frozen=True)
class SoughtPerson:
    """How a person is known: `employee_id` is Pleo's id of the person, or the employee number; `names` are further
    texts to look for, such as a full name. Any of them may be missing."""

    email: str = ""
    employee_id: str = ""
    names: tuple[str, ...] = ()

    def owns(self, payload: Record) -> bool:
        """Return whether the expense is that person's own."""
        user = payload.get("user")
        known = user if isinstance(user, dict) else {}
        return bool(self.employee_id) and self.employee_id in (known.get("id"), known.get("code"))

    @property
    def pattern(self) -> re.Pattern[str]:
        """The texts that name the person, as whole words. An employee number counts only where it is called that:
        alone it is a number like any other."""
        texts = [rf"(?<!\w){re.escape(each)}(?!\w)" for each in (self.email, *self.names) if each.strip()]
        if self.employee_id:
            texts.append(rf"(?<=employee ){re.escape(self.employee_id)}(?!\w)")
        if len(self.employee_id) >= LONG_ID:
            texts.append(re.escape(self.employee_id))
        return re.compile("|".join(texts) or r"(?!)", re.IGNORECASE)


LONG_ID = 32  # from this length on an id is no word and no number that means something else


@dataclass(frozen=True)
class PersonalData:
    """What was found: the keys of files in the bucket, how many of their expenses concern the person, the records whose
    texts name the person, and how many records stay."""

    names: tuple[str, ...]
    payload_keys: tuple[str, ...]
    expenses: int
    results: tuple[Record, ...]
    jobs: tuple[Record, ...]
    postings: int
    settings: int
    acts: int

    @property
    def anything(self) -> bool:
        """Whether there is any record of the person."""
        return self.anything_to_erase or bool(self.postings or self.settings or self.acts)

    @property
    def anything_to_erase(self) -> bool:
        """Whether something of it can be erased."""
        return bool(self.payload_keys or self.results or self.jobs)


@dataclass(frozen=True)
class PersonEraser:
    """Finds and erases what an installation holds of a person in one company. `sleep` takes seconds."""

    records: Records
    payloads: Payloads
    company_id: str
    sleep: Callable[[float], None]

    def find(self, person: SoughtPerson) -> PersonalData:
        """Return what is held. Reads the whole table, slowly."""
        reader = AuditReader(self.records.table, self.company_id, self.sleep)
        found = list(reader.postings_and_jobs())
        jobs = [record for kind, record in found if kind == "job"]
        theirs, keys = self._payloads(jobs, person)
        known = self._by_all_names(person, theirs)
        pattern = known.pattern
        entries = {item.entry_id for item in theirs}
        kept = [*reader.settings(), *reader.others()]
        return PersonalData(
            names=known.names,
            payload_keys=tuple(keys),
            expenses=len(entries),
            results=tuple(each for job in jobs for each in reader.results(job_of(job)) if _named(pattern, each)),
            jobs=tuple(job for job in jobs if _named(pattern, job)),
            postings=sum(1 for kind, record in found if kind == "posting" and record["entry_id"] in entries),
            settings=sum(1 for each in kept if pattern.search(_text(each.get("settings", "")))),
            acts=sum(1 for each in kept if any(pattern.search(str(each.get(name, ""))) for name in BY)),
        )

    def erase(self, person: SoughtPerson, found: PersonalData) -> int:
        """Erase what was found, and return how many texts had changed meanwhile and were left. No export of the company
        may run: it reads the files."""
        pattern = self._with_names(person, found.names).pattern
        for key in found.payload_keys:
            self.payloads.delete(key)
        return sum(1 for each in (*found.results, *found.jobs) if not self._replace(each, pattern))

    def _payloads(self, jobs: Sequence[Record], person: SoughtPerson) -> tuple[list[WorkItem], list[str]]:
        """Return the expenses that concern the person, and the keys of the files that hold them."""
        theirs: list[WorkItem] = []
        keys = []
        for key, items in self._stored(jobs):
            if here := [item for item in items if item.payload and _concerns(person, item.payload)]:
                theirs += here
                keys.append(key)
        return theirs, keys

    def _stored(self, jobs: Sequence[Record]) -> Iterator[tuple[str, list[WorkItem]]]:
        for job in jobs:
            yield from self.payloads.stored(job_of(job))

    def _by_all_names(self, person: SoughtPerson, items: Sequence[WorkItem]) -> SoughtPerson:
        payloads = [item.payload for item in items if item.payload and person.owns(item.payload)]
        names = {str(each["user"]["name"]) for each in payloads if each["user"].get("name")}
        return self._with_names(person, (*person.names, *sorted(names - {*person.names})))

    def _with_names(self, person: SoughtPerson, names: Sequence[str]) -> SoughtPerson:
        return SoughtPerson(person.email, person.employee_id, tuple(names))

    def _replace(self, record: Record, pattern: re.Pattern[str]) -> bool:
        """Replace what names the person in the record's texts, unless somebody has changed them meanwhile."""
        texts = {name: record[name] for name in TEXTS if name in record}
        unchanged: Any = Attr("pk").exists()
        for name, before in texts.items():
            unchanged &= Attr(name).eq(before)
        return conditional_write(
            self.records.table.update_item,
            Key={"pk": record["pk"], "sk": record["sk"]},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in texts),
            ExpressionAttributeNames={f"#{name}": name for name in texts},
            ExpressionAttributeValues={f":{name}": _without(pattern, before) for name, before in texts.items()},
            ConditionExpression=unchanged,
        )


TEXTS = ("reason", "warnings", "closed_because")  # the fields that people read


def _concerns(person: SoughtPerson, payload: Record) -> bool:
    return person.owns(payload) or bool(person.pattern.search(_text(payload)))


def _named(pattern: re.Pattern[str], record: Record) -> bool:
    return any(pattern.search(_text(record[name])) for name in TEXTS if name in record)


def _without(pattern: re.Pattern[str], text: Any) -> Any:
    return pattern.sub(ERASED, text) if isinstance(text, str) else [pattern.sub(ERASED, each) for each in text]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
