"""The script that tries a connector on the real service, tried itself: on the simulator it passes, and it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledger_simulators.base.known import LedgerSimulator
from ledger_simulators.economic.ledger import APP_SECRET, GRANT
from ledger_simulators.economic.sample import AGREEMENT, JOURNAL
from local.verify_live import LEDGERS, NotVerified, run, verification
from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.accounting.registry import CONNECTORS


@pytest.fixture
def simulator() -> Iterator[LedgerSimulator]:
    with LedgerSimulator("xero") as simulator:
        yield simulator


def environment(simulator: LedgerSimulator, **changes: str) -> dict[str, str]:
    token = simulator.ledger.identity.grant()["access_token"]
    given = {"XERO_ACCESS_TOKEN": token, "XERO_API_URL": simulator.url, "LIVE_DATE": "2026-02-10"}
    accounts = {"LIVE_WALLET": "1900", "LIVE_CATEGORY": "6100", "LIVE_TAX": "GB20", "LIVE_TAX_ACCOUNT": "2200"}
    return {**given, **accounts, **changes}


def test_every_step_passes_and_nothing_live_is_left(
    simulator: LedgerSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    def wait(seconds: float) -> None:
        simulator.clock.advance(timedelta(seconds=seconds))

    run(verification("xero", environment(simulator)), wait)

    told = capsys.readouterr().out.splitlines()
    assert len(told) == 17
    assert all(line.startswith("ok ") for line in told)
    assert simulator.ledger.balances() == {}


def test_without_credentials_or_accounts_it_says_what_to_set(simulator: LedgerSimulator) -> None:
    with pytest.raises(NotVerified, match="XERO_ACCESS_TOKEN"):
        verification("xero", environment(simulator, XERO_ACCESS_TOKEN=""))
    with pytest.raises(NotVerified, match="LIVE_WALLET"):
        run(verification("xero", environment(simulator, LIVE_WALLET="")))


def test_an_entry_that_cannot_be_found_again_fails_it(simulator: LedgerSimulator) -> None:
    tried = verification("xero", environment(simulator))
    with pytest.raises(NotVerified, match="not found"):
        for what, step in tried.steps():
            step()
            if what == "book the entry":
                simulator.ledger.books.documents["BankTransactions"].clear()


def test_a_token_that_has_ended_fails_it(simulator: LedgerSimulator) -> None:
    given = environment(simulator, XERO_ACCESS_TOKEN="nobody's", XERO_TENANT=simulator.ledger.books.tenant)

    with pytest.raises(AuthenticationFailed):
        run(verification("xero", given))


def test_its_table_fits_the_connectors() -> None:
    for name, row in LEDGERS.items():
        assert set(row.settings) <= set(CONNECTORS[name].settings.model_fields)


def test_every_step_passes_on_business_central(capsys: pytest.CaptureFixture[str]) -> None:
    with LedgerSimulator("business-central") as simulator:
        simulator.ledger.tokens["a token"] = float("inf")
        given = {"ACCESS_TOKEN": "a token", "API_URL": simulator.url, "TENANT": "tenant"}
        given["COMPANY"] = simulator.ledger.company["id"]
        accounts = {"LIVE_WALLET": "1900", "LIVE_CATEGORY": "6100", "LIVE_TAX": "GB20", "LIVE_TAX_ACCOUNT": "2200"}
        named = {f"BUSINESS_CENTRAL_{name}": value for name, value in given.items()}

        run(verification("business-central", {**named, **accounts, "LIVE_DATE": "2026-02-10"}))

        told = capsys.readouterr().out.splitlines()
        assert len(told) == 17
        assert all(line.startswith("ok ") for line in told)
        entries = simulator.ledger.store.rows("generalLedgerEntries")
        assert (
            sum(each["debitAmount"] - each["creditAmount"] for each in entries if each["accountNumber"] == "1900") == 0
        )


def test_every_step_passes_on_economic(capsys: pytest.CaptureFixture[str]) -> None:
    with LedgerSimulator("e-conomic") as simulator:
        given = {"APP_SECRET_TOKEN": APP_SECRET, "AGREEMENT_GRANT_TOKEN": GRANT, "API_URL": simulator.url}
        given |= {"AGREEMENT": str(AGREEMENT), "JOURNAL": str(JOURNAL)}
        accounts = {"LIVE_WALLET": "1900", "LIVE_CATEGORY": "6100", "LIVE_TAX": "GB20", "LIVE_TAX_ACCOUNT": "2200"}
        named = {f"E_CONOMIC_{name}": value for name, value in given.items()}

        run(verification("e-conomic", {**named, **accounts, "LIVE_DATE": "2026-02-10"}))

        told = capsys.readouterr().out.splitlines()
        assert len(told) == 17
        assert all(line.startswith("ok ") for line in told)
        on_wallet = [each.amount for each in simulator.ledger.booked.values() if each.account == 1900]
        assert len(on_wallet) == 2
        assert sum(on_wallet) == 0
