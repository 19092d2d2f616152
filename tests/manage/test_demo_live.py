"""``manage demo --live``: what it does in a desk that runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import islice

import pytest
from sqlalchemy import select

from desk.accounts import accounts
from manage.demo_live import AGENT, CUSTOMERS, Person, Refused, talks
from models import Event, Role, Status, Ticket
from server.identity.passwords import hashed
from tests.conftest import Backend
from tests.factories import database
from tests.server.conftest import cheap_hashes, serving

__all__ = ["cheap_hashes"]
PASSWORD = "a password to talk with"


@pytest.fixture
async def desk(make_backend: Callable[[], Backend]) -> AsyncIterator[tuple[Backend, str]]:
    backend = make_backend()
    with database(backend.settings) as session:
        for role, email in ((Role.CSR, AGENT), (Role.USER, CUSTOMERS[0])):
            accounts.create(session, email, "Somebody", hashed(PASSWORD), role)
        session.commit()
    async with serving(backend.settings) as (_, api):
        yield backend, api.url


async def test_two_live_through_their_stories_to_the_end(desk: tuple[Backend, str]) -> None:
    backend, url = desk
    told = list(islice(talks(seed=1, pace=0), 3))
    async with Person(url, CUSTOMERS[0], PASSWORD) as customer, Person(url, AGENT, PASSWORD) as csr:
        await asyncio.gather(*(talk.run(customer, csr) for talk in told))
    with database(backend.settings) as session:
        tickets = session.scalars(select(Ticket)).all()
        assert [ticket.status for ticket in tickets] == [Status.RESOLVED] * len(told)
        said = set(session.scalars(select(Event.content)))
    for talk in told:
        for _, text in talk.story.turns:
            assert text.replace("{n}", str(talk.number)) in said


async def test_what_the_desk_refuses_is_said(desk: tuple[Backend, str]) -> None:
    _, url = desk
    with pytest.raises(Refused, match="invalid_credentials"):
        async with Person(url, AGENT, "another password"):
            pass
