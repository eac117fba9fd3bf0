"""What every function has in common: its event is checked, its log lines carry the ids, its errors get our names.

`functions/<name>/app.py` makes one `Handler` with one of the four functions at the end, by what invokes the function.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pleo_export.errors import Unexpected
from pleo_export.observability import logger, write_tallies
from pleo_export.services.error_mapping import translate
from pleo_export.services.services import Services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from pleo_export.services.api_request import ApiRequest
    from pleo_export.services.events import Event

ReadT = TypeVar("ReadT")
EventT = TypeVar("EventT", bound="Event")


@contextmanager
def error_boundary(**ids: object) -> Iterator[None]:
    """Raise every error as one of `errors`, and log it with these ids.

    An unexpected error is logged by class and place, never by message: messages and their causes may hold an
    expense's content."""
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


class Handler(Generic[ReadT]):
    """One function, as Lambda calls it: `use_case` with what `read` makes of the event.

    `services` are made once per execution environment. A test assigns its own. `log_keys` are what each line of the
    call carries, besides Lambda's request id, the function's name and whether it was a cold start."""

    def __init__(
        self,
        read: Callable[[Any], ReadT],
        use_case: Callable[[ReadT, Services], Any],
        log_keys: Callable[[ReadT], Mapping[str, object]],
    ) -> None:
        self.services = Services()
        self._read = read
        self._use_case = use_case
        self._log_keys = log_keys
        # `log_event` is said, or an environment variable could have all events logged: credentials, notes and names.
        self._logged = logger.inject_lambda_context(self._invoke, clear_state=True, log_event=False)
        gc.freeze()  # what the imports have made stays: the collector passes over it in each call
        gc.enable()  # see pleo_export/__init__.py

    def __call__(self, event: object, context: LambdaContext) -> Any:
        """Return what the use case returns. Raises only errors of `pleo_export.errors`."""
        return self._logged(event, context)

    def _invoke(self, given: object, context: LambdaContext) -> Any:
        self.services.invocation = context
        logger.set_correlation_id(context.aws_request_id)  # where the event gives none
        try:
            with error_boundary():
                event = self._read(given)
                logger.append_keys(**self._log_keys(event))
                return self._use_case(event, self.services)
        finally:
            write_tallies()


def state_handler(model: type[EventT], use_case: Callable[[EventT, Services], Any]) -> Handler[EventT]:
    """Make the handler of a state of the machine, or of a function that others invoke."""
    from pleo_export.services.events import parse_event  # noqa: PLC0415 - loads pydantic, which the API does without

    return Handler(partial(parse_event, model), use_case, _ids)


def queue_handler(model: type[EventT]) -> Callable[[Callable[[EventT, Services], Any]], Handler[EventT]]:
    """Decorate the use case of a function to which the queue gives one message at a time."""
    from pleo_export.services.events import parse_event  # noqa: PLC0415 - as above
    from pleo_export.services.messages import QueueEvent  # noqa: PLC0415

    def read(event: object) -> EventT:
        (record,) = parse_event(QueueEvent, event).records
        return parse_event(model, record.body)

    return lambda use_case: Handler(read, use_case, _ids)


def api_handler(use_case: Callable[[ApiRequest, Services], Mapping[str, Any]]) -> Handler[ApiRequest]:
    """Decorate the use case of a route. The request is not checked: that is the use case's work."""
    return Handler(lambda event: event, use_case, _request_id)


def schedule_handler(use_case: Callable[[Services], Any]) -> Handler[object]:
    """Decorate the use case of a schedule, whose event says nothing."""
    return Handler(lambda event: event, lambda _event, services: use_case(services), lambda _event: {})


def _ids(event: Event) -> dict[str, object]:
    """Return the ids in an event. The job's joins the lines of all functions that work on it, else the company's."""
    ids = event.model_dump(mode="json", include={"company_id", "job_id", "execution", "chunk"}, exclude_none=True)
    joined = ids.get("job_id") or ids.get("company_id")
    return ids | {"correlation_id": joined} if joined else ids


def _request_id(event: ApiRequest) -> dict[str, object]:
    """Return API Gateway's id of the request, which its access log has too."""
    request_id = event.get("requestContext", {}).get("requestId")
    return {"correlation_id": request_id} if request_id else {}
