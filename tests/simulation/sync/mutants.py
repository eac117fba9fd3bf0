"""Remove each safeguard of a sync in turn: the simulation must notice.

A mutant is one small change of the real code, made with `mock.patch` for as long as the simulation runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from pleo_export.accounting.lists import LedgerList
from pleo_export.pleo import transport
from pleo_export.pleo.list_models import TagGroupBody
from pleo_export.sync import diff, draft_vendors, elements, guards, runner, tag_groups, tag_writer, unusable
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.tag_writer import TagWriter
from pleo_export.sync.vendors import SuppliersPart

Mutant = Callable[[], AbstractContextManager[Any]]
patch = mock.patch.object


def archive_first() -> AbstractContextManager[Any]:
    carry_out = TagWriter.carry_out

    def archiving(self: TagWriter, wanted: Any) -> None:
        self._archive_all(wanted)
        carry_out(self, wanted)

    return patch(TagWriter, "carry_out", archiving)


def archive_whatever_is_unknown() -> AbstractContextManager[Any]:
    """What takes the place of a tag was sent, and may not be there."""
    return patch(ListProgress, "may_archive", True)


def no_guard() -> AbstractContextManager[Any]:
    return patch(guards, "_shrunk", lambda *_: False)


def suppliers_before_drafts() -> AbstractContextManager[Any]:
    """A supplier that a crash left without its vendor is made at Pleo a second time."""

    def parts(context: Any, vendor_id: str | None) -> Iterator[Any]:
        yield SuppliersPart(context)
        yield draft_vendors.DraftVendorsPart(context, vendor_id)

    return _in_runner("VENDORS", lambda context, request: parts(context, request.vendor_id))


def no_find_before_create() -> AbstractContextManager[Any]:
    return mock.patch("tests.system.ledger_lists.matching_supplier", lambda *_: None)


def creates_are_sent_twice() -> AbstractContextManager[Any]:
    """A create that was not answered is sent once more without a look whether it is there."""
    return patch(transport, "REPEATABLE", frozenset({"GET", "PUT", "POST"}))


def metadata_is_replaced() -> AbstractContextManager[Any]:
    def ours(**fields: Any) -> TagGroupBody:
        return TagGroupBody(**{**fields, "metadata": tag_groups.MARKER})

    return patch(tag_writer, "TagGroupBody", ours)


def the_first_of_a_collision_is_taken() -> AbstractContextManager[Any]:
    return patch(unusable, "_colliding", lambda *_: set())


def foreign_groups_are_archived() -> AbstractContextManager[Any]:
    return patch(tag_groups, "held_back", lambda wanted: wanted)


def elements_without_a_key_are_ours() -> AbstractContextManager[Any]:
    match_key = elements.match_key
    return patch(diff, "match_key", lambda code: match_key(code) or "(none)")


def codes_are_compared_as_they_are() -> AbstractContextManager[Any]:
    return _both(
        patch(diff, "match_key", lambda code: code or None),
        patch(unusable, "match_key", lambda code: code or None),
    )


def archived_tags_are_not_seen() -> AbstractContextManager[Any]:
    by_key = diff._by_key

    def active(actual: Any) -> Any:
        return by_key([each for each in actual if not each.archived])

    return patch(diff, "_by_key", active)


@contextmanager
def _both(*mutants: AbstractContextManager[Any]) -> Iterator[None]:
    first, second = mutants
    with first, second:
        yield


def _in_runner(list_: str, parts: Any) -> AbstractContextManager[Any]:
    return mock.patch.dict(runner._PARTS, {LedgerList[list_]: parts})


MUTANTS: Mapping[str, Mutant] = {
    each.__name__: each
    for each in (
        archive_first,
        archive_whatever_is_unknown,
        no_guard,
        suppliers_before_drafts,
        no_find_before_create,
        creates_are_sent_twice,
        metadata_is_replaced,
        the_first_of_a_collision_is_taken,
        foreign_groups_are_archived,
        elements_without_a_key_are_ours,
        codes_are_compared_as_they_are,
        archived_tags_are_not_seen,
    )
}
