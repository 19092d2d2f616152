"""Several tickets at once, several tabs, and what is taken back."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Route, expect

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.waiting import until
from tests.web.console import Console, a_console


@pytest.fixture
def colleague(backend: Backend) -> Person:
    return people(backend.settings, Role.CSR)[0]


async def test_many_are_changed_and_undone_in_one_go(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(3)]
    for ticket in tickets:
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(browser, api, csr, "/desk/mine?sort=number") as console:
        page = console.page
        await expect(console.rows).to_have_count(3)
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await page.keyboard.press("J")
        chosen = page.get_by_role("group", name="2 selected")
        await chosen.get_by_role("button", name="Priority").click()
        await console.pick("high")
        await expect(page.get_by_text("2 tickets changed.")).to_be_visible()
        assert await priorities(api, csr, tickets) == ["high", "high", None]
        await page.get_by_role("button", name="Undo").click()

        async def are_undone() -> bool:
            return await priorities(api, csr, tickets) == [None, None, None]

        await until(are_undone)
        await chosen.get_by_role("button", name="Status").click()
        await console.pick("clo")
        await expect(console.rows).to_have_count(1)


async def test_all_that_match_are_changed_once_one_has_agreed(
    browser: Browser, api: Api, csr: Person, customer: Person, colleague: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(3)]
    for ticket in tickets:
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(browser, api, csr, "/desk/mine?sort=number") as console:
        page = console.page
        await expect(console.rows).to_have_count(3)
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        one = page.get_by_role("group", name="1 selected")
        await one.get_by_role("button", name="Select all that match").click()
        await expect(page.get_by_role("group", name="3 selected")).to_be_visible()
        # What matches no longer is what the person saw: nothing is changed.
        await api.patch(f"/csr/tickets/{tickets[0]['id']}", csr, json={"status": "closed"})
        await choose(console, "Priority", "high")
        asked = page.get_by_role("dialog", name="Change 3 tickets?")
        await expect(asked).to_contain_text("Priority: High")
        assert await priorities(api, csr, tickets) == [None, None, None]
        await asked.get_by_role("button", name="Change 3 tickets").click()
        changed = page.get_by_text("Nothing was changed: other tickets match by now.")
        await expect(changed).to_be_visible()
        await page.get_by_label("Notices").get_by_role("button", name="Select all").click()
        await expect(page.get_by_role("group", name="2 selected")).to_be_visible()
        # A ticket that is refused is named, and stays selected; the other one is changed.
        held = tickets[1]
        await page.route("**/csr/tickets/bulk", refusing(held["id"]))
        await choose(console, "Priority", "high")
        await page.get_by_role("button", name="Change 2 tickets").click()
        said = f"1 changed, 1 refused: #{held['number']} internal_error"
        await expect(page.get_by_text(said)).to_be_visible()
        await expect(page.get_by_role("group", name="1 selected")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()

        async def is_undone() -> bool:
            return (await priorities(api, csr, tickets))[2] is None

        await until(is_undone)


def refusing(ticket_id: str) -> Callable[[Route], Awaitable[None]]:
    """An answer says that this ticket was not changed."""

    async def refuse(route: Route) -> None:
        answer = await route.fetch()
        results = await answer.json()
        error = {"code": "internal_error", "detail": "Something went wrong"}
        for result in results:
            if result["ticket_id"] == ticket_id:
                del result["ticket"]
                result |= {"ok": False, "error": error}
        await route.fulfill(response=answer, json=results)

    return refuse


async def choose(console: Console, field: str, value: str) -> None:
    many = console.page.get_by_role("group", name="selected")
    await many.get_by_role("button", name=field).click()
    await console.pick(value)


async def priorities(api: Api, csr: Person, tickets: list[dict[str, object]]) -> list[str | None]:
    found = [await api.get(f"/csr/tickets/{ticket['id']}", csr) for ticket in tickets]
    return [answer.json["priority"] for answer in found]


async def test_a_change_that_cannot_be_made_is_taken_back(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        status = console.page.get_by_role("combobox", name="Status")
        await expect(status).to_have_value("open")
        await console.page.context.set_offline(True)
        await expect(console.connection).to_contain_text("Offline")
        await status.select_option("Closed")
        await expect(console.page.get_by_text("was not changed: the server")).to_be_visible()
        await expect(status).to_have_value("open")


async def test_who_is_signed_out_elsewhere_goes_on_where_they_were(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        other = Console(type(console.tab)(await console.page.context.new_page()), api, csr)
        await other.go("/desk/mine")
        await console.reply.fill("I was just about to")
        await other.page.get_by_role("button", name="Sign out").click()
        again = console.page.get_by_role("dialog", name="Sign in to go on")
        await again.get_by_role("textbox", name="Email").fill(csr.email)
        await again.get_by_role("textbox", name="Password").fill(PASSWORD)
        await again.get_by_role("button", name="Sign in").click()
        await expect(again).to_have_count(0)
        await expect(console.connection).to_have_text("Live")
        await expect(console.reply).to_have_value("I was just about to")
        await console.send.click()
        await expect(console.stored("I was just about to")).to_be_visible()


async def test_what_one_tab_reads_no_tab_calls_unread(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(browser, api, csr, "/desk/mine") as console:
        said = {"content": "Hello?"}
        await api.post(f"/tickets/{ticket['id']}/messages", customer, json=said)
        link = console.row(ticket).get_by_role("link")
        await expect(link).to_contain_text("1 unread")
        other = Console(type(console.tab)(await console.page.context.new_page()), api, csr)
        await other.go(f"/desk/tickets/{ticket['number']}")
        await expect(other.said("Hello?")).to_be_visible()
        await expect(link).not_to_contain_text("unread")
        await other.page.keyboard.press("U")
        await expect(link).to_contain_text("1 unread")


async def test_what_was_answered_meanwhile_is_not_answered_twice(
    browser: Browser, api: Api, csr: Person, customer: Person, colleague: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        await expect(console.log).to_contain_text("Help!")
        await console.page.context.set_offline(True)
        await expect(console.connection).to_contain_text("Offline")
        await console.reply.fill("Try this")
        await console.send.click()
        await expect(console.said("Try this")).to_contain_text("Waits for the connection")
        said = {"content": "Try that"}
        await api.post(f"/tickets/{ticket['id']}/messages", colleague, json=said)
        await console.page.context.set_offline(False)
        refused = console.said("Try this")
        await expect(refused).to_contain_text("Not sent: somebody wrote since you began")
        await expect(console.said("Try that")).to_be_visible()
        await refused.get_by_role("button", name="Send anyway").click()
        await expect(console.stored("Try this")).to_be_visible()
        timeline = (await api.get(f"/tickets/{ticket['id']}/timeline", customer)).json
        said_there = [event["data"].get("content") for event in timeline]
        assert [text for text in said_there if text] == ["Try that", "Try this"]


async def test_a_message_that_is_held_can_be_taken_back(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        page = console.page
        await page.get_by_role("button", name="Settings").click()
        await page.get_by_role("checkbox", name="Hold messages").check()
        await page.keyboard.press("Escape")
        await console.reply.fill("Too early")
        await console.send.click()
        await expect(console.said("Too early")).to_contain_text("Is sent in a moment")
        await page.keyboard.press("Escape")
        await page.keyboard.press("z")
        await expect(console.reply).to_have_value("Too early")
        await expect(console.said("Too early")).to_have_count(0)
        timeline = (await api.get(f"/tickets/{ticket['id']}/timeline", csr)).json
        assert [event["kind"] for event in timeline] == ["ticket_created"]


async def test_a_change_that_comes_too_late_says_who_was_first_and_with_what(
    browser: Browser, api: Api, csr: Person, customer: Person, colleague: Person
) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/csr/tickets/{ticket['id']}"
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        page = console.page
        status = page.get_by_role("combobox", name="Status")

        # What a colleague does just before the page's next change arrives.
        earlier: list[dict[str, str]] = []

        async def interfere(route: Route) -> None:
            if earlier:
                await api.patch(path, colleague, json=earlier.pop())
            await route.continue_()

        await page.route(f"**{path}", interfere)
        # What somebody else changed besides is no reason to refuse it.
        earlier.append({"priority": "low"})
        await status.select_option("In progress")
        await expect(console.log).to_contain_text(f"{csr.full_name} set the status")
        await expect(page.get_by_role("combobox", name="Priority")).to_have_value("low")
        earlier.append({"status": "resolved"})
        await status.select_option("Closed")
        first = f"{colleague.full_name} set the status from In progress to Resolved"
        await expect(page.get_by_text(f"was not changed: {first}.")).to_be_visible()
        await expect(status).to_have_value("resolved")
