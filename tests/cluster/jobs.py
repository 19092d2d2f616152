"""Work for the workers, and looking whether it is done."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from desk.events import Assigned
from desk.jobs import Job
from embedded.servers import Embedded
from models import AssignmentDecision, Event, Notification
from tests.cluster.conftest import PATIENCE, Cluster
from tests.factories import Person, a_ticket, database
from wire.broker import celery_app


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def open_ticket(cluster: Cluster, customer: Person, *, woken: bool = True) -> None:
    with database(cluster.settings) as session:
        a_ticket(session, customer.actor)
    if woken:
        send(cluster, Job.DRAIN_ASSIGNMENT)


def send(cluster: Cluster, task: str, *args: object) -> None:
    """A wake-up that does not expire while a slow machine starts a process."""
    app = celery_app(cluster.environment.get("BROKER_URL", cluster.settings.broker_url))
    app.send_task(task, args=args, queue=Job.DRAIN_ASSIGNMENT.queue, expires=2 * PATIENCE)


def assigned_once(cluster: Cluster, tickets: int = 1) -> None:
    """Each ticket has one ``assigned`` event, one reason, one notification."""
    with database(cluster.settings) as session:
        events = select(func.count()).where(Event.kind == Assigned.kind)
        assert session.scalar(events) == tickets
        for table in (AssignmentDecision, Notification):
            assert session.scalar(select(func.count()).select_from(table)) == tickets


@contextmanager
def stopped(broker: Embedded) -> Iterator[None]:
    """It takes connections and never says a word."""
    os.kill(broker.valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.valkey.pid, signal.SIGCONT)


@contextmanager
def down(broker: Embedded) -> Iterator[None]:
    """And what was in its queues is lost."""
    broker.valkey.stop()
    try:
        yield
    finally:
        broker.valkey.start()
