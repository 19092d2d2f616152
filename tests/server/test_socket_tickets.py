"""Socket tickets: each opens one plain WebSocket of its ticket, once and soon."""

import asyncio
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from sqlalchemy import select, update

from desk.accounts import socket_tickets
from models import Role, SocketTicket, User
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now
from tests.server.conftest import serving
from tests.waiting import PATIENCE

Application = tuple[web.Application, Api]


async def asked(api: Api, person: Person, ticket_id: str) -> str:
    answer = await api.post(f"/tickets/{ticket_id}/socket_ticket", person)
    assert answer.status == 201
    assert answer.json["expires_in"] == 30
    assert answer.headers["Cache-Control"] == "no-store"
    ticket: str = answer.json["ticket"]
    return ticket


async def connected(api: Api, ticket_id: str, ticket: str) -> ClientWebSocketResponse:
    return await api.http.ws_connect(f"/ws/tickets/{ticket_id}", params={"ticket": ticket})


async def is_heard(ws: ClientWebSocketResponse) -> bool:
    """Whether what is said comes back; else the socket has to be closed as not allowed."""
    await ws.send_json({"content": "hello"})
    said = await ws.receive(timeout=PATIENCE)
    if said.type is WSMsgType.TEXT:
        return True
    assert (said.type, said.data) == (WSMsgType.CLOSE, 1008)
    return False


async def test_a_socket_ticket_opens_one_socket(api: Api, customer: Person) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)
    assert await is_heard(await connected(api, ticket_id, ticket))
    assert not await is_heard(await connected(api, ticket_id, ticket))


async def test_of_many_that_use_one_socket_ticket_at_once_one_gets_in(
    api: Api, another: Application, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)
    apis = [api, another[1]] * 4
    sockets = await asyncio.gather(*(connected(one, ticket_id, ticket) for one in apis))
    # Those that are refused are closed: the one that got in hears only itself.
    assert sum([await is_heard(ws) for ws in sockets]) == 1


async def test_a_socket_ticket_is_for_its_ticket_alone_and_spent_on_another(
    api: Api, csr: Person, customer: Person
) -> None:
    mine, other = [(await api.a_ticket(customer))["id"] for _ in range(2)]
    ticket = await asked(api, csr, mine)
    assert not await is_heard(await connected(api, other, ticket))
    assert not await is_heard(await connected(api, mine, ticket))


async def test_a_socket_ticket_is_too_old_after_30_seconds(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)
    with database(backend.settings) as session:
        later = SocketTicket.expires_at - socket_tickets.LIFETIME
        session.execute(update(SocketTicket).values(expires_at=later))
    assert not await is_heard(await connected(api, ticket_id, ticket))


@pytest.mark.parametrize("ticket", ["", "x", "wst_" + "x" * 43, "wst_ü" * 300, "\0"])
async def test_what_is_no_socket_ticket_opens_nothing(
    api: Api, customer: Person, ticket: str
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    assert not await is_heard(await connected(api, ticket_id, ticket))


async def test_a_socket_ticket_ends_with_its_session(api: Api, customer: Person) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    before, unused = [await asked(api, customer, ticket_id) for _ in range(2)]
    ws = await connected(api, ticket_id, before)
    assert await is_heard(ws)
    await api.post("/auth/logout_all", customer)
    assert (await ws.receive(timeout=PATIENCE)).data == 1008
    assert not await is_heard(await connected(api, ticket_id, unused))


async def test_a_socket_ticket_of_who_may_not_see_the_ticket_any_more_opens_nothing(
    api: Api, backend: Backend, csr: Person, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, csr, ticket_id)
    with database(backend.settings) as session:
        session.get_one(User, csr.id).role = Role.USER
    assert not await is_heard(await connected(api, ticket_id, ticket))


async def test_no_socket_outlives_the_token_that_its_socket_ticket_was_asked_with(
    application: Application, backend: Backend, customer: Person
) -> None:
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)
    with database(backend.settings) as session:
        session.execute(update(SocketTicket).values(socket_until=now()))
    ws = await connected(api, ticket_id, ticket)
    assert (await ws.receive(timeout=PATIENCE)).data == 1008


async def test_a_socket_ticket_works_while_redis_is_down(
    backend: Backend, customer: Person
) -> None:
    settings = backend.settings.model_copy(
        update={"redis_url": "redis://127.0.0.1:1/0", "rate_limits": "on"}
    )
    async with serving(settings) as (_, here), serving(settings) as (_, there):
        ticket_id = (await here.a_ticket(customer))["id"]
        ticket = await asked(here, customer, ticket_id)
        assert await is_heard(await connected(there, ticket_id, ticket))


async def test_the_database_has_nothing_that_opens_a_socket(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)
    with database(backend.settings) as session:
        for row in session.execute(select(SocketTicket.__table__)):
            assert ticket not in str(row)
            assert ticket.encode() not in tuple(row)
            assert not await is_heard(await connected(api, ticket_id, row.hash.hex()))


async def test_socket_tickets_that_nobody_used_are_pruned(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    await asked(api, customer, ticket_id)
    with database(backend.settings) as session:
        ours = select(SocketTicket).where(SocketTicket.user_id == customer.id)
        socket_tickets.prune(session, now(), 1_000)
        assert session.scalars(ours).all()
        assert socket_tickets.prune(session, now() + timedelta(seconds=31), 1_000) >= 1
        assert not session.scalars(ours).all()


async def test_no_socket_ticket_is_written_however_its_use_ends(
    application: Application,
    lines: io.StringIO,
    customer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    ticket = await asked(api, customer, ticket_id)

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"cannot take {ticket}")

    async with api.http.get(f"/ws/tickets/{ticket_id}%3Fticket={ticket}") as wrong:
        assert wrong.status == 400
    monkeypatch.setattr(app[SERVICES].desk, "run", fails)
    ws = await connected(api, ticket_id, ticket)
    await ws.receive(timeout=PATIENCE)
    said = lines.getvalue()
    assert "cannot take [socket ticket]" in said
    assert ticket.removeprefix(socket_tickets.HEAD) not in said


async def test_socket_tickets_are_limited_by_account(
    application: Application, customer: Person
) -> None:
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{uuid4()}/socket_ticket"
    answers = [await api.post(path, customer) for _ in range(121)]
    assert {answer.status for answer in answers[:100]} == {404}
    refused = await api.post(f"/tickets/{ticket_id}/socket_ticket", customer)
    assert (refused.status, refused.code) == (429, "rate_limited")
