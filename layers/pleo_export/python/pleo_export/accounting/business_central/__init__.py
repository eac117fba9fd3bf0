"""The connector for Business Central online, API v2.0."""

from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.descriptor import Connector, CredentialField
from pleo_export.accounting.ledger_oauth import LedgerGrant, LedgerOAuth
from pleo_export.call_budget import CallRate

CONNECTOR = Connector(
    name="business-central",
    title=TITLE,
    settings_name="pleo_export.accounting.business_central.settings:BusinessCentralSettings",
    credentials=(
        CredentialField("client_id", "Application (client) ID"),
        CredentialField("client_secret", "Value of the client secret"),
    ),
    module="pleo_export.accounting.business_central.connector",
    oauth=LedgerOAuth(
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106
        scopes=("https://api.businesscentral.dynamics.com/.default",),
        grant=LedgerGrant.CLIENT_CREDENTIALS,
    ),
    rate=CallRate(calls=6_000, seconds=300, concurrent=5),
)
