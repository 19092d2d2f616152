"""The widget on another site, in a browser: a first message, live answers, and a return."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from playwright.async_api import (
    Browser,
    FilePayload,
    FloatRect,
    FrameLocator,
    Locator,
    Page,
    Route,
    expect,
)
from pydantic import ValidationError

from config import Settings
from embedded.server import free_port
from server.web import assets
from server.web.widget import LOADER, WIDGET
from tests.api import Api
from tests.browser import Tab, a_tab
from tests.conftest import Backend
from tests.factories import Person
from tests.pictures import png
from tests.server.conftest import serving
from tests.web.checks import RULES, axe
from tests.web.hosts import HOST, a_site

# Answers to what was still asked for as somebody who is here no more.
OVER = re.compile(r"status of 401|status of 400 .*/socket\.io/\?")
MOST_LOADER_BYTES, MOST_PAGE_BYTES = 5_000, 60_000


IDENTITY_SECRET = "9d1f0c7e5b3a48269f8e7d6c5b4a39281706f5e4d3c2b1a0"


def signed(who: str) -> str:
    """As a site does it."""
    claims = {
        "sub": who,
        "name": who.title(),
        "jti": str(uuid4()),
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return jwt.encode(claims, IDENTITY_SECRET, algorithm="HS256")


@dataclass(frozen=True)
class Site:
    api: Api
    url: str
    # Loads the widget, and is not listed.
    unlisted: str


@pytest.fixture(scope="module")
async def site(backend: Backend) -> AsyncIterator[Site]:
    port, other = free_port(), free_port()
    origins = f"https://elsewhere.test,http://{HOST}:{port}"
    set_up = {"widget_origins": origins, "identity_secret": IDENTITY_SECRET}
    settings = backend.settings.model_copy(update=set_up)
    async with (
        serving(settings) as (_, api),
        a_site(port, api.url, signed) as url,
        a_site(other, api.url) as unlisted,
    ):
        yield Site(api, url, unlisted)


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def conversation(page: Page) -> Locator:
    return frame(page).get_by_role("log", name="Conversation")


def support(page: Page) -> Locator:
    return page.get_by_role("button", name="Support", exact=True)


async def box_of(shown: Locator) -> FloatRect:
    box = await shown.bounding_box()
    assert box is not None
    return box


async def fill_first(page: Page, message: str) -> None:
    inside = frame(page)
    await inside.get_by_role("textbox", name="Name").fill("Ann <b>Lee</b>")
    await inside.get_by_role("textbox", name="Email").fill("ann.widget@desk.test")
    await send(page, message)


async def write_first(page: Page, message: str) -> None:
    await fill_first(page, message)
    await expect(conversation(page)).to_contain_text(message)


async def send(page: Page, message: str) -> None:
    await frame(page).get_by_role("textbox", name="Message").fill(message)
    await frame(page).get_by_role("button", name="Send").click()


async def write(page: Page, message: str) -> None:
    """As somebody who is known."""
    await send(page, message)
    await expect(conversation(page)).to_contain_text(message)


async def open_named(page: Page, url: str) -> None:
    """Opens the widget of a visitor whom the site names, and waits until it knows them."""
    async with page.expect_response("**/web/visitor/identify") as identified:
        await page.goto(url)
        await support(page).click()
    assert (await identified.value).ok
    # What is drawn by now is for somebody who is known.
    await expect(frame(page).get_by_role("textbox", name="Message")).to_be_visible()
    await expect(frame(page).get_by_role("textbox", name="Name")).to_have_count(0)


async def newest(api: Api, csr: Person, title: str) -> dict[str, object]:
    found = (await api.get("/csr/tickets", csr)).json
    return next(ticket for ticket in found if ticket["title"] == title)


async def test_a_visitor_writes_is_answered_live_and_finds_it_again(
    site: Site, csr: Person, tab: Tab
) -> None:
    page = tab.page
    await page.goto(site.url)
    assert not [url for url in tab.urls if "/widget" in url and "widget.js" not in url]
    await support(page).click()
    await expect(frame(page).get_by_role("textbox", name="Name")).to_be_focused()
    assert (await box_of(support(page)))["height"] >= 44
    assert (await box_of(page.locator("iframe")))["width"] >= 360
    await write_first(page, "The kettle leaks <img src=x onerror=alert(1)>")
    ticket = await newest(site.api, csr, "The kettle leaks <img src=x onerror=alert(1)>")
    path = f"/tickets/{ticket['id']}/messages"
    said = frame(page).get_by_role("log").get_by_role("article")
    assert (await site.api.post(path, csr, json={"content": "Which one?"})).status == 201
    await expect(said).to_have_count(2)
    await expect(said.last).to_contain_text("Which one?")
    await expect(said.last).to_contain_text(csr.full_name)
    box = frame(page).get_by_role("textbox", name="Message")
    picture = FilePayload(name="kettle.png", mimeType="image/png", buffer=png(30, 20))
    await frame(page).locator(".composer input[type=file]").set_input_files(picture)
    await expect(frame(page).get_by_role("list", name="Files")).to_contain_text("kettle.png")
    await box.fill("The red one")
    await expect(frame(page).get_by_role("progressbar")).to_have_count(0)
    await box.press("Enter")
    await expect(said).to_have_count(3)
    # By the visitor's own cookie, in a frame of another site.
    shown = said.last.get_by_role("img", name="kettle.png")
    await expect(shown).to_have_js_property("naturalWidth", 30)
    await expect(frame(page).locator(".unsent")).to_have_count(0)
    posted = (await site.api.get(path, csr)).json
    assert [event["data"]["content"] for event in posted] == ["Which one?", "The red one"]

    await box.press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    await expect(support(page)).to_be_focused()
    assert (await site.api.post(path, csr, json={"content": "I see"})).status == 201
    await expect(support(page)).to_have_accessible_description("1 new message")

    await page.reload()
    await expect(support(page)).to_have_accessible_description("1 new message")
    await support(page).click()
    await expect(said.last).to_contain_text("I see")
    await expect(said).to_have_count(4)
    await expect(support(page)).to_have_accessible_description("")
    await site.api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "resolved"})
    await frame(page).get_by_role("radio", name="4 good").check()
    await frame(page).get_by_role("button", name="Send the rating").click()
    await expect(frame(page).get_by_text("Thank you for your rating.")).to_be_visible()
    assert tab.complaints == []


async def test_whom_the_site_names_types_no_name_and_is_gone_with_their_sign_out(
    site: Site, csr: Person, tab: Tab
) -> None:
    page, log = tab.page, conversation(tab.page)
    names = frame(page).get_by_role("textbox", name="Name")
    await open_named(page, f"{site.url}/?who=noa")
    await write(page, "It is Noa")
    assert (await newest(site.api, csr, "It is Noa"))["type"] == "question"
    # Another page of the site: another token, the same conversation.
    await open_named(page, f"{site.url}/?who=noa")
    await expect(log).to_contain_text("It is Noa")
    # Somebody else at the same browser sees nothing of it.
    await open_named(page, f"{site.url}/?who=kim")
    await expect(log).to_have_count(0)
    await open_named(page, f"{site.url}/?who=noa")
    await expect(log).to_contain_text("It is Noa")
    await page.evaluate("dispatchEvent(new Event('sign-out'))")
    await expect(names).to_be_visible()
    await page.goto(site.url)
    await support(page).click()
    await expect(names).to_be_visible()
    assert [text for text in tab.complaints if not OVER.search(text)] == []


async def test_what_one_visitor_asked_for_is_not_asked_for_as_another(site: Site, tab: Tab) -> None:
    page, asked, identified = tab.page, asyncio.Event(), asyncio.Event()
    await open_named(page, f"{site.url}/?who=eve")
    await write(page, "It is Eve")

    async def ask_first(route: Route) -> None:
        await asked.wait()
        await route.continue_()

    async def answer_late(route: Route) -> None:
        asked.set()
        await identified.wait()
        await route.continue_()

    await page.route("**/web/visitor/identify", ask_first)
    await page.route("**/api/v1/users/tickets/*", answer_late)
    async with (
        page.expect_response("**/api/v1/users/tickets/*") as refused,
        page.expect_response("**/web/visitor/identify") as named,
    ):
        await page.goto(f"{site.url}/?who=mia")
        assert (await named.value).ok
        async with page.expect_response("**/web/visitor/refresh") as refreshed:
            identified.set()
        assert (await refused.value).status == 401
        assert (await refreshed.value).ok
    await support(page).click()
    await write(page, "It is Mia")
    assert [text for text in tab.complaints if not OVER.search(text)] == []


async def test_an_answer_that_is_lost_on_the_way_makes_no_second_ticket(
    site: Site, csr: Person, tab: Tab
) -> None:
    title = f"Lost {uuid4()}"
    answered: list[int] = []

    async def lose(route: Route) -> None:
        if answered:
            await route.continue_()
        else:
            answered.append((await route.fetch()).status)
            await route.abort()

    await tab.page.route("**/web/visitor", lose)
    await tab.page.goto(site.url)
    await support(tab.page).click()
    await fill_first(tab.page, title)
    inside = frame(tab.page)
    await expect(inside.get_by_role("alert")).to_be_visible()
    assert answered == [201]
    await inside.get_by_role("button", name="Send").click()
    await expect(inside.get_by_role("log", name="Conversation")).to_contain_text(title)
    found = (await site.api.get("/csr/tickets", csr)).json
    assert [one["title"] for one in found].count(title) == 1


async def test_a_site_that_is_not_listed_shows_no_frame(site: Site, tab: Tab) -> None:
    await tab.page.goto(site.unlisted)
    async with tab.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        await support(tab.page).click()
    await expect(frame(tab.page).get_by_role("textbox", name="Name")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_the_frame_is_accessible_on_a_phone(
    site: Site, browser: Browser, scheme: str
) -> None:
    async with a_tab(browser) as tab:
        page = tab.page
        await page.set_viewport_size({"width": 360, "height": 640})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.goto(site.url)
        await support(page).click()
        await expect(frame(page).get_by_role("textbox", name="Name")).to_be_visible()
        assert await violations(page) == []
        await write_first(page, "A word of " + "much" * 200)
        await expect(frame(page).get_by_role("status", name="Connection")).to_have_text("Live")
        assert await violations(page) == []
        inner = page.frames[-1]
        assert await inner.evaluate("document.documentElement.scrollWidth") <= 360
        assert await inner.evaluate("document.cookie") == ""


async def violations(page: Page) -> list[str]:
    inner = page.frames[-1]
    await inner.evaluate(axe())
    found = await inner.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


async def test_the_page_alone_may_be_framed_and_by_the_listed_alone(site: Site, api: Api) -> None:
    async with site.api.http.get("/widget") as page:
        policy = page.headers["Content-Security-Policy"]
        host = site.url
        assert f"; frame-ancestors https://elsewhere.test {host}; " in policy
        assert "X-Frame-Options" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
    async with site.api.http.get("/desk") as page:
        assert page.headers["X-Frame-Options"] == "DENY"
    async with api.http.get("/widget") as page:
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"


async def test_any_site_may_load_the_loader(site: Site) -> None:
    async with site.api.http.get("/widget.js", headers={"Origin": site.unlisted}) as loader:
        assert loader.status == 200
        assert loader.content_type == "text/javascript"
        assert loader.headers["Access-Control-Allow-Origin"] == "*"
        assert loader.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://a.test/",
        "a.test",
        "https://A.test",
        "https://a.test;b",
        "https://a.test 'self'",
    ],
)
def test_what_is_no_origin_stops_the_start(backend: Backend, origins: str) -> None:
    given = backend.settings.model_dump() | {"widget_origins": f"https://b.test,{origins}"}
    with pytest.raises(ValidationError, match="is no origin like"):
        Settings.model_validate(given)


def test_a_site_is_given_few_bytes() -> None:
    paths = [*assets.modules(WIDGET.entry), *WIDGET.sheets]
    paths += [f"shared/words/en/{name}.js" for name in WIDGET.words]
    assert len(assets.encoded(LOADER, "gzip")) < MOST_LOADER_BYTES
    assert sum(len(assets.encoded(path, "gzip")) for path in paths) < MOST_PAGE_BYTES
    assert assets.modules(LOADER) == (LOADER,)
