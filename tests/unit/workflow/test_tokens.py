"""The credentials of a connection, as a warm function reads them."""

from __future__ import annotations

import json
from typing import Any

from local.pleo.sample import NORTHGATE
from pleo_export.state.secrets import Secrets
from pleo_export.workflow.tokens import Tokens
from tests.harness.aws import client
from tests.harness.town import Town


def test_given_a_credential_that_was_mended_when_the_company_exports_again_then_a_warm_function_uses_it(
    world: Town,
) -> None:
    world.connect(NORTHGATE)
    connection = world.runtime.connections.get(NORTHGATE)
    assert connection
    now = [0.0]
    nobody: Any = None  # there is no grant to refresh
    tokens = Tokens(Secrets(client("secretsmanager"), lambda: now[0]), nobody, world.clock.now)
    assert tokens.section(connection, "accounting_system") == {"token": "t"}

    stored = json.loads(client("secretsmanager").get_secret_value(SecretId=connection.secret_arn)["SecretString"])
    stored["accounting_system"] = {"token": "mended"}
    client("secretsmanager").put_secret_value(SecretId=connection.secret_arn, SecretString=json.dumps(stored))
    now[0] = 6.0

    assert tokens.section(connection, "accounting_system") == {"token": "mended"}
