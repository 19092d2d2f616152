"""Signing up, in, on and out over HTTP."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from models import AuthSession, Role, User
from server.identity.tokens import Tokens
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, numbers, people


@pytest.fixture
def new() -> dict[str, str]:
    """What somebody without an account sends."""
    return {
        "email": f"New.Person{next(numbers)}@Desk.test",
        "password": PASSWORD,
        "full_name": "Zoë Q. Müller",
    }


async def log_in(api: Api, email: str, password: str = PASSWORD) -> Answer:
    return await api.post("/auth/login", json={"email": email, "password": password})


async def refresh(api: Api, token: str) -> Answer:
    return await api.post("/auth/refresh", json={"refresh_token": token})


async def log_out(api: Api, token: str) -> Answer:
    return await api.post("/auth/logout", json={"refresh_token": token})


async def test_signup_makes_a_customer_who_can_log_in(api: Api, new: dict[str, str]) -> None:
    answer = await api.post("/auth/signup", json=new)
    assert answer.status == 201
    profile = answer.json
    assert profile == {
        "id": profile["id"],
        "email": new["email"].lower(),
        "full_name": new["full_name"],
        "role": "user",
    }
    assert UUID(profile["id"]).version == 7
    answer = await log_in(api, new["email"].upper())
    assert answer.status == 200
    tokens = answer.json
    assert tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert tokens["token_type"] == "bearer"
    assert 15 * 60 - 5 < tokens["expires_in"] <= 15 * 60
    own = (await api.get("/auth/me", tokens["access_token"])).json
    assert own == profile | {"notify_email": True, "email_verified_at": None}


async def test_an_address_is_taken_once_whatever_its_case(api: Api, new: dict[str, str]) -> None:
    await api.post("/auth/signup", json=new)
    answer = await api.post("/auth/signup", json=new | {"email": new["email"].swapcase()})
    assert (answer.status, answer.code) == (409, "email_taken")
    assert answer.json["detail"] == "User already registered"


async def test_two_signups_at_once_are_one_account(api: Api, new: dict[str, str]) -> None:
    bodies = [new, new | {"email": new["email"].upper()}]
    answers = await asyncio.gather(*(api.post("/auth/signup", json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201, 409]


@pytest.mark.parametrize("more", [{"role": "admin"}, {"is_active": True}, {"id": "x"}])
async def test_nobody_chooses_more_than_name_address_and_password(
    api: Api, new: dict[str, str], more: dict[str, object]
) -> None:
    answer = await api.post("/auth/signup", json=new | more)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["pointer"] == f"/{next(iter(more))}"


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    api: Api, customer: Person
) -> None:
    wrong = await log_in(api, customer.email, "wrong" * 3)
    unknown = await log_in(api, "nobody@desk.test")
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert wrong.json["detail"] == "Invalid credentials"
    assert wrong.body == unknown.body
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]


async def test_a_deactivated_account_cannot_log_in(api: Api, backend: Backend) -> None:
    [gone] = people(backend.settings, Role.CSR, is_active=True)
    with database(backend.settings) as session:
        session.get_one(User, gone.id).is_active = False
    answer = await log_in(api, gone.email)
    assert (answer.status, answer.code) == (401, "invalid_credentials")


async def test_long_passwords_differ_beyond_their_first_72_bytes(
    api: Api, new: dict[str, str]
) -> None:
    same = "a" * 72
    await api.post("/auth/signup", json=new | {"password": same + "1"})
    assert (await log_in(api, new["email"], same + "2")).code == "invalid_credentials"
    assert (await log_in(api, new["email"], same)).code == "invalid_credentials"
    assert (await log_in(api, new["email"], same + "1")).status == 200


async def test_a_refresh_spends_the_old_token_but_a_retry_gets_the_same_pair(
    api: Api, customer: Person
) -> None:
    first, again = [await refresh(api, customer.tokens.refresh_token) for _ in range(2)]
    assert first.status == again.status == 200
    for name in ("access_token", "refresh_token"):
        assert first.json[name] == again.json[name] != getattr(customer.tokens, name)
    assert (await api.get("/auth/me", first.json["access_token"])).status == 200


async def test_tabs_that_refresh_at_once_get_the_same_pair(api: Api, customer: Person) -> None:
    token = customer.tokens.refresh_token
    answers = await asyncio.gather(*(refresh(api, token) for _ in range(4)))
    assert len({answer.json["refresh_token"] for answer in answers}) == 1


def spent_long_ago(backend: Backend, person: Person) -> None:
    with database(backend.settings) as session:
        found = session.get_one(AuthSession, person.actor.session_id)
        found.issued = [datetime(2026, 1, 1, tzinfo=UTC) for _ in found.issued]


async def test_a_spent_token_seen_later_ends_its_whole_session(
    api: Api, backend: Backend, customer: Person
) -> None:
    newest = (await refresh(api, customer.tokens.refresh_token)).json
    spent_long_ago(backend, customer)
    for token in (customer.tokens.refresh_token, newest["refresh_token"]):
        answer = await refresh(api, token)
        assert (answer.status, answer.code) == (401, "refresh_token_revoked")
        assert answer.json["detail"] == "Refresh token has been revoked"
    assert (await api.get("/auth/me", newest["access_token"])).code == "session_ended"


async def test_a_logout_ends_the_session_and_says_so_once(api: Api, customer: Person) -> None:
    assert (await api.get("/auth/me", customer)).status == 200
    answers = [await log_out(api, customer.tokens.refresh_token) for _ in range(2)]
    assert [a.status for a in answers] == [200, 200]
    assert [a.json for a in answers] == [
        {"msg": "Successfully logged out"},
        {"msg": "Token already revoked"},
    ]
    assert (await api.get("/auth/me", customer)).code == "session_ended"
    assert (await refresh(api, customer.tokens.refresh_token)).code == "refresh_token_revoked"


async def test_a_logout_needs_a_refresh_token(api: Api, customer: Person) -> None:
    for token in ("nonsense", customer.tokens.access_token):
        answer = await log_out(api, token)
        assert (answer.status, answer.code) == (400, "invalid_refresh_token")
    assert (await api.get("/auth/me", customer)).status == 200


async def test_a_login_opens_a_session_of_its_own(
    api: Api, backend: Backend, customer: Person
) -> None:
    pairs = [(await log_in(api, customer.email)).json for _ in range(2)]
    await log_out(api, pairs[0]["refresh_token"])
    assert (await api.get("/auth/me", pairs[0]["access_token"])).status == 401
    assert (await api.get("/auth/me", pairs[1]["access_token"])).status == 200
    claims = Tokens(backend.settings).read(pairs[1]["access_token"], "access")
    with database(backend.settings) as session:
        query = select(AuthSession.id).where(AuthSession.user_id == claims.user_id)
        assert len(session.scalars(query).all()) == 3


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic x"}])
async def test_who_does_not_say_who_they_are_is_told_how(api: Api, headers: dict[str, Any]) -> None:
    answer = await api.get("/auth/me", headers=headers)
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_scheme_is_read_in_any_case(api: Api, customer: Person) -> None:
    headers = {"Authorization": f"bearer  {customer.token} "}
    assert (await api.get("/auth/me", headers=headers)).status == 200
