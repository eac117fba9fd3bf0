"""The request bodies of Pleo's lists, as strictly checked as all others (see `request_models`).

Where the documents give no length, texts end at 255 characters (question 32), and a code or a name is not empty.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, Strict, StringConstraints

from pleo_simulator.request_models import Body

Code = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(max_length=255)]
Flag = Annotated[bool, Strict()]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


def _metadata(pairs: dict[str, str]) -> dict[str, str]:
    if len(pairs) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in pairs.items()):
        raise ValueError("at most 50 pairs, keys of 40 characters, values of 500")
    return pairs


Metadata = Annotated[dict[str, str], AfterValidator(_metadata)]


class TagGroupWrite(Body):
    archived: Flag
    code: Code
    name: Code
    metadata: Metadata = Field(default_factory=dict)


class TagGroupUpdate(TagGroupWrite):
    metadata: Metadata  # required, unlike on creating


class TagGroupDimensionWrite(Body):
    code: Code
    name: Code


class TagWrite(Body):
    archived: Flag
    code: Code
    name: Text | None = None
    other_dimension_values: list[str] = Field(default_factory=list)


class TagBulkArchive(Body):
    company_id: UUID
    archived: Flag
    tag_ids: list[UUID] = Field(min_length=1, max_length=100)


class TagBulkDelete(Body):
    company_id: UUID
    tag_ids: list[UUID] = Field(min_length=1, max_length=100)


class TagSearch(Body):
    archived: Flag | None = None
    include_archived: Flag | None = None
    tag_group_ids: list[UUID] | None = None
    tag_ids: list[UUID] | None = None
    text_search: str | None = None


class TaxCodeWrite(Body):
    company_id: UUID
    name: Code
    rate: float = Field(ge=0, le=1, allow_inf_nan=False, strict=True)
    type: Literal["inclusive", "reverse"]  # "exclusive is not currently supported"
    archived: Flag
    code: Text | None = None
    ingoing_tax_account: Text | None = None
    outgoing_tax_account: Text | None = None


class TaxCodeSearch(Body):
    archived: Flag | None = None
    code: str | None = None
    tax_code_ids: list[UUID] | None = None
    type: str = ""


class Money(Body):
    currency: Currency
    minors: int = Field(ge=-(2**63), lt=2**63, strict=True)


class AmountToTax(Body):
    id: str
    amount: Money


class TaxCalculation(Body):
    amounts_by_tax_code_id: dict[str, list[AmountToTax]]


class AccountUpdate(Body):
    archived: Flag
    name: Code
    code: Text | None = None
    tax_code_external_id: str | None = None
    metadata: Metadata | None = None


class AccountCreate(AccountUpdate):
    company_id: UUID
    external_id: Code


class AccountOfBatch(Body):
    """Its lengths are not checked here: each item of a batch fails by itself."""

    external_id: str
    name: str
    archived: Flag
    code: str | None = None
    tax_code_external_id: str | None = None
    metadata: Metadata | None = None


class AccountBatch(Body):
    company_id: UUID
    items: list[AccountOfBatch] = Field(min_length=1, max_length=1000)


class AccountSearch(Body):
    company_id: UUID
    exclude_if_assigned_to_category: Flag
    exclude_if_assigned_to_contra_account: Flag
    archived: Flag | None = None
    codes: list[str] | None = None
    external_id: str | None = None
    ids: list[UUID] | None = None
    name: str | None = None
    code: str | None = None


class VendorCreate(Body):
    company_id: UUID
    name: Code
    default_currency: Currency
    code: Text | None = None
    external_id: Code | None = None
    country: Country | None = None
    registration_number: Text | None = None
    tax_registration_number: Text | None = None


class VendorUpdate(VendorCreate):
    external_id: Code
    state: Literal["DRAFT", "ACTIVE", "ARCHIVED"]


class VendorActivate(Body):
    external_id: Code
    code: Text | None = None


_Wanted = Annotated[list[str], Field(max_length=100)]


class VendorSearch(Body):
    accounting_systems: _Wanted | None = None
    codes: _Wanted | None = None
    countries: _Wanted | None = None
    external_ids: _Wanted | None = None
    ids: _Wanted | None = None
    tax_registration_numbers: _Wanted | None = None
    name: str | None = None
    states: Annotated[list[str], Field(max_length=4)] | None = None
