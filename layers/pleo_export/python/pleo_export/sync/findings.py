"""The findings of one list, and of tags: of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.failures import sync as sentences
from pleo_export.failures.entry import FailureEntry
from pleo_export.pleo.errors import PleoError
from pleo_export.sync.elements import DesiredElement
from pleo_export.sync.plan import FindingKind, SyncAction, SyncFinding
from pleo_export.text import LONGEST_CODE, shorten, visible_code

ONE: Mapping[LedgerList, str] = {
    LedgerList.TAGS: "tag",
    LedgerList.ACCOUNTS: "account",
    LedgerList.TAX_CODES: "tax code",
    LedgerList.VENDORS: "vendor",
}
LONGEST_KEY = 60  # characters of a key in a finding
_NAMED = 3  # elements that a sentence names


_Found = list[SyncFinding]


@dataclass
class ListFindings:
    """Notes what a person has to decide. `group` is the code of the tag group."""

    list: LedgerList
    group: str | None = None
    found: _Found = field(default_factory=_Found)

    def empty_code(self, element: DesiredElement) -> None:
        """Note an element that no expense could name."""
        name = element.name or element.key
        self.note(FindingKind.EMPTY_CODE, name, sentences.EMPTY_CODE, name=name, elements=self.elements)

    def code_too_long(self, element: DesiredElement) -> None:
        """Note an element whose code would come back cut."""
        told = sentences.CODE_TOO_LONG
        key = element.code or element.key
        self.note(FindingKind.CODE_TOO_LONG, key, told, name=element.name, elements=self.elements, longest=LONGEST_CODE)

    def collision(self, elements: Sequence[DesiredElement]) -> None:
        """Note elements that Pleo would take for one."""
        named = sorted(f"{shorten(each.name, 40)} ({shorten(visible_code(each.code), 20)})" for each in elements)
        code = min(visible_code(each.code or each.key) for each in elements)
        self.note(FindingKind.COLLISION, code, sentences.COLLISION, code=code, named=_listed(named))

    def name_cut(self, element: DesiredElement) -> None:
        """Note an element whose name is longer than Pleo takes."""
        self.note(FindingKind.NAME_CUT, element.key, sentences.NAME_CUT, element=self.element(element.key))

    def duplicate_at_pleo(self, element: DesiredElement, times: int) -> None:
        """Note an element that Pleo shows several times."""
        named = self.element(element.key)
        self.note(FindingKind.DUPLICATE_AT_PLEO, element.key, sentences.DUPLICATE_AT_PLEO, element=named, times=times)

    def refused(self, action: SyncAction, key: str, error: PleoError) -> None:
        """Note a step that Pleo refuses, with Pleo's code for it or the HTTP status: its message may quote a name."""
        named, cause = self.element(key), cause_of(error)
        self.note(FindingKind.REFUSED, key, sentences.REFUSED, action=action.value, element=named, cause=cause)

    def note(self, kind: FindingKind, key: str, entry: FailureEntry, **values: object) -> None:
        """Note a finding with the sentence of that entry."""
        self.found.append(SyncFinding(kind, self.list, shorten(key, LONGEST_KEY), entry.told(**values).text()))

    def element(self, key: str) -> str:
        """Return what people call one element."""
        named = f"{ONE[self.list]} {shorten(visible_code(key), 24)}"
        return named if self.group is None else f"{named} of group {shorten(self.group, 20)}"

    @property
    def elements(self) -> str:
        """What people call the whole list."""
        return elements_of(self.list, self.group)


def cause_of(error: PleoError) -> str:
    """Return Pleo's code for an error, else its HTTP status."""
    return error.type or (str(error.status) if error.status is not None else "no answer")


def elements_of(list_: LedgerList, group: str | None = None) -> str:
    """Return what people call the list."""
    return f"{ONE[list_]}s" if group is None else f"{ONE[list_]}s of group {shorten(group, 30)}"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else " and ".join(shown)
