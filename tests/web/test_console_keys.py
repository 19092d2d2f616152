"""The console without a mouse."""

from playwright.async_api import Browser, expect

from tests.api import Api
from tests.factories import Person
from tests.web.console import a_console


async def test_keys_do_what_a_mouse_does(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(3)]
    for ticket in tickets:
        await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    async with a_console(browser, api, csr, "/desk/mine?sort=number") as console:
        page = console.page
        status = page.get_by_role("combobox", name="Status")
        await expect(console.rows).to_have_count(3)
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{api.url}/desk/tickets/{tickets[0]['number']}")
        await expect(console.log).to_contain_text("Help!")
        await page.keyboard.press("r")
        await expect(console.reply).to_be_focused()
        await page.keyboard.type("jenen")
        await expect(console.reply).to_have_value("jenen")
        await page.keyboard.press("Control+Enter")
        await expect(console.said("jenen")).to_have_count(1)
        await page.keyboard.press("Escape")
        await page.keyboard.press("n")
        await expect(console.note).to_be_focused()
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await expect(page).to_have_url(f"{api.url}/desk/tickets/{tickets[1]['number']}")
        await expect(status).to_have_value("open")
        await page.keyboard.press("e")
        await expect(status).to_have_value("resolved")
        await expect(console.rows).to_have_count(2)
        await page.keyboard.press("z")
        await expect(status).to_have_value("open")
        await expect(console.rows).to_have_count(3)
        kept = await api.get(f"/csr/tickets/{tickets[1]['id']}", csr)
        assert kept.json["status"] == "open"
        await page.keyboard.press("p")
        await console.pick("urg")
        await expect(page.get_by_role("combobox", name="Priority")).to_have_value("urgent")
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(f"{api.url}/desk/mine?sort=number")
        # The timeline had the focus, and is gone: the row has it.
        await expect(console.row(tickets[1]).get_by_role("link")).to_be_focused()
        await page.keyboard.press("x")
        await page.keyboard.press("J")
        await page.keyboard.press("s")
        await console.pick("in pro")
        notices = page.get_by_role("status", name="Notices")
        await expect(notices).to_contain_text("2 tickets changed.")
        await page.keyboard.press("z")
        await expect(notices).to_contain_text("Undone: 2 tickets are as they were.")
        await expect(notices).not_to_contain_text(f"#{tickets[2]['number']}")


async def test_the_keys_are_listed_and_single_ones_can_be_switched_off(
    browser: Browser, api: Api, csr: Person
) -> None:
    async with a_console(browser, api, csr, "/desk/mine") as console:
        page = console.page
        shown = page.get_by_role("dialog", name="Keyboard shortcuts")
        await page.keyboard.press("?")
        await expect(shown).to_contain_text("Write a reply")
        await shown.get_by_role("checkbox", name="Single keys are shortcuts").uncheck()
        await page.keyboard.press("Escape")
        await expect(shown).to_have_count(0)
        await page.keyboard.press("?")
        await page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog", name="Command palette")
        await expect(palette).to_be_visible()
        await expect(shown).to_have_count(0)
        await console.pick("keyboard")
        await expect(shown).to_be_visible()
        await shown.get_by_role("checkbox").check()


async def test_what_is_searched_for_is_found_as_one_types(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, "/desk/mine") as console:
        page = console.page
        await page.keyboard.press("/")
        search = page.get_by_role("textbox", name="Search")
        await expect(search).to_be_focused()
        await page.keyboard.type(f"#{ticket['number']}")
        await expect(console.row(ticket)).to_be_visible()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{api.url}/desk/tickets/{ticket['number']}")
        await page.go_back()
        await expect(console.row(ticket)).to_be_visible()
        await expect(search).to_have_value(f"#{ticket['number']}")
