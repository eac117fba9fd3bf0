"""The settings of one company: what a bookkeeper decides, validated when entered.

Written as YAML by people (`pleo-export connect settings.yaml`), kept in the company's connection record. Every
refusal names the field and an example. No secret is in here: secrets live in Secrets Manager.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Union
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError

from pleo_export.accounting.descriptor import AccountingSettings
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.bookkeeping.settings import BookkeepingSettings, SettingsModel
from pleo_export.failures.entry import DEFAULT_SUPPORT
from pleo_export.pleo.webhook_authentication import WebhookAuthentication

if TYPE_CHECKING:
    AnyAccountingSettings = AccountingSettings
else:  # one of the registered connectors', told apart by `name`
    _models = tuple(each.settings for each in CONNECTORS.values())
    AnyAccountingSettings = (
        Annotated[Union[_models], Field(discriminator="name")] if len(_models) > 1 else _models[0]  # noqa: UP007
    )


class ReceiptPolicy(StrEnum):
    """Whether an item counts as exported though a receipt could not be attached (R-5d.9, R-5d.12)."""

    REQUIRED = "required"
    BEST_EFFORT = "best_effort"


class ConnectionSettings(SettingsModel):
    """Which company, which ledger, and how the two are reached."""

    company_id: UUID = Field(description="The Pleo company.", examples=["11111111-1111-4111-8111-111111111111"])
    accounting_system: AnyAccountingSettings = Field(
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


class Settings(BookkeepingSettings, ConnectionSettings):
    """All settings of one Pleo company, in one flat file."""


def parse_settings(data: Any) -> Settings:
    """Raises InvalidSettings, one line per wrong field, with the field's example where it has one."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        # Imported only where something is wrong: no cold start of a function pays for the sentences.
        from pleo_export.settings_errors import refusal  # noqa: PLC0415

        raise refusal(error, Settings) from None
