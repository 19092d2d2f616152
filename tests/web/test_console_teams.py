"""Teams in the console: an admin makes one, a ticket is moved into it, and its list shows that."""

from datetime import timedelta

from playwright.async_api import Browser, Route, expect

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, now, people
from tests.web.checks import check_page
from tests.web.console import a_console


async def test_a_team_is_made_and_a_ticket_goes_there(
    backend: Backend, browser: Browser, api: Api, customer: Person
) -> None:
    admin = people(backend.settings, Role.ADMIN)[0]
    name = f"Returns of {admin.full_name}"
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, admin, "/desk/admin/teams") as console:
        page = console.page
        await page.get_by_role("textbox", name="Name").fill(name)
        await page.get_by_role("button", name="Create").click()
        team = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))
        await team.get_by_role("checkbox", name=admin.full_name).check()
        mine = page.get_by_role("navigation", name="Your teams").get_by_role("link", name=name)
        await expect(mine).to_be_visible()
        await team.get_by_role("button", name="What was fair").click()
        await expect(team.get_by_role("row", name=admin.full_name)).to_be_visible()
        await check_page(page)

        await console.go(f"/desk/tickets/{ticket['number']}")
        await page.get_by_role("combobox", name="Team").select_option(name)
        await expect(console.log).to_contain_text(f"moved the ticket to the team {name}")
        skills = page.get_by_role("textbox", name="Required skills")
        await skills.fill("latin, greek")
        await skills.press("Tab")
        await expect(console.log).to_contain_text("requires latin, greek")
        await mine.click()
        await expect(console.row(ticket)).to_be_visible()


async def test_what_somebody_types_outlives_what_others_change_meanwhile(
    browser: Browser, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        skills = console.page.get_by_role("textbox", name="Required skills")
        await skills.fill("latin,greek")
        await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"priority": "high"})
        await expect(console.page.get_by_role("combobox", name="Priority")).to_have_value("high")
        await expect(skills).to_have_value("latin,greek")
        await skills.press("Enter")
        await expect(console.log).to_contain_text("requires latin, greek")
        # As it is stored, and one goes on where one was.
        await expect(skills).to_have_value("latin, greek")
        await expect(skills).to_be_focused()


async def test_who_is_away_says_so_and_is_back(browser: Browser, api: Api, csr: Person) -> None:
    async with a_console(browser, api, csr, "/desk/mine") as console:
        page = console.page
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
        await console.pick("Settings")
        # The browser's zone may be any.
        until = now() + timedelta(days=2)
        await page.get_by_label("Until").fill(f"{until:%Y-%m-%dT%H:%M}")
        await page.get_by_role("button", name="Say that I am away").click()
        await expect(page.get_by_role("dialog")).to_contain_text("You are away from")
        assert (await api.get("/csr/me/away", csr)).status == 200
        await page.get_by_role("button", name="I am here").click()
        await expect(page.get_by_label("Until")).to_be_visible()
        assert (await api.get("/csr/me/away", csr)).code == "not_away"


async def test_skills_of_a_person_are_as_stored_after_a_refusal(
    backend: Backend, browser: Browser, api: Api
) -> None:
    admin, csr = people(backend.settings, Role.ADMIN, Role.CSR)
    async with a_console(browser, api, admin, "/desk/admin/users") as console:
        page = console.page
        await page.locator("#find-users").fill(csr.email)
        skills = page.get_by_role("textbox", name=f"Skills: {csr.full_name}", exact=True)
        await skills.fill("latin,greek")
        await skills.press("Enter")
        await expect(skills).to_have_value("latin, greek")
        stored = (await api.get(f"/admin/users/{csr.id}", admin)).json
        assert stored["skills"] == ["latin", "greek"]

        async def refuse(route: Route) -> None:
            await route.fulfill(status=409, json={"code": "conflict", "detail": "Not now"})

        await page.route(f"**/admin/users/{csr.id}", refuse)
        await skills.fill("latin, greek, hebrew")
        await skills.press("Enter")
        await expect(page.get_by_role("status", name="Notices")).not_to_be_empty()
        await expect(skills).to_have_value("latin, greek")
