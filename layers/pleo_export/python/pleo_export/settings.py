"""The settings of one company: what a bookkeeper decides, validated when entered.

Written as YAML by people (`pleo-export connect settings.yaml`), kept in the company's connection record. Every
refusal names the field and an example. No secret is in here: secrets live in Secrets Manager.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from pleo_export.settings_errors import refusal

AccountCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class PostingMode(StrEnum):
    """Whether entries arrive as drafts for a person to approve, or posted (R-5f.2)."""

    DRAFT = "draft"
    POSTED = "posted"


class LegacyVendors(StrEnum):
    """How items are booked that carry no bookkeeping method, because Vendor Tagging is off in Pleo (R-5a.3)."""

    JOURNAL = "journal"
    ACCOUNTS_PAYABLE = "accounts_payable"


class ClosedPeriod(StrEnum):
    """What becomes of an item whose accounting period is closed (R-5e.4)."""

    FAIL = "fail"
    TODAY = "today"
    NEXT_OPEN = "next_open"
    ADJUSTMENT = "adjustment"


class ReceiptPolicy(StrEnum):
    """Whether an item counts as exported though a receipt could not be attached (R-5d.9, R-5d.12)."""

    REQUIRED = "required"
    BEST_EFFORT = "best_effort"


class OutflowSign(StrEnum):
    """The sign that Pleo gives amounts of money spent (R-5b.4, open question 10)."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class UnmappedTags(StrEnum):
    """What becomes of an item with tags of a group that `dimensions` does not name (R-5c.10)."""

    WARN = "warn"
    FAIL = "fail"


class WebhookAuthentication(StrEnum):
    """What proves to us that a webhook comes from Pleo (R-10.12)."""

    SIGNATURE = "signature"
    BASIC = "basic"
    HEADER = "header"


class _SettingsModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# The roles that stand on the two sides of one entry (R-5b). On one account such an entry would move nothing.
_OPPOSITES = {
    "out_of_pocket": ("wallets",),
    "clearing": ("wallets",),
    "external_reimbursement": ("out_of_pocket",),
    "payables": ("wallets",),
    "rounding": ("wallets", "out_of_pocket", "payables"),
}


class Accounts(_SettingsModel):
    """The account roles of R-5b, each an account code of the accounting system.

    A role that is absent fails only the items that need it, with `missing_configuration`.
    """

    wallets: dict[Currency, AccountCode] = Field(
        default_factory=dict, description="The account of each Pleo wallet, by currency.", examples=[{"GBP": "1900"}]
    )
    out_of_pocket: AccountCode | None = Field(None, description="What is owed to employees.", examples=["2250"])
    clearing: AccountCode | None = Field(None, description="Money in transit to or from the wallet.", examples=["1950"])
    external_reimbursement: AccountCode | None = Field(
        None, description="The other side of reimbursements paid outside Pleo.", examples=["2251"]
    )
    payables: AccountCode | None = Field(
        None, description="What is owed to suppliers that have no own account.", examples=["2100"]
    )
    input_tax: AccountCode | None = Field(None, description="Deductible input VAT.", examples=["2200"])
    output_tax: AccountCode | None = Field(
        None, description="VAT owed under reverse charge, where Pleo's tax code has no account.", examples=["2202"]
    )
    rounding: AccountCode | None = Field(
        None,
        description="Takes the pennies by which a split is off, so that the wallet moves by the item's amount; without "
        "it the lines are booked as they are.",
        examples=["7900"],
    )

    @field_validator(*_OPPOSITES)
    @classmethod
    def _not_its_opposite(cls, code: str | None, info: ValidationInfo) -> str | None:
        for role in _OPPOSITES[str(info.field_name)]:
            other = info.data.get(role)
            if code is not None and code in (other.values() if isinstance(other, dict) else [other]):
                raise ValueError(
                    f"is the account of accounts.{role} too, so entries between the two would move nothing"
                )
        return code


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone of the IANA database; write for example Europe/Copenhagen") from None
    return name


