"""What somebody reads, in all of their tabs, through whichever process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from desk.notifications import inbox
from desk.tickets.changed import FOR_CUSTOMERS
from models import Role, Ticket
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, people
from tests.server.conftest import serving
from tests.sockets import Client
from tests.waiting import turns, until

Served = tuple[web.Application, Api]


@pytest.fixture(scope="module")
async def processes(make_backend: Callable[[], Backend]) -> AsyncIterator[tuple[Backend, Api, Api]]:
    """Two, on a backend of their own."""
    backend = make_backend()
    async with serving(backend.settings) as (one, here), serving(backend.settings) as (_, there):
        await until(lambda: one[SERVICES].bus.is_subscribed)
        yield backend, here, there


async def until_read(client: Client, *left: int) -> None:
    """Until so much was left each time that the person was told of a ticket."""
    await client.until(lambda: [told["unread"] for told in client.seen["ticket_read"]] == [*left])


async def test_reading_and_going_back_reach_all_tabs_of_their_person_alone(
    processes: tuple[Backend, Api, Api],
) -> None:
    backend, here, there = processes
    customer, csr, colleague = people(backend.settings, Role.USER, Role.CSR, Role.CSR)
    ticket_id = (await here.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}"
    with database(backend.settings) as session:
        session.get_one(Ticket, UUID(ticket_id)).assigned_to_id = csr.id
    async with (
        Client(here.url, csr, "websocket") as tab,
        Client(there.url, csr, "websocket") as other_tab,
        Client(there.url, colleague, "websocket") as other,
        Client(here.url, customer, "websocket") as ann,
    ):
        for client in (tab, other_tab, other, ann):
            await client.join(ticket_id)
        for content in ("one", "two", "three"):
            await ann.say(ticket_id, content)
        await tab.call("mark_read", {"ticket_id": ticket_id, "seq": 4})
        for client in (tab, other_tab):
            await until_read(client, 0)
        for client in (other, ann):
            await client.until(lambda one=client: len(one.seen["read"]) == 1)  # type: ignore[misc]
        back = await there.post(f"{path}/unread", csr, json={"seq": 3})
        assert (back.status, back.body) == (204, b"")
        for client in (tab, other_tab):
            await until_read(client, 0, 2)
        assert tab.seen["ticket_read"][-1] == {"ticket_id": ticket_id, "unread": 2}
        assert (await here.get(f"/csr{path}", csr)).json["unread"] == 2
        # What they read again the others know already; what comes after it they are told.
        await here.post(f"{path}/read", csr, json={"seq": 3})
        await ann.say(ticket_id, "four")
        await here.post(f"{path}/read", csr, json={"seq": 5})
        for client in (other, ann):
            await client.until(lambda one=client: len(one.seen["read"]) == 2)  # type: ignore[misc]
            assert [told["seq"] for told in client.seen["read"]] == [4, 5]
            assert client.seen["ticket_read"] == []
        rejoined = await ann.join(ticket_id, 5)
        assert rejoined["reads"] == [{"user_id": str(csr.id), "seq": 5}]


async def test_reading_the_inbox_reaches_all_tabs(processes: tuple[Backend, Api, Api]) -> None:
    backend, here, there = processes
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    ticket_ids = [(await here.a_ticket(customer))["id"] for _ in range(2)]
    async with (
        Client(here.url, customer, "websocket") as tab,
        Client(there.url, customer, "websocket") as other_tab,
        Client(here.url, csr, "websocket") as bob,
    ):
        for ticket_id in (*ticket_ids, ticket_ids[0], ticket_ids[1]):
            await here.post(f"/tickets/{ticket_id}/messages", csr, json={"content": "hello"})
        await tab.until(lambda: len(tab.seen["notification"]) == 4)
        first, *_, last = [told["id"] for told in tab.seen["notification"]]

        async def told(count: int) -> dict[str, Any]:
            for client in (tab, other_tab):
                await client.until(
                    lambda one=client: len(one.seen["notifications_read"]) == count  # type: ignore[misc]
                )
            assert tab.seen["notifications_read"] == other_tab.seen["notifications_read"]
            shown: dict[str, Any] = tab.seen["notifications_read"][-1]
            return shown

        await here.post(f"/notifications/{first}/read", customer)
        assert await told(1) == {"ids": [first], "unread": 3}
        # Of the ticket there is one left, which it was told of.
        await there.post(f"/tickets/{ticket_ids[0]}/read", customer, json={"seq": 3})
        shown = await told(2)
        assert (len(shown["ids"]), shown["unread"]) == (1, 2)
        assert last not in shown["ids"]
        await there.post("/notifications/read_all", customer)
        assert await told(3) == {"ids": "all", "unread": 0}
        assert bob.seen["notifications_read"] == []


async def test_the_last_count_of_a_ticket_is_the_newest(
    application: Served, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is read, and before it is sent its person has read on."""
    app, api = application
    services = app[SERVICES]
    fetch, is_read, may_go = services.desk.fetch, asyncio.Event(), asyncio.Event()

    async def slow_at_first(*args: Any, **values: Any) -> Any:
        found = await fetch(*args, **values)
        if FOR_CUSTOMERS in args and not is_read.is_set():
            is_read.set()
            await may_go.wait()
        return found

    async with Client(api.url, customer, "websocket") as ann:
        await ann.until(lambda: bool(ann.seen["connected"]))
        ticket_id = (await api.a_ticket(customer))["id"]
        await ann.until(lambda: bool(ann.seen["ticket_changed"]))
        monkeypatch.setattr(services.desk, "fetch", slow_at_first)
        await api.post(f"/tickets/{ticket_id}/messages", csr, json={"content": "hello"})
        await is_read.wait()
        await api.post(f"/tickets/{ticket_id}/read", customer, json={"seq": 2})
        await until(lambda: not services.own_reads._moved)
        await turns(1000)
        may_go.set()
        await until_read(ann, 0)
        assert [changed["unread"] for changed in ann.seen["ticket_changed"]] == [0, 1]


async def test_a_notification_that_comes_while_it_is_counted_is_counted(
    application: Served, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    desk, path, hello = app[SERVICES].desk, f"/tickets/{ticket_id}/messages", {"content": "hello"}
    read = desk.read
    counts = 0

    async def counted(rule: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        nonlocal counts
        found = await read(rule, *args, **kwargs)
        if rule is inbox.count:
            counts += 1
            if counts == 1:
                await api.post(path, csr, json=hello)
        return found

    async with Client(api.url, customer, "websocket") as ann:
        for _ in range(2):
            await api.post(path, csr, json=hello)
        await ann.until(lambda: len(ann.seen["notification"]) == 2)
        monkeypatch.setattr(desk, "read", counted)
        await api.post(f"/notifications/{ann.seen['notification'][0]['id']}/read", customer)
        await ann.until(lambda: bool(ann.seen["notifications_read"]))
        assert ann.seen["notifications_read"][0]["unread"] == 2
        assert counts == 2


async def test_a_socket_is_told_what_runs_once_it_is_in(web_url: str, customer: Person) -> None:
    async with Client(web_url, customer) as one, Client(web_url, customer, "websocket") as two:
        for client in (one, two):
            await client.until(lambda it=client: bool(it.seen["connected"]))  # type: ignore[misc]
        assert one.seen["connected"] == two.seen["connected"]
        [connected] = one.seen["connected"]
        assert connected.keys() == {"version"}
        assert connected["version"]
