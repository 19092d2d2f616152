"""Bad days of a reader's machine and of the desk: their pages come back by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect
from sqlalchemy import text

from config import Settings
from models import Role, Ticket
from tests.api import Api
from tests.browser import Tab, a_tab, sign_in
from tests.cluster.conftest import Cluster
from tests.factories import PASSWORD, Person, a_past, database, people
from tests.waiting import until
from tests.web.console import Console, a_console

# What a tab may ask for as it comes back: once each of what it shows.
MOST_REQUESTS = 40


@dataclass(frozen=True)
class Deployment:
    """A web process of its own, so that it can be killed."""

    cluster: Cluster
    api: Api

    def person(self, role: Role) -> Person:
        return people(self.cluster.settings, role)[0]


@pytest.fixture(scope="module")
async def deployment(start_shared_cluster: Callable[..., Cluster]) -> AsyncIterator[Deployment]:
    cluster = await asyncio.to_thread(start_shared_cluster)
    async with Api(cluster.urls[0]) as api:
        yield Deployment(cluster, api)


@pytest.fixture
def csr(deployment: Deployment) -> Person:
    return deployment.person(Role.CSR)


@pytest.fixture
def customer(deployment: Deployment) -> Person:
    return deployment.person(Role.USER)


async def said(api: Api, ticket: Any, person: Person) -> list[str]:
    found = (await api.get(f"/tickets/{ticket['id']}/messages", person)).json
    return sorted(event["data"]["content"] for event in found)


async def post(api: Api, ticket: Any, person: Person, content: str) -> None:
    answer = await api.post(f"/tickets/{ticket['id']}/messages", person, json={"content": content})
    assert answer.status == 201, answer


async def open_as_customer(page: Page, api: Api, customer: Person, ticket: Any) -> None:
    await page.goto(f"{api.url}/login?lang=en")
    await sign_in(page, customer.email, PASSWORD)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.goto(f"{api.url}/tickets/{ticket['number']}")
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")


async def write_as_customer(page: Page, content: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(content)
    await page.get_by_role("button", name="Send").click()


async def test_what_is_written_while_the_process_is_dead_is_sent_once_and_nothing_is_missed(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person, tab: Tab
) -> None:
    api = deployment.api
    ticket = await api.a_ticket(customer)
    await open_as_customer(tab.page, api, customer, ticket)
    shown = tab.page.get_by_role("log", name="Conversation").get_by_role("article")
    path = f"/desk/tickets/{ticket['number']}"
    async with a_console(browser, api, csr, path) as console:
        await expect(console.reply).to_be_visible()
        # The agent has lost the network, the customer only the process.
        await console.page.context.set_offline(True)
        await expect(console.connection).to_contain_text("Offline")
        await console.reply.fill("From the train")
        await console.send.click()
        await expect(console.said("From the train")).to_contain_text("Waits for the connection")
        await asyncio.to_thread(deployment.cluster.kill_web, 0)
        await expect(tab.page.get_by_role("status", name="Connection")).to_contain_text("Offline")
        await write_as_customer(tab.page, "Is anybody there?")
        await asyncio.to_thread(deployment.cluster.restart_web, 0)
        await post(api, ticket, customer, "From the phone")
        await console.page.context.set_offline(False)
        # It was written before the customer's: the agent sees these first.
        await expect(console.said("From the phone")).to_have_count(1)
        await console.page.get_by_role("button", name="Send anyway").click()
        for log in (console.messages, shown):
            for content in ("From the train", "Is anybody there?", "From the phone"):
                await expect(log.filter(has_text=content)).to_have_count(1)
            await expect(log.filter(has_text="Wait")).to_have_count(0)
        await expect(console.connection).to_have_text("Live")
        await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")
        expected = ["From the phone", "From the train", "Is anybody there?"]
        assert await said(api, ticket, csr) == expected
        console.tab.complaints.clear()


async def test_two_tabs_of_a_laptop_that_slept_go_on_and_make_no_storm(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person
) -> None:
    api = deployment.api
    ticket = await api.a_ticket(customer)
    path = f"/desk/tickets/{ticket['number']}"
    async with a_console(browser, api, csr) as console:
        context = console.page.context
        # Its clock is hours ahead all the time.
        await context.clock.install(time=datetime.now(UTC) + timedelta(hours=5))
        await console.go(path)
        other = Console(Tab(await context.new_page()), api, csr)
        await other.go("/desk/open")
        tabs = (console, other)
        await console.reply.fill("I was just about to")
        await context.set_offline(True)
        await post(api, ticket, customer, "Good night")
        # What is written and not sent takes the place of the message in a row, not that of a label.
        urgent = {"priority": "urgent"}
        assert (await api.patch(f"/csr/tickets/{ticket['id']}", csr, json=urgent)).status == 200
        answered: list[str] = []
        context.on("response", lambda got: answered.append(got.url))
        for one in tabs:
            one.tab.urls.clear()
        await context.clock.fast_forward("08:00:00")
        await context.set_offline(False)
        await expect(console.said("Good night")).to_have_count(1)
        await expect(other.row(ticket)).to_contain_text("Urgent")
        for one in tabs:
            await expect(one.connection).to_have_text("Live")
            await expect(one.page.get_by_role("dialog", name="Sign in to go on")).to_have_count(0)
        await expect(console.reply).to_have_value("I was just about to")
        urls = [url for one in tabs for url in one.tab.urls]
        assert 1 <= sum(url.endswith("/web/session/refresh") for url in answered) <= len(tabs)
        assert len(urls) <= MOST_REQUESTS * len(tabs), urls
        await console.send.click()
        # The customer wrote meanwhile.
        await console.page.get_by_role("button", name="Send anyway").click()
        await expect(other.row(ticket)).to_contain_text("I was just about to")


async def test_a_session_that_ends_elsewhere_ends_in_all_tabs_and_drafts_stay(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person
) -> None:
    api = deployment.api
    ticket = await api.a_ticket(customer)
    path = f"/desk/tickets/{ticket['number']}"
    async with a_console(browser, api, csr, path) as console:
        other = Console(Tab(await console.page.context.new_page()), api, csr)
        await other.go("/desk/open")
        await console.reply.fill("Half a sent")
        # On another device of theirs.
        assert (await api.post("/auth/logout_all", csr)).status < 300
        for one in (console, other):
            again = one.page.get_by_role("dialog", name="Sign in to go on")
            await expect(again).to_be_visible()
        await sign_in(other.page, csr.email, PASSWORD)
        for one in (console, other):
            await expect(one.page.get_by_role("dialog")).to_have_count(0)
            await expect(one.connection).to_have_text("Live")
        await expect(console.reply).to_have_value("Half a sent")


FORBIDDEN = """
    Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("forbidden", "SecurityError"); },
    });
