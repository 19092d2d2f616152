"""The end of a session, each way by which it reaches a socket: alone, without the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from desk.access import Actor
from desk.accounts import sessions
from server.identity.session_watch import SessionWatch
from server.services import SERVICES
from server.transport.send_queue import EncodedEvent
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now
from tests.sockets import Client
from tests.waiting import PATIENCE

Application = tuple[web.Application, Api]
pytestmark = pytest.mark.usefixtures("without_watch")


@pytest.fixture
def without_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the processes that start now."""

    async def watch_forever(_: SessionWatch) -> None:
        pass

    monkeypatch.setattr(SessionWatch, "watch_forever", watch_forever)


def end_unannounced(backend: Backend, app: web.Application, person: Person) -> None:
    """Ends a session in the database alone, a second ago."""
    session_id = person.actor.session_id
    assert session_id is not None
    with database(backend.settings) as session:
        assert sessions.log_out(session, session_id, now())
    app[SERVICES].authenticator.forget(session_id)


async def test_a_kick_reaches_the_sockets_of_its_own_process(
    application: Application, customer: Person
) -> None:
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    plain = await api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}")
    async with Client(api.url, customer) as client:
        await api.post("/auth/logout_all", customer)
        await client.until(lambda: not client.sio.connected)
    assert (await plain.receive(timeout=PATIENCE)).data == 1008


async def test_a_kick_reaches_another_process_and_what_it_remembers(
    application: Application, another: Application, customer: Person
) -> None:
    _, here = application
    _, there = another
    ticket_id = (await there.a_ticket(customer))["id"]
    plain = await there.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}")
    async with Client(there.url, customer) as client:
        assert (await there.get("/auth/me", customer)).status == 200
        await here.post("/auth/logout_all", customer)
        await client.until(lambda: not client.sio.connected)
        assert (await there.get("/auth/me", customer)).code == "session_ended"
    assert (await plain.receive(timeout=PATIENCE)).data == 1008


async def test_each_event_asks_for_the_session(
    application: Application, backend: Backend, customer: Person
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Client(api.url, customer) as client:
        end_unannounced(backend, app, customer)
        ack = await client.call("join_ticket", {"ticket_id": ticket_id})
        assert ack["error"]["code"] == "session_ended"
        await client.until(lambda: not client.sio.connected)


async def test_each_frame_of_a_plain_socket_asks_for_the_session(
    application: Application, backend: Backend, customer: Person
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    ws = await api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}")
    await ws.send_json({"content": "before"})
    assert (await ws.receive_json())["content"] == "before"
    end_unannounced(backend, app, customer)
    await ws.send_json({"content": "after"})
    closed = await ws.receive(timeout=PATIENCE)
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)


@dataclass
class Gone:
    """Somebody whose connection ended while they were joining."""

    actor: Actor
    key: str = "gone"
    is_gone: bool = False
    entered: bool = False

    async def send(self, events: Sequence[EncodedEvent]) -> None:
        self.is_gone = True

    async def ready(self) -> None:
        pass

    async def enter(self, ticket_id: UUID) -> None:
        self.entered = True

    async def leave(self, ticket_id: UUID) -> None:
        pass

    async def taken_off(self, ticket_id: UUID) -> None:
        pass


async def test_who_is_gone_before_the_end_of_a_join_enters_no_room(
    application: Application, customer: Person
) -> None:
    app, api = application
    ticket_id = UUID((await api.a_ticket(customer))["id"])
    member = Gone(customer.actor)
    await app[SERVICES].sequencer.join(member, customer.actor, ticket_id, 0)
    assert member.is_gone
    assert not member.entered
    assert app[SERVICES].sequencer._rooms == {}
