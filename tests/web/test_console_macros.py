"""Macros in the console: made, offered behind a slash, used, and undone."""

from playwright.async_api import Browser, expect

from tests.api import Api
from tests.factories import Person
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_a_macro_is_made_used_and_undone(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    silent = {"name": "This is urgent", "set": {"priority": "urgent"}}
    assert (await api.post("/csr/macros", csr, json=silent)).status == 201
    async with a_console(browser, api, csr, "/desk/macros") as console:
        page = console.page
        await page.get_by_role("button", name="New macro").click()
        await page.get_by_role("textbox", name="Name of the macro").fill("Refund is due")
        text = page.get_by_role("textbox", name="Text")
        await text.fill("Dear {{customer.full_name}}, <b>yes</b>")
        await page.get_by_role("combobox", name="Status").select_option("Resolved")
        await page.get_by_role("textbox", name="Tags to add").fill("refund, vip")
        await check_page(page)
        await page.get_by_role("button", name="Save").click()
        made = page.get_by_role("listitem").filter(has_text="Refund is due")
        await expect(made).to_contain_text("Resolved · + refund · + vip")

        await console.go(f"/desk/tickets/{ticket['number']}")
        await expect(console.log).to_contain_text("Help!")
        await page.keyboard.press("r")
        await expect(console.reply).to_be_focused()
        await page.keyboard.type("/ref")
        offered = page.get_by_role("listbox", name="Macros").get_by_role("option")
        await expect(offered).to_contain_text("Refund is due")
        await check_page(page)
        await page.keyboard.press("Enter")
        said = f"Dear {customer.full_name}, <b>yes</b>"
        await expect(console.reply).to_have_value(said)
        await expect(console.reply).to_be_focused()
        await expect(page.get_by_text("When you send: Refund is due")).to_be_visible()
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("combobox", name="Status")).to_have_value("resolved")
        await expect(console.said(said)).to_contain_text("by the macro Refund is due")
        notices = page.get_by_role("status", name="Notices")
        await notices.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("combobox", name="Status")).to_have_value("open")
        await expect(notices).to_contain_text("What was said stays.")
        await expect(console.log).to_contain_text("removed refund, vip")
        await expect(console.said(said)).to_have_count(1)

        # One that says nothing is used at once, and undone by a key.
        await console.reply.fill("/urg")
        await expect(offered).to_have_text("This is urgentPriority: Urgent")
        await page.keyboard.press("Escape")
        await expect(offered).to_have_count(0)
        await expect(console.reply).to_be_focused()
        await page.keyboard.type("e")
        await expect(offered).to_have_count(1)
        await page.keyboard.press("Tab")
        priority = page.get_by_role("combobox", name="Priority")
        await expect(priority).to_have_value("urgent")
        await expect(console.reply).to_have_value("")
        await expect(notices).to_contain_text("This is urgent: done.")
        await page.keyboard.press("Escape")
        await page.keyboard.press("z")
        await expect(priority).to_have_value("")
