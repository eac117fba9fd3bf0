"""dimensionsapi and projectsapi: dimensions, their values, and what draft entries have of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ledger_simulators.economic.entries import Draft
from ledger_simulators.economic.filters import COMPARABLE, ORDERED, TEXT, rows
from ledger_simulators.economic.journals_api import require_version
from ledger_simulators.economic.json_bodies import sent_json, without_empty
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

MOST_ITEMS = 500
VALUE_FILTERS = {"dimensionNumber": COMPARABLE, "key": COMPARABLE, "name": TEXT, "active": ORDERED}
DATA_FILTERS = dict.fromkeys(("dimensionNumber", "dimensionKey", "journalNumber", "entryNumber"), COMPARABLE)
DIMENSION_FILTERS = {"number": COMPARABLE, "name": TEXT, "active": ORDERED}


def dimensions_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of dimensionsapi."""
    api = Blueprint("dimensions", __name__)

    @api.get("/dimensions")
    def list_dimensions() -> ResponseReturnValue:
        found = [
            without_empty({"number": each.number, "name": each.name, "active": each.active, "objectVersion": "d.1"})
            for each in ledger.dimensions.values()
        ]
        return jsonify(rows(found, "number", DIMENSION_FILTERS, request.args.get("filter", ""), _cursor()))

    @api.get("/values")
    def list_values() -> ResponseReturnValue:
        found = [
            without_empty(
                {
                    "dimensionNumber": each.number,
                    "key": value.key,
                    "name": value.name,
                    "active": value.active,
                    "objectVersion": "v.1",
                }
            )
            for each in ledger.dimensions.values()
            for value in each.values.values()
        ]
        return jsonify(rows(found, "key", VALUE_FILTERS, request.args.get("filter", ""), _cursor()))

    @api.get("/dimension-data/draft-entries")
    def list_data() -> ResponseReturnValue:
        found = [
            {
                "dimensionNumber": number,
                "dimensionKey": key,
                "journalNumber": draft.journal,
                "entryNumber": draft.entry,
                "objectVersion": f"x.{draft.version}",
            }
            for draft in ledger.drafts.values()
            for number, key in draft.dimensions.items()
        ]
        return jsonify(rows(found, "entryNumber", DATA_FILTERS, request.args.get("filter", ""), _cursor()))

    @api.post("/dimension-data/draft-entries")
    def add_data() -> ResponseReturnValue:
        sent = sent_json()
        draft = _checked(ledger, sent)
        draft.dimensions[sent["dimensionNumber"]] = sent["dimensionKey"]
        return jsonify({"dimensionNumber": sent["dimensionNumber"]}), 201

    @api.post("/dimension-data/draft-entries/bulk")
    def add_many() -> ResponseReturnValue:
        items = sent_json().get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            raise Problem(400, "The field Items must have between 1 and 500 elements.", "ValidationFailed", "items")
        drafts = [_checked(ledger, each) for each in items]
        for draft, each in zip(drafts, items, strict=True):
            draft.dimensions[each["dimensionNumber"]] = each["dimensionKey"]
        return jsonify({"dimensionNumbers": [each["dimensionNumber"] for each in items]}), 201

    @api.put("/dimension-data/draft-entries")
    def change_data() -> ResponseReturnValue:
        sent = sent_json()
        draft = _checked(ledger, sent, there=True)
        require_version(sent, draft.version)
        draft.dimensions[sent["dimensionNumber"]] = sent["dimensionKey"]
        draft.version += 1
        return Response(status=204)

    return api


def projects_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of projectsapi."""
    api = Blueprint("projects", __name__)
    filters = {"number": COMPARABLE, "name": TEXT}

    @api.before_request
    def require_module() -> None:
        if not ledger.project_module:
            raise Problem(403, "Missing modules: Project", "AccessDeniedAgreementMissingModules")

    @api.get("/Projects")
    def list_projects() -> ResponseReturnValue:
        found = [
            without_empty({"number": each.number, "name": each.name, "isClosed": each.closed})
            for each in ledger.projects.values()
        ]
        return jsonify(rows(found, "number", filters, request.args.get("filter", ""), _cursor()))

    @api.get("/CostTypes")
    def list_cost_types() -> ResponseReturnValue:
        found = [
            without_empty({"number": each.number, "name": each.name, "isBarred": each.barred, "costGroupNumber": 1})
            for each in ledger.cost_types.values()
        ]
        return jsonify(rows(found, "number", filters, request.args.get("filter", ""), _cursor()))

    return api


def _cursor() -> str | None:
    return request.args.get("cursor")


def _checked(ledger: EconomicLedger, sent: Mapping[str, Any], *, there: bool = False) -> Draft:
    for name in ("journalNumber", "entryNumber", "dimensionNumber", "dimensionKey"):
        if not isinstance(sent.get(name), int):
            raise Problem(400, f"The {name} field is required.", "ValidationFailed", name)
    if sent["journalNumber"] not in ledger.journals:
        raise Problem(400, "One or more given journals do not exist.", "JOURNALNOTFOUND", "journalNumber")
    draft = ledger.drafts.get(sent["entryNumber"])
    if draft is None or draft.journal != sent["journalNumber"]:
        raise Problem(400, "One or more given draft entries do not exist.", "DRAFTENTRYNOTFOUND", "entryNumber")
    dimension = ledger.dimensions.get(sent["dimensionNumber"])
    value = dimension.values.get(sent["dimensionKey"]) if dimension is not None and dimension.active else None
    if value is None:
        raise Problem(
            400,
            "Invalid dimension key, please use valid dimension value or distribution key.",
            "CONTAINSINVALIDVALUES",
            "dimensionKey",
        )
    if not value.active:
        raise Problem(400, "Contains barred dimension value.", "CONTAINSBARREDDIMENSIONVALUE", "dimensionKey")
    if not there and sent["dimensionNumber"] in draft.dimensions:
        raise Problem(
            400,
            "Invalid dimension key, only one dimension value or distribution key is allowed per dimension.",
            "ONLYONEITEMPERDIMENSION",
            "dimensionNumber",
        )
    return draft
