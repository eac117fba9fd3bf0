"""Find a company's credentials: in the environment, else those stored, else by asking for them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cli.prompts import Terminal
from pleo_export.accounting.descriptor import Connector, CredentialField
from pleo_export.store.secrets import ConnectionSecrets

Secret = Mapping[str, str]

API_KEY = "PLEO_API_KEY (and ACCOUNTING_TOKEN for the accounting system)"


def pleo_credential(stored: ConnectionSecrets | None, person: Terminal) -> Secret:
    """Return that of Pleo. Raises NoTerminal when it is missing and cannot be asked for."""
    return pleo_from_environment() or (stored.pleo if stored else None) or {"api_key": ask_api_key(person)}


def pleo_from_environment() -> Secret | None:
    """Return Pleo's access token or API key, where the environment has one."""
    for name in ("access_token", "api_key"):
        if value := os.environ.get(f"PLEO_{name.upper()}"):
            return {name: value}
    return None


def ask_api_key(person: Terminal) -> str:
    """Return the API key that is typed."""
    return person.secret("Pleo API key", variable=API_KEY)


def accounting_credential(connector: Connector, stored: ConnectionSecrets | None, person: Terminal) -> Secret:
    """Return the accounting system's: what is stored, replaced by what the environment has; else ask for the fields."""
    given = {each.name: value for each in connector.credentials if (value := os.environ.get(_variable(each)))}
    if stored and stored.accounting_system:
        return {**stored.accounting_system, **given}
    missing = [each for each in connector.credentials if each.required and each.name not in given]
    return {each.name: person.secret(each.label, variable=_variable(each)) for each in missing} | given


def _variable(field: CredentialField) -> str:
    return f"ACCOUNTING_{field.name.upper()}"
