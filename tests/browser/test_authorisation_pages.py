"""What a person sees who was sent a link, in a browser that enforces the pages' policy."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import Route

from pleo_simulator.sample import HAVN, NORTHGATE
from tests.browser.conftest import Window
from tests.system.browser import CONNECT, Browser
from tests.system.expenses import purchases
from tests.system.in_process_system import CALLBACK, InProcessSystem

ADDRESS = "https://page.test/"
NAMES = ("Northgate Studio Ltd", "Tryton")
LONG = ("Donaudampfschifffahrtsgesellschaft" * 6, "<script>alert(1)</script>")


def pages(system: InProcessSystem) -> dict[str, Browser]:
    """One simulated browser for each page, which is its last answer."""
    system.connect(NORTHGATE, purchases(1))
    made = {name: Browser(system) for name in ("connected", "hostile", "over", "declined", "late", "another")}
    made["connected"].follow(made["connected"].invited(NORTHGATE, names=NAMES))
    made["hostile"].follow(made["hostile"].invited(NORTHGATE, names=LONG))
    made["over"].open(f"{CONNECT}unknown")
    made["declined"].open(f"{CALLBACK}?error=access_denied")
    made["late"].open(f"{CALLBACK}?code=x&state=x")
    made["another"].follow(made["another"].invited(NORTHGATE, consenting_company=HAVN))
    return made


def show(window: Window, answer: dict[str, Any]) -> None:
    """Open the answer as the browser would get it; its headers count, so its policy does."""

    def fulfil(route: Route) -> None:
        route.fulfill(status=200, headers=answer["headers"], body=answer["body"])

    window.page.route(ADDRESS, fulfil)
    window.page.goto(ADDRESS)
    window.page.unroute(ADDRESS)


def test_each_page_has_its_style_fits_the_window_and_passes_axe(window: Window, system: InProcessSystem) -> None:
    for name, browser in pages(system).items():
        show(window, browser.last)

        assert window.page.locator("main").evaluate("e => getComputedStyle(e).maxWidth") == "544px", name
        assert window.overflow() == 0, name
        assert window.complaints == [], name
        assert window.accessibility_faults() == [], name
        window.keep(f"authorisation-{name}")
        window.complaints.clear()  # axe and screenshots add styles of their own, which the policy refuses


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_in_both_colour_schemes(
    desktop: Window, system: InProcessSystem, scheme: Literal["light", "dark"]
) -> None:
    desktop.page.emulate_media(color_scheme=scheme)
    show(desktop, pages(system)["connected"].last)
    desktop.keep(f"authorisation-{scheme}")

    dark = desktop.page.locator("main").evaluate("e => getComputedStyle(e).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    assert desktop.accessibility_faults() == []
