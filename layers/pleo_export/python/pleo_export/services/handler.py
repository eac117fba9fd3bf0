"""What every function has in common: its event is checked, its log lines carry the ids, its errors get our names."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import ValidationError

from pleo_export.errors import InvalidSettings, Unexpected
from pleo_export.observability import logger
from pleo_export.services.error_mapping import translate
from pleo_export.services.events import Event
from pleo_export.services.services import Services

EventT = TypeVar("EventT", bound=Event)
Handler = Callable[[dict[str, Any], Any], Any]


@contextmanager
def error_boundary(**ids: object) -> Iterator[None]:
    """Every error leaves as one of `errors`. What nobody foresaw is logged by class and place, never by message:
    messages and their causes may hold an expense's content."""
    logger.append_keys(**ids)
    try:
        yield
    except Exception as error:
        known = translate(error)
        if isinstance(known, Unexpected):
            logger.error(
                "unexpected error", extra={"error": str(known), "stack": traceback.format_tb(error.__traceback__)}
            )
        else:
            logger.warning("not done", extra={"error": type(known).__name__})
        raise known from None
    finally:
        logger.remove_keys(ids)


def parse_event(model: type[EventT], event: Any) -> EventT:
    """Of the state machine's (or a sample) event, or of a queue's message, which is text.

    Raises InvalidSettings naming each wrong field."""
    try:
        return model.model_validate_json(event) if isinstance(event, str) else model.model_validate(event)
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all'}: {each['msg']}" for each in error.errors())
        raise InvalidSettings(f"the function's event does not fit: {fields}") from None


def state_handler(model: type[EventT], use_case: Callable[[EventT, Services], Any]) -> Handler:
    """The handler of a function that has one use case: a state of the machine, or one that others invoke."""
    services = Services()

    def handler(event: dict[str, Any], context: Any) -> Any:
        run = parse_event(model, event)
        services.invocation = context
        with error_boundary(**run.model_dump(mode="json", include={"company_id", "job_id", "execution", "chunk"})):
            return use_case(run, services)

    return handler
