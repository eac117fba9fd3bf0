"""The base of connectors' settings, and the types of the addresses in them: a secret leaves this machine over an
encrypted connection only."""

from typing import Annotated

from pydantic import AfterValidator, HttpUrl

from pleo_export.accounting.addresses import ONLY_HERE, is_loopback
from pleo_export.bookkeeping.settings import SettingsModel


class AccountingSettings(SettingsModel):
    """The base of each connector's settings. `name` is the descriptor's, as a Literal; no secret is in here."""

    name: str


def _loopback(url: HttpUrl) -> HttpUrl:
    if not is_loopback(str(url)):
        raise ValueError(ONLY_HERE)
    return url


def _encrypted(url: HttpUrl) -> HttpUrl:
    if url.scheme != "https" and not is_loopback(str(url)):
        raise ValueError("must begin with https://")
    return url


# The type of a connector's setting `login_url`: where its sign-in service is simulated.
LoginUrl = Annotated[HttpUrl, AfterValidator(_loopback)]
# The type of a connector's setting `api_url`: the vendor's, or a simulator's on this machine.
ApiUrl = Annotated[HttpUrl, AfterValidator(_encrypted)]
