"""Confirming an address, through the door and on the page behind the link."""

from pathlib import Path

import pytest
from aiohttp import web

from desk.accounts import addresses
from models import EmailConfirmation, Role, User
from server import keys
from tests.api import Api
from tests.browser import a_page
from tests.conftest import SECRET, Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server.conftest import serving

SAID = "document.getElementById('said').textContent"
BUTTON = "document.getElementById('confirm')"


@pytest.fixture
def unconfirmed(backend: Backend) -> Person:
    return people(backend.settings, Role.USER, email_verified_at=None)[0]


def mailed(backend: Backend, person: Person) -> str:
    """The token that is mailed to a person."""
    with database(backend.settings) as session:
        link = session.get_one(EmailConfirmation, person.id)
        return addresses.token(SECRET, link.nonce)


async def test_signing_up_has_a_link_mailed_and_says_that_the_address_is_not_confirmed(
    api: Api, backend: Backend
) -> None:
    account = {"email": f"new{now().timestamp()}@desk.test", "password": PASSWORD}
    made = await api.post("/auth/signup", json={**account, "full_name": "New"})
    assert made.status == 201
    tokens = (await api.post("/auth/login", json=account)).json
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with api.http.get("/api/v1/auth/me", headers=headers) as answer:
        assert (await answer.json())["email_verified_at"] is None
    with database(backend.settings) as session:
        user = session.query(User).filter_by(email=account["email"]).one()
        assert session.get_one(EmailConfirmation, user.id).email == user.email


async def test_a_link_that_was_asked_for_confirms_once(
    api: Api, backend: Backend, unconfirmed: Person
) -> None:
    assert (await api.post("/auth/email/verify/send", unconfirmed)).status == 204
    given = {"token": mailed(backend, unconfirmed)}
    assert (await api.post("/auth/email/verify", json=given)).status == 204
    profile = (await api.get("/auth/me", unconfirmed)).json
    assert profile["email_verified_at"] is not None
    refused = await api.post("/auth/email/verify", json=given)
    assert (refused.status, refused.code) == (400, "invalid_token")


@pytest.mark.parametrize("token", ["", "x", "\u20ac" * 43, "a" * 200])
async def test_what_is_no_token_is_refused_and_nothing_of_it_is_said(api: Api, token: str) -> None:
    refused = await api.post("/auth/email/verify", json={"token": token})
    assert (refused.status, refused.code) == (400, "invalid_token")


async def test_an_admin_sees_who_has_confirmed_and_answers_for_whom_they_add(
    api: Api, backend: Backend, unconfirmed: Person
) -> None:
    (admin,) = people(backend.settings, Role.ADMIN)
    found = await api.get("/admin/users", admin, params={"email": unconfirmed.email})
    assert found.json[0]["email_verified_at"] is None
    new = {
        "email": f"added{now().timestamp()}@desk.test",
        "full_name": "Added",
        "role": "csr",
        "password": PASSWORD,
    }
    added = await api.post("/admin/users", admin, json=new)
    assert added.json["email_verified_at"] is not None


async def test_links_are_few_and_tries_are_limited(
    application: tuple[web.Application, Api], unconfirmed: Person, customer: Person
) -> None:
    _, api = application
    for _ in range(5):
        assert (await api.post("/auth/email/verify/send", unconfirmed)).status == 204
    refused = await api.post("/auth/email/verify/send", unconfirmed)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert (await api.post("/auth/email/verify/send", customer)).status == 204
    statuses = [
        (await api.post("/auth/email/verify", json={"token": "x"})).status for _ in range(130)
    ]
    assert statuses[0] == 400
    assert 429 in statuses


async def test_only_the_pages_button_confirms(
    backend: Backend, unconfirmed: Person, tmp_path: Path
) -> None:
    async with serving(backend.settings) as (app, api):
        await app[keys.desk].run(addresses.send, unconfirmed.actor, SECRET, now())
        token = mailed(backend, unconfirmed)
        address = f"{api.url}/verify#token={token}"
        async with a_page(address, tmp_path) as tab:
            await tab.until(f"{BUTTON} && !{BUTTON}.hidden")
            profile = (await api.get("/auth/me", unconfirmed)).json
            assert profile["email_verified_at"] is None
            await tab.evaluate(f"{BUTTON}.click()")
            await tab.until(f"{SAID}.startsWith('Thank you')")
            assert await tab.evaluate(f"{BUTTON}.hidden")
            assert "token" not in str(await tab.evaluate("location.href"))
            assert tab.complaints == []
            assert not [url for url in tab.urls if token in url.partition("#")[0]]
        profile = (await api.get("/auth/me", unconfirmed)).json
        assert profile["email_verified_at"] is not None


async def test_the_page_runs_no_script_but_its_own_and_tells_a_stale_link(
    api: Api, tmp_path: Path
) -> None:
    async with api.http.get("/verify") as page:
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
    async with a_page(f"{api.url}/verify#token=stale", tmp_path) as tab:
        await tab.until(f"{BUTTON} && !{BUTTON}.hidden")
        await tab.evaluate(f"{BUTTON}.click()")
        await tab.until(f"{SAID}.startsWith('This link was used')")
