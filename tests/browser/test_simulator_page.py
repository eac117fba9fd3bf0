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
