"""The six steps of the naive reference. Ledger settings are in the environment: LEDGER, as JSON.

Of Xero: `url`, `tenant`, `token`, `wallet`. Of Tryton: `url`, `database`, `token`, `company`, `journal`, and the ids of
`accounts` by code and of `periods` by month.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import requests

Json = dict[str, Any]
TIMEOUT = 30
FINISHED = "completed"


def fetch_items(event: Json, _context: Any) -> list[Json]:
    """Start the job and answer all of its items."""
    _pleo("POST", "/v3/export-job-events", {"jobId": event["jobId"], "event": "started"})
    items: list[Json] = []
    after = ""
    while True:
        page = _pleo("GET", f"/v3/export-items?job_id={event['jobId']}&limit=100{after}").json()
        items += page["data"]
        if not page["pagination"]["hasNextPage"]:
            return items
        after = f"&after={page['pagination']['endCursor']}"


def validate_item(event: Json, _context: Any) -> Json:
    """Refuse what has no account."""
    if not all(line["account"] for line in event["item"]["accountingEntryLines"]):
        raise ValueError("an expense without an account")
    return event


def map_item(event: Json, _context: Any) -> Json:
    """Add what is to be booked: amounts in minor units, + debit."""
    item = event["item"]
    lines = []
    for line in item["accountingEntryLines"]:
        gross, net = (line[name]["inWalletCurrency"]["value"] for name in ("lineAmount", "netAmount"))
        tax = line["tax"] or {}
        lines.append({"account": line["account"]["code"], "gross": gross, "net": net, "tax": tax.get("code")})
    document = {
        "date": item["date"][:10],
        "text": (item["supplier"] or {}).get("name") or "Pleo",
        "reference": f"naive:{item['accountingEntryId']}",
        "wallet": item["contraAccount"]["code"],
        "lines": lines,
    }
    return {**event, "document": document}


def create_document(event: Json, _context: Any) -> Json:
    """Create the document in the ledger, then attach its files, one call each."""
    ledger = json.loads(os.environ["LEDGER"])
    create, attach = (
        (_create_in_xero, _attach_in_xero) if "tenant" in ledger else (_create_in_tryton, _attach_in_tryton)
    )
    made = create(ledger, event["document"])
    for number, file in enumerate(event["item"]["files"]):
        content = requests.get(file["url"], timeout=TIMEOUT)
        content.raise_for_status()
        attach(ledger, made, f"receipt-{number}.pdf", content.content)
    return {**event, "externalId": made}


def update_item(event: Json, _context: Any) -> Json:
    """Tell Pleo the result of the item."""
    result = {
        "accountingEntryId": event["item"]["accountingEntryId"],
        "status": "successful",
        "externalId": event["externalId"],
        "exportedAt": event["item"]["date"],
    }
    answer = _pleo("PUT", f"/v3/export-jobs/{event['jobId']}/items", [result]).json()
    if answer["errors"]:
        raise ValueError("an update was refused")
    return {"externalId": event["externalId"]}


def complete_job(event: Json, _context: Any) -> Json:
    """Tell Pleo that the job is over."""
    _pleo("POST", "/v3/export-job-events", {"jobId": event["jobId"], "event": FINISHED})
    return {"jobId": event["jobId"]}


def _pleo(method: str, path: str, body: Any = None) -> requests.Response:
    key = base64.b64encode(f"{os.environ['PLEO_KEY']}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}"}
    answer = requests.request(method, os.environ["PLEO_URL"] + path, json=body, headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer


def _create_in_xero(ledger: Json, document: Json) -> str:
    lines = [
        {
            "Description": document["text"],
            "Quantity": 1,
            "UnitAmount": _units(line["gross"]),
            "AccountCode": line["account"],
            "TaxType": line["tax"] or "NONE",
        }
        for line in document["lines"]
    ]
    record = {
        "Type": "SPEND",
        "Contact": {"Name": document["text"]},
        "BankAccount": {"Code": document["wallet"]},
        "Date": document["date"],
        "Reference": document["reference"],
        "LineAmountTypes": "Inclusive",
        "LineItems": lines,
        "Status": "AUTHORISED",
    }
    body = json.dumps({"BankTransactions": [record]})
    answer = _xero(ledger, "PUT", "/BankTransactions", body.encode(), "application/json")
    return str(answer.json()["BankTransactions"][0]["BankTransactionID"])


def _attach_in_xero(ledger: Json, id_: str, name: str, content: bytes) -> None:
    _xero(ledger, "PUT", f"/BankTransactions/{id_}/Attachments/{name}", content, "application/pdf")


def _xero(ledger: Json, method: str, path: str, body: bytes, content_type: str) -> requests.Response:
    headers = {
        "Authorization": f"Bearer {ledger['token']}",
        "xero-tenant-id": ledger["tenant"],
        "Accept": "application/json",
        "Content-Type": content_type,
    }
    answer = requests.request(method, f"{ledger['url']}/api.xro/2.0{path}", data=body, headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer


def _create_in_tryton(ledger: Json, document: Json) -> str:
    accounts = ledger["accounts"]
    lines = []
    for line in document["lines"]:
        lines.append(_side(accounts[line["account"]], line["net"], document["text"]))
        if line["gross"] != line["net"]:
            lines.append(_side(accounts[ledger["tax_account"]], line["gross"] - line["net"], document["text"]))
    lines.append(
        _side(accounts[document["wallet"]], -sum(line["gross"] for line in document["lines"]), document["text"])
    )
    year, month, day = map(int, document["date"].split("-"))
    record = {
        "company": ledger["company"],
        "journal": ledger["journal"],
        "period": ledger["periods"][document["date"][:7]],
        "date": {"__class__": "date", "year": year, "month": month, "day": day},
        "description": document["reference"],
        "lines": [["create", lines]],
    }
    made = _tryton(ledger, "account.move?f=id", record).json()["id"]
    _tryton(ledger, f"account.move/{made}/post?f=number", {})
    return str(made)


def _side(account: int, amount: int, text: str) -> Json:
    return {
        "account": account,
        "debit": _decimal(max(amount, 0)),
        "credit": _decimal(max(-amount, 0)),
        "description": text,
    }


def _attach_in_tryton(ledger: Json, id_: str, name: str, content: bytes) -> None:
    data = {"__class__": "bytes", "base64": base64.b64encode(content).decode()}
    record = {"name": name, "type": "data", "resource": f"account.move,{id_}", "data": data}
    _tryton(ledger, "ir.attachment?f=id", record)


def _tryton(ledger: Json, path: str, body: Any) -> requests.Response:
    context = base64.urlsafe_b64encode(json.dumps({"company": ledger["company"]}).encode()).decode()
    headers = {"Authorization": f"Bearer {ledger['token']}", "X-Tryton-Context": context}
    url = f"{ledger['url']}/{ledger['database']}/rest/model/{path}"
    answer = requests.post(url, json=body, headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer


def _decimal(minor: int) -> Json:
    return {"__class__": "Decimal", "decimal": f"{minor // 100}.{minor % 100:02}"}


def _units(minor: int) -> float:
    return minor / 100
