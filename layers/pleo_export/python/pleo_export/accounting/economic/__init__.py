"""The connector for Visma e-conomic."""

from pleo_export.accounting.descriptor import Connector, CredentialField
from pleo_export.accounting.economic.title import TITLE
from pleo_export.call_budget import CallRate

CONNECTOR = Connector(
    name="e-conomic",
    title=TITLE,
    settings_name="pleo_export.accounting.economic.settings:EconomicSettings",
    credentials=(
        CredentialField("app_secret_token", "App secret token of e-conomic"),
        CredentialField("agreement_grant_token", "Agreement grant token of e-conomic"),
    ),
    module="pleo_export.accounting.economic.connector",
    rate=CallRate(calls=10_000, seconds=60),
    numbers_documents=True,
)
