"""The simulator's page, as a person uses it: look, export, watch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from pleo_simulator.sample import NORTHGATE
from pleo_simulator.server import Simulator
from tests.browser.conftest import PATIENCE, Window

REASON = "Choose a category <b>in Pleo</b>, then export this expense again."


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator("sample") as running:
        yield running


def report(simulator: Simulator) -> None:
    """What an integration does with the first two items of the latest job: one booked, one not."""
    (job,) = simulator.state.all_jobs()
    first, second = (each["accountingEntryId"] for each in job["items"][:2])
    simulator.state.post_event(NORTHGATE, job["id"], "started")
    simulator.state.update_items(
        NORTHGATE,
        job["id"],
        [
            {
                "accountingEntryId": first,
                "status": "successful",
                "externalId": "2026/1",
                "externalUrl": "http://x.test/#1",
            },
            {"accountingEntryId": second, "status": "failed", "failureReason": REASON, "failureReasonType": "unknown"},
        ],
    )


def test_given_an_export_when_the_integration_reports_then_the_open_page_shows_it_by_itself(
    window: Window, simulator: Simulator
) -> None:
    page = window.page
    page.goto(simulator.url)
    window.keep("simulator")
    assert window.overflow() == 0
    assert window.accessibility_faults() == []
    window.complaints.clear()  # axe and screenshots add styles of their own

    page.get_by_role("button", name="Export all queued (40)").click()
    page.get_by_role("button", name="Export all queued (0)").wait_for()
    page.evaluate("window.notLoadedAgain = true")
    report(simulator)

    page.locator("#jobs td.successful").wait_for()
    assert page.evaluate("window.notLoadedAgain")
    assert page.get_by_role("link", name="2026/1").get_attribute("href") == "http://x.test/#1"
    assert page.get_by_text(REASON).is_visible()
    assert page.locator("#jobs summary").inner_text().startswith("20")
    assert window.complaints == []
    window.keep("simulator-job")
    assert window.overflow() == 0
    assert window.accessibility_faults() == []


def test_given_a_browser_without_scripts_then_selected_expenses_are_exported_and_the_page_loads_itself_again(
    chromium: Chromium, simulator: Simulator
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(simulator.url)
    page.get_by_label("Ryman, 63.66 GBP").check()
    page.get_by_role("button", name="Export the selected").click()
    page.locator("#jobs summary").wait_for()
    report_one(simulator)

    page.locator("#jobs td.successful").wait_for()  # no script, no click: only the page's own refresh shows it
    context.close()


def report_one(simulator: Simulator) -> None:
    (job,) = simulator.state.all_jobs()
    assert job["numberOfItems"] == 1
    simulator.state.post_event(NORTHGATE, job["id"], "started")
    entry_id = job["items"][0]["accountingEntryId"]
    simulator.state.update_items(NORTHGATE, job["id"], [{"accountingEntryId": entry_id, "status": "successful"}])


def test_given_only_the_keyboard_then_the_export_button_is_reached_and_its_focus_is_seen(
    desktop: Window, simulator: Simulator
) -> None:
    desktop.page.goto(simulator.url)
    for _ in range(4):  # three companies, then the button
        desktop.page.keyboard.press("Tab")

    focused = desktop.page.locator(":focus-visible")
    assert focused.get_attribute("id") == "export"
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_given_lists_that_an_integration_filled_when_looked_at_then_each_is_a_table_with_its_states(
    window: Window, simulator: Simulator
) -> None:
    fill_lists(simulator)
    page = window.page
    page.goto(simulator.url)
    for title in ("Tag group Cost centres", "Accounts", "Tax codes", "Vendors"):
        page.locator("summary", has_text=title).click()
    window.keep("simulator-lists")
    assert window.overflow() == 0
    assert window.accessibility_faults() == []
    window.complaints.clear()

    london = page.locator("tr", has=page.get_by_text("LON", exact=True))
    assert "active" in london.inner_text()
    assert "archived" in page.locator("tr", has=page.get_by_text("OLD", exact=True)).inner_text()

    page.get_by_label("Vendor", exact=True).fill("Harbour <Café>")
    page.get_by_role("button", name="Make a vendor in Pleo").click()
    page.locator("summary", has_text="Vendors").click()

    made = page.locator("tr", has=page.get_by_text("Harbour <Café>", exact=True))
    assert "draft" in made.inner_text()
    assert window.complaints == []


def fill_lists(simulator: Simulator) -> None:
    service = simulator.service
    group = service.tags.create_group(NORTHGATE, {"code": "cost_centre", "name": "Cost centres", "archived": False})
    for code, name in (("LON", "London"), ("CPH", "København 🏙️"), ("OLD", "Closed " + "long " * 30)):
        service.tags.create(NORTHGATE, group["id"], {"code": code, "name": name, "archived": code == "OLD"})
    vat = {"name": "Standard rate", "code": "GB20", "rate": 0.2, "type": "inclusive", "archived": False}
    service.tax_codes.create(NORTHGATE, vat)
    travel = {"externalId": "62", "name": "Travel", "code": "6200", "taxCodeExternalId": "GB20", "archived": False}
    service.accounts.create(NORTHGATE, travel)
    iberia = {"name": "Iberia", "externalId": "1004", "code": "V-1004", "country": "ES", "defaultCurrency": "EUR"}
    service.vendors.activate(NORTHGATE, service.vendors.create(NORTHGATE, iberia)["id"], {"externalId": "1004"})
