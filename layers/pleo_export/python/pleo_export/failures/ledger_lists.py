"""Failures while the lists of the accounting system are read, or a supplier is entered there."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

LIST_NOT_OFFERED = FailureEntry(
    code="list_not_offered",
    says="{ledger} gives no list of {what} over this connection.",
    fix="Ask {support} to take that list out of the settings (sync).",
    why="The accounting system has no such list, or does not offer it to other programs.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton", "what": "vendors"},
)
LIST_INCOMPLETE = FailureEntry(
    code="list_incomplete",
    says="{ledger} gave only a part of its {what}, so nothing of that list was changed in Pleo.",
    fix="It is read again at the next run. If that fails as well, tell {support}.",
    why="A part of a list would look as if the rest had been closed.",
    who=WhoCanFix.SUPPORT,
    example={"ledger": "Tryton", "what": "vendors"},
)
DIMENSION_NOT_THERE = FailureEntry(
    code="dimension_not_there",
    says="{ledger} has nothing with the code {dimension} to choose tags from.",
    fix="Create it there, or ask {support} to take it out of the settings (sync).",
    why="It was renamed or removed in the accounting system after it was chosen.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton", "dimension": "cost_centre"},
)
SUPPLIER_AMBIGUOUS = FailureEntry(
    code="supplier_ambiguous",
    says="{ledger} has several suppliers that fit vendor {name}: {names}.",
    fix="Merge or archive all but one in {ledger}, or give each its own registration number there. It is looked for "
    "again at the next run.",
    why="None is chosen on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "name": "Harbour Print", "names": "Harbour Print (V-2004) and Harbour Print (V-2005)"},
    quotes=frozenset({"names"}),
)
SUPPLIER_BLOCKED = FailureEntry(
    code="supplier_blocked",
    says="Vendor {name} is in {ledger} already, as {supplier}, but blocked or archived there.",
    fix="Make the supplier active there, or archive the vendor in Pleo.",
    why="A second supplier beside a blocked one is never made.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "name": "Harbour Print", "supplier": "Harbour Print (V-2004)"},
)
SUPPLIER_NAME_NOT_TAKEN = FailureEntry(
    code="supplier_name_not_taken",
    says="{ledger} takes no supplier with the name of vendor {name}: {reason}.",
    fix="Correct the vendor's name in Pleo, or enter the supplier by hand in {ledger}.",
    why="A name is never cut or changed: the supplier would not be found by it.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton", "name": "Harbour Print", "reason": "it has more than 250 characters"},
)
SUPPLIER_NUMBER_TAKEN = FailureEntry(
    code="supplier_number_taken",
    says="The number that vendor {name} would get in {ledger} is that of {supplier} there.",
    fix="Enter the supplier by hand in {ledger}, with the vendor's exact name and its registration number.",
    why="The number is computed from the vendor, so that it is never entered twice. Two are never taken for one.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "e-conomic", "name": "Harbour Print", "supplier": "Quay Catering"},
)
SUPPLIER_SETUP_MISSING = FailureEntry(
    code="supplier_setup_missing",
    says="{ledger} has no {what} that a new supplier could have.",
    fix="Set them up there. The vendor is entered at the next run.",
    why="The accounting system asks for it with each supplier.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "e-conomic", "what": "payment terms"},
)
