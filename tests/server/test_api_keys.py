"""A key for a program, from its making to its end: over HTTP and on sockets."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import socketio
from aiohttp import web
from sqlalchemy import delete

from desk.accounts import api_keys, key_text
from desk.accounts.api_keys import NewApiKey
from models import ApiKey, IdempotencyKey, Role, Scope, User
from server.http.contract import Right, Route
from server.routes.table import ROUTES
from server.sockets.events import EVENTS
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.sockets import Client
from tests.waiting import PATIENCE, until

Application = tuple[web.Application, Api]
NEW = {"name": "Billing", "role": "csr", "scopes": ["tickets:read", "messages:write"]}


@pytest.fixture
def admin(backend: Backend) -> Iterator[Person]:
    """An admin of a desk without keys."""
    with database(backend.settings) as session:
        session.execute(delete(ApiKey))
    yield people(backend.settings, Role.ADMIN)[0]
    with database(backend.settings) as session:
        session.execute(delete(ApiKey))


async def a_key(api: Api, admin: Person, **more: Any) -> dict[str, Any]:
    made = await api.post("/admin/api_keys", admin, json=NEW | more)
    assert made.status == 201, made
    body: dict[str, Any] = made.json
    return body


async def test_a_key_is_shown_once_and_acts_under_its_own_name(
    api: Api, admin: Person, customer: Person
) -> None:
    made = await api.post("/admin/api_keys", admin, json=NEW)
    assert (made.status, made.headers["Cache-Control"]) == (201, "no-store")
    key, user_id = made.json["key"], made.json["user_id"]
    [listed] = (await api.get("/admin/api_keys", admin)).json
    assert listed == {name: value for name, value in made.json.items() if name != "key"}
    assert (listed["prefix"], listed["created_by"]) == (key[:12], str(admin.id))
    ticket_id = (await api.a_ticket(customer))["id"]
    posted = await api.post(f"/tickets/{ticket_id}/messages", key, json={"content": "Paid"})
    assert (posted.status, posted.json["actor_id"]) == (201, user_id)
    people = (await api.get(f"/tickets/{ticket_id}/people", customer)).json
    assert {"id": user_id, "full_name": "Billing", "role": "csr"} in people
    for path in ("/csr/agents", "/admin/users"):
        assert user_id not in (await api.get(path, admin)).body.decode()
    erased = await api.post(f"/admin/users/{user_id}/erase", admin, json={"keep_tickets": True})
    assert (erased.status, erased.code) == (409, "program")
    programs = (await api.get("/admin/users?kind=program&q=billing", admin)).json
    assert user_id in [account["id"] for account in programs]

    async def is_noted() -> bool:
        return (await api.get("/admin/api_keys", admin)).json[0]["last_used_at"] is not None

    await until(is_noted)


async def test_a_repeat_makes_no_second_key_and_shows_none(
    api: Api, backend: Backend, admin: Person
) -> None:
    once = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(api.post("/admin/api_keys", admin, json=NEW, headers=once) for _ in range(4))
    )
    shown = [answer.json["key"] for answer in answers]
    assert sorted(map(bool, shown)) == [False, False, False, True]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    with database(backend.settings) as session:
        kept = session.get_one(IdempotencyKey, (admin.id, once["Idempotency-Key"]))
        assert max(filter(None, shown)).encode() not in kept.answer


async def test_what_is_no_key_is_refused(api: Api, backend: Backend, admin: Person) -> None:
    key = (await a_key(api, admin))["key"]
    begins_alike = key_text.parts(key_text.written(bytes(31) + b"\1"))
    assert begins_alike is not None
    with database(backend.settings) as session:
        api_keys.add(session, admin.actor, NewApiKey.model_validate(NEW), begins_alike, now())
    typo = key[:-1] + ("0" if key[-1] != "0" else "1")
    never = key_text.written(bytes(32))
    for wrong in (typo, never, "tdk_", "tdk_" + "x" * 5000, key.lower()):
        answer = await api.get("/csr/tickets", wrong)
        assert (answer.status, answer.code) == (401, "invalid_token")
    # A key stands in no address.
    ticket_id = (await api.a_ticket(admin))["id"]
    plain = await api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={key}")
    assert (await plain.receive(timeout=PATIENCE)).data == 1008


async def test_a_program_opens_and_changes_tickets_and_has_none(api: Api, admin: Person) -> None:
    made = await a_key(api, admin, scopes=["tickets:read", "tickets:write"])
    key, itself = made["key"], made["user_id"]
    ticket = {"title": "Disk full", "description": "On db-1", "category": "c", "type": "bug"}
    opened = await api.post("/users/tickets", key, json=ticket)
    assert (opened.status, opened.json["user_id"]) == (201, itself)
    ticket_id = opened.json["id"]
    change = {"ticket_ids": [ticket_id], "change": {"priority": "urgent"}}
    [changed] = (await api.post("/csr/tickets/bulk", key, json=change)).json
    assert (changed["ok"], changed["ticket"]["priority"]) == (True, "urgent")
    given = await api.post(f"/csr/tickets/{ticket_id}/assign", key, json={"assignee_id": itself})
    assert given.code == "not_assignable"
    follows = await api.call("PUT", f"/tickets/{ticket_id}/followers/{itself}", key)
    assert follows.code == "not_staff"
    customer = await api.get(f"/csr/customers/{itself}", admin)
    assert customer.json["full_name"] == "Billing"
    assert itself not in (await api.get("/csr/customers?q=billing", admin)).body.decode()


async def test_a_deleted_key_is_out_at_another_process_and_its_socket_too(
    application: Application, another: Application, admin: Person
) -> None:
    (_, here), (_, there) = application, another
    made = await a_key(here, admin)
    async with Client(there.url, made["key"]) as client:
        assert (await there.get("/csr/tickets", made["key"])).status == 200
        gone = await here.call("DELETE", f"/admin/api_keys/{made['id']}", admin)
        assert gone.status == 204
        await client.until(lambda: not client.sio.connected)
        assert client.seen["signed_out"] == [{"code": "key_deleted"}]
    for api in (here, there):
        assert (await api.get("/csr/tickets", made["key"])).code == "invalid_token"
    again = await here.call("DELETE", f"/admin/api_keys/{made['id']}", admin)
    assert (again.status, again.code) == (404, "key_not_found")


async def test_a_key_stops_with_who_made_it(api: Api, backend: Backend, admin: Person) -> None:
    key = (await a_key(api, admin))["key"]
    async with Client(api.url, key) as client:
        with database(backend.settings) as session:
            session.get_one(User, admin.id).is_active = False
        await client.until(lambda: not client.sio.connected)
        assert client.seen["signed_out"] == [{"code": "creator_inactive"}]
    answer = await api.get("/csr/tickets", key)
    assert (answer.status, answer.code) == (401, "creator_inactive")


async def test_a_socket_of_a_key_is_told_that_it_has_expired(api: Api, admin: Person) -> None:
    until = (now() + timedelta(seconds=2)).isoformat()
    async with Client(api.url, (await a_key(api, admin, expires_at=until))["key"]) as client:
        await client.until(lambda: not client.sio.connected)
        assert client.seen["signed_out"] == [{"code": "key_expired"}]


async def test_a_program_on_a_socket_is_told_and_seen_by_nobody(
    api: Api, backend: Backend, admin: Person, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    made = await a_key(api, admin)
    async with Client(api.url, made["key"]) as client, Client(api.url, admin) as person:
        joined = await client.join(ticket_id)
        assert joined["viewers"] == []
        seen = await person.join(ticket_id)
        assert [viewer["user_id"] for viewer in seen["viewers"]] == [str(admin.id)]
        assert (await client.say(ticket_id, "Paid"))["actor_id"] == made["user_id"]
        await person.until_shown(2)
    deaf = (await a_key(api, admin, scopes=["messages:write"]))["key"]
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with Client(api.url, deaf):
            pass


@pytest.fixture(scope="module")
async def keys(backend: Backend, api: Api) -> dict[Scope, str]:
    """A key of an admin's role for each scope alone."""
    [admin] = people(backend.settings, Role.ADMIN)
    return {
        scope: (await a_key(api, admin, role="admin", scopes=[scope]))["key"] for scope in Scope
    }


