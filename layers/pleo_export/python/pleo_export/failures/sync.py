"""What a sync of Pleo's lists did not do: tags, accounts, tax codes and vendors that a person has to decide on.

`element` is what people call one of them, such as `tag 100 of group DEPT`.
"""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

_BY_ITSELF = "The next sync takes it from there."

SHRUNK = FailureEntry(
    code="sync_shrunk",
    says="{archived} of {shown} {elements} would be archived in Pleo, because {ledger} no longer offers them. Nothing "
    "was archived; what is new and renamed was taken over.",
    fix="Look at the plan with `pleo-export sync --dry-run`. If it is right, run it again with `--confirm` and the "
    "hash of the plan; if not, correct the list in {ledger}.",
    why="A list that is suddenly short or empty is more often a wrong setting or right than a decision.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"archived": "40", "shown": "120", "elements": "tags of group DEPT"},
)
COLLISION = FailureEntry(
    code="sync_codes_collide",
    says="{ledger} has several entries with the code {code}, or with codes that differ by upper and lower case alone: "
    "{named}. None of them was changed in Pleo.",
    fix="Give each its own code in {ledger}, or close all but one. " + _BY_ITSELF,
    why="Pleo takes them for one, and an expense that names the code could mean any of them.",
    who=WhoCanFix.IN_LEDGER,
    example={"code": "DEPT", "named": "Department (DEPT) and Depot (dept)"},
    quotes=frozenset({"named"}),
)
DUPLICATE_AT_PLEO = FailureEntry(
    code="sync_duplicate_at_pleo",
    says="Pleo shows {element} {times} times. One is kept, the others are archived.",
    fix="Look in Pleo at expenses that carry an archived one, and choose again where they are not exported yet.",
    why="The one with the name of the accounting system is kept, else the oldest.",
    who=WhoCanFix.IN_PLEO,
    example={"element": "tag 100 of group DEPT", "times": "2"},
)
GROUP_TWICE = FailureEntry(
    code="sync_group_twice_at_pleo",
    says="Pleo shows several tag groups with the code {group}. The oldest is kept in step, the others were left alone.",
    fix="Archive the tag groups that nobody uses in Pleo under Settings, Tags.",
    why="An expense names the code of its tag group, so one group has to hold all of its tags.",
    who=WhoCanFix.IN_PLEO,
    example={"group": "DEPT"},
)
EMPTY_CODE = FailureEntry(
    code="sync_code_empty",
    says='"{name}" of the {elements} has no code in {ledger}, so Pleo does not offer it.',
    fix="Give it a code in {ledger}, or close it there. " + _BY_ITSELF,
    why="An expense names what was chosen by its code.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "Sales", "elements": "tags of group DEPT"},
)
CODE_TOO_LONG = FailureEntry(
    code="sync_code_too_long",
    says='The code of "{name}" of the {elements} is longer than {longest} characters, so Pleo does not offer it.',
    fix="Give it a shorter code in {ledger}. " + _BY_ITSELF,
    why="A code that is cut would name something else.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "Sales", "elements": "tags of group DEPT", "longest": "200"},
)
NAME_CUT = FailureEntry(
    code="sync_name_cut",
    says="The name of {element} is longer than Pleo takes, and was cut.",
    fix="Give it a shorter name in {ledger} if people cannot tell it from others.",
    why="Pleo takes 255 characters.",
    who=WhoCanFix.IN_LEDGER,
    example={"element": "tag 100 of group DEPT"},
)
FOREIGN_GROUP = FailureEntry(
    code="sync_foreign_group",
    says="The tag group {group} in Pleo was not made by this connection and belongs to no list that is kept in step. "
    "It was left alone.",
    fix="Archive it in Pleo under Settings, Tags, if nobody uses it, or ask {support} to list it under "
    "sync.foreign_groups.",
    why="Pleo recommends to archive such groups, but somebody made it for a reason.",
    who=WhoCanFix.IN_PLEO,
    example={"group": "PROJECTS"},
)
TOO_MANY_TAGS = FailureEntry(
    code="sync_group_full",
    says="Pleo takes no more active tags in group {group}, or not those that come next: {missing} are missing there.",
    fix="Close entries in {ledger} that nobody uses, or correct their names and codes. " + _BY_ITSELF,
    why="Pleo limits the active tags of a group.",
    who=WhoCanFix.IN_LEDGER,
    example={"group": "DEPT", "missing": "12"},
)
REFUSED = FailureEntry(
    code="sync_refused",
    says="Pleo refused to {action} {element} ({cause}). The rest was done.",
    fix="Correct its name and code in {ledger}; if they are in order, tell {support}.",
    why="Pleo checks each entry for itself.",
    who=WhoCanFix.IN_LEDGER,
    example={"action": "create", "element": "account 6100", "cause": "NAME_TOO_LONG"},
)
SCOPE_MISSING = FailureEntry(
    code="sync_scope_missing",
    says="Pleo does not let this connection use its {list} ({scope}). Nothing of them was changed.",
    fix="Ask {support} to connect Pleo again and to allow it.",
    why="Each list has a right of its own, which a person grants when Pleo is connected.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"list": "vendors", "scope": "vendors:write"},
)
LIST_INCOMPLETE = FailureEntry(
    code="sync_list_incomplete",
    says="The list of {elements} could not be read whole: {cause} Nothing of it was changed in Pleo.",
    fix="Correct what the cause names. What passes by itself needs nothing: the next sync reads the list again.",
    why="Half a list looks like one in which the rest was closed.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"elements": "accounts", "cause": "The accounting system cannot be reached."},
    quotes=frozenset({"cause"}),
)
DIMENSION_GONE = FailureEntry(
    code="sync_list_of_group_gone",
    says="{ledger} no longer has {group}, which Pleo shows as a tag group.",
    fix="Take it out of sync.dimensions in the settings, or make it again in {ledger}.",
    why="The tag group is archived once a person has confirmed the plan with `pleo-export sync --confirm`.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"group": "DEPT"},
)
VENDOR_TWICE = FailureEntry(
    code="sync_vendor_twice",
    says="Vendor {vendor} of Pleo is supplier {supplier} of {ledger}, which another vendor in Pleo stands for already.",
    fix="Choose the other vendor for its expenses in Pleo, and archive this one there.",
    why="Two vendors cannot be one supplier: Pleo refuses it.",
    who=WhoCanFix.IN_PLEO,
    example={"vendor": "4f1e", "supplier": "V100"},
)
RATE_UNKNOWN = FailureEntry(
    code="sync_rate_unknown",
    says="Tax code {code} has no rate in {ledger}, so Pleo does not offer it.",
    fix="Give it a rate in {ledger}, or make the tax code in Pleo under Settings, Accounting, Tax codes.",
    why="Pleo takes no tax code without a rate.",
    who=WhoCanFix.IN_LEDGER,
    example={"code": "VAT20"},
)
INTERRUPTED = FailureEntry(
    code="sync_interrupted",
    says="The sync of {elements} was interrupted: Pleo did not answer, or takes no more requests now ({cause}).",
    fix="Nothing has to be done: it goes on by itself.",
    why="Every run reads both lists and does what is still to do.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"elements": "tags", "cause": "503"},
)
