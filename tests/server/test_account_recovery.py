"""Forgotten passwords, other addresses, sign-ups by mail, one's own sessions, through the door."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk.accounts import password_resets
from desk.notifications import account_mails
from models import AccountMail, OneTimeToken, User
from server.identity.tokens import Tokens
from server.limits import shared
from tests.api import Answer, Api
from tests.conftest import SECRET, Backend
from tests.factories import PASSWORD, Person, database, now
from tests.server.conftest import serving
from tests.sockets import Client

NEW = "a much longer horse battery"
RESET = password_resets.PURPOSE


@pytest.fixture(scope="module")
async def limited(backend: Backend) -> AsyncIterator[Api]:
    settings = backend.settings.model_copy(update={"rate_limits": "on"})
    async with serving(settings) as (_, api):
        yield api


def token(backend: Backend, kind: str, email: str) -> str:
    """The token in the newest mail of a kind to an address."""
    with database(backend.settings) as session:
        mine = (AccountMail.to_email == email, AccountMail.kind == kind)
        newest = select(AccountMail.nonce).where(*mine).order_by(AccountMail.id.desc()).limit(1)
        nonce = session.scalars(newest).one()
        assert nonce is not None
        return account_mails.token(SECRET, kind, nonce)


def kinds(backend: Backend, email: str) -> list[str]:
    with database(backend.settings) as session:
        mine = select(AccountMail.kind).where(AccountMail.to_email == email)
        return list(session.scalars(mine.order_by(AccountMail.id)))


async def forgot(api: Api, email: str) -> Answer:
    return await api.post("/auth/password/forgot", json={"email": email})


async def reset(api: Api, given: str, password: str = NEW) -> Answer:
    return await api.post("/auth/password/reset", json={"token": given, "new_password": password})


async def logs_in(api: Api, email: str, password: str = PASSWORD) -> int:
    return (await api.post("/auth/login", json={"email": email, "password": password})).status


async def test_a_reset_ends_every_session_and_socket(
    api: Api, backend: Backend, customer: Person
) -> None:
    assert (await forgot(api, customer.email.upper())).status == 202
    given = token(backend, RESET, customer.email)
    async with Client(api.url, customer) as client:
        assert (await reset(api, given)).status == 204
        await client.until(lambda: not client.sio.connected)
    over = await api.get("/auth/me", customer)
    assert (over.status, over.code) == (401, "session_ended")
    again = await reset(api, given)
    assert (again.status, again.code) == (400, "invalid_token")
    assert [await logs_in(api, customer.email, each) for each in (PASSWORD, NEW)] == [401, 200]
    assert kinds(backend, customer.email) == [RESET, "password_changed"]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("password", "invalid"),
        ("{name}", "password_guessable"),
        ("TicketDesk1", "password_guessable"),
    ],
)
async def test_a_password_that_is_refused_leaves_the_link_good(
    api: Api, backend: Backend, customer: Person, password: str, code: str
) -> None:
    await forgot(api, customer.email)
    given = token(backend, RESET, customer.email)
    refused = await reset(api, given, password.format(name=customer.full_name))
    assert (refused.status, refused.code) == (422, code)
    assert refused.json["errors"][0]["pointer"] == "/new_password"
    assert (await reset(api, given)).status == 204


async def test_the_answers_and_limits_are_the_same_for_who_has_no_account(
    limited: Api, customer: Person
) -> None:
    answers = {}
    for email in (customer.email, f"nobody{now().timestamp()}@desk.test"):
        answers[email] = [await forgot(limited, email) for _ in range(4)]
    known, unknown = answers.values()
    assert [answer.status for answer in known] == [202, 202, 202, 429]
    for one, other in zip(known, unknown, strict=True):
        assert (one.status, one.body) == (other.status, other.body)
        assert {*one.headers} == {*other.headers}


async def test_a_reset_forgets_the_wrong_passwords_but_only_of_that_account(
    limited: Api, backend: Backend, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAILED", "FORGOT_ADDRESS"):
        monkeypatch.setattr(shared, name, shared.Limit(f"{name}-2", shared.LOGIN.item))
    for _ in range(shared.WRONG_PASSWORD_HERE.item.amount):
        await logs_in(limited, customer.email, "not this one")
    assert await logs_in(limited, customer.email) == 429
    await forgot(limited, customer.email)
    await reset(limited, token(backend, RESET, customer.email))
    assert await logs_in(limited, customer.email, NEW) == 200


async def test_another_address_is_taken_by_its_link_and_given_back_by_the_old_ones(
    api: Api, backend: Backend, customer: Person
) -> None:
    new = f"new{now().timestamp()}@desk.test"
    change = {"new_email": new, "current_password": "not this one"}
    refused = await api.post("/auth/email", customer, json=change)
    assert (refused.status, refused.code) == (403, "invalid_credentials")
    change["current_password"] = PASSWORD
    assert (await api.post("/auth/email", customer, json=change)).status == 202
    given = {"token": token(backend, "email_change", new)}
    assert (await api.post("/auth/email/undo", json=given)).status == 400
    assert (await api.post("/auth/email/verify", json=given)).status == 204
    assert (await api.get("/auth/me", customer)).json["email"] == new
    assert await logs_in(api, new) == 200
    back = {"token": token(backend, "email_undo", customer.email)}
    assert (await api.post("/auth/email/verify", json=back)).status == 400
    assert (await api.post("/auth/email/undo", json=back)).status == 204
    assert (await api.get("/auth/me", customer)).status == 401
    assert [await logs_in(api, each) for each in (new, customer.email)] == [401, 200]


async def test_sign_ups_are_open_by_a_link_or_closed(backend: Backend, customer: Person) -> None:
    account = {"password": PASSWORD, "full_name": "Ann"}
    verified = backend.settings.model_copy(update={"signup": "verified"})
    email = f"new{now().timestamp()}@desk.test"
    async with serving(verified) as (_, api):
        answers = [
            await api.post("/auth/signup", json={"email": each, **account})
            for each in (email, customer.email)
        ]
        assert [(answer.status, answer.body) for answer in answers] == [(202, b"")] * 2
        assert await logs_in(api, email) == 401
        given = {"token": token(backend, "sign_up", email)}
        assert (await api.post("/auth/email/verify", json=given)).status == 204
        assert await logs_in(api, email) == 200
        data = {"email": "x" + email, **account}
        async with api.http.post("/signup", data=data, allow_redirects=False) as got:
            assert (got.status, "look into your mail" in await got.text()) == (200, True)
    assert kinds(backend, customer.email) == ["email_taken"]
    closed = backend.settings.model_copy(update={"signup": "closed"})
    async with serving(closed) as (_, api):
        refused = await api.post("/auth/signup", json={"email": "y" + email, **account})
        assert (refused.status, refused.code) == (403, "signup_closed")
        for path in ("/login", "/signup"):
            async with api.http.get(path) as got:
                assert 'action="/signup"' not in (html := await got.text()) or path == "/signup"
                assert 'id="full_name"' not in html


async def test_ones_sessions_are_listed_and_ended_one_by_one(
    api: Api, customer: Person, stranger: Person
) -> None:
    headers = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    }
    login = {"email": customer.email, "password": PASSWORD}
    async with api.http.post("/api/v1/auth/login", json=login, headers=headers) as got:
        other = (await got.json())["access_token"]
    here, there = [(await api.get("/auth/sessions", who)).json for who in (customer, other)]
    assert [one["browser"] for one in here] == ["Firefox on Linux", ""]
    assert [one["address"] for one in here] == ["127.0.0.0/24", ""]
    assert [one["is_current"] for one in here + there] == [False, True, True, False]
    path = f"/auth/sessions/{here[0]['id']}"
    assert (await api.call("DELETE", path, stranger)).code == "session_not_found"
    async with Client(api.url, other) as client:
        assert (await api.call("DELETE", path, customer)).status == 204
        await client.until(lambda: not client.sio.connected)
    assert (await api.get("/auth/me", other)).status == 401
    assert (await api.call("DELETE", f"/auth/sessions/{here[1]['id']}", customer)).status == 204
    assert (await api.get("/auth/me", customer)).status == 401


async def test_a_browser_with_the_cookie_of_before_is_no_new_one(
    backend: Backend, customer: Person
) -> None:
    async with serving(backend.settings) as (_, api):
        for _ in range(2):
            assert await logs_in(api, customer.email) == 200
        api.http.cookie_jar.clear()
        assert kinds(backend, customer.email) == ["new_sign_in"]
    lifetime = backend.settings.model_copy(update={"session_max_days": 1})
    assert Tokens(lifetime).refresh_lifetime == timedelta(days=1)


async def test_to_look_at_a_link_uses_it_for_nothing(
    api: Api, backend: Backend, customer: Person
) -> None:
    await forgot(api, customer.email)
    given = token(backend, RESET, customer.email)
    for path in ("/reset", "/undo", "/verify"):
        async with api.http.get(f"{path}?token={given}") as got:
            assert got.status == 200
            assert given not in await got.text()
    with database(backend.settings) as session:
        theirs = select(OneTimeToken).where(OneTimeToken.user_id == customer.id)
        assert session.scalars(theirs).one()
        before = session.get_one(User, customer.id).password_hash
    form = {"token": given, "new_password": NEW}
    async with api.http.post("/reset", data=form, allow_redirects=False) as got:
        assert (got.status, got.headers["Location"]) == (303, "/login?done=reset")
    with database(backend.settings) as session:
        assert session.get_one(User, customer.id).password_hash != before
