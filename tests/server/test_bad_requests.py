"""Every refusal is a problem that names no software, whoever makes it; what is near is answered."""

import asyncio
import json
from typing import Any

import pytest

from server.routes.table import ROUTES
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import Raw
from tests.waiting import PATIENCE


async def asked(api: Api, request: bytes) -> tuple[int, str, dict[str, Any]]:
    """Status, headers in one text, and the problem of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(request)
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
    writer.close()
    return int(head.split(" ", 2)[1]), head, json.loads(body)


@pytest.mark.parametrize(
    ("request_text", "status", "code"),
    [
        ("nonsense SECRET\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nHost: x\r\nSECRET header\r\n\r\n", 400, "bad_request"),
        (f"GET /SECRET{'a' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX: {'a' * 20_000}\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n", 417, "expectation_failed"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n", 417, "expectation_failed"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    ],
)
async def test_a_refusal_is_a_problem_that_names_no_software(
    api: Api, request_text: str, status: int, code: str
) -> None:
    got, head, problem = await asked(api, request_text.encode())
    assert (got, problem["status"], problem["code"]) == (status, status, code)
    assert "Content-Type: application/problem+json" in head
    assert "X-Content-Type-Options: nosniff" in head
    for named in ("aiohttp", "python", "server:", "secret"):
        assert named not in (head + json.dumps(problem)).lower()


@pytest.mark.parametrize(
    "path", [r.path for r in ROUTES if r.method == "GET" and "{" not in r.path]
)
async def test_head_is_answered_as_get_without_the_body(api: Api, csr: Person, path: str) -> None:
    url, headers = f"/api/v1{path}", {"Authorization": f"Bearer {csr.token}"}
    async with api.http.get(url, headers=headers) as whole:
        await whole.read()
    async with api.http.head(url, headers=headers) as head:
        assert (head.status, await head.read()) == (whole.status, b"")
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    async with api.http.head(url) as stranger:
        assert stranger.status == 401


async def test_an_address_with_a_slash_too_many_is_helped(api: Api) -> None:
    answer = await api.post("/auth/login/", json={})
    assert (answer.status, answer.code) == (404, "not_found")
    assert 'without the "/"' in answer.json["detail"]


async def test_a_socket_without_the_namespace_is_told_so(api: Api, customer: Person) -> None:
    for sent, prefix in (("0", "4"), ('0{"token":"x"}', "4"), ("0/other,", "4/other,")):
        async with Raw(api) as socket:
            await socket.send(sent)
            answer = await socket.receive()
            assert answer.startswith(prefix)
            said = json.loads(answer.removeprefix(prefix))
            assert said["data"]["code"] == "unknown_namespace"
            assert "/tickets" in said["data"]["detail"] == said["message"]
