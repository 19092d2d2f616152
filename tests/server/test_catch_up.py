"""What a client that was cut off has to catch up on."""

from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest

from server.background import Background
from server.live.catch_up import CatchUp
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.sockets import Client
from tests.waiting import until


@pytest.fixture
async def resync(backend: Backend) -> AsyncIterator[CatchUp]:
    background = Background()
    made = CatchUp(backend.redis_url, background)
    yield made
    await background.end()
    await made.close()


async def test_each_session_is_told_of_its_own_tickets_once(resync: CatchUp) -> None:
    ann, bob, quick = uuid4(), uuid4(), uuid4()
    tickets = {ann: [uuid4(), uuid4()], bob: [uuid4()]}
    for session_id, names in tickets.items():
        resync.remember(session_id, names)
    told: dict[str, list[str]] = {}

    async def tell(who: str, names: list[str]) -> None:
        told[who] = names

    def is_told() -> bool:
        for session_id in (ann, bob, quick):
            resync.recall(session_id, partial(tell, str(session_id)))
        return len(told) == len(tickets)

    await until(is_told)
    wanted = {str(who): {str(name) for name in names} for who, names in tickets.items()}
    assert {who: set(names) for who, names in told.items()} == wanted
    told.clear()
    for session_id in (ann, bob, quick):
        resync.recall(session_id, partial(tell, "again"))
    # They are answered in turn.
    resync.remember(marker := uuid4(), [uuid4()])

    def is_marked() -> bool:
        resync.recall(marker, partial(tell, "marker"))
        return "marker" in told

    await until(is_marked)
    assert told.keys() == {"marker"}


async def test_who_has_joined_as_many_as_one_may_can_join_each_of_them_again(
    web_url: str, api: Api, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.sockets.commands.MOST_TICKETS_JOINED", 2)
    ids = [(await api.a_ticket(customer))["id"] for _ in range(3)]
    async with Client(web_url, customer) as client:
        for ticket_id in ids[:2]:
            await client.join(ticket_id)
        assert (await client.join(ids[1], after=1))["seq"] == 1
        ack = await client.call("join_ticket", {"ticket_id": ids[2]})
        assert ack["error"]["code"] == "too_many_tickets"
