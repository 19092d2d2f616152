"""Snooze in the console: a ticket sleeps by a key, is found, and wakes."""

from datetime import timedelta

from playwright.async_api import Browser, expect

from tests.api import Api
from tests.factories import Person, now
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_a_ticket_sleeps_by_a_key_and_wakes(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(2)]
    for ticket in tickets:
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    first, second = tickets
    async with a_console(browser, api, csr, "/desk/mine?sort=number") as console:
        page = console.page
        dialog = page.get_by_role("dialog", name="Snooze")
        views = page.get_by_role("navigation", name="Views")
        await expect(console.rows).to_have_count(2)
        await page.keyboard.press("j")
        await page.keyboard.press("b")
        await dialog.get_by_role("textbox", name="Note").fill("Their holidays")
        await check_page(page)
        await dialog.get_by_role("button", name="Tomorrow morning").click()
        await expect(console.row(first)).to_have_count(0)
        await expect(views.get_by_role("link", name="Snoozed")).to_contain_text("1")
        await page.keyboard.press("z")
        await expect(console.row(first)).to_be_visible()
        # The other one until a time of one's own; the cursor went on to it.
        await page.keyboard.press("b")
        until = now() + timedelta(days=2)
        await dialog.get_by_label("Until").fill(f"{until:%Y-%m-%dT%H:%M}")
        await dialog.get_by_role("button", name="Snooze", exact=True).click()
        await expect(console.row(second)).to_have_count(0)
        await page.keyboard.press("g")
        await page.keyboard.press("z")
        await console.row(second).get_by_role("link").click()
        await expect(console.log).to_contain_text("snoozed the ticket until")
        await page.get_by_role("button", name="Wake").click()
        await expect(console.log).to_contain_text("woke the ticket")
        await expect(console.row(second)).to_have_count(0)
        await expect(page.get_by_role("button", name="Snooze")).to_be_visible()
        await page.keyboard.press("g")
        await page.keyboard.press("b")
        asked = page.get_by_role("dialog", name="Remind me")
        await asked.get_by_role("textbox", name="What of").fill("Call them")
        await asked.get_by_role("button", name="In an hour").click()
        await expect(page.get_by_role("status", name="Notices")).to_contain_text("You are reminded")
