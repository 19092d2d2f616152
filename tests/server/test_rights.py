"""Access, generated from the table of rights: every route and event, asked by everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import socketio

from models import Role, User
from server.http.contract import Right, Route
from server.routes.table import ROUTES
from server.sockets.events import EVENTS
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server.inputs import NEW_CREDENTIAL
from tests.sockets import Client


@dataclass(frozen=True)
class Cast:
    """Everybody who may ask. The ticket is the owner's."""

    anonymous: None
    owner: Person
    other_customer: Person
    csr: Person
    admin: Person
    deactivated: Person
    # Whose session and password the open routes are tried with.
    bystander: Person
    ticket_id: str


ASKERS = ("anonymous", "owner", "other_customer", "csr", "admin", "deactivated")
# Who gets past the door, and past the predicate in the query. On a ticket of the owner's.
ALLOWED = {
    Right.ANYONE: {*ASKERS},
    Right.PERSON: {"owner", "other_customer", "csr", "admin"},
    Right.SETUP: {"owner", "other_customer", "csr", "admin"},
    Right.OWNER: {"owner"},
    Right.VIEWER: {"owner", "csr", "admin"},
    Right.STAFF: {"csr", "admin"},
    Right.ADMIN: {"admin"},
}
ROLE_NEEDED = {Right.STAFF: "csr_required", Right.ADMIN: "admin_required"}


@pytest.fixture(scope="module")
async def cast(backend: Backend, api: Api) -> Cast:
    owner, other, csr, admin, gone, bystander = people(
        backend.settings, Role.USER, Role.USER, Role.CSR, Role.ADMIN, Role.USER, Role.USER
    )
    with database(backend.settings) as session:
        session.get_one(User, gone.id).is_active = False
    ticket_id = (await api.a_ticket(owner))["id"]
    return Cast(None, owner, other, csr, admin, gone, bystander, ticket_id)


# What the staff may do without a second factor, where they need one.
SETS_UP = {"/auth/totp", "/auth/totp/confirm", "/auth/passkeys/options", "/auth/passkeys"}


def expected(path: str) -> Right:
    """The contract's rights, by address: the tests below trust the table, and this is why."""
    if path in {
        *("/auth/signup", "/auth/login", "/auth/refresh", "/auth/logout"),
        *("/auth/email/verify", "/auth/email/undo", "/auth/login/second_factor"),
        *("/auth/password/forgot", "/auth/password/reset", "/auth/identify"),
    }:
        return Right.ANYONE
    if path in SETS_UP:
        return Right.SETUP
    by_address = {
        "/admin/": Right.ADMIN,
        "/csr/": Right.STAFF,
        "/users/tickets/{ticket_id}": Right.OWNER,
        "/tickets/{ticket_id}/macros/": Right.STAFF,
        "/tickets/{ticket_id}": Right.VIEWER,
    }
    found = (right for address, right in by_address.items() if path.startswith(address))
    return next(found, Right.PERSON)


def test_a_route_has_the_right_that_the_contract_gives_it() -> None:
    assert [r.path for r in ROUTES if r.right is not expected(r.path)] == []


