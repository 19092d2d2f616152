"""Who asks for much and reads nothing costs no more than a bounded answer, for a bounded time."""

import asyncio
import socket
from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from server.http.output import LONGEST_PAGE
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_past, database
from tests.waiting import PATIENCE

LONG = "🦆" * 10_000
COUNT = 40


async def test_a_page_is_bounded_by_bytes_and_the_next_one_goes_on(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    with database(backend.settings) as session:
        a_past(session, customer.id, ticket_id, COUNT, LONG)
    for what, more in (("timeline", 1), ("messages", 0)):
        seen, path = [], f"/tickets/{ticket_id}/{what}?limit=100"
        pages = 0
        while path:
            answer = await api.get(path, customer)
            assert len(answer.body) <= LONGEST_PAGE + 1000
            seen += [event["seq"] for event in answer.json]
            link = answer.headers.get("Link", "")
            path = link.partition("<")[2].partition(">")[0].removeprefix("/api/v1")
            pages += 1
        assert pages > 1
        assert seen == sorted({*seen})
        assert len(seen) == COUNT + more


async def test_who_does_not_read_is_cut_off_and_who_reads_is_not(
    application: tuple[web.Application, Api], backend: Backend, customer: Person
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    with database(backend.settings) as session:
        a_past(session, customer.id, ticket_id, 12, LONG)
    path = urlsplit(f"/api/v1/tickets/{ticket_id}/timeline").path
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, ("127.0.0.1", URL(api.url).port))
    ask = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {customer.token}\r\n\r\n"
    slow_readers = app[SERVICES].slow_readers
    async with asyncio.timeout(PATIENCE):
        while not any(t.get_write_buffer_size() for t in slow_readers._unsent):
            await loop.sock_sendall(deaf, ask.encode())
            assert (await api.get("/auth/me", customer)).status == 200
    (waiting,) = [t for t in slow_readers._unsent if t.get_write_buffer_size()]
    slow_readers.look()
    assert not waiting.is_closing()
    slow_readers.look()
    assert waiting.is_closing()
    assert waiting not in slow_readers._unsent
    assert (await api.get("/auth/me", customer)).status == 200
    assert len(slow_readers) >= 1
    deaf.close()
