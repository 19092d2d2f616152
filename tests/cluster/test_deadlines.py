"""What is due by the clock is done by a worker that has PostgreSQL alone."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from desk import audit, audit_chain
from desk.assignment import assignment
from desk.assignment.assignment import Assign
from desk.snooze_events import Woke
from desk.tickets import snooze
from desk.tickets.snooze import Snooze
from embedded.server import free_port
from models import Deadline, Event, Notification, NotificationKind, Role
from tests.cluster.conftest import Cluster
from tests.factories import a_ticket, database, now, people
from tests.locks import locked, until_one_waits
from tests.waiting import block_until


@pytest.fixture(scope="module")
def alone(start_shared_cluster: Callable[..., Cluster]) -> Cluster:
    """Two workers without broker, Redis and beat."""
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    environment = {"REDIS_URL": nowhere, "BROKER_URL": nowhere}
    return start_shared_cluster(webs=0, workers=2, environment=environment)


def test_without_broker_redis_and_beat_nothing_is_late(alone: Cluster) -> None:
    def all_done() -> bool:
        with database(alone.settings) as session:
            return all(at > now() for at in session.scalars(select(Deadline.due_at)))

    block_until(all_done)
    with database(alone.settings) as session:
        session.execute(update(Deadline).values(due_at=now() - timedelta(hours=1)))
    alone.restart_worker(0)
    block_until(all_done)


def test_a_ticket_wakes_once_although_who_wakes_it_dies(alone: Cluster) -> None:
    customer, csr = people(alone.settings, Role.USER, Role.CSR)
    with database(alone.settings) as session:
        ticket_id = a_ticket(session, customer.actor).id
        assignment.assign(session, csr.actor, ticket_id, Assign(assignee_id=csr.id), None)
        asleep = Snooze(until=now() + timedelta(hours=1))
        snooze.snooze(session, csr.actor, ticket_id, asleep, now())
    # The worker that does it gets as far as telling the assignee.
    with locked(alone.settings.database_url, "select 1 from users for update"):
        with database(alone.settings) as session:
            mine = Deadline.ticket_id == ticket_id
            session.execute(update(Deadline).where(mine).values(due_at=now()))
        until_one_waits(alone.settings.database_url)
        for number in range(2):
            alone.restart_worker(number)
        assert woken(alone, ticket_id) == (0, 0)
    block_until(lambda: woken(alone, ticket_id) == (1, 1))
    with database(alone.settings) as session:
        assert session.scalar(select(Deadline.id).where(Deadline.kind == snooze.DEADLINE)) is None


def woken(cluster: Cluster, ticket_id: UUID) -> tuple[int, int]:
    """How often the timeline says so, and the assignee was told."""
    with database(cluster.settings) as session:
        woke = select(func.count()).where(Event.ticket_id == ticket_id, Event.kind == Woke.kind)
        told = select(func.count()).where(Notification.kind == NotificationKind.WOKE)
        return session.scalars(woke).one(), session.scalars(told).one()


def test_what_was_written_to_the_audit_log_is_sealed(alone: Cluster) -> None:
    def is_sealed() -> bool:
        with database(alone.settings) as session:
            return not audit_chain.has_unsealed(session)

    with database(alone.settings) as session:
        audit.record(session, "tried", actor_id=None)
    block_until(is_sealed)
    with database(alone.settings) as session:
        assert audit_chain.verify(session, {}, now()).is_well
