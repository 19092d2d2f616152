"""Passkeys over HTTP, with an authenticator in software: what is taken, and what is not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import update
from yarl import URL

from models import AuthSession, PasskeyChallenge, Role, User
from tests.api import Answer, Api
from tests.authenticator import PRESENT, Authenticator
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server.conftest import serving

WEB = "/web/session/passkey"


def by_name(api: Api) -> dict[str, str]:
    """As a browser asks that has opened the desk by a name."""
    host = f"localhost:{URL(api.url).port}"
    return {"Host": host, "Origin": f"http://{host}"}


def an_authenticator(api: Api) -> Authenticator:
    return Authenticator(by_name(api)["Origin"])


async def options(api: Api, person: Person) -> dict[str, Any]:
    got = await api.post("/auth/passkeys/options", person, headers=by_name(api))
    assert got.status == 200, got
    made: dict[str, Any] = got.json
    return made


async def add(api: Api, person: Person, credential: dict[str, Any]) -> Answer:
    sent = {"name": "Phone", "credential": credential}
    return await api.post("/auth/passkeys", person, json=sent, headers=by_name(api))


async def registered(api: Api, person: Person) -> Authenticator:
    made = an_authenticator(api)
    added = await add(api, person, made.create(await options(api, person)))
    assert added.status == 201, added
    return made


async def asked(api: Api, path: str = WEB, **more: Any) -> Answer:
    async with api.http.post(path, headers=by_name(api), **more) as got:
        return Answer(got.status, got.headers, await got.read())


async def challenge(api: Api) -> dict[str, Any]:
    got = await asked(api, f"{WEB}/options")
    assert got.status == 200, got
    made: dict[str, Any] = got.json
    return made


async def sign_in(api: Api, credential: dict[str, Any]) -> Answer:
    return await asked(api, json={"credential": credential})


async def test_a_passkey_signs_in_by_itself_and_once_for_each_challenge(
    api: Api, customer: Person
) -> None:
    phone = await registered(api, customer)
    wanted = await challenge(api)
    assert wanted["userVerification"] == "required"
    assert not wanted.get("allowCredentials"), "names nobody"
    signed = phone.sign(wanted)
    first = await sign_in(api, signed)
    assert (first.status, first.json["user"]["id"]) == (200, str(customer.id))
    assert "session=" in first.headers["Set-Cookie"]
    again = await sign_in(api, signed)
    assert (again.status, again.code) == (401, "invalid_passkey")
    (shown,) = (await api.get("/auth/passkeys", customer)).json
    assert (shown["name"], shown["last_used_at"] is None) == ("Phone", False)
    gone = await api.call("DELETE", f"/auth/passkeys/{shown['id']}", customer)
    assert gone.status == 204
    assert (await sign_in(api, phone.sign(await challenge(api)))).status == 401


WRONG: dict[str, Callable[[Authenticator], Authenticator]] = {
    "another page": lambda it: replace(it, origin="http://evil.test"),
    "another host": lambda it: replace(it, host="evil.test"),
    "nobody verified": lambda it: replace(it, flags=PRESENT),
    "another key": lambda it: replace(it, key=ec.generate_private_key(ec.SECP256R1())),
    "nobody's passkey": lambda it: replace(it, credential_id=b"nobody"),
    "another account's": lambda it: replace(it, user_handle="AAAA"),
    "no account's": lambda it: replace(it, user_handle=""),
}


async def test_what_is_not_signed_as_it_should_be_is_refused_in_one_way(
    api: Api, customer: Person
) -> None:
    phone = await registered(api, customer)
    bodies = set()
    for what, changed in WRONG.items():
        refused = await sign_in(api, changed(phone).sign(await challenge(api)))
        assert (refused.status, refused.code) == (401, "invalid_passkey"), what
        bodies.add(refused.body)
    own = phone.sign({"challenge": "A" * 43})
    bodies.add((await sign_in(api, own)).body)
    for_adding = phone.sign(await options(api, customer))
    bodies.add((await sign_in(api, for_adding)).body)
    for part, text in (("clientDataJSON", "AA"), ("authenticatorData", "AA"), ("signature", "")):
        broken = phone.sign(await challenge(api))
        broken["response"][part] = text
        bodies.add((await sign_in(api, broken)).body)
    assert len(bodies) == 1


async def test_a_passkey_is_added_by_whom_it_was_asked_for_and_verified(
    api: Api, backend: Backend, customer: Person
) -> None:
    (other,) = people(backend.settings, Role.USER)
    for what, wrong in list(WRONG.items())[:3]:
        made = wrong(an_authenticator(api)).create(await options(api, customer))
        refused = await add(api, customer, made)
        assert (refused.status, refused.code) == (401, "invalid_passkey"), what
    made = an_authenticator(api).create(await options(api, customer))
    assert (await add(api, other, made)).code == "invalid_passkey"
    assert (await add(api, customer, made)).status == 201
    assert (await add(api, customer, made)).code == "invalid_passkey", "a challenge is good once"
    phone = an_authenticator(api)
    made = phone.create(await options(api, customer))
    with database(backend.settings) as session:
        session.execute(update(PasskeyChallenge).values(expires_at=now()))
    assert (await add(api, customer, made)).code == "invalid_passkey", "late"
    for_signing = phone.create(await challenge(api) | {"user": {"id": "AAAA"}})
    assert (await add(api, customer, for_signing)).code == "invalid_passkey"


async def test_an_old_session_alone_changes_nothing(api: Api, backend: Backend) -> None:
    (person,) = people(backend.settings, Role.USER)
    await registered(api, person)
    with database(backend.settings) as session:
        old = update(AuthSession).where(AuthSession.user_id == person.id)
        session.execute(old.values(created_at=now() - timedelta(minutes=11)))
    path, headers = "/auth/passkeys/options", by_name(api)
    (shown,) = (await api.get("/auth/passkeys", person)).json
    removal = f"/auth/passkeys/{shown['id']}"
    for method, where in (("POST", path), ("DELETE", removal)):
        refused = await api.call(method, where, person, headers=headers)
        assert (refused.status, refused.code) == (403, "password_required")
        wrong = {"current_password": "wrong"}
        refused = await api.call(method, where, person, json=wrong, headers=headers)
        assert (refused.status, refused.code) == (403, "invalid_credentials")
        right = {"current_password": PASSWORD}
        done = await api.call(method, where, person, json=right, headers=headers)
        assert done.status < 300


async def test_passkeys_need_a_name_and_are_of_the_public_one(
    api: Api, backend: Backend, customer: Person
) -> None:
    refused = await api.post("/auth/passkeys/options", customer)
    assert (refused.status, refused.code) == (409, "no_host_name")
    settings = backend.settings.model_copy(update={"public_url": "https://desk.example.com/"})
    async with serving(settings) as (_, public):
        wanted = await public.post("/auth/passkeys/options", customer)
        assert wanted.json["rp"]["id"] == "desk.example.com"
        made = Authenticator("https://desk.example.com", "desk.example.com")
        sent = {"name": "Phone", "credential": made.create(wanted.json)}
        assert (await public.post("/auth/passkeys", customer, json=sent)).status == 201


async def test_of_one_signature_at_once_one_signs_in(api: Api, backend: Backend) -> None:
    (person,) = people(backend.settings, Role.USER)
    phone = await registered(api, person)
    signed = phone.sign(await challenge(api))
    answers = await asyncio.gather(*(sign_in(api, signed) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401]
    with database(backend.settings) as session:
        session.get_one(User, person.id).is_active = False
    refused = await sign_in(api, phone.sign(await challenge(api)))
    assert (refused.status, refused.code) == (401, "invalid_passkey")


@pytest.mark.parametrize("path", [WEB, f"{WEB}/options"])
async def test_a_page_of_others_signs_nobody_in(api: Api, path: str) -> None:
    async with api.http.post(path, headers={"Sec-Fetch-Site": "cross-site"}, json={}) as got:
        assert got.status == 403
