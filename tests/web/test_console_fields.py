"""Custom fields in the console: defined, filled in, and found by."""

from playwright.async_api import Browser, expect

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.waiting import until
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_an_admin_adds_a_field_and_finds_by_it(
    backend: Backend, browser: Browser, api: Api, customer: Person
) -> None:
    [admin] = people(backend.settings, Role.ADMIN)
    ticket = await api.a_ticket(customer, title="Has a plan", category="console")
    other = await api.a_ticket(customer, title="Has none", category="console")
    async with a_console(browser, api, admin, "/desk/admin/fields") as console:
        page = console.page
        await page.get_by_role("textbox", name="Label").last.fill("Plan")
        await page.get_by_role("textbox", name="Key").fill("c_plan")
        await page.get_by_role("combobox", name="Kind").select_option("choice")
        await page.get_by_role("textbox", name="Choices").last.fill("<b>Gold</b>\nSilver")
        await page.get_by_role("textbox", name="Only in this category").fill("console")
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_role("heading", name="Plan c_plan")).to_be_visible()
        await check_page(page)

        await console.go(f"/desk/tickets/{ticket['number']}")
        await page.locator("summary").filter(has_text="Fields").click()
        plan = page.get_by_role("combobox", name="Plan", exact=True)
        await plan.select_option("<b>Gold</b>")
        change = console.log.get_by_text("changed Plan from nothing to <b>Gold</b>")
        await expect(change).to_be_visible()

        async def is_set() -> bool:
            shown = await api.get(f"/csr/tickets/{ticket['number']}", admin)
            return bool(shown.json["fields"] == {"c_plan": "<b>Gold</b>"})

        await until(is_set)
        await check_page(page)
        await page.get_by_role("link", name="Find tickets with Plan: <b>Gold</b>").click()
        await expect(page.get_by_role("heading", name="Plan: <b>Gold</b>")).to_be_visible()
        await expect(console.row(ticket)).to_be_visible()
        await expect(console.row(other)).to_have_count(0)
        # The list is as live as any.
        await api.patch(f"/csr/tickets/{other['id']}", admin, json={"fields": {"c_plan": "Silver"}})
        await page.get_by_role("combobox", name="Value").select_option("Silver")
        await expect(console.row(other)).to_be_visible()
        await expect(console.row(ticket)).to_have_count(0)
        await check_page(page)