"""
FULL = 'Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); }'


@pytest.mark.parametrize("script", [FORBIDDEN, FULL], ids=["forbidden", "full"])
async def test_where_nothing_can_be_stored_all_works_and_that_is_said(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person, script: str
) -> None:
    api = deployment.api
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr) as console:
        await console.page.add_init_script(script)
        await console.go(f"/desk/tickets/{ticket['number']}")
        await console.reply.fill("Not kept")
        await expect(console.page.get_by_text("keeps nothing here")).to_be_visible()
        await console.send.click()
        await expect(console.stored("Not kept")).to_be_visible()
    async with a_tab(browser) as tab:
        await tab.page.add_init_script(script)
        await open_as_customer(tab.page, api, customer, ticket)
        await tab.page.get_by_role("textbox", name="Message").fill("Nor this")
        await expect(tab.page.get_by_text("keeps nothing here")).to_be_visible()
        await tab.page.get_by_role("button", name="Send").click()
        await expect(tab.page.get_by_role("log")).to_contain_text("Nor this")
        await expect(tab.page.locator(".unsent")).to_have_count(0)
        assert tab.complaints == []
    assert await said(api, ticket, csr) == ["Nor this", "Not kept"]


async def test_a_page_that_comes_without_its_modules_is_loaded_again_once_and_says_so(
    browser: Browser, deployment: Deployment, csr: Person
) -> None:
    asked: list[str] = []

    async def is_missing(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(status=404)

    async with a_console(browser, deployment.api, csr) as console:
        # Another release answers: by the second time, the right one.
        await console.page.route("**/desk/main.js", is_missing, times=1)
        await console.go("/desk")
        assert len(asked) == 1
        await console.page.route("**/desk/main.js", is_missing)
        pages: list[Request] = []
        console.page.on("request", lambda request: pages.append(request))
        await console.page.goto(f"{deployment.api.url}/desk/mine")
        await expect(console.page.get_by_role("alert")).to_contain_text("not complete")
        assert len([one for one in pages if one.is_navigation_request()]) == 2


async def test_a_ticket_of_many_thousand_messages_stays_small(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person
) -> None:
    api = deployment.api
    ticket = await api.a_ticket(customer)
    with database(deployment.cluster.settings) as session:
        a_past(session, customer.id, ticket["id"], 5000)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        await expect(console.said("message 5000")).to_be_visible()
        assert await console.messages.count() < 200
        while await console.messages.count() < 500:
            before = await console.messages.count()
            await console.log.evaluate("log => { log.scrollTop = 0; }")
            await expect(console.messages).not_to_have_count(before)
        await console.log.evaluate("log => { log.scrollTop = log.scrollHeight; }")
        await expect(console.messages).to_have_count(200)
        await expect(console.said("message 5000")).to_be_in_viewport()
        await post(api, ticket, customer, "One more")
        await expect(console.said("One more")).to_be_in_viewport()


ROWS = 700
MOST_DRAWN = 60
# Then the next page is asked for; whether it was the last one.
TO_THE_END = """pane => {
    pane.scrollTop = pane.scrollHeight;
    return Boolean(pane.querySelector("[aria-setsize]:not([aria-setsize='-1'])"));
}"""
# A ticket so often, each a second younger than the one before.
COPIES = """
    insert into tickets (id, created_at, {columns})
    select gen_random_uuid(), created_at + n * interval '1 second', {columns}
    from tickets, generate_series(1, :count) n where id = :id
