"""The table of Tryton's answers, row by row, as the connector's caller sees them."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import BinaryIO

import pytest
import responses
from responses import matchers

from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentTooLarge,
    AuthenticationFailed,
    InvalidConfiguration,
    KeptAsDraft,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.http import AccountingResponse, AccountingTransport
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.accounting.registry import connect
from pleo_export.accounting.tryton.documents import TrytonDocuments
from pleo_export.accounting.tryton.meaning import MEANING
from pleo_export.accounting.tryton.posting import PAUSES, TrytonPosting
from pleo_export.accounting.tryton.rest import TrytonRest, error_of, headers
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.bookkeeping.documents import DocumentKind

URL = "https://books.example.com"
REST = f"{URL}/books/rest/model"
GATEWAY_PAGE = b"<html><head><title>Error</title></head><body><center><h1>Error</h1></center></body></html>"
SETTINGS = TrytonSettings.model_validate({"name": "tryton", "url": URL, "database": "books"})
DRAFT = DocumentRef("pleo:1", DocumentKind.JOURNAL_ENTRY, "17", None, DocumentState.DRAFT, date(2026, 2, 10), None)
OTHER_DRAFT = DocumentRef(
    "pleo:2", DocumentKind.JOURNAL_ENTRY, "18", None, DocumentState.DRAFT, date(2026, 2, 10), None
)


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


def page(status: int, words: str = "Unable to get RPC method") -> bytes:
    """As trytond 8.0 answers by its web framework, to the letter."""
    name = HTTPStatus(status).phrase
    return (
        f"<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n<h1>{name}</h1>\n<p>{words}</p>\n".encode()
    )


def refusal(message: str, description: str = "") -> dict[str, object]:
    return {"status": 400, "message": message, "description": description}


@pytest.mark.parametrize(
    ("status", "of_write", "of_read"),
    [
        (400, Rejected, Rejected),
        (401, AuthenticationFailed, AuthenticationFailed),
        (403, PermissionDenied, PermissionDenied),
        (404, InvalidConfiguration, InvalidConfiguration),
        (413, Rejected, Rejected),
        (423, Unavailable, Unavailable),
        (429, RateLimited, RateLimited),
        (500, OutcomeUnknown, Unavailable),
        (502, OutcomeUnknown, Unavailable),
        (503, Unavailable, Unavailable),
        (504, OutcomeUnknown, Unavailable),
        (507, OutcomeUnknown, Unavailable),
        (418, InvalidConfiguration, InvalidConfiguration),
    ],
)
def test_each_of_trytons_own_answers_means_one_error(
    status: int, of_write: type[AccountingError], of_read: type[AccountingError]
) -> None:
    answer = AccountingResponse(status, page(status), {})

    assert type(error_of(answer, write=True)) is of_write
    assert type(error_of(answer, write=False)) is of_read


@pytest.mark.parametrize(
    "content",
    [
        GATEWAY_PAGE,
        b"",
        page(503)[:-5],
        page(405),
        b"no healthy upstream",
        b'{"message": "Service Unavailable"}',
        b'{"status": 503, "message": "busy"}',
        b'{"status": 400, "message": "No.", "description": ""}',
    ],
    ids=["page", "nothing", "cut off", "another's status", "text", "JSON", "other JSON", "Tryton's refusal"],
)
@pytest.mark.parametrize("status", [301, 401, 403, 404, 418, 423, 429, 500, 502, 503, 504, 599])
def test_given_an_answer_that_is_not_trytons_own_when_it_is_to_a_write_then_nothing_is_known(
    status: int, content: bytes
) -> None:
    assert type(error_of(AccountingResponse(status, content, {}), write=True)) is OutcomeUnknown
    assert type(error_of(AccountingResponse(status, content, {}), write=False)) is not OutcomeUnknown


def test_given_a_gateway_that_finds_the_request_too_large_when_written_then_it_was_not_forwarded() -> None:
    assert type(error_of(AccountingResponse(413, GATEWAY_PAGE, {}), write=True)) is Rejected


def test_given_an_expired_login_when_written_then_trytons_header_is_proof_enough() -> None:
    answer = AccountingResponse(401, b"", {"WWW-Authenticate": 'Basic realm="Tryton"'})

    assert type(error_of(answer, write=True)) is AuthenticationFailed


def test_given_a_refusal_when_read_then_it_is_trytons_words_without_the_amount() -> None:
    content = json.dumps(
        refusal('A value is required for field "Second Currency" in record "-£10.00 @ 1901" of "Account Move Line".')
    )

    error = error_of(AccountingResponse(400, content.encode(), {}), write=True)

    assert type(error) is Rejected
    assert error.message == 'A value is required for field "Second Currency" on account 1901 of "Account Move Line".'


def test_only_a_refusal_of_one_document_quotes_tryton() -> None:
    """The others leave the function with their message (promise 8)."""
    for status in range(300, 600):
        content = {"status": status, "message": "Harbour dinner", "description": "987,654.32"}
        answer = AccountingResponse(status, json.dumps(content).encode(), {})
        errors = [error_of(answer, write=write) for write in (True, False)]
        assert {type(error) for error in errors if "Harbour" in error.message} <= {Rejected}


def test_each_row_of_the_table_says_something_to_the_bookkeeper() -> None:
    for status, body in MEANING:
        content = json.dumps(refusal("No.")).encode() if body == "message" else page(status)
        error = error_of(AccountingResponse(status, content, {}), write=True)
        assert error.message
        assert error.status == status


@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "7"}, 7), ({"Retry-After": "soon"}, 60), ({}, 60)])
def test_given_a_rate_limit_when_read_then_the_wait_is_the_servers_or_a_minute(
    header: dict[str, str], seconds: int
) -> None:
    error = error_of(AccountingResponse(429, page(429), header), write=False)

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_given_a_secret_without_a_key_when_connected_then_authentication_has_failed() -> None:
    with pytest.raises(AuthenticationFailed, match="API key"):
        connect(SETTINGS, {})


@responses.activate
def test_given_a_site_that_is_not_tryton_when_searched_then_the_settings_are_to_blame() -> None:
    responses.post(f"{REST}/account.move/search_read", body=GATEWAY_PAGE)

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
    responses.post(f"{REST}/account.move/17/post", status=400, json=refusal("You can not call post."))
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "posted")])

    document = connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]

    assert isinstance(document, DocumentRef)
    assert (document.state, document.number) == (DocumentState.POSTED, "2026/00001")


@responses.activate
def test_given_a_draft_that_tryton_refuses_when_finalised_then_it_is_said_that_it_stays_a_draft() -> None:
    responses.post(f"{REST}/account.move/17/post", status=400, json=refusal("No sequence."))
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "draft")])

    outcome = connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]

    assert isinstance(outcome, KeptAsDraft)
    assert outcome.document == replace(DRAFT, url=outcome.document.url)
    assert "No sequence." in outcome.message


@responses.activate
def test_given_a_draft_deleted_by_a_person_when_finalised_then_that_is_said() -> None:
    responses.post(f"{REST}/account.move/17/post", status=404, body=page(404))
    responses.post(f"{REST}/account.move/search_read", json=[])

    outcome = connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]

    assert isinstance(outcome, Rejected)
    assert "deleted" in outcome.message


@responses.activate
def test_given_a_busy_tryton_when_the_first_draft_is_finalised_then_the_call_fails_as_a_whole() -> None:
    responses.post(f"{REST}/account.move/17/post", status=503, body=page(503))

    with pytest.raises(Unavailable):
        connect(SETTINGS, {"token": "k"}).post_many([DRAFT, OTHER_DRAFT])


@responses.activate
def test_given_a_tryton_that_goes_away_when_drafts_are_finalised_then_each_has_its_own_outcome() -> None:
    responses.post(f"{REST}/account.move/17/post", json=row(DRAFT, "posted"))
    responses.post(f"{REST}/account.move/18/post", status=503, body=page(503))

    outcomes = connect(SETTINGS, {"token": "k"}).post_many([DRAFT, OTHER_DRAFT])

    assert isinstance(outcomes["pleo:1"], DocumentRef)
    assert isinstance(outcomes["pleo:2"], Unavailable)


@responses.activate
def test_given_a_tryton_unavailable_after_a_refusal_then_the_draft_is_in_doubt() -> None:
    responses.post(f"{REST}/account.move/17/post", status=400, json=refusal("No sequence."))
    responses.post(f"{REST}/account.move/search_read", status=401, body=page(401))

    assert type(connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]) is OutcomeUnknown


@responses.activate
@pytest.mark.parametrize("answer", [b"", b"[]", b"null", b'{"id": 17}', b'{"id": 17, "descri', GATEWAY_PAGE])
def test_given_a_post_that_is_answered_with_anything_else_when_finalised_then_nothing_is_known(answer: bytes) -> None:
    responses.post(f"{REST}/account.move/17/post", body=answer)

    assert type(connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]) is OutcomeUnknown


@responses.activate
def test_given_a_draft_whose_text_a_person_changed_when_finalised_then_it_is_still_ours() -> None:
    responses.post(f"{REST}/account.move/17/post", json={**row(DRAFT, "posted"), "description": None})

    outcome = connect(SETTINGS, {"token": "k"}).post_many([DRAFT])["pleo:1"]

    assert isinstance(outcome, DocumentRef)
    assert outcome.reference == "pleo:1"


@responses.activate
@pytest.mark.parametrize("answer", [b"", b'[{"id": 17, "descri'])
def test_given_a_read_whose_answer_broke_off_when_searched_then_it_is_unavailable(answer: bytes) -> None:
    responses.post(f"{REST}/account.move/search_read", body=answer)

    with pytest.raises(Unavailable):
        connect(SETTINGS, {"token": "k"}).find_many(["pleo:1"])


@pytest.mark.parametrize("given", ["pleo:1", "pleo:2"])
def test_given_a_tryton_that_fails_on_a_post_then_the_whole_batch_is_retried_a_few_times(
    given: str,
) -> None:
    paused: list[float] = []
    with responses.mock:
        for draft in (DRAFT, OTHER_DRAFT):
            press = f"{REST}/account.move/{draft.id}/post"
            if draft.reference == given:
                responses.post(press, status=400, body=page(400))
            else:
                responses.post(press, json=row(draft, "posted"))
        stuck = DRAFT if given == "pleo:1" else OTHER_DRAFT
        responses.post(f"{REST}/account.move/search_read", json=[row(stuck, "draft")])
        rest = TrytonRest(AccountingTransport("Tryton", URL, headers("k", 1)), "books", 1)
        register = TrytonPosting(rest, None, TrytonDocuments(SETTINGS, rest), sleep=paused.append)

        outcomes = register.post("account.move", {"pleo:1": 17, "pleo:2": 18}, new=True)

    assert paused == list(PAUSES)
    assert [type(outcomes[each]) for each in ("pleo:1", "pleo:2")] == [
        KeptAsDraft if each == given else DocumentRef for each in ("pleo:1", "pleo:2")
    ]


@responses.activate
def test_given_a_tryton_that_fails_after_storing_a_batch_then_none_is_created_again() -> None:
    """Its database has the records and could not say so: it answers as to anything that it failed on."""
    rights = {"read": 1, "write": 1, "create": 1}
    responses.post(f"{REST}/account.move/create", status=400, body=page(400))
    responses.post(f"{REST}/ir.model.access/get_access", json={"account.move": rights, "account.invoice": rights})
    responses.post(f"{REST}/account.move/search_read", json=[row(DRAFT, "draft")])
    responses.post(f"{REST}/account.invoice/search_read", json=[])
    alone = responses.post(f"{REST}/account.move", json={"id": 18})
    rest = TrytonRest(AccountingTransport("Tryton", URL, headers("k", 1)), "books", 1)
    register = TrytonPosting(rest, None, TrytonDocuments(SETTINGS, rest))

    created, refused = register.create("account.move", {"pleo:1": {}, "pleo:2": {}})

    assert created == {"pleo:2": 18}
    assert {reference: type(error) for reference, error in refused.items()} == {"pleo:1": OutcomeUnknown}
    assert alone.call_count == 1


@responses.activate
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 200_000])
def test_given_a_file_when_attached_then_its_request_is_as_long_as_was_said(size: int) -> None:
    uploaded = responses.post(f"{REST}/ir.attachment", json={"id": 1})
    transport = AccountingTransport("Tryton", URL, headers("k", 1))
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
    responses.post(f"{REST}/ir.attachment", status=413, body=page(413))
    posted = replace(DRAFT, state=DocumentState.POSTED)

    with pytest.raises(AttachmentTooLarge, match=r"[Aa]\.pdf.*request\.max_size"):
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
    responses.post(f"{URL}/books/rpc/", status=401, body=page(401))

    with pytest.raises(AuthenticationFailed, match="password"):
        connect(SETTINGS, WITH_LOGIN).check()


@responses.activate
def test_given_a_login_and_a_batch_that_is_refused_when_finalised_then_each_draft_is_tried_alone() -> None:
    login = {"id": 0, "result": [5, "session", None]}
    responses.post(f"{URL}/books/rpc/", json=login, match=[rpc_call("common.db.login")])
    refused = {"id": 0, "error": ["UserError", ["No sequence.", "", None]]}
    responses.post(f"{URL}/books/rpc/", json=refused, match=[rpc_call("model.account.move.post")])
    responses.post(f"{REST}/account.move/17/post", json=row(DRAFT, "posted"))
    responses.post(f"{REST}/account.move/18/post", status=400, json=refusal("No sequence."))
    responses.post(f"{REST}/account.move/search_read", json=[row(OTHER_DRAFT, "draft")])

    outcomes = connect(SETTINGS, WITH_LOGIN).post_many([DRAFT, OTHER_DRAFT])

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

    outcomes = connect(SETTINGS, WITH_LOGIN).post_many([DRAFT, OTHER_DRAFT])

    assert [getattr(outcome, "state", None) for outcome in outcomes.values()] == [
        DocumentState.POSTED,
        DocumentState.POSTED,
    ]
    assert json.loads(posted.calls[0].request.body or "")["params"][0] == [17, 18]
