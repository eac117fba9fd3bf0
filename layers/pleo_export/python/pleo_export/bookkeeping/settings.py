"""The settings that decide how an expense is booked. They name no accounting system.

Every field has a description and, where it helps, an example: `pleo-export connect` asks with the former, and a refusal
shows the latter.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

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


class OutflowSign(StrEnum):
    """The sign that Pleo gives amounts of money spent (R-5b.4, open question 10)."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class UnmappedTags(StrEnum):
    """What becomes of an item with tags of a group that `dimensions` does not name (R-5c.10)."""

    WARN = "warn"
    FAIL = "fail"


class SettingsModel(BaseModel):
    """The base of all settings: unknown fields are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


# The roles that stand on the two sides of one entry (R-5b). On one account such an entry would move nothing.
_OPPOSITES = {
    "out_of_pocket": ("wallets",),
    "clearing": ("wallets",),
    "external_reimbursement": ("out_of_pocket",),
    "payables": ("wallets",),
    "rounding": ("wallets", "out_of_pocket", "payables"),
}


class Accounts(SettingsModel):
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


class BookkeepingSettings(SettingsModel):
    """Everything that decides how one Pleo company's expenses become accounting documents."""

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
