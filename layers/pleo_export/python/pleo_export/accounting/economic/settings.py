"""Where a company's ledger is in e-conomic."""

from typing import Literal, Self

from pydantic import Field, HttpUrl, model_validator

from pleo_export.accounting.settings import AccountingSettings, ApiUrl

NEW_API, OLD_API = HttpUrl("https://apis.e-conomic.com"), HttpUrl("https://restapi.e-conomic.com")


class EconomicSettings(AccountingSettings):
    """Where the company's ledger is, for the connector `e-conomic`."""

    name: Literal["e-conomic"] = Field(description="The connector.", examples=["e-conomic"])
    agreement: int = Field(
        ge=1, description="The agreement number, as e-conomic shows it at the top.", examples=[424242]
    )
    journal: int = Field(
        ge=1, description="Number of the journal (kassekladde) that takes the entries; only Pleo's.", examples=[12]
    )
    employee_group: int | None = Field(
        None, ge=1, description="Number of the supplier group of the employees, if they are suppliers.", examples=[2]
    )
    supplier_group: int | None = Field(
        None,
        ge=1,
        description="Number of the group of suppliers that are entered in Pleo first; default the lowest one.",
        examples=[1],
    )
    api_url: ApiUrl = Field(NEW_API, description="Another address of the API, for tests.", examples=[str(NEW_API)])
    rest_url: ApiUrl | None = Field(
        None,
        description="The address of the old API; default e-conomic's, or `api_url` where that is another.",
        examples=[str(OLD_API)],
    )

    @model_validator(mode="after")
    def _of_one_ledger(self) -> Self:
        """Raise ValueError for an address of the old API beside e-conomic's own new one."""
        if self.api_url == NEW_API and self.rest_url not in (None, OLD_API):
            raise ValueError("rest_url: give api_url as well")
        return self

    @property
    def old_api(self) -> HttpUrl:
        """The address of the old API."""
        return self.rest_url or (OLD_API if self.api_url == NEW_API else self.api_url)
