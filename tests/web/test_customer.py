"""The customers' pages, with and without scripts."""

import re

from playwright.async_api import Page, expect
from sqlalchemy import select

from desk.notifications import account_mails
from models import AccountMail
from tests.api import Api
from tests.browser import Tab, sign_in
from tests.conftest import SECRET, Backend
from tests.factories import PASSWORD, Person, a_past, database
from tests.web.checks import check_page, violations
from wire import account_links

HOSTILE = "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/a?b=1. \u202eback"

LOOKS_AWAY = """
    Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
"""
LOOKS_AGAIN = """
    delete document.visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
"""


async def enter(tab: Tab, web_url: str, person: Person, path: str = "/login") -> None:
    await tab.page.goto(f"{web_url}{path}?lang=en")
    await sign_in(tab.page, person.email, PASSWORD)
    await expect(tab.page.get_by_role("button", name="Sign out")).to_be_visible()


async def open_by_form(page: Page, title: str) -> str:
    """A new ticket by the form; its number."""
    await page.get_by_role("link", name="New ticket").click()
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
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda one: sent.append(str(one))))
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
    # What is read is said once: a message would wait for it.
    read = [frame.partition('"mark_read"')[2] for frame in sent if "mark_read" in frame]
    assert sorted(set(read)) == sorted(read)
    counted = sum("/notifications?unread" in url for url in tab.urls)

    # While nobody looks, the title counts.
    await page.evaluate(LOOKS_AWAY)
    await api.post(f"/tickets/{number}/messages", csr, json={"content": "Are you there?"})
    await expect(page).to_have_title(re.compile(r"^\(1\) .*on fire"))
    await page.evaluate(LOOKS_AGAIN)
    await expect(page).to_have_title(re.compile(f"^#{number} The printer"))

    # A draft stays, while messages come and over a reload.
    await box.press_sequentially("And an")
    await api.post(f"/tickets/{number}/messages", csr, json={"content": "One more"})
    await expect(log.get_by_text("One more")).to_be_visible()
    # The server says how many notifications are unread.
    assert sum("/notifications?unread" in url for url in tab.urls) == counted
    await box.press_sequentially("other thing")
    await page.reload()
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await expect(box).to_have_value("And another thing")

    await api.patch(f"/csr/tickets/{number}", csr, json={"status": "resolved"})
    await expect(page.locator(".subject .status")).to_have_text("Resolved")
    await page.get_by_role("radio", name="5 very good").check()
    await page.get_by_role("button", name="Send the rating").click()
    await expect(page.get_by_text("Thank you for your rating.")).to_be_visible()
    await expect(log).to_contain_text("You rated the answer 5 of 5")
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_role("radio", name="5 very good")).to_be_checked()
    await page.get_by_role("button", name="Notifications", exact=True).click()
    inbox = page.get_by_role("dialog", name="Notifications")
    await expect(inbox.get_by_role("listitem").first).to_contain_text(csr.full_name)
    await expect(inbox.get_by_role("listitem").first).to_contain_text("The printer is on fire")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(inbox).to_have_count(0)
    await page.get_by_role("link", name="My tickets").click()
    row = page.get_by_role("listitem").filter(has_text="The printer is on fire")
    await expect(row.get_by_role("link")).to_contain_text("Resolved")
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await api.patch(f"/csr/tickets/{number}", csr, json={"status": "open"})
    await expect(row.get_by_role("link")).to_contain_text("Open")
    assert tab.complaints == []


async def test_nobody_is_shut_out_of_a_page(
    web_url: str, tab: Tab, api: Api, customer: Person, csr: Person
) -> None:
    page = tab.page
    for path in ("/", "/login", "/signup", "/forgot", "/reset#token=x", "/undo#token=x"):
        await page.goto(f"{web_url}{path}?lang=en")
        await check_page(page)
    ticket = await api.a_ticket(customer, title="Long" * 40)
    shown = f"/tickets/{ticket['number']}"
    long = {"content": "https://example.com/" + "x" * 200}
    assert (await api.post(f"{shown}/messages", csr, json=long)).status == 201
    await api.post(f"/csr/tickets/{ticket['id']}/claim", csr)
    await enter(tab, web_url, customer)
    for path in ("/tickets", shown, "/tickets/new", "/account", "/account?done=profile"):
        await page.goto(web_url + path)
        if path.startswith("/tickets") and not path.endswith("new"):
            await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
        await check_page(page)
    await page.goto(f"{web_url}/tickets/999999999")
    await expect(page.get_by_role("alert")).to_contain_text("no such ticket")
    await check_page(page)
    # The browser itself notes the answer 404.
    assert [said for said in tab.complaints if "404" not in said] == []
    kept = await page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))")
    assert [key for key in kept if "session" in key or "token" in key] == []


async def test_who_is_signed_out_elsewhere_goes_on_where_they_were(
    web_url: str, tab: Tab, api: Api, customer: Person, csr: Person
) -> None:
    number = (await api.a_ticket(customer))["number"]
    await enter(tab, web_url, customer)
    await tab.page.goto(f"{web_url}/tickets/{number}")
    await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")
    await tab.page.get_by_role("textbox", name="Message").fill("Half a sent")
    second = Tab(await tab.page.context.new_page())
    await second.page.goto(f"{web_url}/account")
    await second.page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(second.page.get_by_role("heading", name="Sign in")).to_be_visible()
    again = tab.page.get_by_role("dialog", name="Sign in to go on")
    await expect(again).to_be_visible()
    await again.get_by_label("Email").fill(customer.email)
    await again.get_by_label("Password").fill("not this one")
    await again.get_by_role("button", name="Sign in", exact=True).click()
    await expect(again.get_by_role("alert")).to_contain_text("password is wrong")
    assert await violations(tab.page) == []
    await again.get_by_label("Password").fill(PASSWORD)
    await again.get_by_role("button", name="Sign in", exact=True).click()
    await expect(again).to_have_count(0)
    # The other tab hears of it, too.
    await expect(second.page.get_by_role("heading", name="My tickets")).to_be_visible()
    await second.page.close()
    await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")
    box = tab.page.get_by_role("textbox", name="Message")
    await expect(box).to_have_value("Half a sent")
    await box.press_sequentially("ence")
    await box.press("Control+Enter")
    log = tab.page.get_by_role("log", name="Conversation")
    await expect(log.locator(".unsent")).to_have_count(0)
    posted = (await api.get(f"/tickets/{number}/messages", csr)).json
    assert [event["data"]["content"] for event in posted] == ["Half a sentence"]


