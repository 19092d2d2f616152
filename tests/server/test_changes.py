"""``ticket_changed`` where the hint of a change was lost."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import web

from desk import messages
from desk.messages import NewMessage
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now
from tests.sockets import Client


def say_unheard(backend: Backend, person: Person, ticket_id: str, *, internal: bool) -> None:
    """Posts as a process does that dies before it tells anybody."""
    new = NewMessage(content="anybody?", internal=internal)
    with database(backend.settings) as session:
        messages.post(session, person.actor, UUID(ticket_id), new, now())


async def test_a_look_shows_what_no_hint_told_and_to_the_customer_only_what_is_theirs(
    application: tuple[web.Application, Api],
    backend: Backend,
    customer: Person,
    csr: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.changes.LOOK_BACK", timedelta(seconds=1))
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    async with (
        Client(api.url, customer, "websocket") as ann,
        Client(api.url, csr, "websocket") as bob,
    ):

        def seen(who: Client) -> list[int]:
            return [t["seq"] for t in who.seen["ticket_changed"] if t["id"] == ticket_id]

        # Two looks later it is no more what moved lately.
        await asyncio.sleep(2.5)
        before = len(seen(ann)), len(seen(bob))
        say_unheard(backend, csr, ticket_id, internal=True)
        await bob.until(lambda: len(seen(bob)) == before[1] + 1)
        await asyncio.sleep(1.5)
        assert len(seen(ann)) == before[0]
        say_unheard(backend, csr, ticket_id, internal=False)
        await ann.until(lambda: seen(ann)[-1:] == [2])
        await bob.until(lambda: seen(bob)[-1:] == [3])
        await asyncio.sleep(1.5)
        assert (len(seen(ann)), len(seen(bob))) == (before[0] + 1, before[1] + 2)