# What no key does, whichever it is: what is somebody's own, and what keys and log-ins are made of.
FOR_PEOPLE = {
    "/auth/logout_all",
    "/auth/password",
    "/auth/email/verify/send",
    "/admin/api_keys",
    "/admin/api_keys/{key_id}",
    "/notifications",
    "/csr/me/availability",
    "/csr/me/away",
    "/csr/tickets/{ticket_id}/claim",
    "/tickets/{ticket_id}/draft",
    "/tickets/{ticket_id}/followers/me",
    "/tickets/{ticket_id}/socket_ticket",
}
# By method (any, where there is none) and how the address begins, the first that fits.
EXPECTED = {
    "/admin/": Scope.ADMIN,
    "GET /csr/agents": Scope.PEOPLE_READ,
    "GET /csr/teams": Scope.PEOPLE_READ,
    "GET /csr/customers": Scope.PEOPLE_READ,
    "GET /people": Scope.PEOPLE_READ,
    "GET /auth/me": Scope.PEOPLE_READ,
    "GET /tickets/{ticket_id}/people": Scope.PEOPLE_READ,
    "POST /csr/macros/{macro_id}/preview": Scope.TICKETS_READ,
    "POST /attachments/{attachment_id}/link": Scope.TICKETS_READ,
    "GET ": Scope.TICKETS_READ,
    "POST /tickets/{ticket_id}/messages": Scope.MESSAGES_WRITE,
    "POST /tickets/{ticket_id}/attachments": Scope.MESSAGES_WRITE,
    "DELETE /attachments/": Scope.MESSAGES_WRITE,
    "": Scope.TICKETS_WRITE,
}
BY_KEY = [route for route in ROUTES if route.right is not Right.ANYONE]


