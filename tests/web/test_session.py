"""The session that a cookie keeps: over HTTP, and in tabs that share it."""

import asyncio
from collections.abc import Mapping
from http.cookies import Morsel
from uuid import uuid4

import pytest
from aiohttp import web
from playwright.async_api import Route, expect

from server.services import SERVICES
from tests.api import Answer, Api
from tests.browser import Tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person
from tests.server.conftest import serving
from tests.waiting import until

PATH = "/web/session"
OURS = {"Sec-Fetch-Site": "same-origin"}
SECRETS = "Object.entries(localStorage).concat(Object.entries(sessionStorage))"


async def ask(
    api: Api, method: str, path: str, headers: Mapping[str, str] = OURS, **more: object
) -> tuple[Answer, Mapping[str, "Morsel[str]"]]:
    async with api.http.request(method, path, headers=headers, **more) as got:  # type: ignore[arg-type]
        return Answer(got.status, got.headers, await got.read()), got.cookies


async def signed_in(api: Api, person: Person) -> "Morsel[str]":
    login = {"email": person.email, "password": PASSWORD}
    answer, cookies = await ask(api, "POST", PATH, json=login)
    assert answer.status == 200, answer
    return cookies["session"]


def cookie(morsel: "Morsel[str]") -> dict[str, str]:
    return {"Cookie": f"{morsel.key}={morsel.value}"}


async def test_the_refresh_token_is_in_the_cookie_alone(api: Api, customer: Person) -> None:
    login = {"email": customer.email, "password": PASSWORD}
    answer, cookies = await ask(api, "POST", PATH, json=login)
    assert answer.json.keys() == {"access_token", "expires_in", "user"}
    assert answer.json["user"]["email"] == customer.email
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers
    kept = cookies["session"]
    assert kept.value.encode() not in answer.body
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Strict", "/")
    assert int(kept["max-age"]) > 24 * 3600
    me = await api.get("/auth/me", answer.json["access_token"])
    assert me.json == answer.json["user"]


async def test_with_https_the_cookie_is_ours_alone(backend: Backend, customer: Person) -> None:
    settings = backend.settings.model_copy(update={"public_url": "https://desk.example.com"})
    login = {"email": customer.email, "password": PASSWORD}
    async with serving(settings) as (_, api):
        answer, cookies = await ask(api, "POST", PATH, json=login)
    assert answer.status == 200
    kept = cookies["__Host-session"]
    assert (kept["secure"], kept["domain"], kept["path"]) == (True, "", "/")


async def test_a_refresh_goes_on_and_a_spent_session_does_not(api: Api, customer: Person) -> None:
    first = await signed_in(api, customer)
    answer, cookies = await ask(api, "POST", f"{PATH}/refresh", OURS | cookie(first))
    assert answer.status == 200
    assert answer.json["user"]["id"] == str(customer.id)
    second = cookies["session"]
    assert second.value != first.value
    ended, cookies = await ask(api, "DELETE", PATH, OURS | cookie(second))
    assert (ended.status, cookies["session"].value) == (204, "")
    for morsel in (second, None):
        sent = cookie(morsel) if morsel else {}
        refused, cookies = await ask(api, "POST", f"{PATH}/refresh", OURS | sent)
        assert (refused.status, refused.code) == (401, "no_session")
        assert cookies["session"].value == ""
    assert (await api.get("/auth/me", answer.json["access_token"])).status == 401
    again, _ = await ask(api, "DELETE", PATH)
    assert again.status == 204


@pytest.mark.parametrize("path", [PATH, "/login", "/signup"])
async def test_who_signs_in_over_a_session_ends_it(
    api: Api, customer: Person, csr: Person, path: str
) -> None:
    login = {"email": customer.email, "password": PASSWORD}
    first, cookies = await ask(api, "POST", PATH, json=login)
    before, token = cookies["session"], first.json["access_token"]
    new = {"email": f"{uuid4()}@example.com", "password": "a new passphrase", "full_name": "Neu"}
    given = new if path == "/signup" else {"email": csr.email, "password": PASSWORD}
    kind = "json" if path == PATH else "data"
    sent = OURS | cookie(before)
    answer, cookies = await ask(api, "POST", path, sent, allow_redirects=False, **{kind: given})
    assert answer.status in (200, 303), answer

    async def is_over() -> bool:
        return (await api.get("/auth/me", token)).status == 401

    await until(is_over)  # As soon as the answer is sent.
    gone_on, _ = await ask(api, "POST", f"{PATH}/refresh", OURS | cookie(cookies["session"]))
    assert gone_on.status == 200


FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_page_of_others_gets_nothing(
    api: Api, customer: Person, headers: dict[str, str]
) -> None:
    kept = cookie(await signed_in(api, customer))
    login = {"email": customer.email, "password": PASSWORD}
    for method, path, more in (
        ("POST", PATH, {"json": login}),
        ("POST", f"{PATH}/refresh", {}),
        ("DELETE", PATH, {}),
    ):
        answer, cookies = await ask(api, method, path, headers | kept, **more)
        assert (answer.status, answer.code) == (403, "cross_origin")
        assert not cookies
    answer, _ = await ask(api, "POST", f"{PATH}/refresh", kept)
    assert answer.code == "cross_origin"  # Nothing says that a page of ours asks.
    answer, _ = await ask(api, "POST", f"{PATH}/refresh", kept | {"Origin": api.url})
    assert answer.status == 200


