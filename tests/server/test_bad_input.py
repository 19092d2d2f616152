"""Bad input over HTTP: every field of every route, with everything that may be wrong with it.

A new route has to be added to the tables in `inputs`: a test compares them with the routes.
"""

import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from models import Role
from server.routes.table import ROUTES
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.server import bad
from tests.server.inputs import BODIES, FILES, NO_BODY, QUERIES

PATH_IDS = ["%00", "%ff", "%ED%A0%80", "-1", "nonsense", "x" * 3000, "%2F", "%2e%2e", "0" * 33]


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


IDS = (
    "ticket_id",
    "notification_id",
    "user_id",
    "customer_id",
    "session_id",
    "webhook_id",
    "key_id",
    "attempt_id",
    "view_id",
    "macro_id",
    "attachment_id",
    "field_id",
    "team_id",
    "other_id",
    "participant",
    "passkey_id",
)


def filled(path: str, ticket_id: str) -> str:
    for name in IDS:
        path = path.replace(f"{{{name}}}", ticket_id)
    return path


def refused(answer: Answer) -> None:
    assert 400 <= answer.status < 500, answer
    assert answer.code


def test_every_route_is_in_these_tables() -> None:
    writes = {(r.method, r.path) for r in ROUTES if r.method != "GET"}
    assert writes == BODIES.keys() | NO_BODY | FILES
    assert QUERIES.keys() <= {r.path for r in ROUTES if r.method == "GET"}


# All of a route's fields in one test: counting the rows takes longer than a request.
@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_field_of_another_shape_is_refused(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    body = BODIES[method, path]
    for name, kind in body.kinds.items():
        others = {k: v for k, v in body.valid.items() if k != name}
        for what, raw in kind.bad():
            data = json.dumps(others)[:-1] + (", " if others else "") + f'"{name}": {raw}}}'
            answer = await api.call(method, filled(path, ticket_id), admin, data=data)
            assert 400 <= answer.status < 500, (name, what, answer)
            assert answer.code, (name, what)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_missing_field_is_refused_unless_it_is_optional(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    body = BODIES[method, path]
    assert not body.optional & body.valid.keys()
    for name in body.kinds.keys() - body.optional:
        sent = {k: v for k, v in body.valid.items() if k != name}
        answer = await api.call(method, filled(path, ticket_id), admin, json=sent)
        assert (answer.status, answer.code) == (422, "invalid"), name
        assert answer.json["errors"][0]["pointer"] == f"/{name}"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_an_unknown_field_is_refused(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    valid = json.dumps(BODIES[method, path].valid)[:-1]
    for name in ("more", "", "\\u0000", "\\ud800", "__class__", "x" * 2000):
        data = valid + (", " if len(valid) > 1 else "") + f'"{name}": 1}}'
        answer = await api.call(method, filled(path, ticket_id), admin, data=data)
        assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_field_at_its_bounds_is_accepted(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    body = BODIES[method, path]
    bounds = [(name, value) for name, kind in body.kinds.items() for value in kind.good]
    for n, (name, value) in enumerate(bounds):
        if "{ticket_id}" in path:
            ticket_id = (await api.a_ticket(admin))["id"]
        sent = body.valid | {name: value}
        if path == "/auth/signup":
            sent["email"] = f"at.bound.{name}.{n}@desk.test"
        answer = await api.call(method, filled(path, ticket_id), admin, json=sent)
        assert answer.status in body.status, (name, value, answer)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), sorted(NO_BODY))
async def test_a_route_without_a_body_takes_none(
    api: Api, admin: Person, ticket_id: str, method: str, path: str
) -> None:
    for data in ("[]", "{", '{"a": 1}', "null", "\0", "\x80"):
        refused(await api.call(method, filled(path, ticket_id), admin, data=data))


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("path", QUERIES)
async def test_a_parameter_of_another_shape_is_refused(
    api: Api, admin: Person, ticket_id: str, path: str
) -> None:
    for name, values in QUERIES[path].items():
        for value in values:
            answer = await api.get(f"{filled(path, ticket_id)}?{name}={value}", admin)
            assert answer.status == 422, (name, value, answer)
            assert answer.code in {"invalid", "invalid_cursor", "unknown_field"}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("path", QUERIES)
async def test_a_parameter_is_sent_once(api: Api, admin: Person, ticket_id: str, path: str) -> None:
    for name in QUERIES[path]:
        answer = await api.get(f"{filled(path, ticket_id)}?{name}=1&{name}=1", admin)
        assert (answer.status, answer.code) == (422, "invalid"), name


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
