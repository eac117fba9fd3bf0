"""Pleo's export item (`ExportItemV3`, pleo-api 5): the accounting payload of one expense.

Unknown fields are ignored and nullable ones tolerated; a missing required field refuses the item (R-4.8).
`type`, `subType`, the method and the tax type stay plain strings: what is unknown is refused where it is
needed, by name, and never guessed (R-0.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.alias_generators import to_camel

from pleo_export.bookkeeping.money import NOT_IN_HUNDREDTHS, minor_units
from pleo_export.errors import ItemFailure, ItemRejected


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is not a date and time")  # a number would be read as seconds since 1970
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _two_decimals(amount: Amount) -> Amount:
    currency = amount.in_wallet_currency.currency
    if currency in NOT_IN_HUNDREDTHS:
        raise ValueError(f"is in {currency}: only currencies with two decimals can be booked yet")
    return amount


def _at_least_one(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if not lines:
        raise ValueError("is empty")
    return lines


def _without_nulls(values: object) -> object:
    if values is None:
        return ()
    return [each for each in values if each is not None] if isinstance(values, list | tuple) else values


MinorUnits = Annotated[int, PlainValidator(minor_units)]
Moment = Annotated[datetime, BeforeValidator(_text), AfterValidator(_in_utc)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class Money(_Model):
    """`value` in hundredths of `currency` (ISO 4217)."""

    currency: Annotated[str, Field(pattern=r"^([A-Z]{3}|UNDEFINED)$")]
    value: MinorUnits


class Amount(_Model):
    """The merchant's currency is for information; the books are kept in the wallet's (R-5c.3)."""

    in_supplier_currency: Money
    in_wallet_currency: Money


class Account(_Model):
    """A ledger account as Pleo knows it; `code` is its number in the accounting system."""

    id: str
    name: str
    code: str | None = None


class Tag(_Model):
    code: str
    group_code: str


class Tax(_Model):
    """`rate` (a fraction) is never used to compute anything (R-5c.7)."""

    type: str
    rate: Decimal
    amount: Amount
    code: str | None = None
    ingoing_tax_account: str | None = None
    outgoing_tax_account: str | None = None


class Line(_Model):
    accounting_entry_line_id: str
    line_amount: Amount
    net_amount: Amount
    account: Account | None = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(_without_nulls)] = ()
    tax: Tax | None = None


class Supplier(_Model):
    """The merchant as seen by Pleo; every field may be missing."""

    name: str | None = None
    code: str | None = None
    account: str | None = None
    tax_identifier: str | None = None


class Vendor(_Model):
    """The vendor of the accounting system; where there is one, `supplier` is ignored for matching (R-5a.6)."""

    id: str
    name: str
    code: str | None = None
    external_id: str | None = None
    tax_registration_number: str | None = None


class Person(_Model):
    name: str
    code: str | None = None


class Bookkeeping(_Model):
    method: str


class ServicePeriod(_Model):
    from_: Moment = Field(alias="from")
    to: Moment


class File(_Model):
    """A receipt. The URL works for 24 hours; type and size (bytes) may be missing."""

    url: str
    type: str | None = None
    size: int | None = None


class InvoiceInformation(_Model):
    invoice_number: str
    invoice_date: Moment
    due_date: Moment | None = None


class AdditionalInformation(_Model):
    reconciliation_id: str
    reconciled_entries: Annotated[tuple[str, ...], BeforeValidator(_without_nulls)] = ()
    attendees: Annotated[tuple[str, ...], BeforeValidator(_without_nulls)] = ()
    invoice_information: InvoiceInformation | None = None


class ExportItem(_Model):
    """One expense as Pleo exports it. `date` is UTC; see `dates.booking_date` for the day it is booked on."""

    accounting_entry_id: UUID
    company_id: UUID
    type: str
    sub_type: str | None = None
    date: Moment
    amount: Annotated[Amount, AfterValidator(_two_decimals)]
    lines: Annotated[tuple[Line, ...], AfterValidator(_at_least_one)] = Field(alias="accountingEntryLines")
    additional_information: AdditionalInformation
    bookkeeping: Bookkeeping | None = None
    contra_account: Account | None = None
    files: Annotated[tuple[File, ...], BeforeValidator(_without_nulls)] = ()
    note: str | None = None
    service_period: ServicePeriod | None = None
    supplier: Supplier | None = None
    user: Person | None = None
    vendor: Vendor | None = None

    @property
    def currency(self) -> str:
        """The wallet's currency (ISO 4217)."""
        return self.amount.in_wallet_currency.currency


def parse_export_item(raw: Mapping[str, Any]) -> ExportItem:
    """Raises ItemRejected (`validation_failure`), which names every wrong field by its path and never its value."""
    try:
        return ExportItem.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(_explain(each) for each in error.errors(include_url=False, include_input=False))
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            f"Pleo sent this item in a form that cannot be booked. {wrong}. Correct the expense in Pleo and export it "
            "again; if it looks right there, pass this message to the integration's support.",
        ) from None


def _explain(error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"]) or "the item"
    match error["type"]:
        case "missing":
            return f"{path} is missing"
        case "value_error":  # our own words, which hold no value
            return f"{path} {error['ctx']['error']}"
        case _:  # pydantic's words may quote what was sent: people's data
            return f"{path} is not of the expected kind"
