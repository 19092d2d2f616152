"""The sequencer under any order of posts, hints, joins, leaves and polls."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.access import Actor
from models import Role
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database
from tests.server.stage import Reader, Stage
from wire.shapes import Recorded

READERS = 3
# What happens next, and to which reader or, modulo their number, which of the hints so far.
step = st.tuples(
    st.sampled_from(["say", "note", "hint", "hint", "join", "rejoin", "leave", "die", "poll"]),
    st.integers(0, 20),
)


@pytest.fixture(scope="module")
async def stage(backend: Backend) -> AsyncIterator[Stage]:
    stage = Stage(backend.database_url)
    yield stage
    await stage.close()


class Play:
    """One ticket; the readers are a customer and CSRs, who come back with their last number."""

    def __init__(self, stage: Stage, customer: Actor, csr: Actor, ticket: UUID) -> None:
        self.stage, self.csr, self.ticket = stage, csr, ticket
        self.readers = [stage.reader(csr if n else customer) for n in range(READERS)]
        self.hints: list[Recorded] = []

    async def take(self, name: str, number: int) -> None:
        rooms, reader = self.stage.sequencer, self.readers[number % READERS]
        match name:
            case "say" | "note":
                text = "/note" if name == "note" else "hello"
                self.hints += await self.stage.say(self.csr, self.ticket, text)
            case "hint" if self.hints:
                # Any, any number of times, in any order.
                rooms.offer(self.hints[number % len(self.hints)])
            case "join" if not reader.inside:
                await self.join(reader)
            case "rejoin":
                await self.join(reader)
            case "leave":
                await rooms.leave(reader, self.ticket)
            case "die":
                await rooms.leave_all(reader)
            case "poll":
                await rooms.poll()

    async def join(self, reader: Reader) -> None:
        rooms = self.stage.sequencer
        # What is on its way to it arrives before it asks.
        await self.stage.settled()
        await rooms.join(reader, reader.actor, self.ticket, len(reader.got))

    async def end(self) -> None:
        await self.stage.settled()
        for reader in self.readers:
            assert reader.numbers == list(range(1, len(reader.got) + 1))
            await self.join(reader)
            assert reader.numbers == await self.stage.truth(reader.actor, self.ticket)
            await self.stage.sequencer.leave_all(reader)
        assert not self.stage.sequencer._rooms
        self.stage.forget_readers()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(step, max_size=30))
async def test_whoever_comes_back_with_their_last_number_has_all_once_and_in_order(
    stage: Stage, backend: Backend, steps: list[tuple[str, int]]
) -> None:
    with database(backend.settings) as session:
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        ticket = a_ticket(session, customer).id
    play = Play(stage, customer, csr, ticket)
    for each in steps:
        await play.take(*each)
    await play.end()
