"""The connector for Xero."""

from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.ledger_oauth import LedgerOAuth
from pleo_export.accounting.xero.title import SCOPES, TITLE
from pleo_export.call_budget import CallRate

CONNECTOR = Connector(
    name="xero",
    title=TITLE,
    settings_name="pleo_export.accounting.xero.settings:XeroSettings",
    credentials=(),
    module="pleo_export.accounting.xero.connector",
    oauth=LedgerOAuth(
        token_url="https://identity.xero.com/connect/token",  # noqa: S106
        authorize_url="https://login.xero.com/identity/connect/authorize",
        revoke_url="https://identity.xero.com/connect/revocation",
        scopes=("offline_access", *SCOPES),
        tenant_field="tenant",
    ),
    rate=CallRate(calls=60, seconds=60, concurrent=5, per_day=5_000, for_batch=6),
)
