"""Where a company's ledger is in Xero, and whose names its card expenses carry."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, HttpUrl, StringConstraints

from pleo_export.accounting.settings import AccountingSettings, ApiUrl, LoginUrl


class XeroSettings(AccountingSettings):
    """Where the company's ledger is, for the connector `xero`."""

    name: Literal["xero"] = Field(description="The connector.", examples=["xero"])
    tenant: UUID | None = Field(
        None,
        description="Xero's id of the organisation (tenantId); chosen when the company is connected.",
        examples=["7d3f1c52-9a04-4f6e-8b1d-2f5f3a6c9e10"],
    )
    contact: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None,
        description="The one contact of all card expenses; default: the merchant of each, made where it is missing.",
        examples=["Pleo"],
    )
    employees: Annotated[str, StringConstraints(min_length=1)] = Field(
        "Employees", description="The contact group that holds the employees.", examples=["Employees"]
    )
    api_url: ApiUrl = Field(
        HttpUrl("https://api.xero.com"),
        description="The address of Xero's API; another one for a simulator.",
        examples=["https://api.xero.com"],
    )
    login_url: LoginUrl | None = Field(
        None, description="Where the sign-in of a simulator is; default: Xero's.", examples=["http://127.0.0.1:8082"]
    )
