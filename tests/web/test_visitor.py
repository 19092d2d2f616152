"""A visitor's first message and session, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import func, select

from config import Settings
from models import Role, Ticket, User
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server import bad
from tests.server.bad import Kind
from tests.server.conftest import serving

PATH, COOKIE = "/web/visitor", "__Host-visitor"
OURS = {"Sec-Fetch-Site": "same-origin"}
HELLO = {"name": "Ann", "email": "ann.visits@desk.test", "message": "The kettle leaks\nToday."}


async def ask(
    api: Api, method: str, path: str = PATH, headers: Mapping[str, str] = OURS, **more: Any
) -> Answer:
    async with api.http.request(method, path, headers=headers, **more) as got:
        return Answer(got.status, got.headers, await got.read())


def refresh_token(answer: Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")


def known(answer: Answer) -> dict[str, str]:
    """Headers of a request that brings the cookie that was answered."""
    return OURS | {"Cookie": f"{COOKIE}={refresh_token(answer)}"}


async def test_a_first_message_opens_a_ticket_and_a_session(api: Api, csr: Person) -> None:
    answer = await ask(api, "POST", json=HELLO)
    assert answer.status == 201
    assert answer.json.keys() == {"access_token", "expires_in", "ticket"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers
    token, flags = answer.headers["Set-Cookie"].split("; ", 1)
    assert token == f"{COOKIE}={refresh_token(answer)}"
    assert flags == "Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
    assert refresh_token(answer).encode() not in answer.body
    ticket, access = answer.json["ticket"], answer.json["access_token"]
    shown = ("title", "description", "category", "type", "status", "unread")
    assert [ticket[name] for name in shown] == [
        *("The kettle leaks", HELLO["message"], "other", "question", "open", 0),
    ]
    # As any customer: their own ticket, and no other one.
    path = f"/tickets/{ticket['id']}/messages"
    assert (await api.post(path, access, json={"content": "Hello?"})).status == 201
    assert (await api.post(path, csr, json={"content": "Yes?"})).status == 201
    assert [one["id"] for one in (await api.get("/users/tickets", access)).json] == [ticket["id"]]
    assert (await api.get("/csr/tickets", access)).code == "csr_required"
    me = (await api.get("/auth/me", access)).json
    assert (me["full_name"], me["email"], me["role"]) == ("Ann", HELLO["email"], "user")
    assert me["email_verified_at"] is None


async def test_nothing_tells_whether_an_address_has_an_account(
    backend: Backend, api: Api, customer: Person
) -> None:
    theirs = (await api.a_ticket(customer))["id"]
    answers = [
        await ask(api, "POST", json=HELLO | {"email": email})
        for email in (customer.email, "nobody.has.it@desk.test")
    ]
    assert [answer.status for answer in answers] == [201, 201]
    for answer in answers:
        access = answer.json["access_token"]
        assert answer.json["ticket"]["user_id"] != str(customer.id)
        assert (await api.get(f"/users/tickets/{theirs}", access)).status == 404
        password = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
        refused = await api.post("/auth/password", access, json=password)
        assert refused.code == "invalid_credentials"
    login = {"email": customer.email, "password": PASSWORD}
    assert (await api.post("/auth/login", json=login)).status == 200
    assert (await api.get(f"/users/tickets/{theirs}", customer)).status == 200
    (admin,) = people(backend.settings, Role.ADMIN)
    found = await api.get(f"/admin/users?email={customer.email}", admin)
    assert [account["id"] for account in found.json] == [str(customer.id)]
    visitor_id = answers[0].json["ticket"]["user_id"]
    shown = await api.get(f"/admin/users/{visitor_id}", admin)
    assert shown.json["is_visitor"]
    joins = await api.patch(f"/admin/users/{visitor_id}", admin, json={"role": "csr"})
    assert (joins.status, joins.code) == (409, "visitor")


async def test_a_visitor_comes_back_until_they_end_it(api: Api) -> None:
    first = await ask(api, "POST", json=HELLO)
    second = await ask(api, "POST", f"{PATH}/refresh", known(first))
    assert second.status == 200
    assert second.json["ticket"] == first.json["ticket"]
    assert refresh_token(second) != refresh_token(first)
    access = second.json["access_token"]
    another = {"title": "One more", "description": "d", "category": "c", "type": "t"}
    newer = (await api.post("/users/tickets", access, json=another)).json
    third = await ask(api, "POST", f"{PATH}/refresh", known(second))
    assert third.json["ticket"]["id"] == newer["id"]
    ended = await ask(api, "DELETE", headers=known(third))
    assert (ended.status, refresh_token(ended)) == (204, "")
    assert (await api.get("/auth/me", access)).status == 401
    for headers in (known(third), OURS, OURS | {"Cookie": f"{COOKIE}=nonsense"}):
        refused = await ask(api, "POST", f"{PATH}/refresh", headers)
        assert (refused.status, refused.code) == (401, "no_session")
        assert refresh_token(refused) == ""
        assert (await ask(api, "DELETE", headers=headers)).status == 204


FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_only_our_own_frame_is_answered(api: Api, headers: dict[str, str]) -> None:
    first = await ask(api, "POST", json=HELLO)
    cookie = {"Cookie": known(first)["Cookie"]}
    for method, path, more in (
        ("POST", PATH, {"json": HELLO}),
        ("POST", f"{PATH}/refresh", {}),
        ("DELETE", PATH, {}),
    ):
        refused = await ask(api, method, path, headers | cookie, **more)
        assert (refused.status, refused.code) == (403, "cross_origin")
        assert "Set-Cookie" not in refused.headers
    going_on = await ask(api, "POST", f"{PATH}/refresh", {"Origin": api.url} | cookie)
    assert going_on.status == 200


@pytest.fixture
async def alone(make_backend: Any) -> AsyncIterator[tuple[Backend, Api]]:
    backend = make_backend()
    async with serving(backend.settings) as (_, api):
        yield backend, api


async def test_a_retry_is_harmless_also_at_once(alone: tuple[Backend, Api]) -> None:
    backend, api = alone
    keyed = OURS | {"Idempotency-Key": "a key of a frame"}
    answers = await asyncio.gather(*(ask(api, "POST", headers=keyed, json=HELLO) for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["ticket"]["id"] for answer in answers}) == 1
    assert len({refresh_token(answer) for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    with database(backend.settings) as session:
        for table in (User, Ticket):
            assert session.scalar(select(func.count()).select_from(table)) == 1
    other = await ask(api, "POST", headers=keyed, json=HELLO | {"message": "Who is it?"})
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert "Set-Cookie" not in other.headers


KINDS: dict[str, Kind] = {"name": bad.TITLE, "email": bad.EMAIL, "message": bad.CONTENT}
BAD = sorted(
    (field, what, raw)
    for field, kind in KINDS.items()
    for what, raw in kind.bad()
    if what != "deep nesting"
)


@pytest.mark.parametrize(("field", "what", "raw"), BAD, ids=lambda value: str(value)[:20])
async def test_what_is_no_message_is_refused(api: Api, field: str, what: str, raw: str) -> None:
    rest = {name: value for name, value in HELLO.items() if name != field}
    text = json.dumps(rest)[:-1] + f', "{field}": {raw}}}'
    headers = OURS | {"Content-Type": "application/json"}
    answer = await ask(api, "POST", headers=headers, data=text.encode())
    assert answer.status in {400, 422}
    if answer.status == 422 and answer.json.get("errors"):
        assert answer.json["errors"][0]["pointer"] == f"/{field}"


async def test_other_fields_and_the_name_of_the_desk_are_refused(api: Api) -> None:
    more = await ask(api, "POST", json=HELLO | {"role": "csr"})
    assert (more.status, more.json["errors"][0]["pointer"]) == (422, "/role")
    named = await ask(api, "POST", json=HELLO | {"name": "Support Team"})
    assert (named.code, named.json["errors"][0]["pointer"]) == ("name_reserved", "/name")
    form = await ask(api, "POST", data=b"name=Ann", headers=OURS | {"Content-Type": "text/plain"})
    assert form.status == 415


async def test_first_messages_are_counted_as_sign_ups_are(
    application: tuple[web.Application, Api],
) -> None:
    _, api = application
    new = HELLO | {"email": "often@desk.test"}
    answers = [await ask(api, "POST", json=new) for _ in range(11)]
    assert [answer.status for answer in answers] == [201] * 10 + [429]
    # Whose address it is can still sign up.
    signup = {"email": new["email"], "password": PASSWORD, "full_name": "Ann"}
    assert (await api.post("/auth/signup", json=signup)).status == 201


SECRET = "5b1e0c7e9d3a48269f8e7d6c5b4a39281706f5e4d3c2b1a0f7e6d5c4b3a29180"


@pytest.fixture(scope="module")
async def named_api(backend: Backend) -> AsyncIterator[Api]:
    settings = backend.settings.model_copy(update={"identity_secret": SECRET})
    async with serving(settings) as (_, api):
        yield api


def site_token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    usual = {"sub": "shop-7", "jti": str(uuid4()), "exp": now() + timedelta(minutes=9)}
    said = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(said, secret, algorithm=algorithm)


async def named(api: Api, token: str, headers: Mapping[str, str] = OURS) -> Answer:
    return await ask(api, "POST", f"{PATH}/identify", headers, json={"token": token})


async def test_whom_the_site_names_has_a_session(named_api: Api, customer: Person) -> None:
    token = site_token(name="Noa", email=customer.email)
    first = await named(named_api, token)
    assert (first.status, first.json["ticket"]) == (200, None)
    assert first.headers["Cache-Control"] == "no-store"
    me = (await named_api.get("/auth/me", first.json["access_token"])).json
    assert (me["full_name"], me["email"], me["role"]) == ("Noa", customer.email, "user")
    assert me["id"] != str(customer.id)
    again = await named(named_api, token)
    assert (again.status, again.code) == (401, "invalid_identity")
    assert "Set-Cookie" not in again.headers
    ticket = await named_api.post(
        "/users/tickets",
        first.json["access_token"],
        json={"title": "Mine", "description": "d", "category": "c", "type": "t"},
    )
    back = await named(named_api, site_token(), known(first))
    assert back.json["ticket"]["id"] == ticket.json["id"]
    other = await named(named_api, site_token(sub="shop-8"), known(back))
    assert other.json["ticket"] is None
    assert (await named_api.get("/auth/me", back.json["access_token"])).status == 401
    foreign = await named(named_api, site_token(), {"Sec-Fetch-Site": "cross-site"})
    assert foreign.code == "cross_origin"


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another secret": {"secret": SECRET[::-1]},
    "another algorithm": {"algorithm": "HS512"},
    "unsigned": {"algorithm": "none", "secret": ""},
    "no subject": {"sub": None},
    "a long subject": {"sub": "x" * 256},
    "NUL": {"sub": "a\0b"},
    "no id": {"jti": None},
    "no end": {"exp": None},
    "over": {"exp": 1_000_000_000},
    "eleven minutes": {"exp": 11},
    "for ever": {"exp": 10**300},
    "no address": {"email": "ann"},
    "no name": {"name": " "},
    "the name of the desk": {"name": "Support"},
    "a list": {"name": ["Ann"]},
}


@pytest.mark.parametrize("what", sorted(BAD_CLAIMS))
async def test_any_other_token_names_nobody(named_api: Api, what: str) -> None:
    claims = dict(BAD_CLAIMS[what])
    if claims.get("exp") == 11:
        claims["exp"] = now() + timedelta(minutes=11)
    refused = await named(named_api, site_token(**claims))
    assert (refused.status, refused.code) == (401, "invalid_identity")
    assert "Set-Cookie" not in refused.headers


async def test_our_own_tokens_name_nobody_and_neither_does_a_site_without_a_secret(
    named_api: Api, api: Api, customer: Person
) -> None:
    for token in (customer.token, customer.tokens.refresh_token, "", "a.b.c", "x" * 8000):
        assert (await named(named_api, token)).code == "invalid_identity"
    assert (await named(api, site_token())).code == "invalid_identity"
    longer = await named(named_api, "x" * 8193)
    assert (longer.status, longer.json["errors"][0]["pointer"]) == (422, "/token")


def test_sites_get_a_secret_of_their_own(backend: Backend) -> None:
    given = backend.settings.model_dump()
    for secret in (given["jwt_secret_key"], "short"):
        with pytest.raises(ValidationError):
            Settings.model_validate(given | {"identity_secret": secret})


async def test_who_was_shut_out_is_known_no_more(backend: Backend, api: Api) -> None:
    first = await ask(api, "POST", json=HELLO)
    (admin,) = people(backend.settings, Role.ADMIN)
    path = f"/admin/users/{first.json['ticket']['user_id']}"
    assert (await api.patch(path, admin, json={"is_active": False})).status == 200
    assert (await ask(api, "POST", f"{PATH}/refresh", known(first))).code == "no_session"
