"""The customers' forms, as a browser without scripts posts them."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from server.http.input import LONGEST_BODY
from tests.api import Api
from tests.browser import a_tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, a_field, database
from tests.web.forms import ask

NEW = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}
FOREIGN = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}


async def cookie_of(api: Api, person: Person) -> dict[str, str]:
    login = {"email": person.email, "password": PASSWORD}
    got = await ask(api, "POST", "/login", data=login)
    assert got.status == 303
    api.http.cookie_jar.clear()
    return {"Cookie": f"session={got.cookies['session']}"}


async def test_all_of_it_works_without_scripts(
    web_url: str, browser: Browser, api: Api, customer: Person, csr: Person
) -> None:
    async with a_tab(browser, java_script_enabled=False) as tab:
        page = tab.page
        await page.goto(f"{web_url}/tickets/new?lang=de")
        await page.get_by_label("E-Mail").fill(customer.email)
        await page.get_by_label("Passwort").fill("not this one")
        await page.get_by_role("button", name="Anmelden").click()
        await expect(page.get_by_role("alert")).to_contain_text("Passwort ist falsch")
        await expect(page.get_by_label("E-Mail")).to_have_value(customer.email)
        await page.goto(f"{web_url}/tickets/new?lang=en")
        await sign_in(page, customer.email, PASSWORD)
        # Where one wanted to go before.
        await page.get_by_label("Title").fill("<b>Bold</b> & loud")
        await page.get_by_label("What happened?").fill("It\nbroke")
        await page.get_by_role("button", name="Open ticket").click()
        await expect(page.get_by_role("heading", name="<b>Bold</b> & loud")).to_be_visible()
        number = page.url.rpartition("/")[2]
        await page.get_by_label("Message").fill("Hello?")
        await page.get_by_role("button", name="Send").click()
        log = page.get_by_role("log", name="Conversation")
        await expect(log.get_by_role("article")).to_have_count(2)
        await api.post(f"/tickets/{number}/messages", csr, json={"content": "Hello!"})
        await page.reload()
        answer = log.get_by_role("article").filter(has_text="Hello!")
        await expect(answer).to_contain_text(csr.full_name)
        await page.get_by_role("button", name="close the ticket").click()
        await expect(page.get_by_text("This ticket is closed.")).to_be_visible()
        await page.get_by_role("link", name="Account").click()
        await page.get_by_label("Name").fill("Another Name")
        await page.get_by_label("Mail me").uncheck()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_have_text("Saved.")
        profile = (await api.get("/auth/me", customer)).json
        assert (profile["full_name"], profile["notify_email"]) == ("Another Name", False)
        await page.get_by_role("button", name="Ask for my data").click()
        await expect(page.get_by_role("heading", name="Please erase my data")).to_be_visible()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    opened = (await api.get(f"/users/tickets/{number}", customer)).json
    assert (opened["description"], opened["status"]) == ("It\nbroke", "closed")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/account", {"do": "everywhere"}),
        ("/forgot", {"email": "a@desk.test"}),
        ("/reset", {"token": "x", "new_password": PASSWORD}),
        ("/undo", {"token": "x"}),
        ("/login", {"email": "a@desk.test", "password": PASSWORD}),
        ("/logout", {}),
        ("/signup", {"email": "b@desk.test", "password": PASSWORD, "full_name": "Eve"}),
        ("/tickets/new", NEW),
    ],
)
async def test_a_form_of_another_page_does_nothing(
    api: Api, customer: Person, path: str, form: dict[str, str]
) -> None:
    cookie = await cookie_of(api, customer)
    got = await ask(api, "POST", path, data=form or {"a": ""}, headers=FOREIGN | cookie)
    assert got.status == 403
    assert not got.cookies
    assert (await api.get("/users/tickets", customer)).json == []
    assert (await ask(api, "GET", "/tickets", headers=cookie)).status == 200


async def test_who_is_not_signed_in_signs_in_first(api: Api, customer: Person) -> None:
    ticket = await api.a_ticket(customer)
    for path in ("/account", "/tickets", f"/tickets/{ticket['number']}", "/tickets/new"):
        got = await ask(api, "GET", path)
        assert (got.status, got.headers["Cache-Control"]) == (200, "no-store")
        assert f'name="next" value="{path}"' in got.html
        assert ticket["title"] not in got.html
    got = await ask(api, "POST", "/tickets/new", data=NEW)
    assert got.status == 401


async def test_the_staff_have_an_account_page_too_and_end_other_sessions_there(
    api: Api, csr: Person, stranger: Person
) -> None:
    cookie = await cookie_of(api, csr)
    got = await ask(api, "GET", "/account", headers=dict(cookie))
    assert 'href="/desk"' in got.html
    listed = (await api.get("/auth/sessions", csr)).json
    (mine,) = [one["id"] for one in listed if one["is_current"]]
    assert mine in got.html
    for person, status in ((stranger, 404), (csr, 303)):
        headers = cookie if person is csr else await cookie_of(api, person)
        form = {"do": "session", "session_id": mine}
        got = await ask(api, "POST", "/account", data=form, headers=dict(headers))
        assert got.status == status
    assert got.headers["Location"] == "/account?done=session"
    assert (await api.get("/auth/me", csr)).status == 401
    wrong = {"do": "email", "new_email": "new@desk.test", "current_password": "wrong"}
    got = await ask(api, "POST", "/account", data=wrong, headers=dict(cookie))
    assert (got.status, "password is wrong" in got.html) == (403, True)
    got = await ask(
        api, "POST", "/account", data={"do": "session", "session_id": "x"}, headers=dict(cookie)
    )
    assert got.status == 422


async def test_a_ticket_has_one_address(api: Api, customer: Person) -> None:
    ticket = await api.a_ticket(customer)
    cookie = await cookie_of(api, customer)
    got = await ask(api, "GET", f"/tickets/{ticket['id']}", headers=cookie)
    assert (got.status, got.headers["Location"]) == (303, f"/tickets/{ticket['number']}")


async def test_a_ticket_of_others_is_not_found(
    api: Api, customer: Person, stranger: Person
) -> None:
    number = (await api.a_ticket(customer, title="A secret"))["number"]
    cookie = await cookie_of(api, stranger)
    for path in (f"/tickets/{number}", "/tickets/999999999", "/tickets/x", "/tickets/0"):
        for method, more in (("GET", {}), ("POST", {"data": {"content": "Hello"}})):
            got = await ask(api, method, path, headers=dict(cookie), **more)
            assert got.status == 404
            assert "secret" not in got.html
            assert "There is no such ticket" in got.html


@pytest.mark.parametrize(
    "wanted", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "/x"]
)
async def test_nobody_is_sent_elsewhere(api: Api, customer: Person, wanted: str) -> None:
    login = {"email": customer.email, "password": PASSWORD, "next": wanted}
    got = await ask(api, "POST", "/login", data=login)
    assert (got.status, got.headers["Location"]) == (303, "/tickets")
    api.http.cookie_jar.clear()


async def test_staff_come_to_the_console(api: Api, customer: Person, csr: Person) -> None:
    got = await ask(api, "POST", "/login", data={"email": csr.email, "password": PASSWORD})
    assert (got.status, got.headers["Location"]) == (303, "/desk")
    api.http.cookie_jar.clear()
    cookie = await cookie_of(api, csr)
    number = (await api.a_ticket(customer))["number"]
    for path, console in (("/", "/desk"), (f"/tickets/{number}", f"/desk/tickets/{number}")):
        got = await ask(api, "GET", path, headers=dict(cookie))
        assert (got.status, got.headers["Location"]) == (303, console)


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        (NEW | {"title": ""}, 422, "title of up to 200"),
        (NEW | {"title": "a\0b"}, 422, "title of up to 200"),
        (NEW | {"description": "x" * 20_001}, 422, "20,000"),
        (NEW | {"key": "x" * 65}, 422, "did not work"),
        (b"title=%ff&description=x", 400, "did not work"),
        (b"&".join([b"a=b"] * 1001), 400, "did not work"),
        ("title=ä".encode(), 400, "did not work"),
    ],
    ids=["empty", "nul", "long", "key", "no text", "many fields", "not encoded"],
)
async def test_what_is_wrong_is_said_and_what_was_written_is_kept(
    api: Api, customer: Person, form: Any, status: int, said: str
) -> None:
    headers = await cookie_of(api, customer)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    got = await ask(api, "POST", "/tickets/new", data=form, headers=headers)
    assert (got.status, said in got.html) == (status, True), got.html
    if isinstance(form, dict):
        assert form["category"] in got.html
    assert (await api.get("/users/tickets", customer)).json == []


async def test_custom_fields_are_asked_for_shown_and_changed(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    one, choices = "forms", [{"id": "g", "label": "<b>Gold</b>"}, "silver"]
    asked = {"customers": "write", "category": one}
    with database(backend.settings) as session:
        a_field(session, "f_order", required="to_open", **asked)
        a_field(session, "f_seats", "number", **asked)
        a_field(session, "f_paid", "boolean", **asked)
        a_field(session, "f_parts", "choices", choices=choices, **asked)
        a_field(session, "f_plan", "choice", choices=choices, customers="read")
        a_field(session, "f_risk")
    cookie = await cookie_of(api, customer)
    form = (await ask(api, "GET", "/tickets/new", headers=dict(cookie))).html
    assert form.count('data-category="forms"') == 4
    assert "f_plan" not in form
    assert "f_risk" not in form
    assert "&lt;b&gt;Gold&lt;/b&gt;" in form
    new = NEW | {"category": one, "field.f_seats": "five", "field.f_parts.0": "g"}
    got = await ask(api, "POST", "/tickets/new", data=new, headers=dict(cookie))
    assert (got.status, "required is empty" in got.html) == (422, True)
    assert 'value="g" checked' in got.html
    new |= {"field.f_order": "A-1", "field.f_paid": "false"}
    got = await ask(api, "POST", "/tickets/new", data=new, headers=dict(cookie))
    assert (got.status, "check “F_Seats”" in got.html) == (422, True)
    new |= {"field.f_seats": "5"}
    got = await ask(api, "POST", "/tickets/new", data=new, headers=dict(cookie))
    assert got.status == 303
    path = got.headers["Location"]
    number = path.rpartition("/")[2]
    more = {"fields": {"f_plan": "g", "f_risk": "a secret"}}
    await api.patch(f"/csr/tickets/{number}", csr, json=more)
    values = {"f_order": "A-1", "f_seats": 5, "f_paid": False, "f_parts": ["g"], "f_plan": "g"}
    assert (await api.get(f"/users/tickets/{number}", customer)).json["fields"] == values
    shown = (await ask(api, "GET", path, headers=dict(cookie))).html
    assert "secret" not in shown
    assert '<dd dir="auto">&lt;b&gt;Gold&lt;/b&gt;</dd>' in shown
    change = {"do": "fields", "field.f_order": "A-2", "field.f_paid": "true"}
    got = await ask(api, "POST", path, data=change, headers=dict(cookie))
    assert (got.status, got.headers["Location"]) == (303, path)
    changed = (await api.get(f"/users/tickets/{number}", customer)).json["fields"]
    assert changed == {"f_order": "A-2", "f_paid": True, "f_plan": "g"}


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%00", "cursor=" + "x" * 300])
async def test_a_wrong_address_is_a_page_that_says_so(
    api: Api, customer: Person, query: str
) -> None:
    got = await ask(api, "GET", f"/tickets?{query}", headers=await cookie_of(api, customer))
    assert got.status in {400, 422}
    assert "That did not work" in got.html
    assert "Sign out" in got.html


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "language", "words"),
    [
        ("/nowhere", "en", "There is no page at this address."),
        ("/nowhere/" + "%00" * 9, "de", "Unter dieser Adresse gibt es keine Seite."),
        ("/logout", "de", "Zur Startseite"),
    ],
)
async def test_where_nothing_is_a_browser_is_shown_a_page(
    api: Api, path: str, language: str, words: str
) -> None:
    got = await ask(api, "GET", path, headers=BROWSER | {"Accept-Language": language})
    assert got.status == (405 if path == "/logout" else 404)
    assert words in got.html
    assert 'href="/"' in got.html
    assert "Accept" in got.headers["Vary"].split(", ")
    head = await ask(api, "HEAD", path, headers=dict(BROWSER))
    assert (head.status, head.html) == (got.status, "")


async def test_programs_are_answered_with_a_problem_where_nothing_is(api: Api) -> None:
    problem = "application/problem+json"
    for path in ("/api/v1/nowhere", "/assets/0/none.js", "/web/nowhere", "/nowhere.json"):
        got = await ask(api, "GET", path, headers=dict(BROWSER))
        assert (got.status, got.headers["Content-Type"]) == (404, problem), path
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5", "text/html;q=0"):
        got = await ask(api, "GET", "/nowhere", headers={"Accept": accept})
        assert (got.status, got.headers["Content-Type"]) == (404, problem), accept


async def test_other_bodies_are_refused(api: Api, customer: Person) -> None:
    cookie = await cookie_of(api, customer)
    got = await ask(api, "POST", "/tickets/new", json=NEW, headers=dict(cookie))
    assert got.status == 415
    long = {"description": "x" * LONGEST_BODY}
    got = await ask(api, "POST", "/tickets/new", data=long, headers=dict(cookie))
    assert got.status == 413


async def test_a_form_that_is_sent_twice_counts_once(api: Api, customer: Person) -> None:
    cookie = await cookie_of(api, customer)
    opened = [
        await ask(api, "POST", "/tickets/new", data=NEW | {"key": "one"}, headers=dict(cookie))
        for _ in range(2)
    ]
    assert {got.status for got in opened} == {303}
    (path,) = {got.headers["Location"] for got in opened}
    assert len((await api.get("/users/tickets", customer)).json) == 1
    for _ in range(2):
        said = {"content": "Hello", "client_id": "one"}
        await ask(api, "POST", path, data=said, headers=dict(cookie))
    number = path.rpartition("/")[2]
    assert len((await api.get(f"/tickets/{number}/messages", customer)).json) == 1


async def test_a_spent_token_shows_nothing(api: Api, customer: Person) -> None:
    """Whoever has copied a cookie once does not read on with it when its owner has gone on."""
    headers = await cookie_of(api, customer)
    refresh = headers["Cookie"].partition("=")[2]
    assert (await ask(api, "GET", "/tickets", headers=dict(headers))).html.count("Sign out")
    forged = {"Cookie": f"session={refresh[:-4]}AAAA"}
    assert "Sign out" not in (await ask(api, "GET", "/tickets", headers=forged)).html
    access = {"Cookie": f"session={customer.token}"}
    assert "Sign out" not in (await ask(api, "GET", "/tickets", headers=access)).html
    await ask(api, "POST", "/logout", data={"a": ""}, headers=dict(headers))
    assert "Sign out" not in (await ask(api, "GET", "/tickets", headers=dict(headers))).html


async def test_the_front_speaks_to_programs_and_to_people(api: Api) -> None:
    got = await ask(api, "GET", "/", headers={"Accept": "text/html,*/*"})
    assert got.status == 200
    assert "Sign in" in got.html
    assert 'href="/docs"' in got.html
    async with api.http.get("/", headers={"Accept": "application/json"}) as answer:
        said = await answer.json()
    assert said["links"]["docs"] == "/docs"
    for name, path in said["links"].items():
        if name != "health":
            async with api.http.get(path) as answer:
                assert answer.status == 200, path


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-CH, en;q=0.5", "de"),
        ("fr, en;q=0.3, de;q=0.7", "de"),
        ("de;q=nonsense", "en"),
    ],
)
async def test_the_page_speaks_the_readers_language(api: Api, header: str, language: str) -> None:
    got = await ask(api, "GET", "/login", headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in got.html
    forced = await ask(api, "GET", "/login?lang=en", headers={"Accept-Language": header})
    assert '<html lang="en">' in forced.html
    assert forced.cookies["lang"] == "en"
    api.http.cookie_jar.clear()
