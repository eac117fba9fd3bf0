"""What a command asks a person: credentials, and all settings in plain words for whoever has no settings file yet.

Each answer is tried at once, and asked for again with the reason. Defaults are what is stored, else what fits most.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cli.checks import explained
from cli.stack import Stack
from pleo_export.accounting.port import AccountingSetup, CodeAndName
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.bookkeeping.settings import Accounts
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.settings import Settings, parse_settings
from pleo_export.store.secrets import ConnectionSecrets

T = TypeVar("T")
Json = dict[str, Any]
Secret = Mapping[str, str]

LOGIN = ("user", "password")
NONE = "-"
LISTED = 30  # accounts that a person reads at once
ASKED = ("posting", "closed_period", "adjustment_date", "receipts", "legacy_vendors", "time_zone")

# The accounts that are asked for, and what they are often called: for a default answer only.
USUAL_NAMES: Mapping[str, Sequence[str]] = {
    "out_of_pocket": ("out of pocket", "employee"),
    "clearing": ("clearing", "transit"),
    "external_reimbursement": ("payroll",),
    "payables": ("trade payable", "payable", "creditor"),
    "input_tax": ("input vat", "input tax", "vat on purchases"),
    "output_tax": ("vat, output", "output vat", "output tax"),
}


def credentials(settings: Settings, stored: ConnectionSecrets | None) -> tuple[Secret, Secret]:
    """Pleo's and the accounting system's: from the environment, else those stored, else asked for."""
    return _pleo_secret(stored), _accounting_secret(settings.accounting_system.name, stored)


def interview(stack: Stack) -> tuple[Settings, Secret, Secret]:
    """The settings, and the credentials of Pleo and of the accounting system. All of them were tried."""
    pleo, company_id = _pleo(stack)
    stored, known = stack.usable_secrets(company_id), _known(stack, company_id)
    draft: Json = {"company_id": company_id, "accounts": {"wallets": {}}}
    accounting, system = _accounting_system(stack, draft, known.get("accounting_system", {}), stored)
    _ask_accounts(system, draft, known.get("accounts", {}))
    _ask_dimensions(system, draft, known.get("dimensions", {}))
    for name in ASKED:
        if name != "adjustment_date" or draft["closed_period"] == "adjustment":
            default = known.get(name) or _default(Settings.model_fields[name])
            if name == "time_zone" and not known:
                default = _own_time_zone()
            _ask_field(draft, (name,), Settings.model_fields[name], default)
    kept = {
        name: known[name]
        for name in ("tax_accounts", "webhook_authentication", "outflow_sign", "unmapped_tags")
        if known.get(name)
    }
    return parse_settings(draft | kept), pleo, accounting


# Credentials


def _pleo(stack: Stack) -> tuple[Secret, str]:
    """The credential, and its company."""

    def tried(secret: Secret) -> tuple[Secret, str]:
        return secret, stack.pleo(secret).introspect().company_id or ""

    given = _pleo_from_environment()
    secret, company_id = tried(given) if given else _until_good(lambda: _hidden("Pleo API key"), _as_key(tried))
    if company_id:
        typer.echo(f"  the key of Pleo company {company_id}")
        return secret, company_id
    draft: Json = {}
    _ask_field(draft, ("company_id",), Settings.model_fields["company_id"], None)
    return secret, str(draft["company_id"])


def _as_key(tried: Callable[[Secret], T]) -> Callable[[str], T]:
    return lambda key: tried({"api_key": key})


def _pleo_secret(stored: ConnectionSecrets | None) -> Secret:
    if given := _pleo_from_environment():
        return given
    return stored.pleo if stored and stored.pleo else {"api_key": _hidden("Pleo API key")}


def _pleo_from_environment() -> Secret | None:
    for name in ("access_token", "api_key"):
        if value := os.environ.get(f"PLEO_{name.upper()}"):
            return {name: value}
    return None


def _accounting_secret(system: str, stored: ConnectionSecrets | None) -> Secret:
    names = ("token", *LOGIN)
    given = {name: value for name in names if (value := os.environ.get(f"ACCOUNTING_{name.upper()}"))}
    if stored and stored.accounting_system:
        return {**stored.accounting_system, **given}
    return given if "token" in given else {"token": _hidden(f"Token of {system}"), **given}


def _hidden(question: str) -> str:
    return str(typer.prompt(question, hide_input=True))


# The accounting system


def _accounting_system(
    stack: Stack, draft: Json, known: Json, stored: ConnectionSecrets | None
) -> tuple[Secret, AccountingSetup]:
    """Asked until the books open."""
    defaults = dict(known)
    while True:
        _ask_books(draft, defaults)
        settings = TrytonSettings.model_validate(draft["accounting_system"])
        secret = _accounting_secret(settings.name, stored)
        try:
            stack.accounting_system(settings, secret).check()
        except PleoExportError as error:
            typer.echo(f"✗ {explained(error)}")
            defaults, stored = draft["accounting_system"], None
        else:
            return secret, stack.accounting_setup(settings, secret)


def _ask_books(draft: Json, defaults: Json) -> None:
    draft["accounting_system"] = {"name": "tryton"}
    for name, info in TrytonSettings.model_fields.items():
        default = defaults.get(name, _default(info))
        if name in draft["accounting_system"] or (default is None and not info.is_required()):
            continue
        _ask_field(draft, ("accounting_system", name), info, default)


# Accounts and dimensions


def _ask_accounts(system: AccountingSetup, draft: Json, known: Json) -> None:
    chart = system.accounts()
    typer.echo(f"Accounts: give a code, words to search for, ? for the list, or {NONE} for none.")
    wallets: Json = known.get("wallets", {})
    currencies = _until_good(
        lambda: typer.prompt("Currencies of your Pleo wallets", default=" ".join(wallets) or system.currency()),
        _currencies,
    )
    for currency in currencies:
        default = wallets.get(currency) or _named_like(chart, (f"pleo wallet {currency}", f"pleo {currency}", "pleo"))
        _ask_account(chart, draft, ("accounts", "wallets", currency), f"The Pleo wallet in {currency}", default)
    for role, names in USUAL_NAMES.items():
        default = known.get(role) or _named_like(chart, names)
        _ask_account(chart, draft, ("accounts", role), str(Accounts.model_fields[role].description), default)
    draft["accounts"] |= {role: code for role, code in known.items() if role not in USUAL_NAMES and role != "wallets"}


def _currencies(answer: str) -> list[str]:
    codes = answer.upper().replace(",", " ").split()
    if wrong := [code for code in codes if len(code) != 3 or not code.isalpha()]:
        raise InvalidSettings(f"{', '.join(wrong)}: no currency. Write for example GBP EUR")
    return codes


def _ask_account(chart: Sequence[CodeAndName], draft: Json, path: tuple[str, ...], what: str, default: str) -> None:
    names = {each.code: each.name for each in chart}

    def judged(answer: str) -> None:
        if answer == NONE:
            return
        if answer not in names:
            raise InvalidSettings(_alike(chart, answer))
        _put(draft, path, answer)

    proposed = f"[{default} {names.get(default, '')}".rstrip() + "]"
    question = f"{_question(path, what)} {proposed}"
    _until_good(lambda: str(typer.prompt(question, default=default, show_default=False)).strip(), judged)


def _alike(chart: Sequence[CodeAndName], words: str) -> str:
    """What a person may have meant, to choose from."""
    found = [each for each in chart if words == "?" or words.lower() in f"{each.code} {each.name}".lower()]
    lines = [f"  {each.code}  {each.name}" for each in found[:LISTED]]
    if len(found) > LISTED:
        lines.append(f"  and {len(found) - LISTED} more")
    return "\n".join([f"{words} is no account code." if words != "?" else "The accounts:", *lines])


def _named_like(chart: Sequence[CodeAndName], names: Sequence[str]) -> str:
    """The code of the first account with the first of these names that any account has, or NONE."""
    return next((each.code for name in names for each in chart if name.lower() in each.name.lower()), NONE)


def _ask_dimensions(system: AccountingSetup, draft: Json, known: Json) -> None:
    """Pleo's tag groups cannot be listed with our scopes; one that Pleo does not have does no harm."""
    draft["dimensions"] = {}
    group_of = {category: group for group, category in known.items()}
    for each in system.dimensions():
        question = f"Code of the Pleo tag group that is {each.name} ({each.code}) in the books, or {NONE} for none"
        default = group_of.get(each.code, NONE if known else each.code)
        group = str(typer.prompt(question, default=default)).strip()
        if group != NONE:
            draft["dimensions"][group] = each.code


