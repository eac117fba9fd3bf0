"""What Tryton's own answers mean, by HTTP status and kind of body: a table of data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.failures.connection import (
    ADDRESS_WRONG,
    KEY_REFUSED,
    LEDGER_BUSY,
    LEDGER_IN_DOUBT,
    REFUSED_WITHOUT_REASON,
    REQUEST_TOO_LARGE,
    RIGHT_MISSING,
)
from pleo_export.failures.entry import FailureEntry
from pleo_export.failures.ledger import LEDGER_SAYS


class Body(StrEnum):
    """What kind of body an error came with."""

    MESSAGE = "message"  # Tryton's own words to the user
    PAGE = "page"  # a page as Tryton's web framework makes it
    FOREIGN = "foreign"  # of a gateway, a proxy or another site; or empty, or cut off


# (HTTP status, body) -> what Tryton's own answer means and, where it has no words of its own, what people read.
# Tryton rolls everything back before any of its own errors; only its 5xx other than 503 leave the outcome of a write
# open. (Its 503 over REST is from before the request was looked at: the database cannot be reached.) A read has no
# outcome, so for it OutcomeUnknown is Unavailable.
#
# An answer that is not Tryton's own proves nothing about a write, whatever its status: gateways answer 503 to requests
# that still arrive, and 403 to answers that they do not let pass. Only their 413 counts, for a body that was not
# read cannot have been forwarded. The search that has to follow meets the gateway's 401, 403 or 404 again, as a read.
MEANING: Mapping[tuple[int, Body], tuple[type[AccountingError], FailureEntry]] = {
    (400, Body.MESSAGE): (Rejected, LEDGER_SAYS),
    (400, Body.PAGE): (Rejected, REFUSED_WITHOUT_REASON),
    (401, Body.PAGE): (AuthenticationFailed, KEY_REFUSED),
    (403, Body.PAGE): (PermissionDenied, RIGHT_MISSING),
    (404, Body.PAGE): (InvalidConfiguration, ADDRESS_WRONG),
    (413, Body.PAGE): (Rejected, REQUEST_TOO_LARGE),
    (423, Body.PAGE): (Unavailable, LEDGER_BUSY),
    (429, Body.PAGE): (RateLimited, LEDGER_BUSY),
    (500, Body.PAGE): (OutcomeUnknown, LEDGER_IN_DOUBT),
    (502, Body.PAGE): (OutcomeUnknown, LEDGER_IN_DOUBT),
    (503, Body.PAGE): (Unavailable, LEDGER_BUSY),
    (504, Body.PAGE): (OutcomeUnknown, LEDGER_IN_DOUBT),
}
OTHER_FAULT = (OutcomeUnknown, LEDGER_IN_DOUBT)
OTHER_ANSWER = (InvalidConfiguration, ADDRESS_WRONG)
