"""The client of Pleo's lists against Pleo's own OpenAPI document: sends what is allowed, reads what is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache, partial

import pytest
import responses
from openapi_core.exceptions import OpenAPIError

from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.credentials import ApiKey, BearerToken, Credential
from pleo_export.pleo.errors import (
    PleoAlreadyExists,
    PleoError,
    PleoForbidden,
    PleoNotFound,
    PleoRefused,
    PleoUnavailable,
)
from pleo_export.pleo.list_models import (
    AccountBody,
    AccountUpdate,
    TagBody,
    TagGroupBody,
    TaxCodeBody,
    VendorBody,
    VendorUpdate,
)
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.transport import PleoTransport
from tests.contract.specified_pleo import ID, PLEO, SPECS, Fields, Specification, SpecifiedPleo, play

DOCUMENT = "pleo/pleo-sync.openapi.yaml"
BODIES = (
    "TagGroupWrite",
    "TagGroupUpdate",
    "TagWrite",
    "TagBulkArchive",
    "TaxCodeWrite",
    "TaxCodeSearch",
    "AccountUpdate",
    "AccountBatch",
    "AccountSearch",
    "VendorCreate",
    "VendorUpdate",
    "VendorActivate",
    "VendorSearch",
)

if not (SPECS / DOCUMENT).exists():
    pytest.skip("Pleo's OpenAPI document is not here (PLEO_SPECS names its folder)", allow_module_level=True)

GROUP = TagGroupBody(code="project", name="Projects", metadata={"managed_by": "pleo-export"})
TAX_CODE = TaxCodeBody(company_id=ID, name="Standard", rate=Decimal("0.2"), type="inclusive", code="GB20")
VENDOR = {"company_id": ID, "name": "Ryman", "default_currency": "GBP", "country": "GB", "code": "V-1"}

CALLS: Mapping[str, Callable[[PleoLists], object]] = {
    "tag_groups": lambda pleo: pleo.tag_groups(ID),
    "create_tag_group": lambda pleo: pleo.create_tag_group(ID, GROUP),
    "create_tag_group without metadata": lambda pleo: pleo.create_tag_group(ID, TagGroupBody(code="p", name="P")),
    "update_tag_group": lambda pleo: pleo.update_tag_group(ID, GROUP),
    "tag_usage": lambda pleo: pleo.tag_usage(ID),
    "tags": lambda pleo: list(pleo.tags(ID)),
    "create_tag": lambda pleo: pleo.create_tag(ID, TagBody(code="LON", name="London")),
    "create_tag without a name": lambda pleo: pleo.create_tag(ID, TagBody(code="LON")),
    "update_tag": lambda pleo: pleo.update_tag(ID, TagBody(code="LON", name="London", archived=True)),
    "update_tag without a name": lambda pleo: pleo.update_tag(ID, TagBody(code="LON")),
    "archive_tags": lambda pleo: pleo.archive_tags(ID, [ID], archived=True),
    "accounts": lambda pleo: list(pleo.accounts(ID)),
    "create_accounts": lambda pleo: pleo.create_accounts(ID, [AccountBody(external_id="7", name="Travel", code="62")]),
    "update_account": lambda pleo: pleo.update_account(ID, AccountUpdate(name="Travel", archived=True)),
    "tax_codes": lambda pleo: list(pleo.tax_codes(ID)),
    "create_tax_code": lambda pleo: pleo.create_tax_code(TAX_CODE),
    "update_tax_code": lambda pleo: pleo.update_tax_code(ID, TAX_CODE),
    "vendors": lambda pleo: list(pleo.vendors(ID)),
    "vendor": lambda pleo: pleo.vendor(ID),
    "create_vendor": lambda pleo: pleo.create_vendor(VendorBody.model_validate(VENDOR)),
    "update_vendor": lambda pleo: pleo.update_vendor(
        ID, VendorUpdate.model_validate(VENDOR | {"external_id": "7", "state": "ACTIVE"})
    ),
    "activate_vendor": lambda pleo: pleo.activate_vendor(ID, "7", "V-1"),
    "activate_vendor without a number": lambda pleo: pleo.activate_vendor(ID, "7", None),
    "archive_vendor": lambda pleo: pleo.archive_vendor(ID),
    "company": lambda pleo: pleo.company(ID),
}


@cache
def specification() -> Specification:
    return Specification([DOCUMENT], strict=BODIES, required={})


def client(credential: Credential) -> PleoLists:
    return PleoLists(PleoTransport(PLEO, credential, IsolatedSession(), sleep=lambda _: None))


@pytest.fixture(autouse=True)
def answers(socket_disabled: None) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_every_call_of_the_client_is_held_to_the_document() -> None:
    public = {name for name in dir(PleoLists) if callable(getattr(PleoLists, name)) and not name.startswith("_")}

    assert {name.split()[0] for name in CALLS} == public


@pytest.mark.parametrize("credential", [ApiKey("plp_key"), BearerToken("token")], ids=["key", "token"])
@pytest.mark.parametrize("fields", ["required", "all", "null"])
@pytest.mark.parametrize("name", CALLS)
def test_given_what_the_document_allows_and_promises_when_called_then_it_works(
    answers: responses.RequestsMock, name: str, fields: Fields, credential: Credential
) -> None:
    play(answers, SpecifiedPleo(specification(), fields))

    CALLS[name](client(credential))

    assert len(answers.calls) == 1


EXPECTED: Mapping[int, type[PleoError]] = {
    403: PleoForbidden,
    404: PleoNotFound,
    409: PleoAlreadyExists,
    503: PleoUnavailable,
}


@pytest.mark.parametrize("name", CALLS)
def test_given_each_declared_refusal_when_called_then_it_is_told_by_its_code(
    answers: responses.RequestsMock, name: str
) -> None:
    pleo = SpecifiedPleo(specification())
    play(answers, pleo)
    call = partial(CALLS[name], client(ApiKey("plp_key")))
    call()
    request = answers.calls[0].request
    declared = specification().operation(str(request.method), str(request.path_url).partition("?")[0])["responses"]

    for status in (int(code) for code in declared if int(code) >= 400):
        pleo.status = status
        with pytest.raises(PleoError) as error:
            call()
        assert type(error.value) is EXPECTED.get(status, PleoRefused)


def test_given_a_body_with_a_misspelt_field_when_sent_then_the_document_refuses_it(
    answers: responses.RequestsMock,
) -> None:
    """The checks above can fail."""

    class Misspelt(TagBody):
        achived: bool = True

    play(answers, SpecifiedPleo(specification()))

    with pytest.raises(OpenAPIError):
        client(ApiKey("plp_key")).create_tag(ID, Misspelt(code="LON"))
