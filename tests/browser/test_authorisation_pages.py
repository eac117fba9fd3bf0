"""What a person sees who was sent a link, in a browser that enforces the pages' policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route

from pleo_simulator.sample import HAVN, NORTHGATE
from tests.browser.conftest import Window
from tests.system.browser import CONNECT, Browser
from tests.system.expenses import purchases
from tests.system.in_process_system import CALLBACK, InProcessSystem

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


def test_each_page_has_its_style_fits_the_window_and_passes_axe(window: Window, system: InProcessSystem) -> None:
    for name, browser in pages(system).items():
        answer = browser.last

        def fulfil(route: Route, answer: dict[str, object] = answer) -> None:
            route.fulfill(status=200, headers=answer["headers"], body=answer["body"])  # type: ignore[arg-type]

        window.page.route(f"https://page.test/{name}", fulfil)
        window.page.goto(f"https://page.test/{name}")
        window.keep(f"authorisation-{name}")

        assert window.page.locator("main").evaluate("e => getComputedStyle(e).maxWidth") == "544px", name
        assert window.overflow() == 0, name
        assert window.complaints == [], name
        assert window.accessibility_faults() == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_in_both_colour_schemes(desktop: Window, system: InProcessSystem, scheme: str) -> None:
    answer = pages(system)["connected"].last
    desktop.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    desktop.page.route(
        "https://page.test/", lambda route: route.fulfill(headers=answer["headers"], body=answer["body"])
    )
    desktop.page.goto("https://page.test/")
    desktop.keep(f"authorisation-{scheme}")

    dark = desktop.page.locator("main").evaluate("e => getComputedStyle(e).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    assert desktop.accessibility_faults() == []
