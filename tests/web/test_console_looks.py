"""Nobody is shut out of the console, and what people write there is text."""

from playwright.async_api import Browser, expect

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_past, database, people
from tests.waiting import until
from tests.web.checks import check_page
from tests.web.console import a_console

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script> "
    "javascript:alert(1) [a](javascript:alert(1)) \u202egnp.exe \u0627\u0644\u0639\u0631\u0628 "
    "https://example.com/?a=1&b=<b>"
)


async def test_list_ticket_and_dialogs_shut_nobody_out(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    urgent = {"status": "in_progress", "priority": "urgent", "tags": ["a", "b"]}
    await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    await api.patch(f"/csr/tickets/{ticket['id']}", csr, json=urgent)
    for content in ("Hello", HOSTILE):
        said = {"content": content}
        await api.post(f"/tickets/{ticket['id']}/messages", customer, json=said)
    note = {"content": "A note", "internal": True}
    await api.post(f"/tickets/{ticket['id']}/messages", csr, json=note)
    async with a_console(browser, api, csr, "/desk/mine") as console:
        page = console.page
        await expect(console.rows).to_have_count(1)
        await check_page(page)
        await console.row(ticket).get_by_role("link").click()
        await expect(console.said("A note")).to_be_visible()
        await console.reply.fill("An answer")
        await check_page(page)
        await page.get_by_role("button", name="Notifications").click()
        await expect(page.get_by_role("dialog", name="Notifications")).to_contain_text("wrote")
        await check_page(page)
        await page.keyboard.press("Escape")
        await page.get_by_role("heading", name=ticket["title"]).focus()
        for keys, name in (("?", "Keyboard shortcuts"), ("Control+k", "Command palette")):
            await page.keyboard.press(keys)
            await expect(page.get_by_role("dialog", name=name)).to_be_visible()
            await check_page(page)
            await page.keyboard.press("Escape")


async def test_hostile_texts_are_texts(
    backend: Backend, browser: Browser, api: Api, csr: Person
) -> None:
    eve = people(backend.settings, Role.USER, full_name="<b onclick=alert(1)>Eve</b>")[0]
    ticket = await api.a_ticket(eve, title="<img src=x onerror=alert(1)>")
    await api.post(f"/tickets/{ticket['id']}/messages", eve, json={"content": HOSTILE})
    async with a_console(browser, api, csr, "/desk/unassigned") as console:
        await expect(console.row(ticket)).to_contain_text("<b onclick=alert(1)>Eve</b>")
        await console.row(ticket).get_by_role("link").click()
        message = console.said("gnp.exe")
        await expect(message).to_contain_text("<script>alert(1)</script>")
        (link,) = await message.get_by_role("link").all()
        assert await link.get_attribute("href") == "https://example.com/?a=1&b="
        heading = console.page.get_by_role("heading", name="<img src=x onerror=alert(1)>")
        await expect(heading).to_be_visible()
        assert await console.page.locator("img").count() == 0


async def test_a_long_history_opens_at_what_is_unread_and_goes_on_upwards(
    backend: Backend, browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    with database(backend.settings) as session:
        a_past(session, customer.id, ticket["id"], 300)
    await api.post(f"/tickets/{ticket['id']}/read", csr, json={"seq": 290})
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        marker = console.log.get_by_text("New", exact=True)
        await expect(marker).to_be_in_viewport()
        await expect(console.said("message 290")).to_be_in_viewport()
        assert await console.messages.count() < 40
        newest = console.said("message 300")
        await newest.scroll_into_view_if_needed()
        seen = console.said("message 273").first
        await seen.scroll_into_view_if_needed()
        await expect(console.said("message 200").first).to_be_attached()
        await expect(seen).to_be_in_viewport()
        said = {"content": "And now?"}
        await api.post(f"/tickets/{ticket['id']}/messages", customer, json=said)
        below = console.page.get_by_role("button", name="1 new below")
        await expect(below).to_be_visible()
        await expect(seen).to_be_in_viewport()
        await below.click()
        await expect(console.said("And now?")).to_be_in_viewport()


async def test_the_reader_s_language_is_spoken(browser: Browser, api: Api, csr: Person) -> None:
    async with a_console(browser, api, csr) as console:
        page = console.page
        await page.goto(f"{api.url}/desk/mine?lang=de")
        await expect(page.get_by_role("navigation", name="Ansichten")).to_contain_text("Meine")
        assert await page.locator("html").get_attribute("lang") == "de"


async def test_administrators_see_users_webhooks_and_the_wall(
    backend: Backend, browser: Browser, api: Api, customer: Person
) -> None:
    admin = people(backend.settings, Role.ADMIN)[0]
    waiting = await api.a_ticket(customer)
    async with a_console(browser, api, admin, "/desk/admin/users") as console:
        page = console.page
        await page.get_by_role("textbox", name="Find by name or address").fill(customer.email)
        active = page.get_by_role("checkbox", name=f"Active: {customer.full_name}")
        await expect(active).to_be_checked()
        await check_page(page)
        await active.uncheck()
        await expect(active).not_to_be_checked()

        async def is_inactive() -> bool:
            found = await api.get(f"/admin/users/{customer.id}", admin)
            return found.json["is_active"] is False

        await until(is_inactive)
        await page.get_by_role("link", name="Webhooks").click()
        await page.get_by_role("textbox", name="Address").fill("https://8.8.8.8/hook")
        await page.get_by_role("checkbox", name="assigned").check()
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_text("Its secret, shown only now:")).to_be_visible()
        await page.get_by_role("button", name="Attempts").first.click()
        await check_page(page)
        await page.get_by_role("link", name="Audit log").click()
        deactivated = page.get_by_role("row", name="Changed an account").first
        await expect(deactivated).to_contain_text(admin.full_name)
        await expect(deactivated).to_contain_text(customer.full_name)
        await check_page(page)
        await page.get_by_role("combobox", name="Action").select_option("Added a webhook")
        await expect(page).to_have_url(f"{api.url}/desk/admin/audit?action=webhook_added")
        await expect(page.get_by_role("row", name="Added a webhook").first).to_be_visible()
        await expect(page.get_by_role("row", name="Changed an account")).to_have_count(0)
        await page.get_by_role("link", name="Keys").click()
        await page.get_by_role("textbox", name="Name").fill("Billing")
        await page.get_by_role("button", name="Create").click()
        key = page.get_by_role("status").filter(has_text="The key, shown only now:")
        await expect(key).to_contain_text("tdk_")
        await check_page(page)
        shown = page.get_by_role("listitem").filter(has_text="Billing")
        await expect(shown).to_contain_text("never used")
        await shown.get_by_role("button", name="Revoke").click()
        await shown.get_by_role("button", name="Revoke “Billing” for good").click()
        await expect(shown).to_have_count(0)
        await page.get_by_role("link", name="Wall").click()
        await expect(page.get_by_role("link", name=waiting["title"]).first).to_be_visible()
        await expect(page.get_by_role("figure").first).to_contain_text("New tickets")
        await check_page(page)