"""


def copy(settings: Settings, ticket: Any, count: int) -> None:
    columns = ", ".join(
        column.name
        for column in Ticket.__table__.columns
        if not (column.computed or column.identity) and column.name not in ("id", "created_at")
    )
    with database(settings) as session:
        copies = text(COPIES.format(columns=columns))
        session.execute(copies, {"count": count, "id": ticket["id"]})


async def test_of_a_long_list_those_in_sight_are_drawn(
    browser: Browser, deployment: Deployment, csr: Person, customer: Person
) -> None:
    ticket = await deployment.api.a_ticket(customer)
    await asyncio.to_thread(copy, deployment.cluster.settings, ticket, ROWS)
    first_pages: list[str] = []
    is_drawn, goes_on = asyncio.Event(), asyncio.Event()

    async def hold_back(route: Route) -> None:
        """Once it is drawn the list is read anew, as catching up failed, and slowly."""
        url = route.request.url
        if "updated_after" in url:
            await is_drawn.wait()
            await route.fulfill(status=503)
            return
        if "cursor" not in url:
            first_pages.append(url)
            if len(first_pages) > 1:
                await goes_on.wait()
        await route.continue_()

    async with a_console(browser, deployment.api, csr) as console:
        await console.page.route("**/api/v1/csr/tickets?*", hold_back)
        await console.go("/desk/unassigned?sort=created_at")
        pane = console.page.locator(".rows-pane")

        async def is_at_end() -> bool:
            assert await console.rows.count() <= MOST_DRAWN
            return bool(await pane.evaluate(TO_THE_END))

        await expect(console.rows.first).to_be_visible()
        is_drawn.set()
        await until(lambda: len(first_pages) > 1)
        # At the end of the first page the next one is asked for, also if that has to wait.
        assert not await is_at_end()
        await expect(console.rows.last).to_be_in_viewport()
        goes_on.set()
        await until(is_at_end)
        await expect(console.rows.last).to_be_in_viewport()
        assert int(await pane.evaluate("pane => pane.scrollHeight")) > ROWS * 40
        console.tab.complaints.clear()
