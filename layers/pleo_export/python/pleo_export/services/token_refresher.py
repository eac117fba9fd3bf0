"""Asks the one function that may refresh tokens. The request holds no secret: it names the token in question by its
fingerprint, and the new token is read from the secret afterwards."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from pleo_export.errors import Disconnected, JobFailure, Misconfigured, TryAgain
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import LEDGER_SIGN_IN_SILENT, PLEO_SIGN_IN_SILENT
from pleo_export.oauth.grant import fingerprint
from pleo_export.services.events import Event, Id
from pleo_export.store.secrets import GrantOwner

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient


class RefreshOutcome(StrEnum):
    FRESH = "fresh"  # the secret holds another token than the one in question, or the newest there can be
    LATER = "later"
    ENDED = "ended"  # a person has to connect again
    MISCONFIGURED = "misconfigured"  # the operator has to


class RefreshRequest(Event):
    """Asks to replace the tokens of that grant if its access token is still the one with this fingerprint. `refused`:
    the token was refused although it has not expired."""

    company_id: Id
    grant_owner: GrantOwner = Field(alias="which")  # its name in the event, which functions of both releases read
    seen: str
    refused: bool = False


# What Pleo's user reads, by the grant, if it does not pass.
AWAY: dict[GrantOwner, tuple[JobFailure, FailureText]] = {
    "pleo": (JobFailure.SERVICE_UNREACHABLE, PLEO_SIGN_IN_SILENT.told()),
    "accounting_system": (JobFailure.ACCOUNTING_SYSTEM_UNREACHABLE, LEDGER_SIGN_IN_SILENT.told()),
}


class Refresher:
    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def refresh(self, company_id: str, grant_owner: GrantOwner, seen: str, *, refused: bool = False) -> None:
        """Have the tokens refreshed; then the secret can be read again. `seen` is the access token in question.

        Raises Disconnected, TryAgain (also where the function itself failed: its log says why), Misconfigured.
        """
        wanted = RefreshRequest(company_id=company_id, grant_owner=grant_owner, seen=fingerprint(seen), refused=refused)
        answer = self._client.invoke(FunctionName=self._function, Payload=wanted.model_dump_json(by_alias=True))
        content = json.loads(answer["Payload"].read())
        outcome = RefreshOutcome.LATER if "FunctionError" in answer else RefreshOutcome(content["outcome"])
        if outcome is RefreshOutcome.LATER:
            raise TryAgain(*AWAY[grant_owner])
        if outcome is RefreshOutcome.ENDED:
            raise Disconnected(content["reason"])
        if outcome is RefreshOutcome.MISCONFIGURED:
            raise Misconfigured(content["reason"])
