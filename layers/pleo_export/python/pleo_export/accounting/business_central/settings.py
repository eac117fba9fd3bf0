"""Where a company's ledger is in Business Central online."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, HttpUrl, StringConstraints

from pleo_export.accounting.settings import AccountingSettings, ApiUrl, LoginUrl

Percent = Annotated[Decimal, Field(ge=0, le=100)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]


class BusinessCentralSettings(AccountingSettings):
    """Where the company's ledger is, for the connector `business-central`."""

    name: Literal["business-central"] = Field(description="The connector.", examples=["business-central"])
    tenant: Name = Field(
        description="The Microsoft Entra tenant, by its id or domain.", examples=["harbourprint.onmicrosoft.com"]
    )
    environment: Name = Field("Production", description="Name of the environment.", examples=["Production"])
    company: UUID = Field(description="The company's id.", examples=["0a1b2c3d-0000-4000-8000-000000000001"])
    company_name: str = Field(
        "", max_length=30, description="The company's name in addresses, for links.", examples=["Harbour Print Ltd"]
    )
    journal: str = Field(
        "",
        max_length=10,
        pattern=r"^[A-Z0-9_-]*$",
        description="Name of the general journal template that takes the entries; default Business Central's own.",
        examples=["GENERAL"],
    )
    tax_code_without_vat: str = Field(
        "",
        max_length=20,
        description="VAT product posting group for lines without VAT, where the cards of accounts have another one.",
        examples=["NO VAT"],
    )
    tax_rates: dict[str, Percent] = Field(
        default_factory=dict,
        description="The rate of each VAT product posting group, in percent: an entry whose VAT in Pleo is not of that "
        "rate is refused, since Business Central computes it. Without a rate it is booked with a warning.",
        examples=[{"VAT20": "20"}],
    )
    api_url: ApiUrl = Field(
        HttpUrl("https://api.businesscentral.dynamics.com"),
        description="Where the API is.",
        examples=["https://api.businesscentral.dynamics.com"],
    )
    web_url: HttpUrl = Field(
        HttpUrl("https://businesscentral.dynamics.com"),
        description="Where people open Business Central, for links.",
        examples=["https://businesscentral.dynamics.com"],
    )

    login_url: LoginUrl | None = Field(
        None, description="Where the sign-in is simulated, on this machine.", examples=["http://127.0.0.1:8084"]
    )
