"""Tag groups and their tags: the dimensions of a company, and the values that an expense can be tagged with.

A credential sees its own company's; the ids of others do not exist for it. A code is unique regardless of case: of a
group in its company, of a tag in its group, archived ones included (question 33).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from pleo_simulator.assumptions import MAX_ACTIVE_TAGS
from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.errors import Refused, already_exists, bad_request
from pleo_simulator.list_rows import among
from pleo_simulator.paging import PageRequest, paginate
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]


@dataclass
class _Group:
    """`record` is what Pleo answers; `tags` are those of its tags, by id, in the order of creation."""

    record: Json
    tags: dict[str, Json] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # in one case -> id of the tag
    active: int = 0
    columns: list[Json] = field(default_factory=list)

    @property
    def company_id(self) -> str:
        return str(self.record["companyId"])

    @property
    def code(self) -> str:
        return str(self.record["code"])


class Tags:
    """`expenses` gives the export items of a company: they tell which tags are used. `max_active` is the greatest
    number of tags of a group that are not archived; it can be set."""

    def __init__(self, clock: Clock, ids: SeededIds, expenses: Callable[[str], Iterable[Json]]) -> None:
        self.max_active = MAX_ACTIVE_TAGS
        self._clock = clock
        self._ids = ids
        self._expenses = expenses
        self._groups: dict[str, _Group] = {}
        self._group_of: dict[str, _Group] = {}  # by the tag's id
        self._lock = RLock()

    # Groups

    def groups(self, caller: str, include_archived: bool = False, include_count: bool = False) -> list[Json]:
        with self._lock:
            ours = [each for each in self._groups.values() if each.company_id == caller]
            return [
                each.record | ({"totalTagsCount": len(each.tags)} if include_count else {})
                for each in ours
                if include_archived or not each.record["archived"]
            ]

    def create_group(self, caller: str, body: Json) -> Json:
        with self._changes() as now:
            self._check_group_code(caller, body["code"], None)
            record = {"id": self._ids.uuid("tag-group"), "companyId": caller, "metadata": {}, **body}
            self._groups[record["id"]] = _Group(record | {"createdAt": now, "updatedAt": now})
            return self._groups[record["id"]].record

    def group(self, caller: str, group_id: str) -> Json:
        with self._lock:
            return self._group(caller, group_id).record

    def replace_group(self, caller: str, group_id: str, body: Json) -> Json:
        with self._changes() as now:
            group = self._group(caller, group_id)
            self._check_group_code(caller, body["code"], group)
            group.record = group.record | body | {"updatedAt": now}
            return group.record

    def delete_group(self, caller: str, group_id: str) -> None:
        with self._lock:
            for tag_id in self._group(caller, group_id).tags:
                del self._group_of[tag_id]
            del self._groups[group_id]

    def columns(self, caller: str, group_id: str) -> list[Json]:
        """The columns beside name and code."""
        with self._lock:
            return list(self._group(caller, group_id).columns)

    def add_column(self, caller: str, group_id: str, body: Json) -> Json:
        with self._changes() as now:
            group = self._group(caller, group_id)
            column = {
                "id": self._ids.uuid("tag-column"),
                "groupId": group_id,
                **body,
                "displayOrder": len(group.columns) + 1,
                "visible": True,
                "createdAt": now,
                "updatedAt": now,
            }
            group.columns.append(column)
            return column

    def usage(self, caller: str, group_id: str) -> list[Json]:
        """How many expenses carry each tag; those that none carries are left out."""
        with self._lock:
            group = self._group(caller, group_id)
            counts = Counter(code for item in self._expenses(caller) for code in _codes(item, group.code))
            return [{"id": group.codes[code], "count": count} for code, count in counts.items() if code in group.codes]

    # Tags

    def tags(self, caller: str, group_id: str, page: PageRequest, include_archived: bool = False) -> Json:
        rows = self.of_group(caller, group_id)
        return paginate(rows, page, _id, None if include_archived else lambda row: not row["archived"])

    def of_group(self, caller: str, group_id: str) -> list[Json]:
        with self._lock:
            return list(self._group(caller, group_id).tags.values())

    def create(self, caller: str, group_id: str, body: Json) -> Json:
        with self._changes() as now:
            group = self._group(caller, group_id)
            self._check_tag_code(group, body["code"], None)
            self._check_room(group, 0 if body["archived"] else 1)
            tag = {"id": self._ids.uuid("tag"), "groupId": group_id, "name": None, **_of_tag(body)}
            tag |= {"createdAt": now, "updatedAt": now}
            group.codes[body["code"].casefold()] = tag["id"]
            self._group_of[tag["id"]] = group
            group.active += not tag["archived"]
            group.tags[tag["id"]] = tag
            return tag

    def get(self, caller: str, tag_id: str) -> Json:
        with self._lock:
            return self._tag(caller, tag_id)[1]

    def replace(self, caller: str, tag_id: str, body: Json) -> Json:
        with self._changes() as now:
            group, old = self._tag(caller, tag_id)
            self._check_tag_code(group, body["code"], tag_id)
            self._check_room(group, old["archived"] - body["archived"])
            del group.codes[old["code"].casefold()]
            group.codes[body["code"].casefold()] = tag_id
            return self._change(group, old, {"name": None} | _of_tag(body), now)

    def delete(self, caller: str, tag_ids: Sequence[str]) -> None:
        with self._lock:
            for group, tag in [self._tag(caller, each) for each in dict.fromkeys(tag_ids)]:
                group.active -= not tag["archived"]
                del group.tags[tag["id"]], group.codes[tag["code"].casefold()], self._group_of[tag["id"]]

    def archive(self, caller: str, tag_ids: Sequence[str], archived: bool) -> list[Json]:
        """All or none: refused where one of them is unknown, or a group has no room for all."""
        with self._changes() as now:
            found = [self._tag(caller, each) for each in dict.fromkeys(tag_ids)]
            if not archived:
                more = Counter(group.record["id"] for group, tag in found if tag["archived"])
                for group_id, number in more.items():
                    self._check_room(self._groups[group_id], number)
            return [self._change(group, tag, {"archived": archived}, now) for group, tag in found]

    def search(self, caller: str, page: PageRequest, wanted: Json) -> Json:
        """By default those that are not archived; `archived` overrules `includeArchived`."""
        archived, everything = wanted.get("archived"), bool(wanted.get("includeArchived"))
        text = (wanted.get("textSearch") or "").casefold()

        def fits(row: Json) -> bool:
            return (
                (row["archived"] == archived if archived is not None else everything or not row["archived"])
                and among(row["groupId"], wanted.get("tagGroupIds"))
                and among(row["id"], wanted.get("tagIds"))
                and text in f"{row['code']}\n{row['name'] or ''}".casefold()
            )

        with self._lock:
            rows = [row for each in self._groups.values() if each.company_id == caller for row in each.tags.values()]
        return paginate(rows, page, _id, fits)

    def reference(self, company_id: str, group_code: str, code: str) -> Json:
        """The tag as an export item names it. Raises Refused 404 for one that is unknown or archived."""
        with self._lock:
            for group in self._groups.values():
                tag = group.tags.get(group.codes.get(code.casefold(), ""))
                ours = group.company_id == company_id and group.code.casefold() == group_code.casefold()
                if ours and tag and not tag["archived"] and not group.record["archived"]:
                    return {"id": tag["id"], "code": tag["code"], "groupCode": group.code}
        raise _not_found("TAG")

    @contextmanager
    def _changes(self) -> Iterator[str]:
        with self._lock:
            yield timestamp(self._clock.now())

    def _group(self, caller: str, group_id: str) -> _Group:
        group = self._groups.get(group_id)
        if group is None or group.company_id != caller:
            raise _not_found("TAG_GROUP")
        return group

    def _tag(self, caller: str, tag_id: str) -> tuple[_Group, Json]:
        group = self._group_of.get(tag_id)
        if group is None or group.company_id != caller:
            raise _not_found("TAG")
        return group, group.tags[tag_id]

    def _change(self, group: _Group, old: Json, changed: Json, now: str) -> Json:
        tag = old | changed | {"updatedAt": now}
        group.active += old["archived"] - tag["archived"]
        group.tags[tag["id"]] = tag
        return tag

    def _check_group_code(self, caller: str, code: str, itself: _Group | None) -> None:
        for each in self._groups.values():
            if each is not itself and each.company_id == caller and each.code.casefold() == code.casefold():
                raise already_exists(f"A tag group with the code {code} exists.")

    def _check_tag_code(self, group: _Group, code: str, itself: str | None) -> None:
        if group.codes.get(code.casefold(), itself) != itself:
            raise already_exists(f"A tag with the code {code} exists.")

    def _check_room(self, group: _Group, more: int) -> None:
        if more > 0 and group.active + more > self.max_active:
            raise bad_request("The tag group already contains the maximum number of active tags.")


def _of_tag(body: Json) -> Json:
    """Pleo does not answer the values of the columns that were added."""
    return {name: value for name, value in body.items() if name != "otherDimensionValues"}


def _codes(item: Json, group_code: str) -> set[str]:
    """The codes of the group that an expense carries, each in one case."""
    return {
        tag["code"].casefold()
        for line in item["accountingEntryLines"]
        for tag in line["tags"] or ()
        if str(tag.get("groupCode")).casefold() == group_code.casefold()
    }


def _id(row: Json) -> str:
    return str(row["id"])


def _not_found(what: str) -> Refused:
    return Refused(404, f"{what}_NOT_FOUND", f"{what.replace('_', ' ').capitalize()} not found.")
