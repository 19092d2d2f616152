"""Long answers are compressed, none that has a secret in it; and tags stay right."""

import gzip
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import pytest

from models import Role
from server.http import compression
from server.http.contract import Right, Route
from server.routes.table import ROUTES
from server.specs.schemas import Schemas
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people

LONG = "Nobody is told why. " * 100
SECRETS = {"access_token", "refresh_token", "secret"}


async def raw(
    api: Api, method: str, path: str, person: Person | None, takes: str, **more: Any
) -> tuple[int, Any, bytes]:
    """Status, headers and body as they were sent."""
    headers = {"Accept-Encoding": takes, **more.pop("headers", {})}
    if person is not None:
        headers["Authorization"] = f"Bearer {person.token}"
    url = f"{api.url}/api/v1{path}"
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.request(method, url, headers=headers, **more) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize(
    ("takes", "is_compressed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, identity", False),
        ("gzip;q=x", False),
        ("identity, *", False),
    ],
)
async def test_a_long_answer_is_compressed_for_who_takes_it(
    api: Api, customer: Person, takes: str, is_compressed: bool
) -> None:
    path = f"/users/tickets/{(await api.a_ticket(customer, description=LONG))['id']}"
    status, headers, body = await raw(api, "GET", path, customer, takes)
    assert (status, headers["Vary"]) == (200, "Accept-Encoding")
    assert int(headers["Content-Length"]) == len(body)
    assert headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    shown = orjson.loads(gzip.decompress(body) if is_compressed else body)
    assert shown["description"] == LONG
    head = await raw(api, "HEAD", path, customer, takes)
    assert head[2] == b""
    assert head[1]["Content-Length"] == headers["Content-Length"]


async def test_a_short_answer_is_sent_as_it_is(api: Api, customer: Person) -> None:
    path = f"/users/tickets/{(await api.a_ticket(customer))['id']}"
    _, headers, _ = await raw(api, "GET", path, customer, "gzip")
    assert "Content-Encoding" not in headers
    assert "Vary" not in headers


async def test_a_very_long_page_is_compressed_too(api: Api, customer: Person) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}/messages"
    for number in range(10):
        content = f"{number} " + uuid4().hex * 300
        await api.post(path, customer, json={"content": content})
    status, headers, body = await raw(api, "GET", f"{path}?limit=100", customer, "gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert len(gzip.decompress(body)) > compression.AT_ONCE


async def test_the_tag_of_a_compressed_answer_is_its_own_and_is_understood(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer, description=LONG))["id"]
    path = f"/csr/tickets/{ticket_id}"
    plain, short = [(await raw(api, "GET", path, csr, takes))[1]["ETag"] for takes in ("", "gzip")]
    assert plain != short
    for tag in (plain, short):
        for takes in ("", "gzip"):
            headers = {"If-None-Match": tag}
            status, told, body = await raw(api, "GET", path, csr, takes, headers=headers)
            assert (status, body, told["Vary"]) == (304, b"", "Accept-Encoding")
    changed = await api.patch(path, csr, json={"priority": "low"}, headers={"If-Match": short})
    assert changed.status == 200
    late = await api.patch(path, csr, json={"priority": "high"}, headers={"If-Match": short})
    assert late.code == "version_mismatch"


def gives_secrets(route: Route) -> bool:
    shapes = [gives.shape for gives in route.gives if gives.shape is not None]
    schemas = Schemas([], shapes)
    members = [schemas.resolved(schemas.given(shape)).get("properties", {}) for shape in shapes]
    return any(SECRETS & names.keys() or {*names} == {"ticket", "expires_in"} for names in members)


async def test_no_answer_with_a_secret_is_compressed(
    api: Api, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short: in a test none of them is long enough."""
    monkeypatch.setattr(compression, "SHORTEST", 1)
    (admin,) = people(backend.settings, Role.ADMIN)
    ticket = await api.a_ticket(admin)
    assert (await raw(api, "GET", "/notifications", admin, "gzip"))[1]["Content-Encoding"] == "gzip"
    login = {"email": admin.email, "password": PASSWORD}
    webhook = {"url": "https://8.8.8.8/", "events": ["assigned"], "is_active": False}
    asked = {
        "/auth/login": login,
        "/auth/refresh": {"refresh_token": admin.tokens.refresh_token},
        "/tickets/{ticket_id}/socket_ticket": {},
        "/auth/totp": {"current_password": PASSWORD},
        "/admin/webhooks": webhook,
    }
    # What anybody may ask for is never compressed.
    secret = {r.path for r in ROUTES if gives_secrets(r) and r.right is not Right.ANYONE}
    assert secret <= asked.keys()
    for path, json in asked.items():
        headers = {"Idempotency-Key": uuid4().hex}
        for _ in range(2):  # The second answer to a webhook's key is the first one again.
            at = path.replace("{ticket_id}", ticket["id"])
            answer = await raw(api, "POST", at, admin, "gzip", json=json, headers=headers)
            assert answer[0] in (200, 201), answer
            assert "Content-Encoding" not in answer[1], path
            assert answer[1]["Cache-Control"] == "no-store"
