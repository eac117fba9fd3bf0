"""Ask which lists are kept in step at Pleo, and whether both ends are one customer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from cli.company_identity import SameCompany, confirms
from cli.errors import CheckFailed
from cli.list_checks import NAMES, compared_companies
from cli.prompts import Terminal
from pleo_export.accounting.lists import LedgerList, LedgerLists
from pleo_export.accounting.port import CodeAndName
from pleo_export.pleo.errors import PleoForbidden
from pleo_export.pleo.list_models import TagGroup
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.settings import TAGS_OF_AN_EXPENSE
from pleo_export.sync.tag_groups import is_ours

YES_OR_NO = {
    LedgerList.ACCOUNTS: "accounts",
    LedgerList.TAX_CODES: "tax_codes",
    LedgerList.VENDORS: "vendors",
}


@dataclass(frozen=True)
class ListInterview:
    """Asks about the lists of one company. What is proposed is what is stored, else what Pleo shows already."""

    person: Terminal
    company_id: str
    pleo: PleoLists
    ledger: LedgerLists

    def confirmed_number(self, known: str | None) -> str | None:
        """Return the ledger's registration number where Pleo has another one and a person confirms it. Raises
        CheckFailed where nobody does."""
        found = compared_companies(self.pleo, self.ledger, self.company_id, known)
        if found.result is not SameCompany.NO:
            return known
        typer.echo(f"✗ {found.told}: expenses of one would be booked for the other.")
        answer = self.person.text(f"If both are one customer, type {found.number}; else press Enter to stop", "")
        if not confirms(answer, found.number):
            raise CheckFailed("connect the ledger of this company. Nothing was stored.")
        return found.number

    def run(self, dimensions: Sequence[CodeAndName], known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of the section `sync`."""
        groups = self._groups()
        chosen = self._dimensions(dimensions, known.get("dimensions", ()), groups) if groups is not None else []
        foreign = self._foreign(groups or (), chosen, known.get("foreign_groups", ())) if chosen else []
        wanted = {name: self._wanted(each, bool(known.get(name))) for each, name in YES_OR_NO.items()}
        return {"dimensions": chosen, "foreign_groups": foreign, **wanted}

    def _groups(self) -> Sequence[TagGroup] | None:
        """Return Pleo's active groups; None where the ledger or the credential has no tags."""
        if LedgerList.TAGS not in self.ledger.lists:
            return None
        try:
            return [each for each in self.pleo.tag_groups(self.company_id) if not each.archived]
        except PleoForbidden as error:
            typer.echo(f"  tags are not offered: the Pleo credential lacks the scope {error.scope}")
            return None

    def _dimensions(
        self, offered: Sequence[CodeAndName], known: Sequence[str], groups: Sequence[TagGroup]
    ) -> list[str]:
        at_pleo, chosen = {each.code.casefold() for each in groups}, list[str]()
        if offered:
            typer.echo(
                f"Tags: at most {TAGS_OF_AN_EXPENSE} dimensions become tag groups that people choose from in Pleo."
            )
        for each in offered:
            if len(chosen) == TAGS_OF_AN_EXPENSE:
                typer.echo(f"  {TAGS_OF_AN_EXPENSE} are chosen; Pleo shows no more on an expense")
                break
            default = each.code in known or each.code.casefold() in at_pleo
            if self.person.confirm(f"Keep {each.name} ({each.code}) in step as a tag group?", default=default):
                chosen.append(each.code)
        return chosen

    def _foreign(self, groups: Sequence[TagGroup], chosen: Sequence[str], known: Sequence[str]) -> list[str]:
        """Ask about active groups that were made by hand and stand for no chosen dimension: nothing happens to them
        unless a person agrees."""
        kept = {code.casefold() for code in chosen}
        foreign = [each for each in groups if each.code.casefold() not in kept and not is_ours(each.metadata)]
        if not foreign:
            return []
        typer.echo("Tag groups in Pleo that were made by hand, or by another integration:")
        for each in foreign:
            typer.echo(f"  {each.code}  {each.name}")
        agreed = {code.casefold() for code in known}
        default = all(each.code.casefold() in agreed for each in foreign)
        archive = self.person.confirm("Archive them? Otherwise they are left alone", default=default)
        return [each.code for each in foreign] if archive else []

    def _wanted(self, each: LedgerList, known: bool) -> bool:
        if each not in self.ledger.lists:
            return False
        return self.person.confirm(f"Keep Pleo's {NAMES[each]} in step with the accounting system?", default=known)
