"""The credentials of a connection, as a warm function reads them."""

from __future__ import annotations

import json
from typing import Any

from pleo_export.services.tokens import Tokens
from pleo_export.store.secrets import Secrets
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.in_process_system import InProcessSystem


def test_given_a_replaced_credential_then_a_warm_function_uses_it(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE)
    connection = system.services.connections.get(NORTHGATE)
    assert connection
    now = [0.0]
    nobody: Any = None  # there is no grant to refresh
    tokens = Tokens(Secrets(client("secretsmanager"), lambda: now[0]), nobody, system.clock.now)
    assert tokens.secret_of(connection, "accounting_system") == {"token": "t"}

    stored = json.loads(client("secretsmanager").get_secret_value(SecretId=connection.secret_arn)["SecretString"])
    stored["accounting_system"] = {"token": "mended"}
    client("secretsmanager").put_secret_value(SecretId=connection.secret_arn, SecretString=json.dumps(stored))
    now[0] = 6.0

    assert tokens.secret_of(connection, "accounting_system") == {"token": "mended"}
