"""Failures of an export as a whole."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

ONLY_ONE_FAILED = FailureEntry(
    code="only_expense_failed",
    says="The only expense of this export failed.",
    fix="Open it to see what to do.",
    why="The reason stands with the expense.",
    who=WhoCanFix.IN_PLEO,
)
ALL_FAILED = FailureEntry(
    code="all_expenses_failed",
    says="All {expenses} of this export failed.",
    fix="Open each to see what to do.",
    why="The reason stands with each expense.",
    who=WhoCanFix.IN_PLEO,
    example={"expenses": "12 expenses"},
)
RESULTS_NOT_TAKEN = FailureEntry(
    code="results_not_taken",
    says="Pleo did not take the results of all expenses of this export.",
    fix="Export again those that Pleo does not show as exported: nothing is booked twice.",
    why="Pleo refused some results several times. What was booked is found by the next export.",
    who=WhoCanFix.IN_PLEO,
)
COUNTS_DIFFER = FailureEntry(
    code="counts_differ",
    says="Pleo announced {announced} expenses for this export but lists {listed}.",
    fix="Export again.",
    why="The expenses of the export changed while they were read. Nothing was booked.",
    who=WhoCanFix.IN_PLEO,
    example={"announced": "12", "listed": "11"},
)
WRONG_SIGN = FailureEntry(
    code="wrong_sign",
    says="{wrong} of {total} expenses ({types}) have a {sign} amount, the opposite of money spent. Nothing was booked: "
    "it would be the wrong way round.",
    fix="If they are corrections, export them one at a time. If Pleo shows them as money spent, ask {support} to set "
    "outflow_sign to the other sign.",
    why="One expense of the other sign is a correction. If most of them are, the setting outflow_sign is wrong.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"wrong": "9", "total": "12", "types": "card purchase", "sign": "negative"},
)
SETTINGS_WRONG = FailureEntry(
    code="settings_wrong",
    says="The settings of the connection cannot be used: {fault}.",
    fix="Nothing that you can correct in Pleo: tell {support} and quote this sentence. Then export again.",
    why="The settings were right when they were entered. The integration itself, or what it connects to, has changed.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"fault": "accounting_system: no such system"},
    quotes=frozenset({"fault"}),
)
NO_VENDOR_BOOKKEEPING = FailureEntry(
    code="no_vendor_bookkeeping",
    says="Vendor-based bookkeeping is on in Pleo, but this connection cannot record bills.",
    fix="Turn it off in Pleo under Settings, Accounting. Then export again.",
    why="The accounting system, or the connection to it, takes journal entries only.",
    who=WhoCanFix.IN_PLEO,
)
CONTRA_ACCOUNT_MISSING = FailureEntry(
    code="contra_account_missing",
    says="Pleo says: {words}",
    fix="Add the contra account in Pleo under Settings, Accounting, Contra accounts. Then export again.",
    why="Pleo hands out no expenses of a wallet that has no contra account.",
    who=WhoCanFix.IN_PLEO,
    example={"words": "Missing contra account for EUR."},
    quotes=frozenset({"words"}),
)
PLEO_SILENT = FailureEntry(
    code="pleo_no_answer",
    says="Pleo did not answer the integration in time.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="Pleo was busy or could not be reached, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
)
PLEO_LIMIT = FailureEntry(
    code="pleo_limit",
    says="Pleo's limit of requests was reached.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="Pleo asked for fewer requests, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
)
PLEO_SIGN_IN_SILENT = FailureEntry(
    code="pleo_sign_in_no_answer",
    says="Pleo's sign-in service did not answer.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="Without it the integration gets no access to the expenses.",
    who=WhoCanFix.IN_PLEO,
)
LEDGER_SIGN_IN_SILENT = FailureEntry(
    code="ledger_sign_in_no_answer",
    says="The sign-in service of {ledger} did not answer.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="Without it the integration gets no access to the accounting system.",
    who=WhoCanFix.IN_PLEO,
)
OVERLOADED = FailureEntry(
    code="overloaded",
    says="The integration was overloaded.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="The services that the integration runs on asked for fewer requests, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
)
CONNECTION_LOST = FailureEntry(
    code="connection_lost",
    says="The integration lost its connection.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="The services that the integration runs on could not be reached, for longer than an export can wait.",
    who=WhoCanFix.IN_PLEO,
)
RUN_TWICE = FailureEntry(
    code="run_twice",
    says="Another run of this export began at the same time.",
    fix="Export again in some minutes: nothing is booked twice.",
    why="Two runs of one export never book side by side; one of them stops.",
    who=WhoCanFix.IN_PLEO,
)
NOT_STARTED = FailureEntry(
    code="not_started",
    says="Pleo did not let this export begin.",
    fix="Export again in some minutes.",
    why="Pleo refused to start the export several times, and still held it as pending.",
    who=WhoCanFix.IN_PLEO,
)
JOB_FAULT = FailureEntry(
    code="export_fault",
    says="A fault of the integration stopped this export. Its operator has been told.",
    fix="Export again later. If it fails again, tell {support}.",
    why="Something that nobody foresaw stopped the whole export.",
    who=WhoCanFix.SUPPORT,
)
