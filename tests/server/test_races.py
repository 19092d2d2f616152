"""Sessions that end while somebody is coming in, or hands over to another."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import aiohttp
import pytest
import socketio
import structlog
from aiohttp import web

from desk.access import Actor
from desk.accounts import sessions
from models import Role, User
from server.identity.authenticator import Authenticator
from server.identity.tokens import Claims, Tokens
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.sockets import Client
from tests.waiting import PATIENCE


def end_unannounced(backend: Backend, person: Person) -> None:
    """Ends a session as another process does whose message is lost."""
    assert person.actor.session_id is not None
    with database(backend.settings) as session:
        assert sessions.log_out(session, person.actor.session_id, now())


def signed_in_again(backend: Backend, person: Person) -> Person:
    """The account, with a session more."""
    with database(backend.settings) as session:
        issued = sessions.open_session(session, person.id, timedelta(days=1), now())
    actor = Actor(person.id, person.actor.role, issued.session_id)
    pair = Tokens(backend.settings).pair(issued, now())
    return Person(actor, person.email, person.full_name, pair)


async def test_a_remembered_session_that_has_ended_opens_no_socket(
    web_url: str, api: Api, backend: Backend, customer: Person
) -> None:
    assert (await api.get("/auth/me", customer)).status == 200
    end_unannounced(backend, customer)
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with Client(web_url, customer):
            pass


async def test_a_remembered_session_that_has_ended_opens_no_plain_socket(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    end_unannounced(backend, customer)
    ws = await api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}&after=0")
    closed = await ws.receive(timeout=PATIENCE)
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_socket_does_not_move_to_a_session_that_has_ended(
    web_url: str, api: Api, backend: Backend, customer: Person
) -> None:
    other = signed_in_again(backend, customer)
    async with Client(web_url, customer) as client:
        assert (await api.get("/auth/me", other)).status == 200
        end_unannounced(backend, other)
        ack = await client.call("refresh_auth", {"token": other.token})
        assert ack["error"]["code"] == "session_ended"
        await client.until(lambda: not client.sio.connected)


async def test_who_was_demoted_keeps_no_socket_of_before(
    web_url: str, api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    """Another session of the account must not carry a socket past the end of its rights."""
    ticket_id = (await api.a_ticket(customer))["id"]
    (admin,) = people(backend.settings, Role.CSR)
    async with Client(web_url, csr) as client:
        await client.join(ticket_id)
        with database(backend.settings) as session:
            session.get_one(User, csr.id).role = Role.USER
        again = signed_in_again(backend, csr)
        # The watch over sessions may be quicker; then there is nobody left to be answered.
        asked = asyncio.create_task(client.call("refresh_auth", {"token": again.token}))
        await client.until(lambda: asked.done() or not client.sio.connected)
        if client.seen["signed_out"]:
            asked.cancel()
            assert client.seen["signed_out"] == [{"code": "role_changed"}]
        else:
            assert (await asked)["error"]["code"] == "role_changed"
        await client.until(lambda: not client.sio.connected)
        note = {"content": "about them", "internal": True}
        assert (await api.post(f"/tickets/{ticket_id}/messages", admin, json=note)).status == 201
        assert "note_posted" not in [kind for _, kind in client.timeline]


async def test_a_session_that_ends_during_the_connect_leaves_nothing_behind(
    web_url: str, backend: Backend, api: Api
) -> None:
    persons = people(backend.settings, *[Role.USER] * 10)

    async def connect(person: Person) -> None:
        try:
            async with Client(web_url, person) as client:
                await client.until(lambda: not client.sio.connected)
        except socketio.exceptions.ConnectionError:
            pass

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(
            *(connect(person) for person in persons),
            *(api.post("/auth/logout_all", person) for person in persons),
        )


async def test_who_is_still_coming_in_does_not_stop_the_watch(
    application: tuple[web.Application, Api], customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    # A session that is watched anyway, and a socket of it whose admission takes long.
    is_asking, may_go_on, watches = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(0)
    look_again, remember = Authenticator.look_again, Authenticator.remember

    async def slow(self: Authenticator, claims: Claims) -> Actor:
        is_asking.set()
        await may_go_on.wait()
        return await look_again(self, claims)

    def seen(self: Authenticator, found: Iterable[Actor], clock: float) -> None:
        remember(self, found, clock)
        watches.release()

    monkeypatch.setattr(Authenticator, "remember", seen)
    monkeypatch.setattr(Authenticator, "look_again", slow)
    path = f"/ws/tickets/{ticket_id}?token={customer.token}&after=0"
    with structlog.testing.capture_logs() as logged:
        async with api.http.ws_connect(path) as ws:
            async with asyncio.timeout(PATIENCE):
                await is_asking.wait()
                for _ in range(2):  # At the second the first is over.
                    await watches.acquire()
            may_go_on.set()
            await ws.send_json({"content": "in"})
            assert (await ws.receive_json(timeout=PATIENCE))["content"] == "in"
    assert "sessions not checked" not in [entry["event"] for entry in logged]
