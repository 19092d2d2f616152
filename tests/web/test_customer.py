"""The customers' pages, with and without scripts."""

from playwright.async_api import Page, expect

from tests.api import Api
from tests.browser import Tab
from tests.factories import PASSWORD, Person

HOSTILE = "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/a?b=1. \u202eback"


async def enter(tab: Tab, web_url: str, person: Person, path: str = "/login") -> None:
    await tab.page.goto(f"{web_url}{path}?lang=en")
    await tab.page.get_by_label("Email").fill(person.email)
    await tab.page.get_by_label("Password").fill(PASSWORD)
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page.get_by_role("button", name="Sign out")).to_be_visible()


async def open_by_form(page: Page, title: str) -> str:
    """A new ticket by the form; its number."""
    await page.get_by_role("link", name="New ticket").first.click()
    await page.get_by_label("Title").fill(title)
    await page.get_by_label("What happened?").fill("It does not start.\nSince Monday.")
    await page.get_by_role("combobox", name="Category").select_option(index=1)
    await page.get_by_role("combobox", name="Type").select_option(index=1)
    await page.get_by_role("button", name="Open ticket").click()
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    return page.url.rpartition("/")[2]


async def test_a_customer_signs_up_opens_a_ticket_and_converses(
    web_url: str, tab: Tab, other_tab: Tab, api: Api, csr: Person
) -> None:
    page = tab.page
    await page.goto(f"{web_url}/?lang=en")
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Name").fill("Ann Onymous")
    await page.get_by_label("Email").fill(f"ann-{csr.id}@desk.test")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_text("You have no tickets yet")).to_be_visible()
    number = await open_by_form(page, "The printer is on fire")
    assert number.isdigit()
    log = page.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("Since Monday.")).to_be_visible()
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")

    answer = await api.post(f"/tickets/{number}/messages", csr, json={"content": HOSTILE})
    assert answer.status == 201
    message = log.get_by_role("article").filter(has_text="onerror")
    await expect(message).to_contain_text(HOSTILE)
    await expect(message).to_contain_text(csr.full_name)
    assert await message.locator("img").count() == 0
    link = message.get_by_role("link")
    await expect(link).to_have_attribute("href", "https://example.com/a?b=1")

    box = page.get_by_role("textbox", name="Message")
    await box.fill("Thank you!")
    await page.get_by_role("button", name="Send").click()
    await expect(log.get_by_text("Thank you!")).to_be_visible()
    await expect(log.locator(".unsent")).to_have_count(0)
    await expect(box).to_have_value("")
    texts = (await api.get(f"/tickets/{number}/messages", csr)).json
    assert [event["data"]["content"] for event in texts] == [HOSTILE, "Thank you!"]

    # A draft stays, while messages come and over a reload.
    await box.press_sequentially("And an")
    await api.post(f"/tickets/{number}/messages", csr, json={"content": "One more"})
    await expect(log.get_by_text("One more")).to_be_visible()
    await box.press_sequentially("other thing")
    await page.reload()
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await expect(box).to_have_value("And another thing")

    await api.patch(f"/csr/tickets/{number}", csr, json={"status": "resolved"})
    await expect(page.locator(".subject .status")).to_have_text("Resolved")
    await page.get_by_role("link", name="My tickets").click()
    row = page.get_by_role("listitem").filter(has_text="The printer is on fire")
    await expect(row.get_by_role("link")).to_contain_text("Resolved")
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await api.patch(f"/csr/tickets/{number}", csr, json={"status": "open"})
    await expect(row.get_by_role("link")).to_contain_text("Open")
    assert tab.complaints == []
