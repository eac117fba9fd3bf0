"""The connector for Tryton 8."""

from pleo_export.accounting.descriptor import Connector, CredentialField
from pleo_export.accounting.tryton.title import TITLE

CONNECTOR = Connector(
    name="tryton",
    title=TITLE,
    settings_name="pleo_export.accounting.tryton.settings:TrytonSettings",
    credentials=(
        CredentialField("token", "Token of tryton"),
        CredentialField("user", "User, for batches", required=False),
        CredentialField("password", "Password, for batches", required=False),
    ),
    module="pleo_export.accounting.tryton.connector",
)
