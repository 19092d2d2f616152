"""An admin takes a person's data along and erases them; who looks at their ticket sees it go."""

from datetime import timedelta

from playwright.async_api import Browser, expect

from desk import deadlines
from desk.erasure import erasures
from models import Role
from tests.api import Api
from tests.browser import Tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_a_person_is_exported_and_erased_while_somebody_looks(
    backend: Backend,
    browser: Browser,
    api: Api,
    tab: Tab,
    customer: Person,
    stranger: Person,
    csr: Person,
) -> None:
    admin = people(backend.settings, Role.ADMIN)[0]
    ticket = await api.a_ticket(customer, title="Mondscheintarif")
    said = {"content": "Xylophonkasten"}
    await api.post(f"/tickets/{ticket['id']}/messages", customer, json=said)
    await api.call("PUT", f"/csr/tickets/{ticket['id']}/participants/{stranger.id}", csr)
    await tab.page.goto(f"{api.url}/tickets/{ticket['number']}?lang=en")
    await sign_in(tab.page, stranger.email, PASSWORD)
    on_copy = tab.page.get_by_role("log", name="Conversation")
    await expect(on_copy).to_contain_text("Xylophonkasten")
    await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")
    async with (
        a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as looking,
        a_console(browser, api, admin, "/desk/admin/users") as console,
    ):
        await expect(looking.said("Xylophonkasten")).to_be_visible()
        page = console.page
        await page.get_by_label("Find by name or address").fill(customer.email)
        row = page.get_by_role("row").filter(has_text=customer.email)
        async with page.expect_download() as download:
            await row.get_by_role("button", name="Export").click()
        assert (await download.value).suggested_filename == f"person-{customer.id}.zip"
        await row.get_by_role("button", name="Erase").click()
        dialog = page.get_by_role("dialog", name=f"Erase {customer.full_name}")
        confirm = dialog.get_by_label(f"To confirm, write: {customer.full_name}")
        await confirm.fill("Somebody else")
        await dialog.get_by_role("button", name="Erase for good").click()
        await expect(confirm).to_be_focused()
        await check_page(page)
        await confirm.fill(customer.full_name)
        await dialog.get_by_role("button", name="Erase for good").click()
        await expect(dialog.get_by_role("status")).to_contain_text("Being erased")
        await expect(dialog.get_by_role("progressbar")).to_be_visible()
        with database(backend.settings) as session:
            kinds = {erasures.DEADLINE: erasures.go_on}
            while deadlines.drain_other(session, kinds, now() + timedelta(minutes=1)):
                pass
        # As the worker tells of what it has done.
        await expect(dialog.get_by_role("status")).to_have_text("Erased.")
        await dialog.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("rowheader", name="Erased person")).to_be_visible()
        await expect(looking.log).to_contain_text("had erased what somebody had written")
        await expect(looking.log).to_contain_text("This was erased.")
        await expect(looking.said("Xylophonkasten")).to_have_count(0)
        await expect(looking.page.get_by_text("Mondscheintarif")).to_have_count(0)
    await expect(on_copy).to_contain_text("What somebody had written was erased")
    await expect(on_copy).to_contain_text("This was erased.")
    await expect(on_copy.get_by_text("Xylophonkasten")).to_have_count(0)
    await expect(tab.page.get_by_role("heading", name="Erased", exact=True)).to_be_visible()
