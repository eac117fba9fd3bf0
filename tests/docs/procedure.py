"""The tables in docs/procedure.md: `python -m tests.docs.procedure` writes them, from the code and the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pleo_export.operations.audit.readme import README
from pleo_export.store import table as records
from tests.system.aws import template
from tests.system.rights import on_aws

PAGE = Path(__file__).parents[2] / "docs" / "procedure.md"
ROW = re.compile(r"^\| ([\w ]+?) *\| (\S+) +\| (\S+) +\|$", re.MULTILINE)

# How long each record is kept; what one is and holds says docs/operate.md, and docs/security.md who may read it.
KEPT = {
    "connection": "until it is disconnected",
    "ledger": "until it is disconnected",
    "call budget": "two days after its last use",
    "Pleo budget": "two days after its last use",
    "numbers": "two days after its last use",
    "lease": "while an export runs",
    "secret lock": "90 seconds",
    "refresh": "7 days",
    "reconciliation": "400 days",
    "mapping": "400 days",
    "settings": "for ever",
    "event": "for ever",
    "audit export": "for ever",
    "pause": "until the company is resumed",
    "pause history": "for ever",
    "invitation": "24 hours",
    "authorisation": "10 minutes",
    "job": "`HistoryDays`",
    "item result": "`HistoryDays`",
    "booked items": "`HistoryDays`",
    "posting": "for ever",
    "sync": "400 days",
    "poll": "for ever: when the last poll ran",
    "schedule": "for ever: how far the schedule of syncs has come",
}


def record_kinds() -> list[tuple[str, str, str]]:
    """Return name, partition key and sort key of each kind of record, as store/table.py lists them."""
    found: list[tuple[str, str, str]] = ROW.findall(records.__doc__ or "")
    return [each for each in found if each[0] != "Record"]


def records_table() -> Iterator[str]:
    yield "| Record | Key | Kept |"
    yield "|---|---|---|"
    for name, pk, sk in record_kinds():
        yield f"| {name} | `{pk}` / `{sk}` | {KEPT[name]} |"


def retention_table() -> Iterator[str]:
    yield "| Parameter | Days | Least | Most |"
    yield "|---|---|---|---|"
    for name in ("PayloadDays", "HistoryDays", "LogRetentionDays"):
        parameter = template()["Parameters"][name]
        allowed = parameter.get("AllowedValues") or [parameter["MinValue"], parameter["MaxValue"]]
        yield f"| `{name}` | {parameter['Default']} | {min(allowed)} | {max(allowed)} |"


def rights_table() -> Iterator[str]:
    yield "| Function | May |"
    yield "|---|---|"
    for each in template()["Resources"].values():
        if each["Type"] == "AWS::Serverless::Function":
            given = on_aws([what for policy in each["Properties"]["Policies"] for what in policy["Statement"]])
            name = each["Properties"]["CodeUri"].strip("/").rpartition("/")[2]
            yield f"| `{name}` | {'; '.join(map(_right, given))} |"


def _right(statement: dict[str, Any]) -> str:
    actions = _listed(statement["Action"])
    service = actions[0].partition(":")[0]
    does = ", ".join(action.partition(":")[2] for action in actions)
    keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
    where = ", ".join(f"`{each}`" for each in keys or map(_resource, _listed(statement["Resource"])))
    return f"{service} {does} on {where}"


def _resource(value: Any) -> str:
    """Return the last part of a resource's name: what tells it from others of its kind."""
    match value:
        case {"Fn::GetAtt": name}:
            return str(name[0] if isinstance(name, list) else name).partition(".")[0]
        case {"Fn::Sub": str() as text}:
            last = text.replace("AWS::StackName", "stack").rpartition(":")[2] if text.startswith("arn:") else text
            name = last.replace(".Arn}", "").replace("${stack}", "<stack>").replace("${", "")
            return "executions of ExportJob" if ":execution:" in text else name
        case {"Ref": name}:
            return str(name)
    return str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def readme() -> Iterator[str]:
    yield "```text"
    yield README.rstrip("\n")
    yield "```"


PARTS = {"records": records_table, "retention": retention_table, "rights": rights_table, "export": readme}


def page() -> str:
    """Return the page with each part in its place."""
    text = PAGE.read_text()
    for name, lines in PARTS.items():
        part = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", re.DOTALL)
        if not part.search(text):
            raise LookupError(f"{PAGE.name} has no place for {name}")
        made = "\n".join(lines()) + "\n"
        text = part.sub(lambda _, made=made: made, text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