def body_for(route: Route, cast: Cast) -> dict[str, Any] | None:
    """A body that the route accepts, so that nothing but access can refuse it."""
    new_user = {"email": f"{uuid4()}@desk.test", "full_name": "New", "password": PASSWORD}
    bodies: dict[str, dict[str, Any]] = {
        "/auth/signup": new_user,
        "/auth/login": {"email": cast.bystander.email, "password": PASSWORD},
        "/auth/refresh": {"refresh_token": cast.bystander.tokens.refresh_token},
        "/auth/logout": {"refresh_token": cast.bystander.tokens.refresh_token},
        "/auth/email/verify": {"token": "x"},
        "/auth/email/undo": {"token": "x"},
        "/auth/email": {"new_email": "new@desk.test", "current_password": "wrong"},
        "/auth/password/forgot": {"email": "nobody@desk.test"},
        "/auth/password/reset": {"token": "x", "new_password": PASSWORD},
        "/auth/login/second_factor": {"challenge": "x", "code": "x"},
        "/auth/totp": {"current_password": "wrong"},
        "/auth/totp/confirm": {"code": "x"},
        "/auth/totp/recovery_codes": {"code": "x"},
        "/auth/passkeys": {"name": "x", "credential": NEW_CREDENTIAL},
        "/auth/identify": {"token": "x"},
        "/auth/password": {"current_password": "wrong", "new_password": PASSWORD},
        "/users/tickets": {"title": "t", "description": "d", "category": "c", "type": "t"},
        "/users/tickets/{ticket_id}/rating": {"score": 3},
        "/tickets/{ticket_id}/reminder": {"at": (now() + timedelta(hours=1)).isoformat()},
        "/tickets/{ticket_id}/messages": {"content": "hello"},
        "/tickets/{ticket_id}/read": {"seq": 1},
        "/tickets/{ticket_id}/unread": {"seq": 1},
        "/tickets/{ticket_id}/draft": {"kind": "reply", "content": "hello", "base_seq": 1},
        "/csr/tickets/{ticket_id}/assign": {"assignee_id": str(cast.csr.id)},
        "/csr/tickets/{ticket_id}/merge": {"into": cast.ticket_id},
        "/csr/tickets/{ticket_id}/split": {"from_seq": 1, "title": "t"},
        "/csr/tickets/{ticket_id}/snooze": {"until": (now() + timedelta(hours=1)).isoformat()},
        "/csr/tickets/bulk": {"ticket_ids": [cast.ticket_id], "change": {}},
        "/csr/tickets/{ticket_id}/links/{other_id}": {"kind": "related"},
        "/csr/me/availability": {"available": True},
        "/csr/macros": {"name": f"Macro {uuid4()}", "message": {"content": "Hello"}},
        "/csr/macros/{macro_id}/preview": {"ticket_id": cast.ticket_id},
        "/tickets/{ticket_id}/macros/{macro_id}": {"client_id": "once"},
        "/csr/tickets/{ticket_id}/undo": {"batch": str(uuid4())},
        "/csr/views": {"name": "Mine", "query": {}},
        "/admin/fields": {"key": f"f{uuid4().hex[:8]}", "label": "Plan", "kind": "text"},
        "/admin/users": {**new_user, "role": "user"},
        "/admin/api_keys": {"name": "Import", "role": "csr", "scopes": ["tickets:read"]},
        "/admin/users/{user_id}/erase": {"keep_tickets": False},
        "/admin/webhooks": {"url": "https://8.8.8.8/", "events": ["assigned"], "is_active": False},
    }
    if route.method == "PATCH":
        return {}
    return bodies.get(route.path) if route.method in {"POST", "PUT"} else None


