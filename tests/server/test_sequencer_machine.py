"""The sequencer as a state machine: nothing waits for anything else.

Where `test_rooms_properties` lets each step end before the next, here joins, leaves, polls and
hints (lost, doubled, delayed, in any order) are under way together, and may be held in the midst
of a replay.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from models import Role
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database
from tests.server.stage import Reader, Stage
from tests.waiting import PATIENCE, turns
from wire.shapes import Recorded

which = st.integers(0, 3)
# Turns of the loop.
A_MOMENT = 20


class Machine(RuleBasedStateMachine):
    backend: Backend

    def __init__(self) -> None:
        super().__init__()
        with database(self.backend.settings) as session:
            customer, self.csr = an_actor(session), an_actor(session, Role.CSR)
            self.ticket = a_ticket(session, customer).id
        self.runner = asyncio.Runner()
        self.stage = self.run(_staged(self.backend))
        actors = [customer, customer, self.csr, self.csr]
        self.readers = [self.stage.reader(actor) for actor in actors]
        self.hints: list[Recorded] = []
        self.under_way: dict[str, asyncio.Task[Any]] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def begin(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Begins, lets all that is under way go on for a moment, and does not wait for the end."""

        async def begun() -> None:
            self.under_way[name] = asyncio.create_task(work)
            await turns(A_MOMENT)

        self.run(begun())

    def is_idle(self, name: str) -> bool:
        return name not in self.under_way or self.under_way[name].done()

    @rule(text=st.sampled_from(["hello", "/note"]))
    def somebody_says(self, text: str) -> None:
        self.hints += self.run(self.stage.say(self.csr, self.ticket, text))

    @rule(n=st.integers(0, 50), times=st.integers(1, 3))
    def a_hint_arrives(self, n: int, times: int) -> None:
        if self.hints:
            self.begin(f"hint {n}", self.hinted(self.hints[n % len(self.hints)], times))

    async def hinted(self, hint: Recorded, times: int) -> None:
        for _ in range(times):
            self.stage.sequencer.offer(hint)

    @rule(n=which)
    def somebody_joins(self, n: int) -> None:
        if self.is_idle(f"{n}"):
            self.begin(f"{n}", self.joined(self.readers[n]))

    async def joined(self, reader: Reader) -> None:
        """As a client does that had left, or whose connection is new."""
        await self.stage.sequencer.leave(reader, self.ticket)
        await self.stage.sequencer.join(reader, reader.actor, self.ticket, len(reader.got))

    @rule(n=which)
    def somebody_leaves(self, n: int) -> None:
        if self.is_idle(f"{n}"):
            self.begin(f"{n}", self.stage.sequencer.leave(self.readers[n], self.ticket))

    @rule()
    def the_poll_comes_by(self) -> None:
        if self.is_idle("poll"):
            self.begin("poll", self.stage.sequencer.poll())

    @rule(n=which)
    def a_replay_is_held_up(self, n: int) -> None:
        self.readers[n].may_take.clear()

    @rule(n=which)
    def a_replay_goes_on(self, n: int) -> None:
        self.run(self.let_go(self.readers[n]))

    async def let_go(self, *readers: Reader) -> None:
        for reader in readers:
            reader.may_take.set()
        await turns(A_MOMENT)

    @invariant()
    def everybody_has_a_beginning_of_the_timeline(self) -> None:
        for reader in self.readers:
            assert reader.numbers == list(range(1, len(reader.got) + 1))

    def teardown(self) -> None:
        try:
            self.run(self.ended())
        finally:
            self.runner.close()

    async def ended(self) -> None:
        """Lets everything end; then everybody joins, and has it all."""
        await self.let_go(*self.readers)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self.under_way.values())
            await self.stage.settled()
            for reader in self.readers:
                await self.joined(reader)
                assert reader.numbers == await self.stage.truth(reader.actor, self.ticket)
        await self.stage.close()


async def _staged(backend: Backend) -> Stage:
    return Stage(backend.database_url)


def test_whatever_is_under_way_together_all_arrives_once_and_in_order(backend: Backend) -> None:
    machine = type("OnBackend", (Machine,), {"backend": backend})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
