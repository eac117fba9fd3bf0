"""The connectors that the suite holds to the port's contract. A new one adds its fixtures here.

A fixture shows what its accounting system holds, does what people do in it, and opens ways to it that are troubled
(`tests/conformance/connector_fixture.py`).

With a login Tryton's connector does two things in another way than with its key alone: it posts several drafts at once,
and checks the login too. So with the login run those tests which do that: they are marked `with_login`. The rest would
only repeat, request by request, what the key has shown; and a test that needs the mark does not pass without it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import pytest

from pleo_export.accounting.port import DocumentOutcome
from pleo_export.accounting.tryton.posting import TrytonPosting
from tests.conformance.business_central_fixture import BusinessCentralFixtures
from tests.conformance.connector_fixture import ConnectorFixture
from tests.conformance.declared import DeclaredFixture, RefusedAsDeclared
from tests.conformance.economic_fixture import EconomicFixtures
from tests.conformance.fake_fixture import REDUCED, FakeFixtures
from tests.conformance.file_fixture import FileFixtures
from tests.conformance.results import CONNECTOR, REFUSED, Counts
from tests.conformance.tryton_fixture import TrytonFixtures
from tests.conformance.xero_fixture import XeroFixtures


class ConnectorFixtures(Protocol):
    """The fixtures of one accounting system, for the session."""

    @property
    def shared(self) -> ConnectorFixture: ...

    def own(self) -> AbstractContextManager[ConnectorFixture]: ...


CONNECTORS: dict[str, Callable[[], AbstractContextManager[ConnectorFixtures]]] = {
    "fake": FakeFixtures.open,
    **{f"fake: {name}": partial(FakeFixtures.open, takes) for name, takes in REDUCED.items()},
    "file-ledger": FileFixtures.open,
    "tryton": TrytonFixtures.open,
    "e-conomic": EconomicFixtures.open,
    "business-central": BusinessCentralFixtures.open,
    "xero": XeroFixtures.open,
}
WITH_LOGIN = {"tryton with login": partial(TrytonFixtures.open, login=True)}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "with_login: what it does is done in another way with a login")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fixtures" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("with_login")
        names = [*CONNECTORS, *(WITH_LOGIN if marked else ())]
        metafunc.parametrize("fixtures", names, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test that asked for what its connector has declared that it cannot do, and was refused cleanly, has passed."""
    if hasattr(pyfuncitem, "callspec") and "fixtures" in pyfuncitem.callspec.params:
        pyfuncitem.user_properties.append((CONNECTOR, pyfuncitem.callspec.params["fixtures"]))
    try:
        return (yield)
    except RefusedAsDeclared as refused:
        pyfuncitem.user_properties.append((REFUSED, str(refused)))
        return True


COUNTS = Counts()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    said = dict(report.user_properties)
    if report.when == "call" and CONNECTOR in said:
        COUNTS.add(said, report.outcome)


def pytest_sessionfinish() -> None:
    COUNTS.write()


@pytest.fixture(scope="session")
def fixtures(request: pytest.FixtureRequest) -> Iterator[ConnectorFixtures]:
    with (CONNECTORS | WITH_LOGIN)[request.param]() as fixtures:
        yield fixtures


@pytest.fixture(autouse=True)
def with_login_where_it_matters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails in a test that does what a login does in another way, and is not marked."""
    if request.node.get_closest_marker("with_login"):
        return
    post = TrytonPosting.post

    def watched(
        self: TrytonPosting, model: str, drafts: Mapping[str, int], **options: bool
    ) -> dict[str, DocumentOutcome]:
        if len(drafts) > 1 and not options.get("skip_warnings"):
            _ask_for_the_mark(self)
        return post(self, model, drafts, **options)

    monkeypatch.setattr(TrytonPosting, "post", watched)
    monkeypatch.setattr(TrytonPosting, "check", _ask_for_the_mark)


def _ask_for_the_mark(_: TrytonPosting) -> None:
    pytest.fail("a login does this in another way: mark the test `with_login`")


@pytest.fixture
def fixture(fixtures: ConnectorFixtures) -> DeclaredFixture:
    """Books that all tests share: use references of your own."""
    return DeclaredFixture(fixtures.shared)


@pytest.fixture
def own_fixture(fixtures: ConnectorFixtures) -> Iterator[DeclaredFixture]:
    """Books for this test alone, for example to close a period."""
    with fixtures.own() as fixture:
        yield DeclaredFixture(fixture)
