"""Tickets with a long past: a newcomer gets all of it, in order, and is not taken for slow."""

import json
from typing import Any

import pytest

from server.services import SERVICES
from server.transport.engine_websocket import MOST_UNSENT
from server.transport.send_queue import LONGEST_WAITING
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_past, database
from tests.server.conftest import serving
from tests.server.raw_sockets import NAMESPACE, Raw
from tests.sockets import Client
from tests.waiting import PATIENCE, until

# Some pages.
COUNT = 2_500
LONGEST = "x" * 10_000
# As JSON six times as long.
LONGEST_AS_JSON = "\x01" * 10_000


@pytest.fixture
async def ticket_id(api: Api, customer: Person) -> str:
    ticket_id: str = (await api.a_ticket(customer))["id"]
    return ticket_id


def past(backend: Backend, author: Person, ticket_id: str, count: int, content: str = "") -> None:
    with database(backend.settings) as session:
        a_past(session, author.id, ticket_id, count, content)


def plain(ticket_id: str, person: Person) -> str:
    return f"/ws/tickets/{ticket_id}?token={person.token}&after=0"


async def joined_to_the_end(client: Client, ticket_id: str) -> dict[str, Any]:
    joined = await client.join(ticket_id)
    while joined["more"]:
        joined = await client.join(ticket_id, after=joined["seq"])
    return joined


@pytest.mark.parametrize("length", [1, 200, 262, 1000, 10_000])
async def test_no_page_of_a_history_is_longer_than_what_may_wait_for_a_socket(
    api: Api, backend: Backend, customer: Person, ticket_id: str, length: int
) -> None:
    past(backend, customer, ticket_id, 510, "\x01" * length)
    async with Client(api.url, customer, "websocket") as ann:
        assert (await ann.join(ticket_id))["more"]
        shown = [json.dumps(event, separators=(",", ":")) for event in ann.seen["timeline"]]
    assert shown
    frames = sum(len(f'42{NAMESPACE},["timeline",{event}]') for event in shown)
    # Beside what the transport has not sent yet, and with `client_id`s as long as they may be.
    assert frames + len(shown) * 2 * 64 < LONGEST_WAITING - MOST_UNSENT


async def test_a_plain_websocket_is_shown_all_of_it(
    api: Api, backend: Backend, customer: Person, ticket_id: str
) -> None:
    past(backend, customer, ticket_id, COUNT)
    async with api.http.ws_connect(plain(ticket_id, customer)) as ws:
        await ws.send_json({"content": "and now?"})
        shown = [await ws.receive_json(timeout=PATIENCE) for _ in range(COUNT + 1)]
    assert [message["seq"] for message in shown] == list(range(2, COUNT + 3))
    assert shown[-1]["content"] == "and now?"


@pytest.mark.parametrize("content", [LONGEST, LONGEST_AS_JSON])
async def test_a_plain_websocket_is_shown_all_of_the_longest_messages(
    api: Api, backend: Backend, customer: Person, ticket_id: str, content: str
) -> None:
    past(backend, customer, ticket_id, 600, content)
    async with api.http.ws_connect(plain(ticket_id, customer)) as ws:
        shown = [(await ws.receive_json(timeout=PATIENCE))["seq"] for _ in range(600)]
    assert shown == list(range(2, 602))


async def test_a_socket_is_shown_all_of_it(
    api: Api, backend: Backend, customer: Person, ticket_id: str
) -> None:
    past(backend, customer, ticket_id, COUNT)
    async with Client(api.url, customer, "websocket") as ann:
        assert (await joined_to_the_end(ann, ticket_id))["seq"] == COUNT + 1
        assert ann.numbers == list(range(1, COUNT + 2))


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@pytest.mark.parametrize("content", [LONGEST, LONGEST_AS_JSON])
async def test_a_socket_is_shown_all_of_the_longest_messages(
    api: Api, backend: Backend, customer: Person, ticket_id: str, content: str, transport: str
) -> None:
    past(backend, customer, ticket_id, 600, content)
    async with Client(api.url, customer, transport) as ann:
        assert (await joined_to_the_end(ann, ticket_id))["seq"] == 601
        assert ann.numbers == list(range(1, 602))


async def test_who_joins_many_long_tickets_and_reads_slowly_is_not_cut_off(
    backend: Backend, customer: Person
) -> None:
    async with serving(backend.settings) as (app, api), Raw(api) as socket:
        tickets = [(await api.a_ticket(customer))["id"] for _ in range(60)]
        await socket.connect(customer.token)
        [connection] = app[SERVICES].sockets.eio.sockets.values()
        for number, ticket_id in enumerate(tickets):
            past(backend, customer, ticket_id, 8, LONGEST_AS_JSON)
            join = json.dumps(["join_ticket", {"ticket_id": ticket_id}])
            await socket.send(f"2{NAMESPACE},{number}{join}")
        # Together they are more than the kernel keeps of one connection and we of one queue.
        await until(lambda: connection.queue.qsize())
        for number, ticket_id in enumerate(tickets):
            shown = 0
            while not (packet := await socket.receive()).startswith(f"3{NAMESPACE},{number}["):
                shown += '["timeline"' in packet and ticket_id in packet
            assert shown == 9
