"""Failures of expenses that an export could not finish, or that an earlier one had booked otherwise."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

AGAIN = "Then export this expense again."

INTERNAL_FAULT = FailureEntry(
    code="internal_fault",
    says="A fault of the integration ({fault}) stopped this expense. Its operator has been told.",
    fix="Export this expense again later. If it fails again, tell {support} and quote this sentence.",
    why="Something that nobody foresaw. The log names the place; the expense's own data is never in it.",
    who=WhoCanFix.SUPPORT,
    example={"fault": "KeyError"},
)
FAULT_IN_DOUBT = FailureEntry(
    code="fault_in_doubt",
    says="A fault of the integration ({fault}) came while this expense was being booked. It is not known whether it "
    "was. The operator has been told.",
    fix="Export this expense again: it is looked for first, and booked only if it is not there.",
    why="The fault came after the entry was sent, so only a search can tell whether it was booked.",
    who=WhoCanFix.IN_PLEO,
    example={"fault": "KeyError"},
)
NO_ANSWER_IN_TIME = FailureEntry(
    code="outcome_unknown",
    says="{ledger} did not say in time whether this expense was booked.",
    fix="Export this expense again: it is looked for first, and booked only if it is not there.",
    why="The answer to a call got lost. The next export searches for the entry before it books anything.",
    who=WhoCanFix.IN_PLEO,
)
OUT_OF_TIME = FailureEntry(
    code="out_of_time",
    says="The export ran out of time before this expense, which is not booked.",
    fix="Export this expense again.",
    why="Pleo ends an export an hour after it began, so nothing new is begun in its last minutes.",
    who=WhoCanFix.IN_PLEO,
)
NO_TIME_TO_FINISH = FailureEntry(
    code="not_finished_in_time",
    says="This expense is recorded as {name}, but the export ran out of time before it was finished.",
    fix="Export this expense again: that finishes the entry, and books nothing twice.",
    why="Pleo ends an export an hour after it began. A receipt, the posting or the payment may be missing.",
    who=WhoCanFix.IN_PLEO,
    example={"name": "draft 117"},
)
INTERRUPTED = FailureEntry(
    code="interrupted",
    says="An earlier run of this export was interrupted before it booked this expense.",
    fix="Export this expense again; it is not booked.",
    why="Pleo held the expense as in progress, and the accounting system has no entry of it.",
    who=WhoCanFix.IN_PLEO,
)
NEVER_REPORTED = FailureEntry(
    code="no_result",
    says="The export ended without a result for this expense.",
    fix="Export this expense again: it is looked for first, and booked only if it is not there.",
    why="Pleo still held the expense as open when everything else was done.",
    who=WhoCanFix.IN_PLEO,
)
CHANGED_AFTER_POSTING = FailureEntry(
    code="changed_after_posting",
    says="This expense is booked already as {name}, with another amount, account or text than it has now.",
    fix="If the change should be booked, void that entry in {ledger} first. " + AGAIN,
    why="The expense was changed in Pleo after it was booked. An entry is never changed behind a bookkeeper's back.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "2026/00117"},
)
CHANGED_AFTER_DRAFT = FailureEntry(
    code="changed_after_draft",
    says="This expense is there already as draft {name}, with another amount, account or text than it has now.",
    fix="If the change should be booked, delete that draft in {ledger} first. " + AGAIN,
    why="The expense was changed in Pleo after its draft was made. Somebody may be working on the draft, so it stays.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "117"},
)
ENTRY_GONE = FailureEntry(
    code="entry_gone",
    says="Entry {name} was recorded by this export, but {ledger} no longer has it.",
    fix="If somebody deleted it on purpose, export this expense again to record it once more.",
    why="The entry disappeared between two steps of the same export.",
    who=WhoCanFix.IN_PLEO,
    example={"name": "2026/00117"},
)
PAYMENT_WITHOUT_ITS_BILL = FailureEntry(
    code="payment_without_bill",
    says="Payment {name} of this expense is in {ledger}, but the bill that it belongs to is not.",
    fix="Void that payment in {ledger}. " + AGAIN,
    why="The bill was deleted or voided, the payment was not. A second payment would pay twice.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "2026/00118"},
)
DRAFT_WITH_OTHER_DATE = FailureEntry(
    code="draft_with_other_date",
    says="This expense is recorded as {name}, dated {theirs} there and {ours} in Pleo.",
    fix="Correct the date of the draft in {ledger}, or post it there as it is. " + AGAIN,
    why="Somebody changed the date of the draft. It is not posted on a date that Pleo does not name.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "draft 117", "theirs": "2026-02-01", "ours": "2026-01-31"},
)
REVERSAL_NOT_FINISHED = FailureEntry(
    code="reversal_not_finished",
    says="The reversal of entry {name} of this expense was begun and not finished.",
    fix="Ask {support} to reverse it once more. " + AGAIN,
    why="Reversing was interrupted, so the entry may be in the ledger or not. It is neither used nor replaced.",
    who=WhoCanFix.SUPPORT,
    example={"name": "2026/00117"},
)
VALID_AFTER_REVERSAL = FailureEntry(
    code="valid_after_reversal",
    says="Entry {name} of this expense was reversed, but {ledger} holds it as valid again.",
    fix="Void that entry in {ledger}. " + AGAIN,
    why="Somebody has undone the reversal in the ledger. A second entry would book the expense twice.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "2026/00117"},
)
