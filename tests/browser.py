"""Tabs in a headless Chromium, which Playwright drives."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    async_playwright,
    expect,
)

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000.0
SNAPSHOT_MS = 5_000.0
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """The binary. Without it the test is skipped, or fails where REQUIRE_ALL is set."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("REQUIRE_ALL"):
        pytest.fail("Chromium is missing, and REQUIRE_ALL is set")
    if found is None:
        pytest.skip("Chromium is missing")
    return found


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, timeout=PATIENCE_MS)
        yield browser
        await browser.close()


@dataclass
class Tab:
    """A page. ``complaints``: errors and warnings of its console; ``urls``: what it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.urls.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.complaints.append(f"{message.text} ({message.location['url']})")

    async def show(self) -> None:
        """Says what there is to be seen: of a test that failed, the log tells the cause."""
        for page in self.page.context.pages:
            for frame in page.frames:
                with suppress(Error):
                    shown = await frame.locator("body").aria_snapshot(timeout=SNAPSHOT_MS)
                    sys.stdout.write(f"--- {frame.url}\n{shown}\n")
        complaints = "\n".join(self.complaints)
        sys.stdout.write(f"--- complaints of {self.page.url}\n{complaints}\n")

    async def until(self, condition: str) -> None:
        """Waits until the expression is true in the page."""
        await self.page.wait_for_function(f"Boolean({condition})")


# Whether the test has failed: a fixture is not told.
FAILED = pytest.StashKey[bool]()


@asynccontextmanager
async def tab_of(browser: Browser, node: pytest.Item) -> AsyncIterator[Tab]:
    """As `a_tab`, for a fixture."""
    async with a_tab(browser) as tab:
        yield tab
        if node.stash.get(FAILED, False):
            await tab.show()


@asynccontextmanager
async def a_tab(browser: Browser, **options: Any) -> AsyncIterator[Tab]:
    """An empty tab with storage and cookies of its own, which are gone afterwards.

    ``options``: of Playwright's contexts. After a failure the tab says what it shows.
    """
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(await context.new_page())
    try:
        yield tab
    except BaseException:
        await tab.show()
        raise
    finally:
        await context.close()


async def sign_in(page: Page, email: str, password: str) -> None:
    """By the form that stands on the page, in English."""
    await page.get_by_role("textbox", name="Email").fill(email)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
