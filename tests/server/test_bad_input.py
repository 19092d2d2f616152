"""Bad input over HTTP: every field of every route, with everything that may be wrong with it.

A new route has to be added to the tables here: a test compares them with the routes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from models import Role
from server.routes import ROUTES
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.server import bad
from tests.server.bad import Kind


@dataclass(frozen=True)
class Body:
    """A route's body: the kind of each field, and a body that is accepted."""

    kinds: dict[str, Kind]
    valid: dict[str, Any]
    optional: frozenset[str] = frozenset()
    # Of an accepted body.
    status: tuple[int, ...] = (200, 201, 204)


NEW_TICKET = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}
SIGNUP = {"email": "bad.input@desk.test", "password": PASSWORD, "full_name": "Ann"}
GIVEN_PASSWORD = Kind(
    {"too long": "x" * 1025}, (), frozenset({"a short text", "an empty text", "blanks"})
)
SIGNED_OUT = (200, 400, 401)

BODIES: dict[tuple[str, str], Body] = {
    ("POST", "/auth/signup"): Body(
        {"email": bad.EMAIL, "password": bad.PASSWORD, "full_name": bad.TITLE}, SIGNUP
    ),
    ("POST", "/auth/login"): Body(
        {"email": bad.EMAIL, "password": GIVEN_PASSWORD},
        {"email": "nobody@desk.test", "password": "wrong"}, status=(401,),
    ),
    ("POST", "/auth/refresh"): Body(
        {"refresh_token": bad.TOKEN}, {"refresh_token": "x"}, status=SIGNED_OUT
    ),
    ("POST", "/auth/logout"): Body(
        {"refresh_token": bad.TOKEN}, {"refresh_token": "x"}, status=SIGNED_OUT
    ),
    ("PATCH", "/auth/me"): Body(
        {"full_name": bad.TITLE, "notify_email": bad.BOOL},
        {},
        frozenset({"full_name", "notify_email"}),
    ),
    ("POST", "/auth/password"): Body(
        {"current_password": GIVEN_PASSWORD, "new_password": bad.PASSWORD},
        {"current_password": "wrong", "new_password": PASSWORD},
        status=(403, 429),
    ),
    ("POST", "/admin/users"): Body(
        {
            "email": bad.EMAIL,
            "full_name": bad.TITLE,
            "role": bad.ROLE,
            "password": bad.PASSWORD,
        },
        SIGNUP | {"role": "user"},
        status=(201, 409),
    ),
    # There is no such account: what is accepted is not found.
    ("PATCH", "/admin/users/{user_id}"): Body(
        {
            "role": bad.ROLE,
            "is_active": bad.BOOL,
            "capacity": bad.CAPACITY,
            "full_name": bad.TITLE,
        },
        {},
        frozenset({"role", "is_active", "capacity", "full_name"}),
        (404,),
    ),
    ("POST", "/users/tickets"): Body(
        {
            "title": bad.TITLE,
            "description": bad.DESCRIPTION,
            "category": bad.LABEL,
            "type": bad.LABEL,
        },
        NEW_TICKET,
    ),
    ("POST", "/tickets/{ticket_id}/messages"): Body(
        {"content": bad.CONTENT, "client_id": bad.CLIENT_ID_OR_NULL, "internal": bad.BOOL},
        {"content": "hello"},
        frozenset({"client_id", "internal"}),
        (200, 201, 409),
    ),
    ("POST", "/tickets/{ticket_id}/read"): Body({"seq": bad.SEQ}, {"seq": 1}),
    ("POST", "/csr/tickets/{ticket_id}/assign"): Body(
        {"assignee_id": bad.ID_OR_NULL, "priority": bad.PRIORITY},
        {"assignee_id": None},
        frozenset({"priority"}),
    ),
    ("PATCH", "/csr/tickets/{ticket_id}"): Body(
        {
            "status": bad.STATUS,
            "priority": bad.PRIORITY,
            "tags": bad.TAGS,
            "category": bad.LABEL,
        },
        {},
        frozenset({"status", "priority", "tags", "category"}),
    ),
}  # fmt: skip
NO_BODY = {
    ("POST", "/auth/logout_all"),
    ("POST", "/csr/tickets/{ticket_id}/claim"),
    ("POST", "/notifications/read_all"),
    ("POST", "/notifications/{notification_id}/read"),
}

WORDS = ["", "%00", "%ff", "nonsense", "%ED%A0%80", "%F0%9F%A6%86", "9" * 400, "-1", "[]", "null"]
TEXT = ["", "%00", "a%00b", "%20", "x" * 65, "%0A", "a%0Ab", "%E2%80%A8a%E2%80%A8a"]
PAGED = {"limit": [*WORDS, "1.5", "1e1", "0", "101"], "cursor": [*WORDS, "x" * 201]}
FILTERS = {
    "status": [*WORDS, "OPEN"],
    "category": TEXT,
    "type": TEXT,
    "sort": [*WORDS, "title", "--number", "number,id"],
    "count": [*WORDS, "maybe"],
}
QUERIES: dict[str, dict[str, list[str]]] = {
    "/users/tickets": PAGED | FILTERS,
    "/csr/tickets": PAGED
    | FILTERS
    | {
        "unassigned": WORDS,
        "assigned_to": [*WORDS, "ME"],
        "priority": [*WORDS, "none"],
        "tag": [*TEXT, "x" * 33],
        "user_id": [*WORDS, "me"],
    },
    "/tickets/{ticket_id}/timeline": {
        "after": [*WORDS, str(2**63)],
        "limit": [*WORDS, "1.5", "0", "201"],
    },
    "/tickets/{ticket_id}/messages": PAGED,
    "/notifications": PAGED | {"unread": WORDS},
    "/admin/users": PAGED | {"role": WORDS, "is_active": WORDS, "email": WORDS},
}
PATH_IDS = ["%00", "%ff", "%ED%A0%80", "1", "nonsense", "x" * 5000, "%2F", "%2e%2e", "0" * 33]


