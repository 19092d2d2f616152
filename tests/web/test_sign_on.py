"""Single sign-on of the staff, with a real identity provider on another site."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from playwright.async_api import expect
from sqlalchemy import select
from yarl import URL

from config import Settings
from embedded.server import free_port
from models import AuditEntry, AuthSession, Role, User
from server.services import SERVICES
from tests.api import Api
from tests.browser import Tab
from tests.conftest import Backend
from tests.factories import PASSWORD, database, numbers, people
from tests.identity_provider import a_provider, approve, sign_on, tell
from tests.server.conftest import serving
from tests.waiting import until
from tests.web.forms import Got, ask

OWN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Site:
    """A desk and the provider of its staff."""

    app: web.Application
    api: Api
    issuer: str

    @property
    def settings(self) -> Settings:
        return self.app[SERVICES].settings

    async def person(self, *groups: str, **claims: object) -> str:
        """Somebody new whom the provider knows, by the subject."""
        subject = f"person-{next(numbers)}"
        known = {"email": f"{subject}@desk.test", "email_verified": True, "groups": groups}
        await tell(self.issuer, subject, **(known | claims))
        return subject

    async def start(self, return_to: str = "", **more: Any) -> Got:
        query = {"return_to": return_to}
        got = await ask(self.api, "GET", "/web/oidc/start", params=query, **more)
        assert got.status == 302, got
        return got

    async def approved(self, subject: str, started: Got) -> URL:
        """Where the provider sends the browser."""
        return await approve(started.headers["Location"], subject)

    async def back(self, address: URL, started: Got | None) -> Got:
        """The browser, there."""
        cookie = {"Cookie": f"oidc={started.cookies['oidc']}"} if started else {}
        path = URL(address.raw_path_qs, encoded=True)
        return await ask(self.api, "GET", path, headers=cookie)  # type: ignore[arg-type]

    async def sign_in(self, subject: str, return_to: str = "", **more: Any) -> Got:
        """``more``: of the request that begins it."""
        started = await self.start(return_to, **more)
        return await self.back(await self.approved(subject, started), started)

    async def who(self, got: Got) -> dict[str, Any]:
        """Who has the session of an answer."""
        headers = OWN | {"Cookie": f"session={got.cookies['session']}"}
        async with self.api.http.post("/web/session/refresh", headers=headers) as answer:
            assert answer.status == 200
            user: dict[str, Any] = (await answer.json())["user"]
            return user


@pytest.fixture(scope="module")
async def site(backend: Backend) -> AsyncIterator[Site]:
    port = free_port()
    async with a_provider() as issuer:
        set_up = {**sign_on(issuer), "port": port}
        settings = backend.settings.model_copy(update=set_up)
        async with serving(settings, port=port) as (app, api):
            yield Site(app, api, issuer)


def refused(got: Got, status: int, said: str) -> None:
    assert (got.status, said in got.html) == (status, True), got.html
    assert "session" not in got.cookies
    assert 'action="/login"' in got.html


async def test_somebody_comes_in_as_what_the_provider_says(site: Site) -> None:
    subject = await site.person("support", name="Ann Lee")
    got = await site.sign_in(subject)
    assert (got.status, got.headers["Refresh"]) == (200, "0;url=/desk")
    assert got.headers["Cache-Control"] == "no-store"
    assert got.cookies["oidc"] == ""
    # A script would spend the session's token, and be cut off.
    assert got.html.startswith("<!doctype html>")
    assert "<script" not in got.html
    user = await site.who(got)
    assert (user["full_name"], user["role"]) == ("Ann Lee", "csr")
    assert user["email"] == f"{subject}@desk.test"
    await tell(site.issuer, subject, groups=["leads"], email="another@desk.test")
    again = await site.who(await site.sign_in(subject))
    assert (again["id"], again["role"]) == (user["id"], "admin")
    assert again["email"] == user["email"]
    with database(site.settings) as session:
        ways = select(AuthSession.signed_in_by).where(AuthSession.user_id == user["id"])
        assert set(session.scalars(ways)) == {"oidc"}


async def test_who_has_no_role_here_is_told_whom_to_ask(site: Site) -> None:
    subject = await site.person("sales")
    refused(await site.sign_in(subject), 403, "gives you no role at this desk")
    with database(site.settings) as session:
        assert not session.scalar(select(User).where(User.email == f"{subject}@desk.test"))
        last = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)
        entry = session.scalars(last).one()
        assert entry.data == {"signed_in_by": "oidc", "reason": "no_role"}


async def test_an_address_that_nobody_vouches_for_takes_no_account_over(site: Site) -> None:
    (csr,) = people(site.settings, Role.CSR)
    for verified in (False, None, "true"):
        subject = await site.person("leads", email=csr.email, email_verified=verified)
        refused(await site.sign_in(subject), 403, "does not vouch for your address")
    vouched = await site.person("support", email=csr.email.upper())
    assert (await site.who(await site.sign_in(vouched)))["id"] == str(csr.id)


async def test_where_one_wanted_to_go_is_a_path_of_ours(site: Site) -> None:
    subject = await site.person("support")
    for wanted, path in (
        ("/desk/tickets/7", "/desk/tickets/7"),
        ("/account", "/account"),
        ("//evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("https://evil.example/desk", "/desk"),
        ("/desk;url=//evil.example", "/desk"),
        ("/desk\r\nX: y", "/desk"),
    ):
        got = await site.sign_in(subject, wanted)
        assert got.headers["Refresh"] == f"0;url={path}"


async def test_an_answer_is_for_the_browser_that_asked_and_good_once(site: Site) -> None:
    subject = await site.person("support")
    mine, theirs = await site.start(), await site.start()
    address = await site.approved(subject, mine)
    over = "Please begin anew"
    for started in (None, theirs):
        refused(await site.back(address, started), 401, over)
    for state in ("", "x", "\u00fc", "x" * 5000):
        refused(await site.back(address.update_query(state=state), mine), 401, over)
    stateless = address.without_query_params("state")
    refused(await site.back(stateless, mine), 401, over)
    async with site.api.http.head(address.path_qs) as head:
        assert head.status == 405
    # Of what none was spent by.
    assert (await site.back(address, mine)).status == 200
    refused(await site.back(address, mine), 401, over)
    # Nor is another code good for the sign-in that has ended.
    code = (await site.approved(subject, mine)).query["code"]
    refused(await site.back(address.update_query(code=code), mine), 401, over)


async def test_of_two_that_end_a_sign_in_at_once_one_does(site: Site) -> None:
    subject = await site.person("support")
    started = await site.start()
    # Each with a code of its own, so that the provider takes both.
    addresses = [await site.approved(subject, started) for _ in range(3)]
    ended = await asyncio.gather(*(site.back(address, started) for address in addresses))
    assert sorted(got.status for got in ended) == [200, 401, 401]


async def test_a_token_of_another_sign_in_is_not_believed(site: Site) -> None:
    subject = await site.person("support")
    mine, theirs = await site.start(), await site.start()
    code = (await site.approved(subject, theirs)).query["code"]
    address = (await site.approved(subject, mine)).update_query(code=code)
    refused(await site.back(address, mine), 401, "cannot be trusted")
    elsewhere = (await site.approved(subject, mine)).update_query(iss="https://evil.example")
    refused(await site.back(elsewhere, mine), 401, "cannot be trusted")


async def test_who_says_no_at_the_provider_is_back_at_the_form(site: Site) -> None:
    started = await site.start()
    address = await approve(started.headers["Location"], "", action="deny")
    state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
    got = await site.back(address.update_query(state=state), started)
    refused(got, 403, "did not let you in")
    german = await ask(
        site.api,
        "GET",
        f"/web/oidc/callback?error=access_denied&state={state}",
        headers={"Cookie": f"oidc={started.cookies['oidc']}", "Accept-Language": "de"},
    )
    assert "hat Sie nicht zugelassen" in german.html


async def test_the_session_before_is_over(site: Site) -> None:
    subject = await site.person("support")
    first = await site.sign_in(subject)
    cookie = {"Cookie": f"session={first.cookies['session']}"}
    second = await site.sign_in(await site.person("support"), headers=cookie)

    def is_over() -> bool:  # Once the answer is with the browser.
        with database(site.settings) as session:
            whose = select(User.id).where(User.email == f"{subject}@desk.test").scalar_subquery()
            because = select(AuthSession.ended_because).where(AuthSession.user_id == whose)
            return session.scalars(because).all() == ["logged_out"]

    await until(is_over)
    async with site.api.http.post("/web/session/refresh", headers=OWN | cookie) as answer:
        assert answer.status == 401
    assert (await site.who(second))["role"] == "csr"


async def test_without_a_provider_there_is_no_button_and_no_way(backend: Backend, api: Api) -> None:
    for path in ("/web/oidc/start", "/web/oidc/callback"):
        assert (await ask(api, "GET", path)).status == 404
    assert "oidc" not in (await ask(api, "GET", "/login")).html
    assert "sign-on" not in (await ask(api, "GET", "/desk")).html


async def test_a_provider_that_is_down_is_said_to_be(backend: Backend) -> None:
    set_up = sign_on(f"http://localhost:{free_port()}")
    async with serving(backend.settings.model_copy(update=set_up)) as (_, api):
        got = await ask(api, "GET", "/web/oidc/start")
        refused(got, 503, "does not answer just now")
        assert "Sign in with Acme" in got.html


async def test_where_passwords_are_off_the_staffs_are_no_good(site: Site) -> None:
    set_up = {"password_login": "off"}
    csr, customer = people(site.settings, Role.CSR, Role.USER)
    settings = site.settings.model_copy(update=set_up)
    async with serving(settings) as (_, api):
        right, wrong = ({"email": csr.email, "password": word} for word in (PASSWORD, "wrong"))
        for path in ("/api/v1/auth/login", "/web/session"):
            for sent, code in ((right, "password_login_off"), (wrong, "invalid_credentials")):
                async with api.http.post(path, json=sent) as answer:
                    assert (await answer.json())["code"] == code
        assert "not used here by the staff" in (await ask(api, "POST", "/login", data=right)).html
        assert "is wrong" in (await ask(api, "POST", "/login", data=wrong)).html
        change = {"current_password": PASSWORD, "new_password": "another good password"}
        refusal = await api.post("/auth/password", csr, json=change)
        assert (refusal.status, refusal.code) == (403, "password_login_off")
        theirs = {"email": customer.email, "password": PASSWORD}
        assert (await api.post("/auth/login", json=theirs)).status == 200
        assert (await api.post("/auth/password", customer, json=change)).status == 204
        assert 'name="password-login" content="off"' in (await ask(api, "GET", "/desk")).html


async def test_from_the_console_to_the_provider_and_back(site: Site, tab: Tab) -> None:
    subject = await site.person("support", name="Ann Lee")
    page = tab.page
    await page.route("https://**", lambda route: route.abort())  # The provider's style sheet.
    await page.goto(f"{site.api.url}/desk/mine")
    await page.get_by_role("link", name="Sign in with Acme").click()
    await page.get_by_placeholder("sub").fill(subject)
    await page.get_by_role("button", name="Authorize").click()
    await expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    await expect(page.get_by_text("Ann Lee")).to_be_visible()
    assert urlsplit(page.url).path == "/desk/mine"
    # A page of which the HTML is for who is signed in.
    await page.context.clear_cookies()
    await page.goto(f"{site.api.url}/account")
    await page.get_by_role("link", name="Sign in with Acme").click()
    await page.get_by_placeholder("sub").fill(subject)
    await page.get_by_role("button", name="Authorize").click()
    await expect(page.get_by_role("textbox", name="Name")).to_have_value("Ann Lee")
    assert urlsplit(page.url).path == "/account"
