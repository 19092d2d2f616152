"""The agents' console: the same tickets in several browsers, and over HTTP."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Route, expect

from models import Role
from server.web import assets
from tests.api import Api
from tests.browser import Tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.web.checks import check_page
from tests.web.console import a_console


@pytest.fixture
def colleague(backend: Backend) -> Person:
    return people(backend.settings, Role.CSR)[0]


async def test_what_screen_readers_rely_on_has_its_names(
    api: Api, csr: Person, customer: Person, tab: Tab
) -> None:
    ticket = await api.a_ticket(customer)
    await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(tab.page.context.browser, api, csr) as console:  # type: ignore[arg-type]
        page = console.page
        await page.context.clear_cookies()
        await page.goto(f"{api.url}/desk?lang=en")
        await sign_in(page, csr.email, PASSWORD)
        await expect(console.connection).to_have_text("Live")
        views = page.get_by_role("navigation", name="Views")
        for name in ("Needs reply", "Mine", "Unassigned", "Open", "Resolved", "Closed"):
            await expect(views.get_by_role("link", name=re.compile(f"^{name}"))).to_be_visible()
        await views.get_by_role("link", name="Mine").click()
        link = console.rows.get_by_role("link", name=ticket["title"])
        await link.click()
        await expect(page).to_have_url(f"{api.url}/desk/tickets/{ticket['number']}")
        await expect(page.get_by_role("heading", name=ticket["title"])).to_be_visible()
        await expect(console.log).to_be_visible()
        for tab_name in ("Note", "Reply"):
            await page.get_by_role("tab", name=tab_name).click()
            await expect(page.get_by_role("textbox", name=tab_name)).to_be_visible()
        for name in ("Status", "Priority", "Assignee"):
            await expect(page.get_by_role("combobox", name=name)).to_be_visible()
        await expect(page.get_by_role("textbox", name="Tags")).to_be_visible()
        for name in ("Notifications", "Sign out", "Send"):
            await expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("textbox", name="Password")).to_be_visible()


async def test_an_answer_is_live_both_ways(
    browser: Browser, api: Api, csr: Person, colleague: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/desk/tickets/{ticket['number']}"
    async with (
        a_console(browser, api, csr, path) as mine,
        a_console(browser, api, colleague, path) as theirs,
    ):
        await mine.page.get_by_role("button", name="Take").click()
        await expect(theirs.page.get_by_role("combobox", name="Assignee")).to_have_value(
            str(csr.id)
        )
        await mine.reply.fill("What exactly broke?")
        await expect(theirs.page.get_by_text(f"{csr.full_name} is writing a reply")).to_be_visible()
        await mine.send.click()
        await expect(mine.said("What exactly broke?")).to_have_count(1)
        await expect(mine.reply).to_have_value("")
        await expect(theirs.said("What exactly broke?")).to_have_attribute("data-side", "staff")
        await api.post(f"/tickets/{ticket['id']}/messages", customer, json={"content": "The lid"})
        await expect(mine.said("The lid")).to_have_attribute("data-side", "customer")
        await expect(mine.stored("What exactly broke?")).to_be_visible()
        await theirs.page.get_by_role("tab", name="Note").click()
        await theirs.note.fill("An old one, replace it")
        await theirs.page.keyboard.press("Control+Enter")
        await expect(mine.stored("An old one")).to_have_attribute("data-side", "note")
        timeline = (await api.get(f"/tickets/{ticket['id']}/timeline", customer)).json
        said = [event["data"].get("content") for event in timeline]
        assert [content for content in said if content] == ["What exactly broke?", "The lid"]
        await mine.page.get_by_role("combobox", name="Priority").select_option("High")
        await mine.page.get_by_role("textbox", name="Tags").fill("lid")
        await mine.page.keyboard.press("Enter")
        await expect(theirs.page.get_by_role("combobox", name="Priority")).to_have_value("high")
        await expect(theirs.page.get_by_role("button", name="Remove the tag lid")).to_be_visible()
        await expect(theirs.log).to_contain_text(f"{csr.full_name} set the priority to High")


async def test_tickets_come_change_and_go_as_elsewhere(
    browser: Browser, api: Api, csr: Person, colleague: Person, customer: Person
) -> None:
    first, second = [await api.a_ticket(customer) for _ in range(2)]
    for ticket in (first, second):
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(browser, api, csr, "/desk/needs_reply") as console:
        await expect(console.rows).to_have_count(2)
        await api.patch(f"/csr/tickets/{first['id']}", colleague, json={"status": "resolved"})
        await expect(console.rows).to_have_count(1)
        await api.post(f"/tickets/{second['id']}/messages", csr, json={"content": "Done?"})
        await expect(console.rows).to_have_count(0)
        await expect(console.page.get_by_text("Nothing of yours waits")).to_be_visible()
        await api.post(f"/tickets/{second['id']}/messages", customer, json={"content": "No"})
        await expect(console.row(second)).to_contain_text("No")
        await expect(console.row(second).get_by_role("link")).to_have_accessible_name(
            re.compile("1 unread")
        )
        views = console.page.get_by_role("navigation", name="Views")
        await expect(views.get_by_role("link", name="Needs reply 1")).to_be_visible()
        await expect(views.get_by_role("link", name="Mine 1")).to_be_visible()
        third = await api.a_ticket(customer)
        await api.post(f"/csr/tickets/{third['id']}/claim", csr)
        await expect(console.rows).to_have_count(2)
        await expect(views.get_by_role("link", name="Mine 2")).to_be_visible()
        # Nothing moves under the pointer.
        await console.rows.last.hover()
        await console.page.mouse.move(*await middle(console.rows.last))
        await api.patch(f"/csr/tickets/{third['id']}", colleague, json={"status": "resolved"})
        pill = console.page.get_by_role("button", name="1 update")
        await expect(pill).to_be_visible()
        await expect(console.rows).to_have_count(2)
        await pill.click()
        await expect(console.rows).to_have_count(1)
        # What the first list does without was not in its way.
        order = ("/csr/views", "/csr/tickets?", "/desk/parts/ticket_pane.js")
        found = [next(n for n, url in enumerate(console.tab.urls) if part in url) for part in order]
        assert found == sorted(found)


async def test_what_changes_before_the_connection_stands_is_seen_too(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    may_connect = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_connect.wait()
        await route.continue_()

    async with a_console(browser, api, csr) as console:
        await console.page.route(re.compile("/socket.io/"), hold)
        await console.page.goto(f"{api.url}/desk/mine")
        await expect(console.rows).to_have_count(1)
        await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "resolved"})
        may_connect.set()
        await expect(console.connection).to_have_text("Live")
        await expect(console.rows).to_have_count(0)


async def middle(locator: object) -> tuple[float, float]:
    box = await locator.bounding_box()  # type: ignore[attr-defined]
    return box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2


async def test_a_draft_outlives_events_other_tickets_and_a_reload(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket, other = [await api.a_ticket(customer) for _ in range(2)]
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        page = console.page
        await page.get_by_role("tab", name="Note").click()
        await console.note.fill("a note")
        await page.get_by_role("tab", name="Reply").click()
        await console.reply.press_sequentially("We are ")
        for n in range(5):
            await api.post(f"/tickets/{ticket['id']}/messages", customer, json={"content": f"{n}"})
            await console.reply.press_sequentially(f"{n}")
            await expect(console.said(f"{n}").last).to_be_visible()
        await expect(console.reply).to_have_value("We are 01234")
        await expect(console.reply).to_be_focused()
        await expect(page.get_by_role("alert")).to_contain_text("5 messages came since you began")
        await console.go(f"/desk/tickets/{other['number']}")
        await expect(console.reply).to_have_value("")
        await console.go(f"/desk/tickets/{ticket['number']}")
        await expect(console.reply).to_have_value("We are 01234")
        await page.get_by_role("tab", name="Note").click()
        await expect(console.note).to_have_value("a note")


async def test_who_answers_meanwhile_is_shown_before_it_is_sent(
    browser: Browser, api: Api, csr: Person, colleague: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        await console.reply.fill("Try this")
        await api.post(f"/tickets/{ticket['id']}/messages", colleague, json={"content": "Try that"})
        await expect(console.said("Try that")).to_be_visible()
        await console.send.click()
        warning = console.page.get_by_role("alert")
        await expect(warning).to_contain_text("Try that")
        await expect(console.said("Try this")).to_have_count(0)
        await console.page.get_by_role("button", name="Send anyway").click()
        await expect(console.said("Try this")).to_have_count(1)
        await expect(warning).to_have_count(0)


async def test_what_is_written_offline_is_sent_once(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket, other = [await api.a_ticket(customer) for _ in range(2)]
    await api.post(f"/tickets/{other['id']}/messages", customer, json={"content": "Hello?"})
    async with a_console(browser, api, csr, "/desk/open") as console:
        page = console.page
        # Whose ticket it is, is known without asking: they have a name in any case.
        await page.route("**/api/v1/people?*", lambda route: route.fulfill(status=404))
        await console.row(other).get_by_role("link").click()
        await expect(console.said("Hello?")).to_contain_text(customer.full_name)
        await console.row(ticket).get_by_role("link").click()
        await expect(console.log).to_contain_text("Help!")
        await page.context.set_offline(True)
        await expect(console.connection).to_contain_text("Offline")
        await console.reply.fill("From the train")
        await console.send.click()
        await expect(console.said("From the train")).to_contain_text("Waits for the connection")
        await console.row(other).get_by_role("link").click()
        await page.context.set_offline(False)
        await expect(console.connection).to_have_text("Live")
        await console.row(ticket).get_by_role("link").click()
        await expect(console.stored("From the train")).to_be_visible()
        await expect(console.said("From the train")).to_have_count(1)
        timeline = (await api.get(f"/tickets/{ticket['id']}/timeline", csr)).json
        assert [event["kind"] for event in timeline].count("message_posted") == 1


async def test_who_else_writes_is_seen_in_the_list_and_before_one_writes_too_and_who_is_idle(
    browser: Browser, api: Api, csr: Person, colleague: Person, customer: Person
) -> None:
    ticket, other = [await api.a_ticket(customer) for _ in range(2)]
    for each in (ticket, other):
        await api.post(f"/csr/tickets/{each['id']}/claim", csr)
    path = f"/desk/tickets/{ticket['number']}"
    async with (
        a_console(browser, api, csr, "/desk/mine") as mine,
        a_console(browser, api, colleague) as theirs,
    ):
        await theirs.page.clock.install()
        await theirs.go(path)
        await theirs.reply.fill("I think")
        await expect(mine.row(ticket)).to_contain_text(f"{colleague.full_name} is writing a reply")
        await mine.row(other).get_by_role("link").click()
        await mine.row(ticket).get_by_role("link").click()
        hint = mine.page.get_by_text(f"A reply is being written by: {colleague.full_name}")
        await expect(hint).to_be_visible()
        await theirs.reply.fill("")
        await expect(hint).to_have_count(0)
        await expect(mine.page.get_by_text(f"{colleague.full_name} looking").last).to_be_visible()
        # Nobody is in front of that page for a while, and then somebody is again.
        await theirs.page.clock.fast_forward("05:01")
        idle = mine.page.get_by_text(f"{colleague.full_name} (idle) looking")
        await expect(idle.last).to_be_visible()
        await expect(mine.row(ticket).locator('[data-idle="yes"]')).to_have_count(1)
        await check_page(mine.page)
        await theirs.page.keyboard.press("Shift")
        await expect(idle).to_have_count(0)


async def test_what_is_shown_is_saved_as_a_view_that_is_changed_and_removed(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(2)]
    for ticket in tickets:
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    await api.patch(f"/csr/tickets/{tickets[0]['id']}", csr, json={"tags": ["vip"]})
    async with a_console(browser, api, csr, "/desk/mine?sort=created_at") as console:
        page = console.page
        views = page.get_by_role("navigation", name="Views")
        await expect(console.rows).to_have_count(2)
        await page.get_by_role("button", name="Save as a view").click()
        form = page.get_by_role("dialog", name="Save as a view")
        await form.get_by_role("textbox", name="Name of the view").fill("My <b>VIPs</b>")
        await form.get_by_label("Tag").fill("vip")
        await expect(form.get_by_label("For all of the staff")).to_have_count(0)
        await check_page(page)
        await form.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name="My <b>VIPs</b>")).to_be_visible()
        await expect(views.get_by_role("link", name="My <b>VIPs</b>")).to_contain_text("1")
        await expect(console.rows).to_have_count(1)
        saved = (await api.get("/csr/views", csr)).json[-1]
        assert saved["query"] == {
            "status": ["open", "in_progress"],
            "assigned_to": "me",
            "snoozed": False,
            "tag": "vip",
            "sort": "created_at",
        }
        await page.get_by_role("button", name="Change the view").click()
        form = page.get_by_role("dialog", name="Change the view")
        await form.get_by_role("textbox", name="Name of the view").fill("All of mine")
        await form.get_by_label("Tag").fill("")
        await form.get_by_role("button", name="Save").click()
        await expect(views.get_by_role("link", name="All of mine")).to_contain_text("2")
        await expect(console.rows).to_have_count(2)
        await page.get_by_role("button", name="Change the view").click()
        await form.get_by_role("button", name="Remove").click()
        await form.get_by_role("button", name="Remove for good").click()
        await expect(views.get_by_role("link", name="All of mine")).to_have_count(0)
        await expect(page.get_by_role("heading", name="Needs reply")).to_be_visible()
        assert len((await api.get("/csr/views", csr)).json) == 7


# Fetched after it is drawn for the first time, and before its effects run.
FETCHED_BETWEEN = """async ([ui, later]) => {
    const [{html, render}, {Later, fetchPart}] = await Promise.all([import(ui), import(later)]);
    const load = async () => ({Part: () => html`<p>Here it is</p>`});
    const place = document.body.appendChild(document.createElement("div"));
    render(html`<${Later} load=${load} name="Part" />`, place);
    await fetchPart(load);
}"""


async def test_a_part_is_shown_whenever_its_modules_come(
    browser: Browser, api: Api, csr: Person
) -> None:
    async with a_console(browser, api, csr, "/desk") as console:
        urls = [assets.url(path) for path in ("shared/ui.js", "desk/parts/later.js")]
        await console.page.evaluate(FETCHED_BETWEEN, urls)
        await expect(console.page.get_by_text("Here it is")).to_be_visible()


async def test_a_ticket_that_cannot_be_read_just_now_is_asked_for_again(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) == 1:
            await route.abort()
        elif len(refused) == 2:
            await route.fulfill(status=503)
        else:
            await route.continue_()

    async with a_console(browser, api, csr) as console:
        # Nor is it known from a list.
        await console.page.route("**/csr/tickets?*", lambda route: route.abort())
        await console.page.route(f"**/csr/tickets/{ticket['number']}", refuse)
        await console.go(f"/desk/tickets/{ticket['number']}")
        await expect(console.reply).to_be_visible()
        assert len(refused) == 3
        console.tab.complaints.clear()
