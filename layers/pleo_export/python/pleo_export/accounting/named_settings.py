"""The settings of whichever connector their `name` names: the other connectors' models are neither imported nor built.

A union of all connectors' models, told apart by `name`, would mean the same; building it took longer than all else that
a function does with settings. It is still what the JSON Schema shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings


class NamedSettings:
    """Annotates a field of type AccountingSettings. Its errors are those of pydantic's discriminated union."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_validate)

    @staticmethod
    def __get_pydantic_json_schema__(_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        models = tuple(each.settings for each in CONNECTORS.values())
        union = Annotated[Union[models], Field(discriminator="name")] if len(models) > 1 else models[0]  # noqa: UP007
        return handler(TypeAdapter(union).core_schema)


def named_model(given: Any) -> type[AccountingSettings] | None:
    """Return the model of the connector that these settings name; None where they name none of ours."""
    name = given.get("name") if isinstance(given, Mapping) else None
    return CONNECTORS[name].settings if isinstance(name, str) and name in CONNECTORS else None


def _validate(given: Any) -> AccountingSettings:
    if isinstance(given, AccountingSettings):
        return given
    if not isinstance(given, Mapping):
        raise PydanticKnownError("model_attributes_type")
    if "name" not in given:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'name'"})
    model = named_model(given)
    if model is None:
        known = ", ".join(f"'{name}'" for name in CONNECTORS)
        context = {"discriminator": "'name'", "tag": str(given["name"]), "expected_tags": known}
        raise PydanticKnownError("union_tag_invalid", context)
    return model.model_validate(given)
