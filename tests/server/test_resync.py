"""What a client that was cut off has to catch up on."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest

from server.background import Background
from server.resync import Resync
from tests.conftest import Backend


@pytest.fixture
async def resync(backend: Backend) -> AsyncIterator[Resync]:
    background = Background()
    made = Resync(backend.redis_url, background)
    yield made
    await background.end()
    await made.close()


async def test_each_session_is_told_of_its_own_tickets_once(resync: Resync) -> None:
    ann, bob, quick = uuid4(), uuid4(), uuid4()
    tickets = {ann: [uuid4(), uuid4()], bob: [uuid4()]}
    for session_id, names in tickets.items():
        resync.remember(session_id, names)
    told: dict[str, list[str]] = {}
    async with asyncio.timeout(30):
        while len(told) < len(tickets):
            for session_id in (ann, bob, quick):
                resync.recall(session_id, partial(told.__setitem__, str(session_id)))
            await asyncio.sleep(0.05)
    wanted = {str(who): {str(name) for name in names} for who, names in tickets.items()}
    assert {who: set(names) for who, names in told.items()} == wanted
    told.clear()
    for session_id in (ann, bob, quick):
        resync.recall(session_id, partial(told.__setitem__, "again"))
    await asyncio.sleep(0.2)
    assert told == {}