@pytest.fixture(scope="module")
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


@pytest.fixture(scope="module")
async def ticket_id(api: Api, admin: Person) -> str:
    ticket_id: str = (await api.a_ticket(admin))["id"]
    return ticket_id


@pytest.fixture
def nothing_stored(backend: Backend, ticket_id: str) -> Iterator[None]:
    """Fails where a row was stored, or the server found a fault of its own."""
    before = bad.rows(backend.settings)
    with capture_logs() as logged:
        yield
    assert bad.rows(backend.settings) == before
    assert [line for line in logged if line["log_level"] == "error"] == []


def filled(path: str, ticket_id: str) -> str:
    for name in ("ticket_id", "notification_id", "user_id"):
        path = path.replace(f"{{{name}}}", ticket_id)
    return path


def refused(answer: Answer) -> None:
    assert 400 <= answer.status < 500, answer
    assert answer.code


def test_every_route_is_in_these_tables() -> None:
    writes = {(r.method, r.path) for r in ROUTES if r.method != "GET"}
    assert writes == BODIES.keys() | NO_BODY
    assert QUERIES.keys() <= {r.path for r in ROUTES if r.method == "GET"}


FIELDS = [(*route, name) for route, body in BODIES.items() for name in body.kinds]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
async def test_a_field_of_another_shape_is_refused(
    api: Api, admin: Person, ticket_id: str, method: str, path: str, name: str
) -> None:
    body = BODIES[method, path]
    others = {k: v for k, v in body.valid.items() if k != name}
    for what, raw in body.kinds[name].bad():
        data = json.dumps(others)[:-1] + (", " if others else "") + f'"{name}": {raw}}}'
        answer = await api.call(method, filled(path, ticket_id), admin, data=data)
        assert 400 <= answer.status < 500, (what, answer)
        assert answer.code, what


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
async def test_a_missing_field_is_refused_unless_it_is_optional(
    api: Api, admin: Person, ticket_id: str, method: str, path: str, name: str
) -> None:
    body = BODIES[method, path]
    if name in body.optional:
        assert name not in body.valid
        return
    sent = {k: v for k, v in body.valid.items() if k != name}
    answer = await api.call(method, filled(path, ticket_id), admin, json=sent)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["pointer"] == f"/{name}"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_an_unknown_field_is_refused(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    valid = json.dumps(BODIES[method, path].valid)[:-1]
    for name in ("more", "", "\\u0000", "\\ud800", "__class__", "x" * 5000):
        data = valid + (", " if len(valid) > 1 else "") + f'"{name}": 1}}'
        answer = await api.call(method, filled(path, ticket_id), admin, data=data)
        assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
async def test_a_field_at_its_bounds_is_accepted(
    api: Api, backend: Backend, admin: Person, method: str, path: str, name: str
) -> None:
    body = BODIES[method, path]
    for n, value in enumerate(body.kinds[name].good):
        ticket_id = (await api.a_ticket(admin))["id"]
        sent = body.valid | {name: value}
        if path == "/auth/signup":
            sent["email"] = f"at.bound.{name}.{n}@desk.test"
        answer = await api.call(method, filled(path, ticket_id), admin, json=sent)
        assert answer.status in body.status, (value, answer)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), sorted(NO_BODY))
@pytest.mark.parametrize("data", ["[]", "{", '{"a": 1}', "null", "\0", "\x80"])
async def test_a_route_without_a_body_takes_none(
    api: Api, admin: Person, ticket_id: str, method: str, path: str, data: str
) -> None:
    refused(await api.call(method, filled(path, ticket_id), admin, data=data))


PARAMETERS = [(path, name) for path, known in QUERIES.items() for name in known]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
async def test_a_parameter_of_another_shape_is_refused(
    api: Api, admin: Person, ticket_id: str, path: str, name: str
) -> None:
    for value in QUERIES[path][name]:
        answer = await api.get(f"{filled(path, ticket_id)}?{name}={value}", admin)
        assert answer.status == 422, (value, answer)
        assert answer.code in {"invalid", "invalid_cursor"}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
async def test_a_parameter_is_sent_once(
    api: Api, admin: Person, ticket_id: str, path: str, name: str
) -> None:
    answer = await api.get(f"{filled(path, ticket_id)}?{name}=1&{name}=1", admin)
    assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), [(r.method, r.path) for r in ROUTES])
async def test_an_unknown_parameter_is_refused(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    body = BODIES[method, path].valid if (method, path) in BODIES else None
    for query in ("more=1", "LIMIT=1", "%00=1", "%ff=%ff", "=", "a%ED%A0%80=", "limit[]=1"):
        answer = await api.call(method, f"{filled(path, ticket_id)}?{query}", admin, json=body)
        assert (answer.status, answer.code) == (422, "invalid"), (query, answer)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("method", "path"), [(r.method, r.path) for r in ROUTES if "_id}" in r.path]
)
async def test_what_is_no_id_is_not_found(api: Api, admin: Person, method: str, path: str) -> None:
    body = BODIES[method, path].valid if (method, path) in BODIES else None
    for value in PATH_IDS:
        answer = await api.call(method, filled(path, value), admin, json=body)
        assert answer.status == 404, (value, answer)
        assert answer.code.endswith("not_found")