# What ends the asker's own session is not asked with the cast that others still need.
ENDS_SESSIONS = {"/auth/logout_all"}
# Nor what makes somebody nobody.
ERASES = {"/admin/users/{user_id}/erase"}
# Nor what ends the ticket that others still ask for, or makes it theirs.
CHANGES = {
    "/users/tickets/{ticket_id}/close",
    "/csr/tickets/{ticket_id}/participants/{participant}",
    "/csr/tickets/{ticket_id}/links/{other_id}",
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_route_serves_exactly_who_may_use_it(
    api: Api, cast: Cast, backend: Backend, route: Route
) -> None:
    for asker in ASKERS:
        await serves_or_refuses(api, cast, backend, route, asker)


async def serves_or_refuses(
    api: Api, cast: Cast, backend: Backend, route: Route, asker: str
) -> None:
    person: Person | None = getattr(cast, asker)
    if route.path in ENDS_SESSIONS and person is not None and asker != "deactivated":
        person = people(backend.settings, person.actor.role)[0]
    ticket_id = other_id = cast.ticket_id
    if route.path in CHANGES:
        ticket_id = (await api.a_ticket(cast.owner))["id"]
    # The others go on with their sessions.
    user_id = (cast.bystander if route.path.endswith("/factors") else cast.other_customer).id
    if route.path in ERASES:
        user_id = people(backend.settings, Role.USER)[0].id
    path = (
        route.path.replace("{ticket_id}", ticket_id)
        .replace("{user_id}", str(user_id))
        .replace("{participant}", str(cast.other_customer.id))
        .replace("{customer_id}", str(cast.other_customer.id))
        .replace("{notification_id}", str(uuid4()))
        .replace("{webhook_id}", str(uuid4()))
        .replace("{session_id}", str(uuid4()))
        .replace("{key_id}", str(uuid4()))
        .replace("{field_id}", str(uuid4()))
        .replace("{attempt_id}", str(uuid4()))
        .replace("{view_id}", str(uuid4()))
        .replace("{macro_id}", str(uuid4()))
        .replace("{attachment_id}", str(uuid4()))
        .replace("{team_id}", str(uuid4()))
        .replace("{passkey_id}", str(uuid4()))
        .replace("{other_id}", other_id)
    )
    answer = await api.call(route.method, path, person, json=body_for(route, cast))
    if asker in ALLOWED[route.right]:
        told = "" if answer.status < 400 else answer.code
        assert told not in {"csr_required", "admin_required", "ticket_not_found"}, asker
        if route.right is not Right.ANYONE:
            assert answer.status != 401, asker
    elif asker in ("anonymous", "deactivated"):
        assert answer.status == 401, asker
        assert answer.code in {"not_authenticated", "session_ended"}, asker
    elif route.right in ROLE_NEEDED:
        assert (answer.status, answer.code) == (403, ROLE_NEEDED[route.right]), asker
    else:
        assert (answer.status, answer.code) == (404, "ticket_not_found"), asker
        other = await api.call(
            route.method,
            path.replace(ticket_id, str(uuid4())),
            person,
            json=body_for(route, cast),
        )
        assert answer.body == other.body, "a ticket of somebody else's differs from none"


PAYLOADS: dict[str, Callable[[Cast, Person], dict[str, Any]]] = {
    "join_ticket": lambda cast, _: {"ticket_id": cast.ticket_id},
    "leave_ticket": lambda cast, _: {"ticket_id": cast.ticket_id},
    "post_message": lambda cast, _: {
        "ticket_id": cast.ticket_id,
        "client_id": str(uuid4()),
        "content": "hi",
    },
    "typing": lambda cast, _: {"ticket_id": cast.ticket_id, "active": True},
    "mark_read": lambda cast, _: {"ticket_id": cast.ticket_id, "seq": 1},
    "watch": lambda cast, _: {"views": ["mine"], "ticket_ids": [cast.ticket_id]},
    "idle": lambda _cast, _person: {"idle": True},
    "refresh_auth": lambda _, person: {"token": person.token},
}


@pytest.mark.parametrize("asker", ["owner", "other_customer", "csr", "admin"])
@pytest.mark.parametrize("event", EVENTS)
async def test_an_event_serves_exactly_who_may_send_it(
    web_url: str, cast: Cast, event: str, asker: str
) -> None:
    person: Person = getattr(cast, asker)
    async with Client(web_url, person) as client:
        await client.call("join_ticket", {"ticket_id": cast.ticket_id})
        ack = await client.call(event, PAYLOADS[event](cast, person))
    right = EVENTS[event].right
    if asker in ALLOWED[right]:
        assert ack["ok"], ack
    elif right in ROLE_NEEDED:
        assert ack["error"]["code"] == ROLE_NEEDED[right]
    else:
        assert ack == {
            "ok": False,
            "error": {"code": "ticket_not_found", "detail": "Ticket not found"},
        }


@pytest.mark.parametrize("asker", ["anonymous", "deactivated"])
async def test_who_has_no_session_gets_no_socket(web_url: str, cast: Cast, asker: str) -> None:
    person: Person | None = getattr(cast, asker)
    token = person.token if person else "none"
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with Client(web_url, token):
            pass
