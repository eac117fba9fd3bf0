"""Ask for all settings of a company that has no settings file yet, in plain words.

Each answer is tried at once, and asked for again with the reason. Proposed is what is stored, else what fits most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import EnumType
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cli.checks import explained
from cli.credentials import ask_api_key, pleo_from_environment
from cli.errors import NoTerminal, NotNow
from cli.ledger_authorisation import LedgerSignIn
from cli.list_interview import ListInterview
from cli.prompts import Choice, Terminal
from cli.stack import Stack
from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.port import AccountingSetup, CodeAndName
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.bookkeeping.settings import Accounts
from pleo_export.errors import InvalidSettings, Misconfigured, PleoExportError
from pleo_export.settings import Settings, parse_settings
from pleo_export.store.secrets import ConnectionSecrets

T = TypeVar("T")
Json = dict[str, Any]
Secret = Mapping[str, str]

NONE = "-"
LISTED = 30  # accounts that a person reads at once
ASKED = ("posting", "closed_period", "adjustment_date", "receipts", "legacy_vendors", "time_zone")
NOT_ASKED = ("tax_accounts", "support_contact", "webhook_authentication", "outflow_sign", "unmapped_tags")

# The accounts that are asked for, and what they are often called: to propose one.
USUAL_NAMES: Mapping[str, Sequence[str]] = {
    "out_of_pocket": ("out of pocket", "employee"),
    "clearing": ("clearing", "transit"),
    "external_reimbursement": ("payroll",),
    "payables": ("trade payable", "payable", "creditor"),
    "input_tax": ("input vat", "input tax", "vat on purchases"),
    "output_tax": ("vat, output", "output vat", "output tax"),
}


def interview(stack: Stack, person: Terminal, webhook_url: str = "") -> tuple[Settings, Secret, Secret]:
    """Return the settings, and the credentials of Pleo and of the accounting system. All of them were tried.
    `webhook_url` as for `Stack.webhook_url`."""
    return _Interview(stack, person, webhook_url).run()


class _Draft:
    """Settings that grow with each answer that fits."""

    def __init__(self, person: Terminal) -> None:
        self._person = person
        self._draft: Json = {"accounts": {"wallets": {}}, "dimensions": {}}

    def _ask_field(self, path: tuple[str, ...], info: FieldInfo, default: Any) -> None:
        question = _question(path, str(info.description))
        proposed = None if default is None else str(default)
        self._until_good(lambda: self._answer(path, info, question, proposed), lambda answer: self._put(path, answer))

    def _answer(self, path: tuple[str, ...], info: FieldInfo, question: str, proposed: str | None) -> str:
        if isinstance(info.annotation, EnumType):
            return self._person.choose(question, [Choice(str(each), str(each)) for each in info.annotation], proposed)
        if path == ("time_zone",):
            zones = [Choice(each, each) for each in sorted(available_timezones())]
            return self._person.choose(question, zones, proposed)
        return self._person.text(question, proposed)

    def _put(self, path: tuple[str, ...], answer: Any) -> None:
        """Set the field, unless it is wrong: raises InvalidSettings, and leaves the draft as it was. Other fields may
        still be missing."""
        *above, last = path
        place = self._draft
        for name in above:
            place = place[name]
        place[last] = answer
        try:
            parse_settings(self._draft)
        except InvalidSettings as error:
            wrong = [each for each in error.faults if each.path[: len(path)] == path]
            if wrong:
                del place[last]
                raise InvalidSettings("\n".join(map(str, wrong)), wrong) from None

    def _until_good(self, ask: Callable[[], str], judge: Callable[[str], T]) -> T:
        """Ask until the answer is accepted."""
        while True:
            answer = ask()
            try:
                return judge(answer)
            except PleoExportError as error:
                _refuse(error)


class _Interview(_Draft):
    """One conversation, from the credential of Pleo to the last setting."""

    def __init__(self, stack: Stack, person: Terminal, webhook_url: str) -> None:
        super().__init__(person)
        self._stack = stack
        self._webhook_url = webhook_url

    def run(self) -> tuple[Settings, Secret, Secret]:
        """Ask everything, in the order in which the answers depend on each other."""
        pleo = self._pleo()
        company_id = self._draft["company_id"]
        stored, known = self._stack.usable_secrets(company_id), _known(self._stack, company_id)
        where, accounting = self._accounting_system(known.get("accounting_system", {}), stored)
        system = self._stack.accounting_setup(where, accounting)
        ledger = self._stack.ledger_lists(where, accounting)
        lists = ListInterview(self._person, company_id, self._stack.pleo_lists(pleo), ledger)
        self._draft["registration_number"] = lists.confirmed_number(known.get("registration_number"))
        self._accounts(system, known.get("accounts", {}))
        self._draft["sync"] = lists.run(system.dimensions(), known.get("sync", {}))
        self._dimensions(system, known.get("dimensions", {}))
        self._others(system, known)
        kept = {name: known[name] for name in NOT_ASKED if known.get(name)}
        return parse_settings(self._draft | kept), pleo, accounting

    # Pleo

    def _pleo(self) -> Secret:
        """Return a credential that works, and note its company."""
        given = pleo_from_environment()
        if given:
            company_id = self._company_of(given)
        else:
            given, company_id = self._until_good(lambda: ask_api_key(self._person), self._tried)
        if company_id:
            typer.echo(f"  the key of Pleo company {company_id}")
            self._draft["company_id"] = company_id
        else:
            self._ask_field(("company_id",), Settings.model_fields["company_id"], None)
        return given

    def _tried(self, key: str) -> tuple[Secret, str]:
        return {"api_key": key}, self._company_of({"api_key": key})

    def _company_of(self, secret: Secret) -> str:
        return self._stack.pleo(secret).introspect().company_id or ""

    # The accounting system

    def _accounting_system(self, known: Json, stored: ConnectionSecrets | None) -> tuple[AccountingSettings, Secret]:
        """Ask until the accounting system can be opened."""
        connector, defaults = self._connector(known), dict(known)
        if connector.name != known.get("name"):
            defaults, stored = {}, None  # they are another system's
        company_id, address = str(self._draft["company_id"]), self._stack.webhook_url(self._webhook_url)
        sign_in = LedgerSignIn(self._stack, company_id, self._person, typer.echo, address)
        while True:
            self._ask_where(connector, defaults)
            settings = connector.settings.model_validate(self._draft["accounting_system"])
            try:
                settings, secret = sign_in.credential(settings, stored)
                self._draft["accounting_system"] = settings.model_dump(mode="json", exclude_none=True)
                self._stack.accounting_system(settings, secret).check()
            except (NoTerminal, NotNow, Misconfigured):
                raise  # no other answer helps
            except PleoExportError as error:
                _refuse(error)
                defaults, stored = self._draft["accounting_system"], None
            else:
                return settings, secret

    def _connector(self, known: Json) -> Connector:
        """Ask which one it is, where there are several."""
        names = list(CONNECTORS)
        if len(names) == 1:
            return CONNECTORS[names[0]]
        choices = [Choice(each.name, each.title) for each in CONNECTORS.values()]
        proposed = known.get("name", names[0])
        return self._until_good(lambda: self._person.choose("Accounting system", choices, proposed), _connector_named)

    def _ask_where(self, connector: Connector, defaults: Json) -> None:
        self._draft["accounting_system"] = {"name": connector.name}
        for name, info in connector.settings.model_fields.items():
            default = defaults.get(name, _default(info))
            if name == "name" or (default is None and not info.is_required()):
                continue
            self._ask_field(("accounting_system", name), info, default)

    # Accounts and dimensions

    def _accounts(self, system: AccountingSetup, known: Json) -> None:
        chart = system.accounts()
        typer.echo(f"Accounts: choose one, or give a code, words to search for, ? for the list, or {NONE} for none.")
        wallets: Json = known.get("wallets", {})
        proposed = " ".join(wallets) or system.currency()
        for currency in self._until_good(
            lambda: self._person.text("Currencies of your Pleo wallets", proposed), _currencies
        ):
            default = wallets.get(currency) or _named_like(
                chart, (f"pleo wallet {currency}", f"pleo {currency}", "pleo")
            )
            self._ask_account(chart, ("accounts", "wallets", currency), f"The Pleo wallet in {currency}", default)
        for role, names in USUAL_NAMES.items():
            default = known.get(role) or _named_like(chart, names)
            self._ask_account(chart, ("accounts", role), str(Accounts.model_fields[role].description), default)
        others = {role: code for role, code in known.items() if role not in USUAL_NAMES and role != "wallets"}
        self._draft["accounts"] |= others

    def _ask_account(self, chart: Sequence[CodeAndName], path: tuple[str, ...], what: str, default: str) -> None:
        choices = [*(Choice(each.code, f"{each.code} {each.name}") for each in chart), Choice(NONE, f"{NONE} (none)")]
        codes = {each.code for each in chart}

        def judge(answer: str) -> None:
            if answer == NONE:
                return
            if answer not in codes:
                raise InvalidSettings(_found(chart, answer))
            self._put(path, answer)

        self._until_good(lambda: self._person.choose(_question(path, what), choices, default), judge)

    def _dimensions(self, system: AccountingSetup, known: Json) -> None:
        """A group that is kept in step has the dimension's code. Those of the others are typed: an unknown one does no
        harm."""
        group_of = {category: group for group, category in known.items()}
        for each in system.dimensions():
            if each.code in self._draft["sync"]["dimensions"]:
                self._draft["dimensions"][each.code] = each.code
                continue
            question = (
                f"Code of the Pleo tag group that is {each.name} ({each.code}) in the accounting system, or {NONE} "
                "for none"
            )
            group = self._person.text(question, group_of.get(each.code, NONE if known else each.code))
            if group != NONE:
                self._draft["dimensions"][group] = each.code

    # The other settings

    def _others(self, system: AccountingSetup, known: Json) -> None:
        for name in ASKED:
            if name == "adjustment_date" and self._draft["closed_period"] != "adjustment":
                continue
            default = known.get(name) or _default(Settings.model_fields[name])
            if name == "time_zone" and not known:
                default = _time_zone(system)
            self._ask_field((name,), Settings.model_fields[name], default)


def _refuse(error: PleoExportError) -> None:
    """Say why an answer does not fit, before it is asked for again."""
    typer.echo(f"✗ {explained(error)}")


def _connector_named(answer: str) -> Connector:
    if answer not in CONNECTORS:
        raise InvalidSettings(f"{answer}: not an accounting system. Choose one of {', '.join(CONNECTORS)}")
    return CONNECTORS[answer]


def _currencies(answer: str) -> list[str]:
    codes = answer.upper().replace(",", " ").split()
    if wrong := [code for code in codes if len(code) != 3 or not code.isalpha()]:
        raise InvalidSettings(f"{', '.join(wrong)}: not a currency. Write for example GBP EUR")
    return codes


def _found(chart: Sequence[CodeAndName], words: str) -> str:
    """Return the accounts that these words may mean, to choose from."""
    found = [each for each in chart if words == "?" or words.lower() in f"{each.code} {each.name}".lower()]
    lines = [f"  {each.code}  {each.name}" for each in found[:LISTED]]
    if len(found) > LISTED:
        lines.append(f"  and {len(found) - LISTED} more")
    return "\n".join([f"{words} is not an account code." if words != "?" else "The accounts:", *lines])


def _named_like(chart: Sequence[CodeAndName], names: Sequence[str]) -> str:
    """Return the code of the first account with the first of these names that any account has, or NONE."""
    return next((each.code for name in names for each in chart if name.lower() in each.name.lower()), NONE)


def _question(path: tuple[str, ...], what: str) -> str:
    """Return plain words, and the field that the answer becomes."""
    return f"{what.rstrip('.')} ({'.'.join(path)})"


def _default(info: FieldInfo) -> Any:
    return None if info.default is PydanticUndefined else info.default


def _known(stack: Stack, company_id: str) -> Json:
    """Return the settings with which the company is connected, if it is and they still fit."""
    try:
        connection = stack.connections.get(company_id)
        return connection.settings.model_dump(mode="json", exclude_none=True) if connection else {}
    except InvalidSettings:
        return {}


def _time_zone(system: AccountingSetup) -> str:
    """Return the ledger's time zone, where it tells one that we know, else this machine's."""
    told = system.time_zone()
    return told if told in available_timezones() else _own_time_zone()


def _own_time_zone() -> str:
    """Return this machine's time zone, where it tells."""
    _, _, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name or "UTC"