def test_no_key_does_what_is_a_persons_own() -> None:
    own = {route.path for route in BY_KEY if route.scope is None}
    assert own >= FOR_PEOPLE


@pytest.mark.parametrize("route", BY_KEY, ids=lambda route: f"{route.method} {route.path}")
async def test_a_route_serves_the_keys_with_its_scope_alone(
    api: Api, keys: dict[Scope, str], route: Route
) -> None:
    if route.scope is not None:
        named = f"{route.method} {route.path}"
        fits = (scope for start, scope in EXPECTED.items() if start in (named[: len(start)], ""))
        by_path = Scope.ADMIN if route.path.startswith("/admin/") else next(fits)
        assert route.scope is by_path
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", str(UUID(int=0)))
    for scope, key in keys.items():
        answer = await api.call(route.method, path, key)
        is_refused = answer.status == 403 and answer.code == "scope_required"
        assert is_refused == (scope is not route.scope), (scope, answer)
        assert answer.status != 401


async def test_an_event_serves_the_keys_with_its_scope_alone(api: Api, admin: Person) -> None:
    """A socket is let in for ``tickets:read``, so there are two kinds of them."""
    reader = (await a_key(api, admin, scopes=["tickets:read"]))["key"]
    writer = (await a_key(api, admin, scopes=["tickets:read", "messages:write"]))["key"]
    ticket_id = (await api.a_ticket(admin))["id"]
    payloads = {
        "join_ticket": {"ticket_id": ticket_id},
        "leave_ticket": {"ticket_id": ticket_id},
        "post_message": {"ticket_id": ticket_id, "client_id": "1", "content": "hi"},
        "typing": {"ticket_id": ticket_id, "active": True},
        "mark_read": {"ticket_id": ticket_id, "seq": 1},
        "watch": {"views": ["mine"], "ticket_ids": []},
        "idle": {"idle": True},
        "refresh_auth": {"token": reader},
    }
    for key, scopes in (
        (reader, {Scope.TICKETS_READ}),
        (writer, {Scope.TICKETS_READ, Scope.MESSAGES_WRITE}),
    ):
        async with Client(api.url, key) as client:
            for name, event in EVENTS.items():
                ack = await client.call(name, payloads[name])
                code = None if ack["ok"] else ack["error"]["code"]
                assert (code is None) == (event.scope in scopes), (name, ack)
                assert code in (None, "scope_required")