async def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(
    backend: Backend, web_url: str, tab: Tab, customer: Person
) -> None:
    page = tab.page
    await page.goto(f"{web_url}/login?lang=de")
    await page.get_by_role("link", name="Passwort vergessen?").click()
    await page.get_by_label("E-Mail").fill(customer.email)
    await page.get_by_role("button", name="Link schicken").click()
    await expect(page.get_by_role("status")).to_contain_text("Wenn es zu dieser Adresse")
    with database(backend.settings) as session:
        mine = select(AccountMail.nonce).where(AccountMail.user_id == customer.id)
        nonce = session.scalars(mine).one()
    assert nonce is not None
    token = account_mails.token(SECRET, "password_reset", nonce)
    await page.goto(account_links.link(web_url, "password_reset", token))
    await expect(page.get_by_role("heading", name="Neues Passwort")).to_be_visible()
    # A script takes it out of the address.
    await page.wait_for_url(f"{web_url}/reset")
    await page.get_by_label("Neues Passwort").fill("password")
    await page.get_by_role("button", name="Passwort setzen").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Neues Passwort").fill("a much longer horse battery")
    await page.get_by_role("button", name="Passwort setzen").click()
    await expect(page.get_by_role("status")).to_contain_text("überall abgemeldet")
    await page.get_by_label("E-Mail").fill(customer.email)
    await page.get_by_label("Passwort").fill("a much longer horse battery")
    await page.get_by_role("button", name="Anmelden").click()
    await expect(page.get_by_role("heading", name="Meine Anfragen")).to_be_visible()
    await page.goto(f"{web_url}/account")
    await expect(page.get_by_role("listitem").filter(has_text="Chrome unter Linux")).to_be_visible()
    await page.get_by_role("button", name="hier abmelden").click()
    await expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    assert not [url for url in tab.urls if token in url.partition("#")[0]]


async def test_a_long_conversation_begins_near_its_end(
    backend: Backend, web_url: str, tab: Tab, api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    with database(backend.settings) as session:
        a_past(session, csr.id, ticket["id"], 450, "before")
    await enter(tab, web_url, customer)
    await tab.page.goto(f"{web_url}/tickets/{ticket['number']}")
    messages = tab.page.get_by_role("log", name="Conversation").get_by_role("article")
    await expect(messages).to_have_count(200)
    # The same stands in the HTML, before there is anybody to press it for.
    await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")
    for count in (400, 451):
        await tab.page.get_by_role("button", name="Show earlier").click()
        await expect(messages).to_have_count(count)
    await expect(tab.page.get_by_role("button", name="Show earlier")).to_have_count(0)
    await expect(messages.first).to_contain_text("Help!")
    assert tab.complaints == []


async def test_a_link_from_elsewhere_finds_the_session(
    web_url: str, tab: Tab, api: Api, customer: Person
) -> None:
    """The cookie does not come with it: the page looks for it, and is asked for once more."""
    number = (await api.a_ticket(customer, title="From a mail"))["number"]
    await enter(tab, web_url, customer)
    # Of another site than 127.0.0.1.
    elsewhere = web_url.replace("127.0.0.1", "localhost")
    await tab.page.goto(f"{elsewhere}/health/live")
    await tab.page.evaluate(f"location.assign('{web_url}/tickets/{number}')")
    await expect(tab.page.get_by_role("heading", name="From a mail")).to_be_visible()
    await expect(tab.page.get_by_role("status", name="Connection")).to_have_text("Live")


async def test_who_is_on_a_ticket_that_is_merged_comes_to_the_other(
    web_url: str, tab: Tab, api: Api, customer: Person, csr: Person
) -> None:
    source, target = [await api.a_ticket(customer, title=title) for title in ("Drips", "Leaks")]
    for content in ("It drips still", "Do you hear?"):
        said = {"content": content}
        await api.post(f"/tickets/{source['id']}/messages", customer, json=said)
    await enter(tab, web_url, customer)
    page = tab.page
    await page.goto(f"{web_url}/tickets/{source['number']}")
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await page.get_by_role("textbox", name="Message").fill("Half a thought")
    await api.post(f"/csr/tickets/{source['id']}/merge", csr, json={"into": target["id"]})
    await expect(page).to_have_url(f"{web_url}/tickets/{target['number']}")
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("Half a thought")
    block = page.get_by_role("log", name="Conversation").get_by_role("group")
    await block.locator("summary").click()
    await expect(block.get_by_role("article")).to_have_text(
        [re.compile("It drips still"), re.compile("Do you hear")]
    )
    await check_page(page)
    # The same without scripts, by an old link.
    plain = await page.request.get(f"{web_url}/tickets/{source['number']}?lang=en")
    assert plain.url.rpartition("/")[2].startswith(str(target["number"]))
    assert f"From #{source['number']}: Drips" in (text := await plain.text())
    assert text.index("<details") < text.index("It drips still") < text.index("</details>")
    assert tab.complaints == []
