"""Addresses, methods and headers that mean to get around a right."""

import aiohttp
import pytest
from yarl import URL

from server.http.browsers import HEADERS
from tests.api import Api
from tests.factories import Person
from tests.server.raw_http import answer_to

PATHS = [
    "/api/v1/csr/tickets/",
    "/api/v1//csr/tickets",
    "//api/v1/csr/tickets",
    "/API/V1/CSR/TICKETS",
    "/api/v1/csr%2Ftickets",
    "/api/v1/%63sr/tickets",
    "/api/v1/users/../csr/tickets",
    "/api/v1/users/%2e%2e/csr/tickets",
    "/api/v1/users/..%2fcsr/tickets",
    "/api/v1/csr/tickets;x=1",
    "/api/v1/csr/tickets%00",
    "/api/v1/csr/tickets%3F",
    "/socket.io/../api/v1/csr/tickets",
    "/socket.io%2f..%2fapi/v1/csr/tickets",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_spelling_of_a_path_gets_around_a_right(
    api: Api, customer: Person, path: str
) -> None:
    url = URL(api.url + path, encoded=True)
    headers = {"Authorization": f"Bearer {customer.token}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        assert answer.status in {403, 404}
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status in {401, 404}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PUT"])
async def test_no_method_gets_around_a_right(api: Api, customer: Person, method: str) -> None:
    lines = [f"{method} /api/v1/csr/tickets HTTP/1.1", "Host: desk", "Connection: close"]
    lines += [f"Authorization: Bearer {customer.token}", "", ""]
    answer = (await answer_to(api.url, "\r\n".join(lines).encode())).decode()
    assert int(answer.split(" ")[1]) in {400, 403, 404, 405}
    assert customer.token not in answer


@pytest.mark.parametrize(
    "header",
    [
        {"X-HTTP-Method-Override": "POST"},
        {"X-Original-URL": "/api/v1/auth/me"},
        {"X-Rewrite-URL": "/api/v1/auth/me"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-User-Id": "1", "X-Role": "admin"},
        {"Host": "127.0.0.1"},
    ],
    ids=str,
)
async def test_no_header_gets_around_a_right(
    api: Api, customer: Person, header: dict[str, str]
) -> None:
    assert (await api.get("/csr/tickets", customer, headers=header)).code == "csr_required"
    assert (await api.get("/csr/tickets", headers=header)).code == "not_authenticated"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/auth/me", 405),
        ("GET", "/auth/me", 401),
        ("POST", "/auth/login", 413),
    ],
)
async def test_errors_of_aiohttp_itself_are_problems_with_every_header(
    api: Api, method: str, path: str, status: int
) -> None:
    """All but the 400 of what is no HTTP: aiohttp answers that before there is an application."""
    body = b"x" * 300_000 if status == 413 else None
    answer = await api.call(method, path, data=body)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.code
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "Server" not in answer.headers


async def test_deep_json_is_refused_in_bodies_and_frames(api: Api, customer: Person) -> None:
    deep = "[" * 60_000
    headers = {"Content-Type": "application/json"}
    answer = await api.post("/users/tickets", customer, data=deep, headers=headers)
    assert (answer.status, answer.code) == (400, "invalid_json")
    ticket_id = (await api.a_ticket(customer))["id"]
    async with api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}") as ws:
        await ws.send_str(deep)
        assert (await ws.receive_json())["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "a@b.test", "password": "x", "password": "y"}',
        '{"email": "a@b.test", "password": "x", "p\\u0061ssword": "y"}',
        '{"email": "a@b.test", "password": NaN}',
    ],
)
async def test_json_that_two_readers_could_read_differently_is_refused(api: Api, body: str) -> None:
    assert (await api.post("/auth/login", data=body)).code == "invalid_json"


@pytest.mark.parametrize(
    "spelling",
    ["{}", "  {} ", "\u212a{}"],
)
async def test_an_address_is_one_account_however_it_is_spelled(
    api: Api, customer: Person, spelling: str
) -> None:
    email = spelling.format(customer.email.upper())
    new = {"email": email, "full_name": "X", "password": "a password of my own"}
    code = (await api.post("/auth/signup", json=new)).json.get("code")
    assert (code == "email_taken") is (spelling != "\u212a{}")


async def test_a_full_path_of_a_stack_or_a_version_is_never_told(api: Api) -> None:
    for path in ("/auth/me", "/nowhere", "/users/tickets?cursor=AAAA"):
        answer = await api.get(path)
        for word in (b"Traceback", b"aiohttp", b"site-packages", b"psycopg", b"sqlalchemy"):
            assert word not in answer.body