async def test_wrong_passwords_are_counted_as_those_of_a_log_in(
    application: tuple[web.Application, Api], customer: Person
) -> None:
    app, api = application
    wrong = {"email": customer.email, "password": "wrong password"}
    codes = []
    for n in range(30):
        if n % 2:
            answer, _ = await ask(api, "POST", PATH, json=wrong)
        else:
            answer = await api.post("/auth/login", json=wrong)
        codes.append(answer.code)
        if answer.code == "rate_limited":
            break
    assert codes[-1] == "rate_limited"
    assert set(codes[:-1]) == {"invalid_credentials"}
    assert len(codes) > 4
    assert app[SERVICES].settings.rate_limits == "on"


async def test_tabs_share_a_session_and_end_together(web_url: str, tab: Tab, csr: Person) -> None:
    await tab.page.goto(f"{web_url}/desk?lang=en")
    await sign_in(tab.page, csr.email, PASSWORD)
    await expect(tab.page.get_by_text(csr.full_name).first).to_be_visible()
    second = Tab(await tab.page.context.new_page())
    await second.page.goto(f"{web_url}/desk")
    await expect(second.page.get_by_text(csr.full_name).first).to_be_visible()
    for one in (tab, second):
        assert "ey" not in str(await one.page.evaluate(SECRETS))
        assert "session" not in await one.page.evaluate("document.cookie")
    ended = "fetch('/web/session', {method: 'DELETE'})"
    await second.page.evaluate(f"{ended}.then(() => 0)")
    await second.page.reload()
    for one in (second, tab):
        await expect(one.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    # The browser itself notes the answer 401 that says so.
    assert [c for c in tab.complaints + second.complaints if "401" not in c] == []


MODULE = "document.querySelector('link[href$=\"shared/session.js\"]').href"
AGAIN = f"import({MODULE}).then(({{accessToken}}) => accessToken())"
FRESH = f"import({MODULE}).then(({{accessToken}}) => accessToken({{fresh: true}}))"


async def test_of_many_tabs_few_refresh_and_none_is_signed_out(
    web_url: str, tab: Tab, csr: Person
) -> None:
    await tab.page.goto(f"{web_url}/desk?lang=en")
    await sign_in(tab.page, csr.email, PASSWORD)
    await expect(tab.page.get_by_text(csr.full_name).first).to_be_visible()
    tabs = [Tab(await tab.page.context.new_page()) for _ in range(5)]
    for one in tabs:
        await one.page.goto(f"{web_url}/desk")
        await expect(one.page.get_by_text(csr.full_name).first).to_be_visible()
        one.urls.clear()
    tokens = await asyncio.gather(*(one.page.evaluate(FRESH) for one in tabs))
    assert all(tokens)
    asked = [url for one in tabs for url in one.urls if url.endswith("/refresh")]
    assert 1 <= len(asked) < len(tabs)
    for one in tabs:
        await expect(one.page.get_by_text(csr.full_name).first).to_be_visible()
        assert one.complaints == []


WAITS = "navigator.locks.query().then(({pending}) => pending.length > 0)"
# While a refresh is on its way, of which the answer is kept back.
SIGN_IN = f"""([email, password]) => import({MODULE}).then(
    ({{accessToken, signIn}}) => {{
        accessToken({{fresh: true}}).catch(() => 0);
        return signIn(email, password);
    }},
)"""
STATE = f"import({MODULE}).then(({{session}}) => session.value.state)"


async def test_a_refresh_that_is_refused_late_does_not_end_who_signs_in_meanwhile(
    web_url: str, api: Api, tab: Tab, csr: Person
) -> None:
    await tab.page.goto(f"{web_url}/desk?lang=en")
    await sign_in(tab.page, csr.email, PASSWORD)
    await expect(tab.page.get_by_text(csr.full_name).first).to_be_visible()
    answered: list[str] = []
    tab.page.on("response", lambda got: answered.append(got.request.method + got.url))

    async def sign_in_waits_or_is_done() -> bool:
        done = f"POST{web_url}{PATH}" in answered
        return done or bool(await tab.page.evaluate(WAITS))

    async def keep_back(route: Route) -> None:
        answer = await route.fetch()
        await until(sign_in_waits_or_is_done)
        await route.fulfill(response=answer)

    await tab.page.route("**/web/session/refresh", keep_back)
    assert (await api.post("/auth/logout_all", csr)).status < 300
    await tab.page.evaluate(SIGN_IN, [csr.email, PASSWORD])
    await tab.page.unroute_all(behavior="wait")
    assert await tab.page.evaluate(AGAIN)
    assert await tab.page.evaluate(STATE) == "in"
    assert "signed_in" in await tab.page.evaluate("document.cookie")


# Twelve hours later by the wall, and not by the clock that stands still meanwhile.
SLEPT = "Date.now = () => new Date().getTime() + 12 * 3600 * 1000"


async def test_a_tab_that_slept_goes_on_with_a_new_token(
    web_url: str, tab: Tab, csr: Person
) -> None:
    await tab.page.goto(f"{web_url}/desk?lang=en")
    await sign_in(tab.page, csr.email, PASSWORD)
    await expect(tab.page.get_by_text(csr.full_name).first).to_be_visible()
    before = await tab.page.evaluate(AGAIN)
    assert await tab.page.evaluate(AGAIN) == before
    await tab.page.evaluate(SLEPT)
    assert await tab.page.evaluate(AGAIN) != before
    assert [url for url in tab.urls if url.endswith("/refresh")] == [f"{web_url}{PATH}/refresh"]
    assert tab.complaints == []
