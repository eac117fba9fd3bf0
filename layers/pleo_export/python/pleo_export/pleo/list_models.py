"""Pleo's lists as we read and write them: tag groups, tags, accounts, tax codes, vendors; and the company.

Unknown fields and values are accepted (open question 27). Times are aware datetimes in UTC; rates are fractions (0.20
is 20 %). Bodies are written by `as_json`, without lone surrogates, which no JSON reader has to accept.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from pleo_export.pleo.models import Identifier, Moment, Pagination
from pleo_export.text import without_surrogates

T = TypeVar("T")

MAX_ARCHIVED_TAGS = 100  # of one call
MAX_CREATED_ACCOUNTS = 1000  # of one call

DRAFT, ACTIVE, ARCHIVED = "DRAFT", "ACTIVE", "ARCHIVED"
"""The states of a vendor: made in Pleo and unknown to the ledger, in step with it, archived. Pleo may have others."""


def _pairs(value: Any) -> Any:
    return {} if value is None else value


Metadata = Annotated[Mapping[str, str], BeforeValidator(_pairs)]


class _ListModel(BaseModel):
    model_config = ConfigDict(
        defer_build=True,  # a function reads some of them
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class TagGroup(_ListModel):
    """A dimension, such as cost centres. `metadata` may be another integration's: it is sent back as it was read.
    `total_tags_count` is given where it was asked for."""

    id: Identifier
    company_id: Identifier
    code: str
    name: str
    archived: bool
    metadata: Metadata = {}
    created_at: Moment
    updated_at: Moment
    total_tags_count: int | None = None


class PleoTag(_ListModel):
    """A value of a tag group."""

    id: Identifier
    group_id: Identifier
    code: str
    name: str | None = None
    archived: bool
    created_at: Moment
    updated_at: Moment


class PleoAccount(_ListModel):
    """An account of the chart. `external_id` is the ledger's and never changes; `tax_code_external_id` is a reference,
    which applies no tax."""

    id: Identifier
    company_id: Identifier
    external_id: str
    accounting_system: str | None = None
    code: str | None = None
    name: str
    archived: bool
    tax_code_external_id: str | None = None
    metadata: Metadata = {}
    created_at: Moment | None = None
    updated_at: Moment | None = None


class PleoTaxCode(_ListModel):
    """A tax code. `type` is inclusive, reverse or exclusive; `code` is the ledger's. The two accounts are those of a
    reverse charge."""

    id: Identifier
    company_id: Identifier
    name: str
    code: str | None = None
    rate: Decimal
    type: str
    archived: bool
    ingoing_tax_account: str | None = None
    outgoing_tax_account: str | None = None
    accounting_integration_system: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class PleoVendor(_ListModel):
    """A vendor. `external_id` is the ledger's id, `code` the number that people know; both are None for one that was
    made in Pleo and is still a DRAFT."""

    id: Identifier
    company_id: Identifier
    name: str
    code: str | None = None
    external_id: str | None = None
    state: str
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None
    default_currency: str
    accounting_system: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class PleoCompany(_ListModel):
    """A company, as far as a comparison with the ledger's owner needs it."""

    id: Identifier
    name: str
    registration_number: str | None = None


class _ListBody(_ListModel):
    """What is written. An absent value is left out where an element is created, and null where it is replaced: only
    so does it become absent whether Pleo merges the body or not."""

    def as_json(self, *, replaces: bool = False) -> dict[str, Any]:
        """Return the JSON object, by Pleo's names."""
        written: dict[str, Any] = self.model_dump(by_alias=True, exclude_none=not replaces)
        return {name: _json(value) for name, value in written.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # the shortest digits that mean this number
    return without_surrogates(dict(value) if isinstance(value, Mapping) else value)


class TagGroupBody(_ListBody):
    """A tag group to create or to replace, metadata included."""

    code: str
    name: str
    archived: bool = False
    metadata: Mapping[str, str] = {}


class TagBody(_ListBody):
    """A tag to create or to replace."""

    code: str
    name: str | None = None
    archived: bool = False


class AccountBody(_ListBody):
    """An account to create."""

    external_id: str
    name: str
    archived: bool = False
    code: str | None = None
    tax_code_external_id: str | None = None
    metadata: Mapping[str, str] | None = None


class AccountUpdate(_ListBody):
    """What replaces an account, all but its external id."""

    name: str
    archived: bool = False
    code: str | None = None
    tax_code_external_id: str | None = None
    metadata: Mapping[str, str] | None = None


class TaxCodeBody(_ListBody):
    """A tax code to create or to replace."""

    company_id: str
    name: str
    rate: Decimal
    type: str
    archived: bool = False
    code: str | None = None
    ingoing_tax_account: str | None = None
    outgoing_tax_account: str | None = None


class VendorBody(_ListBody):
    """A vendor to create. `country` is ISO 3166 alpha-2, `default_currency` ISO 4217."""

    company_id: str
    name: str
    default_currency: str
    code: str | None = None
    external_id: str | None = None
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None


class VendorUpdate(_ListBody):
    """What replaces a vendor."""

    company_id: str
    name: str
    default_currency: str
    external_id: str
    state: str
    code: str | None = None
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None


class AccountNotCreated(_ListModel):
    """An account of a batch that Pleo did not create. `reasons` are Pleo's codes: EXTERNAL_ID_ALREADY_EXISTS,
    EXTERNAL_ID_TOO_LONG, EXTERNAL_ID_EMPTY, NAME_TOO_LONG, NAME_EMPTY, CODE_TOO_LONG, OTHER."""

    request: Mapping[str, Any] = Field(default={}, repr=False)
    reasons: tuple[str, ...] = ()

    @property
    def external_id(self) -> str:
        """Return the id of the account; "" where Pleo does not repeat it."""
        return str(self.request.get("externalId") or "")


class AccountBatchResult(_ListModel):
    """What became of each account of a batch: a 201 can hold failures."""

    created: tuple[PleoAccount, ...]
    failed: tuple[AccountNotCreated, ...]


class TagUsage(_ListModel):
    """How many expenses carry a tag."""

    id: Identifier
    count: int


class TagUsages(_ListModel):
    """How many expenses carry each tag of a group."""

    usages: tuple[TagUsage, ...]


class CountedPagination(Pagination):
    """Whether a list goes on, and how many elements it has in all."""

    total: int | None = None


class ListPage(_ListModel, Generic[T]):
    """One page of a list whose elements are counted: a `Page`, but not its subclass, which would build that when it is
    imported."""

    data: list[T]
    pagination: CountedPagination