class TrytonSettings(_SettingsModel):
    """Where the books are, for the connector `tryton`."""

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


class Settings(_SettingsModel):
    """Everything that decides how one Pleo company is booked."""

    company_id: UUID = Field(description="The Pleo company.", examples=["11111111-1111-4111-8111-111111111111"])
    accounting_system: TrytonSettings = Field(
        description="Where the books are.",
        examples=[{"name": "tryton", "url": "https://books.example.com", "database": "books"}],
    )
    accounts: Accounts = Field(
        description="The accounts that Pleo does not name.",
        examples=[{"wallets": {"GBP": "1900"}, "out_of_pocket": "2250", "payables": "2100"}],
    )
    posting: PostingMode = Field(
        PostingMode.DRAFT,
        description="draft: a person approves, and paid bills are reconciled the night after; posted: final at once.",
        examples=["posted"],
    )
    closed_period: ClosedPeriod = Field(
        ClosedPeriod.FAIL,
        description="An item whose accounting period is closed: fail refuses it; today, next_open and adjustment post "
        "it once on that later date and keep the original date in the memo.",
        examples=["next_open"],
    )
    adjustment_date: date | None = Field(
        None,
        validate_default=True,
        description="The posting date under `closed_period: adjustment`: a day of the adjustment period.",
        examples=["2026-12-31"],
    )
    receipts: ReceiptPolicy = Field(
        ReceiptPolicy.BEST_EFFORT,
        description="When a receipt cannot be attached: required fails the item in Pleo, best_effort counts it as "
        "exported and warns. The entry stays either way.",
        examples=["required"],
    )
    legacy_vendors: LegacyVendors = Field(
        LegacyVendors.JOURNAL,
        description="Items without bookkeeping method (Vendor Tagging is off in Pleo): always a journal entry, or "
        "accounts_payable where the accounting system knows the supplier.",
        examples=["accounts_payable"],
    )
    outflow_sign: OutflowSign = Field(
        OutflowSign.POSITIVE,
        description="The sign of Pleo's amounts for money spent. An export in which most of them have the other sign "
        "is refused before anything is booked.",
        examples=["negative"],
    )
    webhook_authentication: WebhookAuthentication = Field(
        WebhookAuthentication.SIGNATURE,
        description="What proves that a webhook comes from Pleo: Pleo's signature, or a token that `connect` mints and "
        "Pleo sends along, by Basic authentication (basic) or in a header of its own (header).",
        examples=["basic"],
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="The zone in which a moment becomes a date.", examples=["Europe/Copenhagen"]
    )
    dimensions: dict[str, str] = Field(
        default_factory=dict,
        description="Pleo tag group code -> dimension of the accounting system. Other groups: `unmapped_tags`.",
        examples=[{"cost_centre": "CC"}],
    )
    unmapped_tags: UnmappedTags = Field(
        UnmappedTags.WARN,
        description="Tags of a group that `dimensions` does not name: warn books the item without them, fail refuses "
        "the item.",
        examples=["fail"],
    )
    tax_accounts: dict[str, AccountCode] = Field(
        default_factory=dict,
        description="Tax code -> account of its input VAT, where not `accounts.input_tax`.",
        examples=[{"TRAVEL9": "2209"}],
    )

    @field_validator("adjustment_date")
    @classmethod
    def _fits_closed_period(cls, day: date | None, info: ValidationInfo) -> date | None:
        adjusts = info.data.get("closed_period") is ClosedPeriod.ADJUSTMENT
        if adjusts and day is None:
            raise ValueError("is missing, but closed_period is adjustment")
        if day is not None and not adjusts:
            raise ValueError("is used only with closed_period: adjustment")
        return day


def parse_settings(data: Any) -> Settings:
    """Raises InvalidSettings, one line per wrong field, with the field's example where it has one."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise refusal(error, Settings) from None