# Questions


def _ask_field(draft: Json, path: tuple[str, ...], info: FieldInfo, default: Any) -> None:
    question = _question(path, str(info.description))
    proposed = None if default is None else str(default)
    _until_good(lambda: typer.prompt(question, default=proposed), lambda answer: _put(draft, path, answer))


def _question(path: tuple[str, ...], what: str) -> str:
    """Plain words, and the field that the answer becomes."""
    return f"{what.rstrip('.')} ({'.'.join(path)})"


def _put(draft: Json, path: tuple[str, ...], answer: Any) -> None:
    """Set the field, unless it is wrong: raises InvalidSettings, and leaves the draft as it was. Other fields may
    still be missing."""
    *above, last = path
    place = draft
    for name in above:
        place = place[name]
    place[last] = answer
    try:
        parse_settings(draft)
    except InvalidSettings as error:
        field = ".".join(path)
        wrong = [line for line in str(error).splitlines() if line.startswith((f"{field}:", f"{field}."))]
        if wrong:
            del place[last]
            raise InvalidSettings("\n".join(wrong)) from None


def _until_good(asked: Callable[[], Any], judged: Callable[[Any], T]) -> T:
    while True:
        try:
            return judged(asked())
        except PleoExportError as error:
            typer.echo(f"✗ {explained(error)}")


def _default(info: FieldInfo) -> Any:
    return None if info.default is PydanticUndefined else info.default


def _known(stack: Stack, company_id: str) -> Json:
    """The settings with which the company is connected, if it is and they still fit."""
    try:
        connection = stack.connections.get(company_id)
        return connection.settings.model_dump(mode="json", exclude_none=True) if connection else {}
    except InvalidSettings:
        return {}


def _own_time_zone() -> str:
    """This machine's, where it tells."""
    _, _, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name or "UTC"
