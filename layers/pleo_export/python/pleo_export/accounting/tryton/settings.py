"""Where a company's ledger is in Tryton."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, StringConstraints

from pleo_export.accounting.settings import AccountingSettings


class TrytonSettings(AccountingSettings):
    """Where the company's ledger is, for the connector `tryton`."""

    name: Literal["tryton"] = Field(description="The connector.", examples=["tryton"])
    url: HttpUrl = Field(description="The server's address.", examples=["https://books.example.com"])
    database: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        description="The database's name.", examples=["books"]
    )
    company: int = Field(1, ge=1, description="Tryton's id of the company.", examples=[1])
    journal: str = Field(
        "EXP", min_length=1, description="Code of the journal that takes the entries.", examples=["EXP"]
    )
    web_url: HttpUrl | None = Field(
        None, description="Where people open Tryton, for links; default `url`.", examples=["https://erp.example.com"]
    )
