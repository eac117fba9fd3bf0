"""The settings of one company: what a bookkeeper decides, validated when entered.

Written as YAML by people (`pleo-export connect settings.yaml`), kept in the company's connection record. Every
refusal names the field and an example. No secret is in here: secrets live in Secrets Manager.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.accounting.named_settings import NamedSettings, named_model
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.bookkeeping.settings import BookkeepingSettings, SettingsModel
from pleo_export.failures.entry import DEFAULT_SUPPORT
from pleo_export.pleo.webhook_authentication import WebhookAuthentication


class ReceiptPolicy(StrEnum):
    """Whether an item counts as exported though a receipt could not be attached (R-5d.9, R-5d.12)."""

    REQUIRED = "required"
    BEST_EFFORT = "best_effort"


TAGS_OF_AN_EXPENSE = 5  # Pleo shows so many tag groups on one expense
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class SyncSettings(SettingsModel):
    """Which lists of the ledger are kept in step at Pleo; without this section none is, and Pleo is left alone."""

    dimensions: tuple[Code, ...] = Field(
        (),
        description="Dimensions of the accounting system that become tag groups at Pleo, at most five. `dimensions` "
        "names each of them as well, so that its tags are booked.",
        examples=[["cost_centre"]],
    )
    accounts: bool = Field(
        False,
        description="Whether Pleo's chart of accounts follows the accounting system's.",
        examples=[True],
    )
    tax_codes: bool = Field(
        False, description="Whether Pleo's tax codes follow the accounting system's.", examples=[True]
    )
    vendors: bool = Field(
        False,
        description="Whether suppliers are kept in step, both ways: a vendor made in Pleo becomes a supplier.",
        examples=[True],
    )
    foreign_groups: tuple[Code, ...] = Field(
        (),
        description="Codes of tag groups that were made by hand in Pleo and may be archived, since no dimension stands "
        "behind them. Others made by hand are left alone.",
        examples=[["old_projects"]],
    )

    @field_validator("dimensions", "foreign_groups")
    @classmethod
    def _each_once(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        first: dict[str, int] = {}
        for place, code in enumerate(codes, start=1):
            before = first.setdefault(code.casefold(), place)
            if before != place:
                raise ValueError(
                    f"numbers {before} and {place} are the same (Pleo does not tell capital letters from small ones); "
                    "remove one"
                )
        return codes

    @field_validator("dimensions")
    @classmethod
    def _as_many_as_pleo_shows(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if len(codes) > TAGS_OF_AN_EXPENSE:
            raise ValueError(
                f"Pleo shows {TAGS_OF_AN_EXPENSE} tag groups on an expense, and here are {len(codes)} dimensions; "
                f"keep {TAGS_OF_AN_EXPENSE} of them"
            )
        return codes

    @field_validator("foreign_groups")
    @classmethod
    def _not_kept_as_well(cls, codes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kept = {code.casefold() for code in info.data.get("dimensions", ())}
        for place, code in enumerate(codes, start=1):
            if code.casefold() in kept:
                raise ValueError(f"number {place} is one of sync.dimensions, so it is kept; remove it from one of both")
        return codes

    @property
    def lists(self) -> tuple[LedgerList, ...]:
        """The lists that are kept in step; none where nothing is to be synced."""
        wanted = {
            LedgerList.TAGS: bool(self.dimensions or self.foreign_groups),
            LedgerList.ACCOUNTS: self.accounts,
            LedgerList.TAX_CODES: self.tax_codes,
            LedgerList.VENDORS: self.vendors,
        }
        return tuple(each for each, is_wanted in wanted.items() if is_wanted)


class ConnectionSettings(SettingsModel):
    """Which company, which ledger, and how the two are reached."""

    company_id: UUID = Field(description="The Pleo company.", examples=["11111111-1111-4111-8111-111111111111"])
    accounting_system: Annotated[AccountingSettings, NamedSettings] = Field(
        description="Where the books are.",
        examples=[{"name": "tryton", "url": "https://books.example.com", "database": "books"}],
    )
    receipts: ReceiptPolicy = Field(
        ReceiptPolicy.BEST_EFFORT,
        description="When a receipt cannot be attached: required fails the item in Pleo, best_effort counts it as "
        "exported and warns. The entry stays either way.",
        examples=["required"],
    )
    support_contact: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        DEFAULT_SUPPORT,
        description="Who helps where a bookkeeper cannot: a name, an e-mail address or both. Failures in Pleo name it.",
        examples=["Finance Systems, finance-systems@example.com"],
    )
    webhook_authentication: WebhookAuthentication = Field(
        WebhookAuthentication.SIGNATURE,
        description="What proves that a webhook comes from Pleo: Pleo's signature, or a token that `connect` mints and "
        "Pleo sends along, by Basic authentication (basic) or in a header of its own (header).",
        examples=["basic"],
    )
    registration_number: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] | None
    ) = Field(
        None,
        description="The registration number of the ledger's company, where it is not the one that Pleo has: confirms "
        "that both are one customer.",
        examples=["12345678"],
    )
    sync: SyncSettings = Field(
        default_factory=SyncSettings,
        description="Which lists of the accounting system people choose from in Pleo.",
        examples=[{"dimensions": ["cost_centre"], "accounts": True}],
    )


class Settings(BookkeepingSettings, ConnectionSettings):
    """All settings of one Pleo company, in one flat file."""


def parse_settings(data: Any) -> Settings:
    """Raises InvalidSettings, one line per wrong field, with the field's example where it has one."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        # Imported only where something is wrong: no cold start of a function pays for the sentences.
        from pleo_export.settings_errors import refusal  # noqa: PLC0415

        given = data.get("accounting_system") if isinstance(data, Mapping) else None
        raise refusal(error, Settings, {"accounting_system": named_model(given)}) from None
