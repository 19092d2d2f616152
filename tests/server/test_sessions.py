"""Refreshing under attack and under haste; passwords; who may not be told apart."""

import asyncio
import threading

import bcrypt
import pytest
from sqlalchemy import select

from models import AuthSession, Role
from server.identity import passwords
from server.identity.passwords import COST
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, people
from tests.waiting import PATIENCE


async def refresh(api: Api, token: str) -> Answer:
    return await api.post("/auth/refresh", json={"refresh_token": token})


async def test_eight_refreshes_of_one_token_at_once_are_one_family(
    api: Api, backend: Backend, customer: Person
) -> None:
    answers = await asyncio.gather(*(refresh(api, customer.tokens.refresh_token) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 1
    with database(backend.settings) as session:
        found = session.scalars(select(AuthSession).where(AuthSession.user_id == customer.id)).one()
        assert (found.generation, found.ended_at) == (1, None)
    assert (await refresh(api, answers[0].json["refresh_token"])).status == 200


async def test_changing_the_password_ends_the_other_sessions_only(
    api: Api, customer: Person
) -> None:
    login = {"email": customer.email, "password": PASSWORD}
    other = (await api.post("/auth/login", json=login)).json["access_token"]
    new = "a completely new password"
    changed = await api.post(
        "/auth/password",
        customer,
        json={"current_password": PASSWORD, "new_password": new},
    )
    assert changed.status == 204
    assert (await api.get("/auth/me", customer)).status == 200
    assert (await api.get("/auth/me", other)).code == "session_ended"
    assert (await api.post("/auth/login", json=login)).code == "invalid_credentials"
    assert (await api.post("/auth/login", json=login | {"password": new})).status == 200


async def test_the_current_password_is_needed(api: Api, customer: Person) -> None:
    answer = await api.post(
        "/auth/password",
        customer,
        json={"current_password": "not it", "new_password": "a completely new password"},
    )
    assert (answer.status, answer.code) == (403, "invalid_credentials")


async def test_of_two_password_changes_at_once_one_wins(api: Api, customer: Person) -> None:
    answers = await asyncio.gather(
        *(
            api.post(
                "/auth/password",
                customer,
                json={"current_password": PASSWORD, "new_password": f"new password {n}"},
            )
            for n in range(2)
        )
    )
    assert sorted(answer.status for answer in answers) == [204, 403]


@pytest.mark.parametrize("password", ["password", "iloveyou1"[:8], "PASSWORD1", "12345678"])
async def test_a_common_password_is_refused(api: Api, password: str) -> None:
    new = {"email": "common@desk.test", "full_name": "C", "password": password}
    answer = await api.post("/auth/signup", json=new)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["pointer"] == "/password"


async def test_a_profile_can_be_changed_but_not_promoted(api: Api, customer: Person) -> None:
    changed = await api.patch("/auth/me", customer, json={"full_name": "New Name"})
    assert changed.json["full_name"] == "New Name"
    for forbidden in ({"role": "admin"}, {"is_active": True}, {"id": "x"}, {"email": "a@b.co"}):
        assert (await api.patch("/auth/me", customer, json=forbidden)).status == 422
    assert (await api.get("/auth/me", customer)).json["role"] == "user"


async def test_signing_up_chooses_no_role(api: Api) -> None:
    new = {"email": "role@desk.test", "full_name": "R", "password": PASSWORD, "role": "admin"}
    assert (await api.post("/auth/signup", json=new)).status == 422


async def test_a_wrong_password_and_an_unknown_account_look_alike(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The accounts of the tests have a cheap hash; this one is as everybody's.
    monkeypatch.setattr(passwords, "COST", COST)
    known = {"email": "known@desk.test", "full_name": "K", "password": PASSWORD}
    assert (await api.post("/auth/signup", json=known)).status == 201
    checked, check = [], bcrypt.checkpw

    def seen(password: bytes, stored: bytes) -> bool:
        checked.append(stored[: len("$2b$12$")])  # What the time depends on: method and cost.
        return check(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", seen)
    looks = []
    for email in ("known@desk.test", "unknown@desk.test"):
        answer = await api.post("/auth/login", json={"email": email, "password": "wrong"})
        looks.append((answer.status, answer.body, *checked))
        checked.clear()
    assert looks[0] == looks[1]
    assert looks[0][2:] == (f"$2b${COST}$".encode(),)


async def test_a_storm_of_logins_leaves_others_alone(
    api: Api, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bystander,) = people(backend.settings, Role.USER)
    are_under_way, may_end = threading.Semaphore(0), threading.Event()

    def slow(password: bytes, stored: bytes) -> bool:
        are_under_way.release()
        assert may_end.wait(60)
        return False

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    logins = [
        asyncio.create_task(
            api.post("/auth/login", json={"email": f"x{n}@desk.test", "password": PASSWORD})
        )
        for n in range(20)
    ]
    assert await asyncio.to_thread(are_under_way.acquire, timeout=PATIENCE)
    try:
        # On the loop bcrypt would have stopped this one.
        assert (await api.get("/auth/me", bystander)).status == 200
        assert not any(login.done() for login in logins)
    finally:
        may_end.set()
    assert {answer.status for answer in await asyncio.gather(*logins)} == {401}
