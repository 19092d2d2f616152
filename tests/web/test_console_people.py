"""People and links in the console, and what a customer on copy sees of it."""

from playwright.async_api import Browser, expect

from models import Role
from tests.api import Api
from tests.browser import a_tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_people_are_put_on_copy_follow_are_mentioned_and_tickets_linked(
    backend: Backend, browser: Browser, api: Api, customer: Person, csr: Person
) -> None:
    copied, colleague = people(backend.settings, Role.USER, Role.CSR)
    ticket, other = [await api.a_ticket(customer) for _ in range(2)]
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        page = console.page
        await page.get_by_text("People and links").click()
        on_copy = page.get_by_role("region", name="On copy")
        await on_copy.get_by_role("textbox").fill(copied.email)
        await on_copy.get_by_role("button", name="Put on copy").click()
        await expect(on_copy.get_by_role("link", name=copied.full_name)).to_be_visible()
        await expect(console.log).to_contain_text(f"put {copied.full_name} on copy")

        follow = page.get_by_role("button", name="Follow", exact=True)
        await follow.click()
        await expect(follow).to_have_attribute("aria-pressed", "true")
        links = page.get_by_role("region", name="Linked tickets")
        await links.get_by_role("combobox", name="Kind of link").select_option("blocks")
        await links.get_by_role("textbox", name="A ticket's number").fill(f"#{other['number']}")
        await links.get_by_role("button", name="Link", exact=True).click()
        await expect(links.get_by_role("listitem")).to_contain_text(f"Blocks #{other['number']}")

        await page.get_by_role("tab", name="Note").click()
        await console.note.press_sequentially(f"Look @{colleague.full_name}")
        offered = page.get_by_role("listbox", name="Colleagues").get_by_role("option")
        await expect(offered.first).to_have_text(colleague.full_name)
        await check_page(page)
        await console.note.press("Enter")
        await expect(console.note).to_have_value(f"Look @{colleague.full_name} ")
        await console.send.click()
        await expect(page.get_by_role("region", name="Followers")).to_contain_text(
            colleague.full_name
        )
        told = (await api.get("/notifications", colleague)).json
        assert [each["kind"] for each in told] == ["mentioned"]

        async with a_tab(browser) as theirs:
            await theirs.page.goto(f"{api.url}/login?lang=en")
            await sign_in(theirs.page, copied.email, PASSWORD)
            await theirs.page.get_by_role("link", name=ticket["title"]).click()
            reading = theirs.page.get_by_text(f"Also read by {customer.full_name}")
            await expect(reading).to_be_visible()
            await expect(theirs.page.get_by_role("status", name="Connection")).to_have_text("Live")
            await on_copy.get_by_role("button", name=f"Take {copied.full_name} off").click()
            await expect(theirs.page.get_by_text("You have no tickets yet")).to_be_visible()
