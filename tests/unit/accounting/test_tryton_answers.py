"""The table of Tryton's answers, row by row, as the connector's caller sees them."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import date
from typing import BinaryIO

import pytest
import responses
from responses import matchers

from pleo_export.accounting.connect import connect
from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentTooLarge,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import DocumentRef, State
from pleo_export.accounting.transport import Answer, Transport
from pleo_export.accounting.tryton_rest import MEANING, TrytonRest, error_of, headers
from pleo_export.bookkeeping.documents import Kind
from pleo_export.settings import TrytonSettings

URL = "https://books.example.com"
REST = f"{URL}/books/rest/model"
PAGE = b"<!doctype html><title>Error</title>"
SETTINGS = TrytonSettings.model_validate({"name": "tryton", "url": URL, "database": "books"})
DRAFT = DocumentRef("pleo:1", Kind.JOURNAL_ENTRY, "17", None, State.DRAFT, date(2026, 2, 10), None)
OTHER_DRAFT = DocumentRef("pleo:2", Kind.JOURNAL_ENTRY, "18", None, State.DRAFT, date(2026, 2, 10), None)


def row(document: DocumentRef, state: str) -> dict[str, object]:
    day = {"__class__": "date", "year": 2026, "month": 2, "day": 10}
    number = "2026/00001" if state == "posted" else None
    return {
        "id": int(document.id),
        "description": document.reference,
        "number": number,
        "state": state,
        "date": day,
        "origin": None,
        "lines.": [{"id": 1, "description": "Paper"}],
    }


@pytest.mark.parametrize(
    ("status", "content", "of_write", "of_read"),
    [
        (400, b'{"status": 400, "message": "No.", "description": ""}', Rejected, Rejected),
        (400, PAGE, Rejected, Rejected),
        (401, PAGE, AuthenticationFailed, AuthenticationFailed),
        (403, PAGE, PermissionDenied, PermissionDenied),
        (404, PAGE, InvalidConfiguration, InvalidConfiguration),
        (413, PAGE, Rejected, Rejected),
        (423, PAGE, Unavailable, Unavailable),
        (429, PAGE, RateLimited, RateLimited),
        (500, PAGE, OutcomeUnknown, Unavailable),
        (502, PAGE, OutcomeUnknown, Unavailable),
        (503, PAGE, Unavailable, Unavailable),
        (503, b'{"message": "busy"}', Unavailable, Unavailable),
        (504, PAGE, OutcomeUnknown, Unavailable),
        (599, PAGE, OutcomeUnknown, Unavailable),
        (301, b"", InvalidConfiguration, InvalidConfiguration),
        (418, PAGE, InvalidConfiguration, InvalidConfiguration),
    ],
)
def test_each_answer_means_one_error(
    status: int, content: bytes, of_write: type[AccountingError], of_read: type[AccountingError]
) -> None:
    answer = Answer(status, content, {})

    assert type(error_of(answer, write=True)) is of_write
    assert type(error_of(answer, write=False)) is of_read


def test_only_a_refusal_of_one_document_quotes_tryton() -> None:
    """The others leave the function with their message (promise 8)."""
    content = json.dumps({"message": "Harbour dinner", "description": "987,654.32"}).encode()
    answers = [Answer(status, content, {}) for status in range(300, 600)]
    errors = [error_of(answer, write=write) for answer in answers for write in (True, False)]
    assert {type(error) for error in errors if "Harbour" in error.message} == {Rejected}


def test_each_row_of_the_table_says_something_to_the_bookkeeper() -> None:
    for status, body in MEANING:
        content = b'{"message": "No."}' if body == "message" else PAGE
        error = error_of(Answer(status, content, {}), write=True)
        assert error.message
        assert error.status == status


@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "7"}, 7), ({"Retry-After": "soon"}, 60), ({}, 60)])
def test_given_a_rate_limit_when_read_then_the_wait_is_the_servers_or_a_minute(
    header: dict[str, str], seconds: int
) -> None:
    error = error_of(Answer(429, PAGE, header), write=False)

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_given_a_secret_without_a_key_when_connected_then_authentication_has_failed() -> None:
    with pytest.raises(AuthenticationFailed, match="token"):
        connect(SETTINGS, {})


@responses.activate
def test_given_a_site_that_is_not_tryton_when_searched_then_the_settings_are_to_blame() -> None:
    responses.post(f"{REST}/account.move/search_read", body=PAGE)

    with pytest.raises(InvalidConfiguration, match="url"):
        connect(SETTINGS, {"token": "k"}).find_many(["pleo:1"])


@responses.activate
def test_given_a_web_address_when_found_then_links_lead_people_there() -> None:
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "posted")])
    responses.post(f"{REST}/account.invoice/search_read", json=[])
    settings = TrytonSettings.model_validate({**SETTINGS.model_dump(), "web_url": "https://tryton.example.com/"})

    found = connect(settings, {"token": "k"}).find_many(["pleo:1"])["pleo:1"]

    assert isinstance(found, DocumentRef)
    assert found.url == "https://tryton.example.com/#books/model/account.move/17"


@responses.activate
def test_given_a_draft_posted_meanwhile_when_finalised_then_it_is_taken_as_it_is() -> None:
    responses.post(f"{REST}/account.move/17/post", status=400, json={"message": "You can not call post."})
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "posted")])

    document = connect(SETTINGS, {"token": "k"}).finalise_many([DRAFT])["pleo:1"]

    assert isinstance(document, DocumentRef)
    assert (document.state, document.number) == (State.POSTED, "2026/00001")


@responses.activate
def test_given_a_draft_that_tryton_refuses_when_finalised_then_it_is_said_that_it_stays_a_draft() -> None:
    responses.post(f"{REST}/account.move/17/post", status=400, json={"message": "No sequence."})
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "draft")])

    outcome = connect(SETTINGS, {"token": "k"}).finalise_many([DRAFT])["pleo:1"]

    assert isinstance(outcome, Rejected)
    assert "draft" in outcome.message
    assert "No sequence." in outcome.message


@responses.activate
def test_given_a_draft_deleted_by_a_person_when_finalised_then_that_is_said() -> None:
    responses.post(f"{REST}/account.move/17/post", status=404, body=PAGE)
    responses.post(f"{REST}/account.move/search_read", json=[])

    outcome = connect(SETTINGS, {"token": "k"}).finalise_many([DRAFT])["pleo:1"]

    assert isinstance(outcome, Rejected)
    assert "deleted" in outcome.message


@responses.activate
def test_given_a_busy_tryton_when_the_first_draft_is_finalised_then_the_call_fails_as_a_whole() -> None:
    responses.post(f"{REST}/account.move/17/post", status=503, body=PAGE)

    with pytest.raises(Unavailable):
        connect(SETTINGS, {"token": "k"}).finalise_many([DRAFT, OTHER_DRAFT])


@responses.activate
def test_given_a_tryton_that_goes_away_when_drafts_are_finalised_then_each_has_its_own_outcome() -> None:
    responses.post(f"{REST}/account.move/17/post", json=row(DRAFT, "posted"))
    responses.post(f"{REST}/account.move/18/post", status=503, body=PAGE)

    outcomes = connect(SETTINGS, {"token": "k"}).finalise_many([DRAFT, OTHER_DRAFT])

    assert isinstance(outcomes["pleo:1"], DocumentRef)
    assert isinstance(outcomes["pleo:2"], Unavailable)


@responses.activate
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 200_000])
def test_given_a_file_when_attached_then_its_request_is_as_long_as_was_said(size: int) -> None:
    uploaded = responses.post(f"{REST}/ir.attachment", json={"id": 1})
    transport = Transport("Tryton", URL, headers("k", 1))
    content = b"\xff" * size

    TrytonRest(transport, "books", 1).upload("a.pdf", "é", "account.move,17", size, io.BytesIO(content))

    request = uploaded.calls[0].request
    body = request.body or b""
    assert request.headers["Content-Length"] == str(len(body))
    sent = json.loads(body)
    assert base64.b64decode(sent.pop("data")["base64"]) == content
    assert sent == {"name": "a.pdf", "description": "é", "type": "data", "resource": "account.move,17"}


@responses.activate
def test_given_a_request_that_is_too_large_for_tryton_when_attached_then_its_setting_is_named() -> None:
    responses.post(f"{REST}/ir.attachment/search_read", json=[])
    responses.post(f"{REST}/ir.attachment", status=413, body=PAGE)
    posted = replace(DRAFT, state=State.POSTED)

    with pytest.raises(AttachmentTooLarge, match=r"a\.pdf.*request\.max_size"):
        connect(SETTINGS, {"token": "k"}).attach(posted, [Receipt()])


class Receipt:
    name, content_type, size, sha256 = "a.pdf", "application/pdf", 4, "0" * 64

    def open(self) -> BinaryIO:
        return io.BytesIO(b"%PDF")


WITH_LOGIN = {"token": "k", "user": "pleo", "password": "p"}


def rpc_call(method: str) -> object:
    return matchers.json_params_matcher({"method": method}, strict_match=False)


@responses.activate
def test_given_a_wrong_password_when_checked_then_authentication_has_failed() -> None:
    rights = {"read": 1, "write": 1, "create": 1}
    responses.post(f"{REST}/ir.model.access/get_access", json={"account.move": rights, "account.invoice": rights})
    responses.post(f"{REST}/company.company/search_read", json=[{"id": 1, "currency.": {"code": "GBP"}}])
    responses.post(f"{REST}/account.journal/search_read", json=[{"id": 2, "code": "EXP"}])
    responses.post(f"{URL}/books/rpc/", status=401, body=PAGE)

    with pytest.raises(AuthenticationFailed, match="password"):
        connect(SETTINGS, WITH_LOGIN).check()


@responses.activate
def test_given_a_login_and_a_batch_that_is_refused_when_finalised_then_each_draft_is_tried_alone() -> None:
    login = {"id": 0, "result": [5, "session", None]}
    responses.post(f"{URL}/books/rpc/", json=login, match=[rpc_call("common.db.login")])
    refusal = {"id": 0, "error": ["UserError", ["No sequence.", "", None]]}
    responses.post(f"{URL}/books/rpc/", json=refusal, match=[rpc_call("model.account.move.post")])
    responses.post(f"{REST}/account.move/17/post", json=row(DRAFT, "posted"))
    responses.post(f"{REST}/account.move/18/post", status=400, json={"message": "No sequence."})
    responses.post(f"{REST}/account.move/search_read", json=[row(OTHER_DRAFT, "draft")])

    outcomes = connect(SETTINGS, WITH_LOGIN).finalise_many([DRAFT, OTHER_DRAFT])

    assert isinstance(outcomes["pleo:1"], DocumentRef)
    assert isinstance(outcomes["pleo:2"], Rejected)


@responses.activate
def test_given_a_login_when_drafts_are_finalised_then_one_call_posts_them_all() -> None:
    login = {"id": 0, "result": [5, "session", None]}
    responses.post(f"{URL}/books/rpc/", json=login, match=[rpc_call("common.db.login")])
    posted = responses.post(
        f"{URL}/books/rpc/", json={"id": 0, "result": None}, match=[rpc_call("model.account.move.post")]
    )
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "posted"), row(OTHER_DRAFT, "posted")])

    outcomes = connect(SETTINGS, WITH_LOGIN).finalise_many([DRAFT, OTHER_DRAFT])

    assert [getattr(outcome, "state", None) for outcome in outcomes.values()] == [State.POSTED, State.POSTED]
    assert json.loads(posted.calls[0].request.body or "")["params"][0] == [17, 18]
