"""The registration numbers of a party in Tryton, which are identifiers of any type, or of none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pleo_export.accounting.party_matching import bare_tax_number
from pleo_export.accounting.tryton.rest import Record
from pleo_export.bookkeeping.reference import MARK

FIELDS = ("tax_identifier.code", "identifiers.type", "identifiers.code")

_COMPANY_REGISTERS = frozenset(
    {
        *("at_businessid", "au_acn", "be_businessid", "ch_uid", "de_handelsregisternummer", "dk_cvr"),
        *("ee_registrikood", "fi_ytunnus", "fr_rcs", "fr_siren", "no_orgnr", "pl_regon", "ro_onrc", "se_orgnr"),
        *("sg_uen", "si_maticna"),
    }
)
_TAX_NUMBER = re.compile(r"[A-Z]{2}(?=\w*\d)[A-Z0-9]{7,13}")
_REGISTRATION_NUMBER = re.compile(r"(?![A-Z]{2}\d{7})[A-Z]{0,2}\d{5,12}")  # one that is no tax number


def tax_registration_number(party: Record) -> str | None:
    """Return the party's tax identifier; without one, an identifier without a type that has the form of a tax
    number."""
    tax = party["tax_identifier"]
    return tax["code"] if tax else _untyped(party["identifiers"], _TAX_NUMBER)


def registration_number(party: Record) -> str | None:
    """Return the party's number in a register of companies; without one, an identifier without a type that has the form
    of such a number."""
    typed = (each["code"] for each in party["identifiers"] if each["type"] in _COMPANY_REGISTERS)
    return next(typed, None) or _untyped(party["identifiers"], _REGISTRATION_NUMBER)


def _untyped(identifiers: Sequence[Record], form: re.Pattern[str]) -> str | None:
    codes = (each["code"] for each in identifiers if not each["type"] and not each["code"].startswith(MARK))
    return next((code for code in codes if form.fullmatch(bare_tax_number(code))), None)
