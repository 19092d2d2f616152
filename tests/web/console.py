"""The console in a tab, as somebody of the staff sees it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.api import Api
from tests.browser import Tab, a_tab
from tests.factories import PASSWORD, Person

# What the browser itself says of an answer that the console takes as it is.
EXPECTED = re.compile(r"status of (401|404|409|412)|ERR_INTERNET_DISCONNECTED")
OWN = {"Sec-Fetch-Site": "same-origin"}


class Console:
    """``tab``: its complaints are empty at the end, or the test fails."""

    def __init__(self, tab: Tab, api: Api, person: Person) -> None:
        self.tab, self.api, self.person = tab, api, person
        self.rows = self.page.get_by_role("list", name="Tickets").get_by_role("listitem")
        self.log = self.page.get_by_role("log", name="Timeline")
        self.messages = self.log.get_by_role("article")
        self.reply = self.page.get_by_role("textbox", name="Reply")
        self.note = self.page.get_by_role("textbox", name="Note")
        self.send = self.page.get_by_role("button", name="Send")
        self.connection = self.page.get_by_role("status", name="Connection")

    @property
    def page(self) -> Page:
        return self.tab.page

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.api.url}{path}")
        await expect(self.connection).to_have_text("Live")

    async def sign_in(self) -> None:
        """As if the person had been here before."""
        login = {"email": self.person.email, "password": PASSWORD}
        answer = await self.page.context.request.post(
            f"{self.api.url}/web/session", data=login, headers=OWN
        )
        assert answer.ok

    async def pick(self, words: str) -> None:
        """From the palette, which comes a moment after it was asked for."""
        await expect(self.page.locator("dialog.palette input")).to_be_focused()
        await self.page.keyboard.type(words)
        await self.page.keyboard.press("Enter")

    def row(self, ticket: Any) -> Locator:
        return self.rows.filter(has_text=f"#{ticket['number']} ")

    def said(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    def stored(self, text: str) -> Locator:
        """As `said`, once the server has it."""
        return self.said(text).and_(self.page.locator(":not([data-state])"))


@asynccontextmanager
async def a_console(
    browser: Browser, api: Api, person: Person, path: str | None = None
) -> AsyncIterator[Console]:
    async with a_tab(browser) as tab:
        await tab.page.context.set_extra_http_headers({"Accept-Language": "en"})
        console = Console(tab, api, person)
        await console.sign_in()
        if path is not None:
            await console.go(path)
        yield console
        assert [text for text in tab.complaints if not EXPECTED.search(text)] == []
