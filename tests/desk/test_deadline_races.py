"""Two drains, writers of the same tickets, and connections that die: each effect once."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg.errors import AdminShutdown
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from desk import deadlines
from desk.deadlines import Due
from desk.events import TagsChanged
from desk.tickets import timeline
from models import Deadline, Event, Ticket
from tests.conftest import Backend, engine_of
from tests.factories import a_ticket, an_actor, now

TICKETS, EACH, MOVED, KILLS = 20, 15, 3, 20
PAST = timedelta(minutes=1)
# The pauses after a failure are not this test's matter.
NO_WAIT = """
    update deadlines set due_at = now() where id in (
        select id from deadlines where due_at > now() for update skip locked
    )
"""
END_DRAINS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'drain'
"""


def effect(session: Session, deadline: Due, at: datetime) -> None:
    """Writes to the ticket, as the rules of the desk do; some then fail."""
    ticket = session.get_one(Ticket, deadline.ticket_id)
    tagged = TagsChanged(added=[str(deadline.subject_id)], removed=[])
    timeline.record(session, ticket, tagged, None, None)
    session.flush()
    if deadline.attempts == 0 and deadline.data["fails"]:
        raise LookupError


class Storm:
    def __init__(self, engine: Engine, drains: Engine) -> None:
        self.engine, self.drains = engine, drains
        self.over = threading.Event()
        with Session(engine) as session, session.begin():
            customer = an_actor(session)
            self.tickets = [a_ticket(session, customer).id for _ in range(TICKETS)]

    def arm(self, ticket_id: UUID, chance: random.Random) -> list[UUID]:
        """Holds the ticket, arms some that are due, moves and disarms some; those that stay."""
        stay = []
        for number in range(EACH):
            subject = uuid4()
            with Session(self.engine) as session, session.begin():
                session.get(Ticket, ticket_id, with_for_update={"key_share": True})
                data = {"fails": chance.random() < 0.1}
                for _ in range(1 + number % MOVED):
                    deadlines.arm(
                        session, "effect", subject, now() - PAST, ticket_id=ticket_id, data=data
                    )
                if number % 5 == 4:
                    deadlines.disarm(session, "effect", subject)
                else:
                    stay.append(subject)
        return stay

    def drain(self) -> None:
        while not self.over.is_set():
            try:
                with Session(self.drains) as session, session.begin():
                    deadlines.drain(session, {"effect": effect})
            except DBAPIError as error:
                # A deadlock, unlike the end of its connection, would be a fault of ours.
                is_ended = isinstance(error.orig, AdminShutdown)
                if not (is_ended or error.connection_invalidated):
                    raise

    def left(self) -> int:
        with Session(self.engine) as session, session.begin():
            session.execute(text(NO_WAIT))
            return len(session.scalars(select(Deadline).where(Deadline.kind == "effect")).all())


@pytest.fixture
def storm(make_backend: Callable[[], Backend]) -> Iterator[Storm]:
    backend = make_backend()
    named = create_engine(
        backend.database_url, poolclass=NullPool, connect_args={"application_name": "drain"}
    )
    with engine_of(backend) as engine:
        yield Storm(engine, named)
    named.dispose()


def test_each_effect_comes_once_whoever_dies(storm: Storm) -> None:
    with ThreadPoolExecutor(8) as pool:
        drains = [pool.submit(storm.drain) for _ in range(2)]
        writers = [
            pool.submit(storm.arm, ticket_id, random.Random(number))
            for number, ticket_id in enumerate(storm.tickets)
        ]
        kills, before = 0, 0
        while not any(drain.done() for drain in drains) and (
            (left := storm.left()) or not all(writer.done() for writer in writers)
        ):
            if left != before and kills < KILLS:
                before = left
                with storm.engine.begin() as connection:
                    kills += len(connection.execute(text(END_DRAINS)).all())
        storm.over.set()
        for drain in drains:
            drain.result()
        expected = Counter(str(subject) for writer in writers for subject in writer.result())
    assert kills
    with Session(storm.engine) as session:
        events = session.scalars(select(Event.data).where(Event.kind == TagsChanged.kind))
        assert Counter(data["added"][0] for data in events) == expected
