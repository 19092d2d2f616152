"""Merging and splitting in the console: one journey."""

import re

from playwright.async_api import Browser, expect

from tests.api import Api
from tests.factories import Person
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_a_ticket_is_merged_read_undone_and_split(
    browser: Browser, api: Api, customer: Person, stranger: Person, csr: Person
) -> None:
    source = await api.a_ticket(customer, title="The tap drips", description="Since Monday")
    target = await api.a_ticket(customer, title="The bath leaks")
    others = await api.a_ticket(stranger, title="The well is dry")
    said = {"content": "It drips still"}
    await api.post(f"/tickets/{source['id']}/messages", customer, json=said)
    there = re.compile(f"/desk/tickets/{target['number']}$")
    async with (
        a_console(browser, api, csr, f"/desk/tickets/{source['number']}") as watching,
        a_console(browser, api, csr, f"/desk/tickets/{source['number']}") as console,
    ):
        page = console.page
        await expect(watching.said("It drips still")).to_be_visible()
        await expect(console.said("It drips still")).to_be_visible()
        await watching.reply.fill("Half a thought")
        await page.get_by_role("button", name="Merge into another ticket").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("textbox").fill(f"#{others['number']}")
        await dialog.get_by_role("radio", name="The well is dry").check()
        await expect(dialog).to_contain_text(f"is read by {stranger.full_name}, too")
        await expect(dialog.get_by_role("button", name="Merge #")).to_be_disabled()
        await dialog.get_by_role("textbox").fill(f"#{target['number']}")
        await dialog.get_by_role("radio", name="The bath leaks").check()
        await expect(dialog).to_contain_text("becomes a part of")
        await check_page(page)
        await dialog.get_by_role("button", name="Merge #").click()
        # Both tabs come to the target, the other one with what was being written.
        await expect(page).to_have_url(there)
        await expect(watching.page).to_have_url(there)
        await expect(watching.reply).to_have_value("Half a thought")

        block = console.log.get_by_role("group")
        await block.locator("summary").click()
        await expect(block).to_contain_text("Since Monday")
        await expect(block.get_by_role("article")).to_contain_text("It drips still")
        await check_page(page)
        # An old link leads there.
        await console.go(f"/desk/tickets/{source['number']}")
        await expect(page).to_have_url(there)

        await block.locator("summary").click()
        await block.get_by_role("button", name="Undo the merge").click()
        await expect(page.get_by_role("heading", name="The tap drips")).to_be_visible()
        await console.said("It drips still").get_by_role("button", name="Split off").click()
        await dialog.get_by_role("textbox", name="Title").fill("A second tap")
        await dialog.get_by_role("button", name="Open the ticket").click()
        await expect(page.get_by_role("heading", name="A second tap")).to_be_visible()
        await expect(console.log).to_contain_text(f"split this ticket from #{source['number']}")
