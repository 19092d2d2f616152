"""A walk through a long list over HTTP, while the desk goes on."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from manage import bulk
from models import Event, Role, Ticket
from tests.api import Api, next_path
from tests.conftest import Backend
from tests.factories import PASSWORD_HASH, Person, database, now, people
from tests.server.conftest import serving
from tests.waiting import PATIENCE

OLD = 1_500


@pytest.fixture(scope="module")
def large(make_backend: Callable[[], Backend]) -> Backend:
    backend = make_backend()
    with database(backend.settings) as session:
        bulk.fill(session, OLD, now(), PASSWORD_HASH)
    return backend


@pytest.fixture(scope="module")
async def desk(large: Backend) -> AsyncIterator[Api]:
    async with serving(large.settings) as (_, api):
        yield api


def old_ones(session: Session) -> list[str]:
    return [str(ticket_id) for ticket_id in session.scalars(select(Ticket.id))]


async def go_on(
    api: Api, csr: Person, customer: Person, old: list[str], done: asyncio.Queue[int]
) -> None:
    """Opens tickets and changes old ones, without end."""
    random = Random(3)
    for n in itertools.count():
        await api.a_ticket(customer, title=f"New {n}")
        path = f"/csr/tickets/{random.choice(old)}"
        # A tag of its own, as an old one may have been changed by the walk before in the same way.
        wanted = {"priority": random.choice(["low", "urgent"]), "tags": [uuid4().hex]}
        answer = await api.patch(path, csr, json=wanted)
        assert answer.status == 200, answer
        done.put_nowait(n)


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "number", "-number"])
async def test_a_walk_sees_each_old_ticket_once_while_others_come_and_change(
    desk: Api, large: Backend, sort: str
) -> None:
    csr, customer = people(large.settings, Role.CSR, Role.USER)
    with database(large.settings) as session:
        old = old_ones(session)
    assert len(old) >= OLD
    done: asyncio.Queue[int] = asyncio.Queue()
    meanwhile = [asyncio.create_task(go_on(desk, csr, customer, old, done)) for _ in range(2)]
    seen: list[dict[str, Any]] = []
    path: str | None = f"/csr/tickets?limit=100&sort={sort}"
    while path is not None:
        answer = await desk.get(path, csr)
        assert answer.status == 200, answer
        seen += answer.json
        path = next_path(answer)
        async with asyncio.timeout(PATIENCE):
            await done.get()  # The others keep up, however fast the pages are.
        assert not any(task.done() for task in meanwhile)
    for task in meanwhile:
        task.cancel()
    await asyncio.gather(*meanwhile, return_exceptions=True)

    ids = [ticket["id"] for ticket in seen]
    assert len(ids) == len(set(ids))
    assert set(old) <= set(ids)
    keys = [ticket[sort.removeprefix("-")] for ticket in seen]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    with database(large.settings) as session:
        for actor in (csr, customer):
            query = select(func.count()).where(Event.actor_id == actor.id)
            assert (session.scalar(query) or 0) > 10
