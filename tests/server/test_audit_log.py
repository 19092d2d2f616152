"""The audit log as it is written by each route that configures the desk, and as admins read it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from sqlalchemy import select

from models import AuditEntry, Role, WebhookAttempt, WebhookDelivery
from server.http.contract import Right
from server.routes.table import ROUTES
from server.services import SERVICES
from tests.api import Api, next_path
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, a_ticket, database, now, people

HOOK = {"url": "https://8.8.8.8/", "events": ["assigned"]}
ATTEMPTS = "/admin/webhooks/{webhook_id}/attempts"
# What staff configure the desk by, beside all that only admins may write: a body, the action.
CONFIGURES: dict[tuple[str, str], tuple[dict[str, Any] | None, str]] = {
    ("POST", "/admin/users"): (
        {"email": "a@desk.test", "full_name": "A", "role": "csr", "password": PASSWORD},
        "user_added",
    ),
    ("PATCH", "/admin/users/{user_id}"): ({"role": "csr"}, "user_changed"),
    ("PUT", "/admin/users/{csr_id}/away"): (
        {"until": (now() + timedelta(hours=1)).isoformat()},
        "away_set",
    ),
    ("DELETE", "/admin/users/{csr_id}/away"): (None, "away_ended"),
    ("POST", "/admin/teams"): ({"name": "T"}, "team_added"),
    ("PATCH", "/admin/teams/{team_id}"): ({"members": []}, "team_changed"),
    ("DELETE", "/admin/teams/{team_id}"): (None, "team_removed"),
    ("POST", "/admin/fields"): ({"key": "k", "label": "K", "kind": "text"}, "field_added"),
    ("PATCH", "/admin/fields/{field_id}"): ({"label": "L"}, "field_changed"),
    ("DELETE", "/admin/fields/{field_id}"): (None, "field_removed"),
    ("POST", "/admin/webhooks"): (HOOK, "webhook_added"),
    ("PATCH", "/admin/webhooks/{webhook_id}"): ({"is_active": False}, "webhook_changed"),
    ("DELETE", "/admin/webhooks/{webhook_id}"): (None, "webhook_removed"),
    ("POST", f"{ATTEMPTS}/{{attempt_id}}/redeliver"): (None, "webhook_redelivered"),
    ("DELETE", "/admin/users/{user_id}/factors"): (None, "factors_removed"),
    ("POST", "/admin/users/{user_id}/erase"): ({"keep_tickets": True}, "erasure_asked"),
    ("POST", "/admin/api_keys"): (
        {"name": "K", "role": "csr", "scopes": ["tickets:read"]},
        "key_added",
    ),
    ("DELETE", "/admin/api_keys/{key_id}"): (None, "key_removed"),
    ("POST", "/csr/macros"): ({"name": "M", "message": {"content": "Hi"}}, "macro_added"),
    ("PATCH", "/csr/macros/{macro_id}"): ({"name": "N"}, "macro_changed"),
    ("DELETE", "/csr/macros/{macro_id}"): (None, "macro_removed"),
    ("POST", "/csr/views"): ({"name": "V", "query": {}}, "view_added"),
    ("PATCH", "/csr/views/{view_id}"): ({"shared": True}, "view_changed"),
    ("DELETE", "/csr/views/{view_id}"): (None, "view_removed"),
}
# How actions begin that are about something else than they begin with.
ABOUT = {"away": "user", "erasure": "user", "factors": "user"}
# It writes nothing: the export itself has an entry.
WITHOUT = {("POST", "/admin/users/{user_id}/export/link")}
# By what a path names: the route that makes one.
MADE_BY = {
    "team_id": "/admin/teams",
    "field_id": "/admin/fields",
    "webhook_id": "/admin/webhooks",
    "macro_id": "/csr/macros",
    "view_id": "/csr/views",
    "key_id": "/admin/api_keys",
}


@pytest.fixture(scope="module")
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


def body_of(method: str, path: str) -> dict[str, Any] | None:
    body, _ = CONFIGURES[method, path]
    unique = {
        "name": str(uuid4()),
        "key": f"f{uuid4().hex[:12]}",
        "email": f"{uuid4()}@desk.test",
    }
    return body and {name: unique.get(name, value) for name, value in body.items()}


async def filled(path: str, api: Api, backend: Backend, admin: Person) -> str:
    """The path with ids of what there is now."""
    for name, makes in MADE_BY.items():
        if f"{{{name}}}" in path:
            made = await api.post(makes, admin, json=body_of("POST", makes))
            path = path.replace(f"{{{name}}}", made.json["id"])
            if "{attempt_id}" in path:
                path = path.replace("{attempt_id}", str(an_attempt(backend, made.json["id"])))
    user, csr = people(backend.settings, Role.USER, Role.CSR)
    return path.replace("{user_id}", str(user.id)).replace("{csr_id}", str(csr.id))


def an_attempt(backend: Backend, webhook_id: str) -> UUID:
    (customer,) = people(backend.settings, Role.USER)
    with database(backend.settings) as session:
        of = {
            "webhook_id": UUID(webhook_id),
            "ticket_id": a_ticket(session, customer.actor).id,
            "seq": 1,
        }
        until = {"due_at": now(), "expires_at": now(), "done_at": now()}
        delivery = WebhookDelivery(id=uuid4(), ticket={}, **of, **until)
        session.add(delivery)
        session.flush()
        attempt = WebhookAttempt(delivery_id=delivery.id, kind="assigned", at=now(), ms=1, **of)
        session.add(attempt)
        session.flush()
        return attempt.id


def test_each_route_that_only_admins_write_with_is_known_to_these_tests() -> None:
    """A new one belongs into `CONFIGURES`, with `server.http.audited` at its rule."""
    writes = {
        (route.method, route.path)
        for route in ROUTES
        if route.right is Right.ADMIN and route.method != "GET"
    }
    known = {(method, path.replace("{csr_id}", "{user_id}")) for method, path in CONFIGURES}
    assert writes - WITHOUT <= known
    assert known <= {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize(("method", "path"), CONFIGURES, ids=lambda part: part)
async def test_a_change_of_the_desk_has_its_entry(
    api: Api, backend: Backend, admin: Person, method: str, path: str
) -> None:
    asked = await filled(path, api, backend, admin)
    body = body_of(method, path)
    answer = await api.call(method, asked, admin, **({"json": body} if body else {}))
    assert answer.status < 300, answer
    entry = (await api.get(f"/admin/audit?limit=1&actor_id={admin.id}", admin)).json[0]
    assert entry["action"] == CONFIGURES[method, path][1]
    assert entry["actor_id"] == str(admin.id)
    about = entry["action"].partition("_")[0]
    assert entry["subject_type"] == ABOUT.get(about, about)
    assert entry["address"] == "127.0.0.0/24"
    subject = answer.json["id"] if method == "POST" and "{" not in path else None
    assert entry["subject_id"] in (subject, *asked.split("/"))
    for said in (body or {}).values():
        if isinstance(said, str) and "name" not in said:
            assert said not in str(entry["data"]) or said in {"csr", body and body.get("key")}


async def test_what_is_refused_or_repeated_has_no_entry(
    api: Api, backend: Backend, admin: Person
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    new = {"name": str(uuid4())}
    made = [await api.post("/admin/teams", admin, json=new, headers=key) for _ in range(2)]
    assert (await api.post("/admin/teams", admin, json=new)).code == "team_name_taken"
    subject = made[0].json["id"]
    found = (await api.get(f"/admin/audit?subject_id={subject}", admin)).json
    assert [entry["action"] for entry in found] == ["team_added"]
    before = (await api.get("/admin/audit?limit=1", admin)).json[0]
    assert (await api.patch(f"/admin/teams/{uuid4()}", admin, json={})).status == 404
    assert (await api.get("/admin/audit?limit=1", admin)).json[0] == before


async def test_the_log_is_filtered_and_walked_to_its_end(
    api: Api, backend: Backend, admin: Person
) -> None:
    (other,) = people(backend.settings, Role.ADMIN)
    teams = []
    for _ in range(3):
        made = await api.post("/admin/teams", other, json={"name": str(uuid4())})
        teams.append(made.json["id"])
    await api.patch(f"/admin/teams/{teams[0]}", other, json={"name": str(uuid4())})
    seen, path = [], f"/admin/audit?limit=2&actor_id={other.id}"
    while path:
        answer = await api.get(path, admin)
        seen += [(entry["action"], entry["subject_id"]) for entry in answer.json]
        path = next_path(answer) or ""
    mine = [("team_changed", teams[0]), *(("team_added", team) for team in reversed(teams))]
    assert [each for each in seen if each[0].startswith("team")] == mine
    added = await api.get(f"/admin/audit?actor_id={other.id}&action=team_added&count=1", admin)
    assert added.headers["X-Total-Count"] == "3"
    assert [entry["subject_id"] for entry in added.json] == teams[::-1]
    since = added.json[0]["at"].replace("+", "%2B")
    late = await api.get(f"/admin/audit?since={since}&actor_id={other.id}", admin)
    assert [entry["action"] for entry in late.json] == ["team_changed", "team_added"]
    nothing = await api.get("/admin/audit?action=nothing_of_the_kind", admin)
    assert nothing.json == []


async def test_failed_sign_ins_are_sampled_and_none_is_uncounted(
    application: tuple[web.Application, Api], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.identity.failures.GATHERED", 5)
    app, _ = application
    user_id = uuid4()
    for _ in range(21):
        await app[SERVICES].failures.record("login_failed", "a@desk.test", "192.0.2.1", user_id)
    with database(backend.settings) as session:
        mine = select(AuditEntry).where(AuditEntry.subject_id == str(user_id))
        entries = session.scalars(mine.order_by(AuditEntry.at)).all()
        # The first ten of a minute; then one for five of them, twice; one is still counted.
        assert [entry.data for entry in entries] == [{}] * 10 + [{"more": 4}] * 2
        assert {entry.address for entry in entries} == {"192.0.2.0/24"}
        assert {entry.actor_id for entry in entries} == {None}


async def test_who_tries_many_accounts_from_one_network_fills_no_table(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    app, _ = application
    action = f"tried_{uuid4().hex}"
    for n in range(30):
        await app[SERVICES].failures.record(action, f"{n}@desk.test", f"198.51.100.{n}", None)
    with database(backend.settings) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()
        assert len(entries) == 10
