"""What browsers are told, and which pages may open sockets."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.http.browsers import HEADERS
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.server.conftest import serving
from tests.server.raw_http import answer_to

PAGE = "https://desk.example.com"


@pytest.fixture(scope="module")
async def listed(backend: Backend) -> AsyncIterator[Api]:
    """A process that lets one other origin in."""
    settings = backend.settings.model_copy(update={"cors_origins": PAGE})
    async with serving(settings) as (_, api):
        yield api


@pytest.mark.parametrize("path", ["/auth/me", "/health/live", "/nowhere"])
async def test_every_answer_has_the_security_headers(api: Api, path: str) -> None:
    answer = await api.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "Server" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_tokens_are_never_cached(api: Api) -> None:
    answer = await api.post("/auth/login", json={})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_listed_page_may_call_and_read_the_headers(listed: Api) -> None:
    answer = await listed.get("/auth/me", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    preflight = await listed.call(
        "OPTIONS",
        "/users/tickets",
        headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status == 204
    taken = preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Disposition", "Range"} <= {*taken}
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", f"{PAGE}.evil.com", "http://["]
)
async def test_another_page_may_not(listed: Api, customer: Person, origin: str) -> None:
    answer = await listed.get("/auth/me", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    ticket_id = (await listed.a_ticket(customer))["id"]
    for path in (
        "/socket.io/?EIO=4&transport=websocket",
        f"/ws/tickets/{ticket_id}?token={customer.token}",
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await listed.http.ws_connect(path, headers={"Origin": origin})
        assert refused.value.status in {400, 403}


@pytest.mark.parametrize("upgrade", ["", ", Upgrade\r\nUpgrade: websocket"])
async def test_what_is_no_origin_is_refused(listed: Api, upgrade: str) -> None:
    head = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close"
    sent = f"{head}{upgrade}\r\n".encode() + b"Origin: \xff\r\n\r\n"
    assert (await answer_to(listed.url, sent)).split()[1] == b"400"


@pytest.mark.parametrize("own", [True, False])
async def test_listed_pages_and_our_own_may_open_sockets(
    listed: Api, customer: Person, own: bool
) -> None:
    origin = listed.url if own else PAGE
    ticket_id = (await listed.a_ticket(customer))["id"]
    for path in (
        "/socket.io/?EIO=4&transport=websocket",
        f"/ws/tickets/{ticket_id}?token={customer.token}&after=0",
    ):
        async with listed.http.ws_connect(path, headers={"Origin": origin}) as ws:
            assert not ws.closed
