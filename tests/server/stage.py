"""A stage for the sequencer: a real database, and readers that write down what reaches them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from desk.access import Actor, Audience
from desk.outbox import Outbox
from desk.tickets import fast_path, tickets
from desk.tickets.messages import NewMessage
from server.background import Background
from server.database.transaction import Desk, create_engine
from server.live.bus import Bus
from server.live.sequencer import Sequencer
from server.transport.send_queue import EncodedEvent
from server.transport.socket_server import data_of, encoded_event
from tests.conftest import Backend
from tests.factories import now
from wire.server_events import TIMELINE
from wire.shapes import Recorded, TimelineEvent

# A customer, a CSR, and the customer's ticket.
Cast = tuple[Actor, Actor, UUID]


@contextmanager
def away(backend: Backend) -> Iterator[None]:
    """The database takes no connections, and has ended those that there were."""
    url = make_url(backend.database_url).set(drivername="postgresql")
    name = url.database
    admin = url.set(database="postgres").render_as_string(False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"alter database {name} allow_connections false")
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            [name],
        )
        try:
            yield
        finally:
            connection.execute(f"alter database {name} allow_connections true")


def _decoded(packet: EncodedEvent) -> TimelineEvent:
    return TimelineEvent.from_json(data_of(packet))


class Reader:
    """A member of rooms. What is sent to it alone waits for ``may_take``."""

    def __init__(self, key: str, actor: Actor) -> None:
        self.key = key
        self.actor = actor
        self.is_gone = False
        self.inside: set[UUID] = set()
        self.lost: list[UUID] = []
        self.got: list[TimelineEvent] = []
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.is_asked = asyncio.Event()

    @property
    def numbers(self) -> list[int]:
        return [event.seq for event in self.got]

    async def ready(self) -> None:
        pass

    async def send(self, events: Sequence[EncodedEvent]) -> None:
        self.is_asked.set()
        await self.may_take.wait()
        self.got += map(_decoded, events)

    async def enter(self, ticket_id: UUID) -> None:
        self.inside.add(ticket_id)

    async def leave(self, ticket_id: UUID) -> None:
        self.inside.discard(ticket_id)

    async def taken_off(self, ticket_id: UUID) -> None:
        self.lost.append(ticket_id)


class Stage:
    """A sequencer over a desk. Nothing is offered to it unless the test does so."""

    def __init__(self, database_url: str) -> None:
        self._engine = create_engine(database_url)
        self._readers: list[Reader] = []
        self._dying: Reader | None = None
        # A ticket whose events break whoever shows them.
        self.cannot_show: UUID | None = None
        self._committed: list[Recorded] = []
        self.desk = Desk(self._engine, self._keep)
        self._background = Background()
        self.sequencer = Sequencer(self.desk, Bus("", []), self._background, self._broadcast)

    async def close(self) -> None:
        await self.desk.close()

    def _keep(self, recorded: Outbox) -> None:
        self._committed += [Recorded.of(event) for event in recorded.events]

    def _broadcast(self, recorded: Recorded) -> Mapping[Audience, EncodedEvent]:
        if recorded.event.ticket_id == self.cannot_show:
            raise LookupError("cannot be shown")
        if dying := self._dying:
            self._dying, dying.is_gone = None, True
            self._background.start(self.sequencer.leave_all(dying))
        shown = {
            audience: encoded_event(TIMELINE, event)
            for audience in Audience
            if (event := recorded.for_audience(audience)) is not None
        }
        for reader in self._readers:
            packet = shown.get(reader.actor.audience)
            if packet is not None and recorded.event.ticket_id in reader.inside:
                reader.got.append(_decoded(packet))
        return shown

    def reader(self, actor: Actor) -> Reader:
        self._readers.append(Reader(f"reader {len(self._readers)}", actor))
        return self._readers[-1]

    def forget_readers(self) -> None:
        self._readers.clear()

    def dies_of_the_next(self, reader: Reader) -> None:
        """The next broadcast finds the reader's connection dead, as engine.io's ``send`` does."""
        self._dying = reader

    def take_committed(self) -> list[Recorded]:
        """The hints of what was committed since the last call."""
        taken, self._committed = self._committed, []
        return taken

    async def say(self, actor: Actor, ticket_id: UUID, *texts: str) -> list[Recorded]:
        """Posts messages, or as "/note" a note, and returns their hints, which nobody heard."""
        for text in texts or ("hello",):
            new = NewMessage(content=text, internal=text.startswith("/note"))
            await self.desk.run_statement(fast_path.posting(actor, ticket_id, new, now()))
        return self.take_committed()

    async def told(self, *hints: Recorded) -> None:
        """Gives the hints to the rooms and waits until they were taken."""
        for hint in hints:
            self.sequencer.offer(hint)
        await self.settled()

    async def settled(self) -> None:
        while self._background._tasks:
            await asyncio.gather(*self._background._tasks)

    async def truth(self, actor: Actor, ticket_id: UUID) -> list[int]:
        """All numbers that the actor may see."""
        ticket = await self.desk.read(tickets.get, actor, ticket_id)
        last = ticket.last_seq if actor.is_staff else ticket.last_public_seq
        return list(range(1, last + 1))
