"""Pleo's export item (`ExportItemV3`, API-5): the accounting payload of one expense.

Unknown fields are ignored and nullable ones tolerated; a missing required field refuses the item (R-4.8).
`type`, `subType`, the method and the tax type stay plain strings: what is unknown is refused where it is
needed, by name, and never guessed (R-0.1). Texts and codes are cleaned here, once: a code of which nothing is left
counts as not given.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.alias_generators import to_camel

from pleo_export.bookkeeping.money import NOT_IN_HUNDREDTHS, minor_units
from pleo_export.bookkeeping.unreadable import unreadable
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import WALLET_CURRENCY
from pleo_export.text import clean, clean_code

# Days beyond are typing errors, and close to the ends of the calendar, where the day before or after does not exist.
EARLIEST_YEAR, LATEST_YEAR = 1900, 9998
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is not a date and time")  # a number would be read as seconds since 1970
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # within a day of the first or last that Python can hold
        return moment.replace(tzinfo=UTC)


def _in_the_calendar(moment: datetime) -> datetime:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"is in the year {moment.year}; only {EARLIEST_YEAR} to {LATEST_YEAR} can be booked")
    return moment


def _lenient_currency(value: object) -> str | None:
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def _lenient_minor_units(value: object) -> int | None:
    try:
        return minor_units(value)
    except ValueError:
        return None


def _as_object(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


def _at_least_one(lines: "tuple[Line, ...]") -> "tuple[Line, ...]":
    if not lines:
        raise ValueError("is empty")
    return lines


def _without_nulls(values: object) -> object:
    if values is None:
        return ()
    return [each for each in values if each is not None] if isinstance(values, list | tuple) else values


def _without_blanks(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, texts))


MinorUnits = Annotated[int, PlainValidator(minor_units)]
Moment = Annotated[datetime, BeforeValidator(_text), AfterValidator(_in_utc)]
BookableMoment = Annotated[Moment, AfterValidator(_in_the_calendar)]
Text = Annotated[str, AfterValidator(clean)]
Code = Annotated[str, AfterValidator(lambda code: clean_code(code) or "")]  # of a required field
GivenCode = Annotated[str | None, AfterValidator(clean_code)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_without_nulls), AfterValidator(_without_blanks)]


class _EntryModel(BaseModel):
    # built with the first item, and then once: each model is a part of ExportItem
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, defer_build=True)


class Money(_EntryModel):
    """An amount: `value` in hundredths of `currency` (ISO 4217)."""

    currency: Annotated[str, Field(pattern=r"^([A-Z]{3}|UNDEFINED)$")]
    value: MinorUnits


class Paid(_EntryModel):
    """What the merchant was paid, as far as it can be read: hundredths of an ISO 4217 currency. It is not booked, so it
    never refuses an item."""

    currency: Annotated[str | None, PlainValidator(_lenient_currency)] = None
    value: Annotated[int | None, PlainValidator(_lenient_minor_units)] = None


class Amount(_EntryModel):
    """An amount in both currencies. The merchant's is for information; the item is booked in the wallet's (R-5c.3)."""

    in_supplier_currency: Annotated[Paid, BeforeValidator(_as_object)] = Field(default_factory=Paid)
    in_wallet_currency: Money


class Account(_EntryModel):
    """A ledger account as Pleo knows it. `code` is its number in the accounting system, `identifier` that system's own
    key for it."""

    id: Code
    name: Text
    code: GivenCode = None
    identifier: GivenCode = None


class Tag(_EntryModel):
    """A tag of a line; its group is one kind of dimension (R-5c.10)."""

    code: Code
    group_code: Code


class Tax(_EntryModel):
    """The tax of a line. `rate` (a fraction) is never used to compute anything (R-5c.7)."""

    type: Code
    rate: Decimal
    amount: Amount
    code: GivenCode = None
    ingoing_tax_account: GivenCode = None
    outgoing_tax_account: GivenCode = None


class Line(_EntryModel):
    """One line of an item. `line_amount` is what the line moves, `net_amount` what Pleo calls its net amount
    (R-5c.6)."""

    accounting_entry_line_id: str
    line_amount: Amount
    net_amount: Amount
    account: Account | None = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(_without_nulls)] = ()
    tax: Tax | None = None


class Supplier(_EntryModel):
    """The merchant as Pleo knows it; every field may be missing."""

    name: Text | None = None
    code: GivenCode = None
    account: GivenCode = None
    tax_identifier: GivenCode = None


class Vendor(_EntryModel):
    """A vendor of the accounting system, tagged in Pleo; if there is one, `supplier` is ignored for matching
    (R-5a.6)."""

    id: Code
    name: Text
    code: GivenCode = None
    external_id: GivenCode = None
    tax_registration_number: GivenCode = None


class Person(_EntryModel):
    """The employee whose expense it is; `code` is the employee number in the accounting system."""

    name: Text
    code: GivenCode = None


class Bookkeeping(_EntryModel):
    """The bookkeeping method that Pleo states (R-5a)."""

    method: Code


class ServicePeriod(_EntryModel):
    """The period of a service. Only for the memo, so that an end in the year 9999 is allowed."""

    from_: Moment = Field(alias="from")
    to: Moment


class File(_EntryModel):
    """A receipt. The URL works for 24 hours; content type and size (bytes) may be missing."""

    url: str
    type: str | None = None
    size: int | None = None


class InvoiceInformation(_EntryModel):
    """The supplier's invoice that an item is about."""

    invoice_number: Text
    invoice_date: BookableMoment
    due_date: BookableMoment | None = None
    status: GivenCode = None


class AdditionalInformation(_EntryModel):
    """What links an item to others (R-5a.12), and the attendees of an event."""

    reconciliation_id: Text
    reconciled_entries: Texts = ()
    attendees: Texts = ()
    invoice_information: InvoiceInformation | None = None


class ExportItem(_EntryModel):
    """One expense as Pleo exports it. `date` is UTC; see `dates.booking_date` for the day on which it is booked."""

    accounting_entry_id: UUID
    company_id: UUID
    type: Code
    sub_type: GivenCode = None
    date: BookableMoment
    amount: Amount
    lines: Annotated[tuple[Line, ...], AfterValidator(_at_least_one)] = Field(alias="accountingEntryLines")
    additional_information: AdditionalInformation
    bookkeeping: Bookkeeping | None = None
    contra_account: Account | None = None
    files: Annotated[tuple[File, ...], BeforeValidator(_without_nulls)] = ()
    note: Text | None = None
    service_period: ServicePeriod | None = None
    supplier: Supplier | None = None
    user: Person | None = None
    vendor: Vendor | None = None

    @property
    def currency(self) -> str:
        """Return the wallet's currency (ISO 4217)."""
        return self.amount.in_wallet_currency.currency


def parse_export_item(raw: Mapping[str, Any]) -> ExportItem:
    """Return the export item. Raises ItemRejected (`validation_failure`), which names the wrong fields in people's
    words and never shows a value, and for a wallet in a currency without hundredths."""
    try:
        item = ExportItem.model_validate(raw)
    except ValidationError as error:
        raise ItemRejected(ItemFailure.VALIDATION_FAILURE, unreadable(error, raw)) from None
    if item.currency in NOT_IN_HUNDREDTHS:
        raise ItemRejected(ItemFailure.VALIDATION_FAILURE, WALLET_CURRENCY.told(currency=item.currency))
    return item
