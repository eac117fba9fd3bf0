"""The connector for Business Central online, API v2.0."""

from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.call_budget import CallRate
from pleo_export.accounting.descriptor import Connector, CredentialField

CONNECTOR = Connector(
    name="business-central",
    title=TITLE,
    settings=BusinessCentralSettings,
    credentials=(CredentialField("access_token", "Access token"),),
    rate=CallRate(calls=6_000, seconds=300, concurrent=5),
    module="pleo_export.accounting.business_central.connector",
)
