"""Failures of the connection to the accounting system: its key, its rights, its address, its answers."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN

_LATER = "Export again in some minutes: nothing is booked twice."

KEY_REFUSED = FailureEntry(
    code="key_refused",
    says="{ledger} does not accept the API key.",
    fix="In {ledger}: Preferences, Applications, make a new key of type REST. Send it to {support}, who connects "
    "again. Then export again.",
    why="The key was withdrawn, or the connection has none.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton"},
)
LOGIN_REFUSED = FailureEntry(
    code="login_refused",
    says="{ledger} does not let the user of the connection log in.",
    fix="Ask {support} to connect again with a user and password that are valid. Then export again.",
    why="The password was changed, or the user was deactivated.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton"},
)
GRANT_ENDED = FailureEntry(
    code="grant_ended",
    says="The authorisation to use {ledger} has ended.",
    fix="Ask {support} to connect {ledger} again. Then export again.",
    why="Such an authorisation can be withdrawn, and ends by itself when it is not used for long.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "xero"},
)
RIGHT_MISSING = FailureEntry(
    code="right_missing",
    says="The user of the API key may not {what} in {ledger}.",
    fix="Ask the administrator of {ledger} to add the user to the group Accounting. Then export again.",
    why="The connection has the rights of the user who made the key.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"what": "write entries", "ledger": "Tryton"},
)
REOPEN_RIGHT_MISSING = FailureEntry(
    code="reopen_right_missing",
    says="The user of the API key may not open a paid bill again in {ledger}, as a returned payment asks for.",
    fix="Ask the administrator of {ledger} to give its group the right to delete Account Move Reconciliation. " + AGAIN,
    why="A payment that came back makes its bill open again.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton"},
)
ADDRESS_WRONG = FailureEntry(
    code="ledger_address_wrong",
    says="The address of {ledger} in the settings leads to something else.",
    fix="Ask {support} to check url and database. Then export again.",
    why="What answers is not the accounting system, or it does not have the database.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton"},
)
SETTING_UNKNOWN_THERE = FailureEntry(
    code="setting_not_in_ledger",
    says="{ledger} has {count} {setting} {value} that the user of the API key may use.",
    fix="Ask {support} to correct it in the settings (accounting_system). Then export again.",
    why="A company or journal was renamed or removed after the connection was made.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton", "count": "no", "setting": "journal", "value": "EXP"},
)
EXCHANGE_NOT_SET_UP = FailureEntry(
    code="exchange_not_set_up",
    says="{ledger} has no journal or accounts for exchange differences.",
    fix="Set them there under Configuration, Accounting. " + AGAIN,
    why="A payment was worth more or less than its bill in the company's currency.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton"},
)
REFUSED_WITHOUT_REASON = FailureEntry(
    code="refused_without_reason",
    says="{ledger} failed on this, or was busy with other entries.",
    fix="Export this expense again. If it fails again, ask the administrator of {ledger}, whose log has the reason.",
    why="The accounting system gave no reason.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton"},
)
REQUEST_TOO_LARGE = FailureEntry(
    code="request_too_large",
    says="{ledger} finds the request too large.",
    fix="Ask the administrator of {ledger} to allow larger requests (request.max_size). " + AGAIN,
    why="The accounting system, or a gateway before it, limits the size of a request.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton"},
)
LEDGER_BUSY = FailureEntry(
    code="ledger_busy",
    says="{ledger} is busy or being serviced. Nothing was done.",
    fix=_LATER,
    why="The accounting system asked to come back later, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton"},
)
LEDGER_CALLS_USED_UP = FailureEntry(
    code="ledger_calls_used_up",
    says="{ledger} takes no more requests at the moment.",
    fix=_LATER,
    why="The accounting system limits the requests of a minute, and the export had no time left to wait for that.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Xero"},
)
LEDGER_DAY_USED_UP = FailureEntry(
    code="ledger_day_used_up",
    says="{ledger} takes no more requests of this connection before {until}.",
    fix="Export again after that time: nothing is booked twice.",
    why="The accounting system limits the requests of a day, and this one's are used up.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Xero", "until": "00:00 UTC on 2026-11-28"},
)
LEDGER_UNREACHABLE = FailureEntry(
    code="ledger_unreachable",
    says="{ledger} cannot be reached. Nothing was done.",
    fix=_LATER,
    why="The accounting system did not answer, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton"},
)
NO_TIME_TO_ASK = FailureEntry(
    code="no_time_to_ask",
    says="There was no time left to ask {ledger}. Nothing was done.",
    fix=_LATER,
    why="Pleo ends an export an hour after it began.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton"},
)
LEDGER_IN_DOUBT = FailureEntry(
    code="ledger_in_doubt",
    says="{ledger} failed or did not answer. Whether this was recorded is not known yet.",
    fix="Export this expense again: it is looked for first, and booked only if it is not there.",
    why="The answer to a call got lost. The next export searches for the entry before it books anything.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton"},
)
TOKENS_REFUSED = FailureEntry(
    code="tokens_refused",
    says="{ledger} does not accept the API key of the connection (its two tokens).",
    fix="In {ledger}: All settings, Extensions, Apps, grant access to the app again. Send the new token to {support}, "
    "who connects again. Then export again.",
    why="The access of the app was withdrawn in the agreement, or the connection has no tokens.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "e-conomic"},
)
ROLE_MISSING = FailureEntry(
    code="role_missing",
    says="The app of the connection may not work with the journals in {ledger}.",
    fix="In {ledger}: All settings, Extensions, Apps, grant access again by a user who may do bookkeeping. Then "
    "export again.",
    why="The connection has the roles that the user had who granted access to the app.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "e-conomic"},
)
OTHER_LEDGER = FailureEntry(
    code="other_ledger",
    says="The tokens of the connection belong to agreement {found} of {ledger}, the settings to agreement {wanted}.",
    fix="Ask {support} to correct accounting_system.agreement in the settings, or the tokens. Then export again.",
    why="Nothing is booked in another company's ledger.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "e-conomic", "found": "424242", "wanted": "424243"},
)
JOURNAL_RESTRICTED = FailureEntry(
    code="journal_restricted",
    says="Journal {journal} of {ledger} takes certain types of entries only.",
    fix="Set its entry type to all types there, or ask {support} to name another journal in the settings. Then export "
    "again.",
    why="Card expenses are finance vouchers, bills and their payments are supplier entries; all go to one journal.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "e-conomic", "journal": "12"},
)
VOUCHER_NUMBERS_USED_UP = FailureEntry(
    code="voucher_numbers_used_up",
    says="Journal {journal} of {ledger} has no voucher number left.",
    fix="Give the journal a larger range of voucher numbers there. Then export again.",
    why="Each entry gets a voucher number from the range of its journal.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "e-conomic", "journal": "12"},
)
CONNECTION_REFUSED = FailureEntry(
    code="connection_refused",
    says="{ledger} does not let Pleo's integration in: its authorisation has ended, or the company is not connected.",
    fix="Ask {support} to connect {ledger} again. Then export again.",
    why="A person can end the connection in the accounting system, and authorisations end by themselves.",
    who=WhoCanFix.SUPPORT,
    example={"ledger": "Xero"},
)
SCOPE_MISSING = FailureEntry(
    code="scope_missing",
    says="The authorisation to use {ledger} does not cover this.",
    fix="Ask {support} to connect {ledger} again and to grant everything that it asks for. Then export again.",
    why="The accounting system gives an integration only the rights that a person has granted.",
    who=WhoCanFix.SUPPORT,
    example={"ledger": "Xero"},
)
