"""A real Chromium: `$CHROMIUM`, or the first one on PATH. Without one these tests are skipped, and say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCREENSHOTS = Path(__file__).parents[2] / ".local" / "screenshots"
PATIENCE = 60_000  # milliseconds that a page may take for anything; a busy machine is slow


@dataclass
class Window:
    """A page in the browser, and what it complained of."""

    page: Page
    name: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def accessibility_faults(self) -> list[tuple[str, list[str]]]:
        """What axe finds: rule and elements."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def keep(self, name: str) -> None:
        """A screenshot, for a person to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.name}.png", full_page=True)


# Not for the session: while Playwright runs, so does its event loop, and other tests' prompts need one of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: install one of {', '.join(NAMES)}, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def window(chromium: Chromium, request: pytest.FixtureRequest) -> Iterator[Window]:
    width, height = SIZES[request.param]
    context = chromium.new_context(viewport={"width": width, "height": height})
    yield Window(context.new_page(), request.param)
    context.close()


@pytest.fixture
def desktop(chromium: Chromium) -> Iterator[Window]:
    width, height = SIZES["desktop"]
    context = chromium.new_context(viewport={"width": width, "height": height})
    yield Window(context.new_page(), "desktop")
    context.close()
