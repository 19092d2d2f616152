"""The audit lines: who got in, who was refused, whose rights changed. Ids only."""

import io
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, numbers, people
from tests.sockets import Client

pytestmark = pytest.mark.parametrize("lines", ["json"], indirect=True)


def noted(lines: io.StringIO) -> list[dict[str, str]]:
    """The audit lines, without their time."""
    found = [orjson.loads(line) for line in lines.getvalue().splitlines()]
    kept = [line for line in found if line["logger"] == "audit"]
    assert all(line["timestamp"].endswith("Z") for line in kept)
    rest = {"logger", "level", "timestamp"}
    return [{k: v for k, v in line.items() if k not in rest} for line in kept]


async def test_an_account_leaves_a_trail_from_its_signup_to_its_end(
    application: tuple[web.Application, Api], lines: io.StringIO, backend: Backend
) -> None:
    _, api = application
    (admin,) = people(backend.settings, Role.ADMIN)
    login = {"email": f"audited{next(numbers)}@desk.test", "password": PASSWORD}
    user_id = (await api.post("/auth/signup", json={**login, "full_name": "A"})).json["id"]
    await api.post("/auth/login", json=login | {"password": "wrong"})
    await api.post("/auth/login", json=login | {"email": "nobody@desk.test"})
    token = (await api.post("/auth/login", json=login)).json["access_token"]
    changed = {"current_password": PASSWORD, "new_password": "another good password"}
    await api.post("/auth/password", token, json=changed | {"current_password": "wrong"})
    await api.post("/auth/password", token, json=changed)
    await api.patch(f"/admin/users/{user_id}", admin, json={"role": "csr"})
    found = noted(lines)
    session_id = found[3].pop("session_id")
    by_password = {"signed_in_by": "password"}
    assert found == [
        {"event": "signed_up", "user_id": user_id},
        {"event": "login_failed", "user_id": user_id, **by_password},
        {"event": "login_failed", **by_password},
        {"event": "logged_in", "user_id": user_id, **by_password},
        {
            "event": "refused",
            "user_id": user_id,
            "code": "invalid_credentials",
            "what": "POST /api/v1/auth/password",
        },
        {"event": "password_changed", "user_id": user_id},
        {
            "event": "session_ended",
            "user_id": user_id,
            "session_id": session_id,
            "code": "role_changed",
        },
        {
            "event": "user_changed",
            "by": str(admin.id),
            "user_id": user_id,
            "fields": "['role']",
            "role": "csr",
        },
    ]
    for secret in (PASSWORD, login["email"], "another good password", "eyJ"):
        assert secret not in lines.getvalue()


async def test_refusals_are_noted_on_every_way_in(
    application: tuple[web.Application, Api], lines: io.StringIO, customer: Person, csr: Person
) -> None:
    _, api = application
    await api.get("/csr/tickets", customer)
    await api.get("/admin/users", csr)
    ticket_id = (await api.a_ticket(customer))["id"]
    note = {"content": "psst", "internal": True}
    await api.post(f"/tickets/{ticket_id}/messages", customer, json=note)
    async with Client(api.url, customer) as client:
        event = {"ticket_id": ticket_id, "client_id": "1", **note}
        assert not (await client.call("post_message", event))["ok"]
        await client.call("refresh_auth", {"token": csr.token})
    refused = [(line["user_id"], line["code"], line["what"]) for line in noted(lines)]
    assert refused == [
        (str(customer.id), "csr_required", "GET /api/v1/csr/tickets"),
        (str(csr.id), "admin_required", "GET /api/v1/admin/users"),
        (str(customer.id), "csr_required", "POST /api/v1/tickets/{ticket_id}/messages"),
        (str(customer.id), "csr_required", "post_message"),
        (str(customer.id), "other_account", "refresh_auth"),
    ]
    assert "psst" not in lines.getvalue()


async def test_guessing_and_a_reused_token_are_noted(
    application: tuple[web.Application, Api],
    lines: io.StringIO,
    customer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, api = application
    for _ in range(11):
        await api.post("/auth/login", json={"email": customer.email, "password": "wrong"})
    assert noted(lines)[-1] == {
        "event": "refused",
        "code": "rate_limited",
        "what": "POST /api/v1/auth/login",
    }
    spent = {"refresh_token": customer.tokens.refresh_token}
    assert (await api.post("/auth/refresh", json=spent)).status == 200
    monkeypatch.setattr("desk.accounts.sessions.GRACE", timedelta(seconds=-1))
    assert (await api.post("/auth/refresh", json=spent)).code == "refresh_token_revoked"
    assert noted(lines)[-1] == {
        "event": "session_ended",
        "user_id": str(customer.id),
        "session_id": str(customer.actor.session_id),
        "code": "token_reused",
    }
