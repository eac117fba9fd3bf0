"""Which elements of the ledger can be offered in Pleo, and which only a person can put right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pleo_export.sync.elements import DesiredElement, match_key, too_long
from pleo_export.sync.findings import ListFindings
from pleo_export.text import visible_code


@dataclass(frozen=True, slots=True)
class Usable:
    """The ledger's list by key. `offered` goes to Pleo, `closed` was offered once; of a key that is `untouched` nothing
    is changed at Pleo, since nobody can tell what it means. `listed` counts all that have a key."""

    offered: Mapping[str, DesiredElement]
    closed: frozenset[str]
    untouched: frozenset[str]
    listed: int


def usable_elements(desired: Iterable[DesiredElement], findings: ListFindings, *, by_code: bool) -> Usable:
    """Sort a list of the ledger, and note as findings what cannot be offered: empty and too long codes, and those that
    several open elements share. Of those that are closed nothing is demanded: they are not offered."""
    open_: defaultdict[str, list[DesiredElement]] = defaultdict(list)
    closed: set[str] = set()
    untouched: set[str] = set()
    for element in desired:
        key = match_key(element.key)
        if not element.active:
            closed |= {key} if key else set()
        elif key is None or (by_code and not visible_code(element.code)):
            findings.empty_code(element)
            untouched |= {key} if key else set()
        elif too_long(visible_code(element.key)) or too_long(visible_code(element.code)):
            findings.code_too_long(element)
            untouched.add(key)
        else:
            open_[key].append(element)
    untouched |= _colliding(open_, findings)
    if by_code:
        untouched |= _sharing_a_code(open_, findings)
    offered = {key: found[0] for key, found in open_.items() if key not in untouched}
    return Usable(
        offered=offered,
        closed=frozenset(closed - offered.keys()),
        untouched=frozenset(untouched),
        listed=len(open_.keys() | closed),
    )


def _colliding(open_: Mapping[str, Sequence[DesiredElement]], findings: ListFindings) -> set[str]:
    several = {key: found for key, found in open_.items() if len(found) > 1}
    for found in several.values():
        findings.collision(found)
    return set(several)


def _sharing_a_code(open_: Mapping[str, Sequence[DesiredElement]], findings: ListFindings) -> set[str]:
    """Return the keys of those whose code is another one's too, where the key is not the code itself."""
    by_code: defaultdict[str, list[tuple[str, DesiredElement]]] = defaultdict(list)
    for key, found in open_.items():
        for element in found:
            by_code[match_key(element.code) or ""].append((key, element))
    several = [shared for shared in by_code.values() if len({key for key, _ in shared}) > 1]
    for shared in several:
        findings.collision([element for _, element in shared])
    return {key for shared in several for key, _ in shared}
