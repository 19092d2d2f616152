"""What a worker tells the web processes, where nobody takes it."""

import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from desk.events import TicketCreated
from desk.jobs import Job
from desk.notifications.mail_queue import Mail
from desk.outbox import Outbox
from desk.rows import EventRow
from models import Event
from tests.factories import now
from worker import delivery
from worker.app import celery
from worker.mail import drain
from worker.mail.send import Postbox


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_rests_until", {})


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        listening.setblocking(False)
        yield listening


def told(count: int = 1) -> Outbox:
    events: list[Event | EventRow] = [
        Event(ticket_id=uuid4(), seq=1, public_seq=1, kind=TicketCreated.kind, at=now(), data={})
        for _ in range(count)
    ]
    return Outbox(events=events)


def connections(listening: socket.socket) -> int:
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_silent_redis_costs_a_task_one_wait_however_much_it_has_to_tell(
    configure: Callable[..., None], silent: socket.socket
) -> None:
    configure(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}")
    for _ in range(50):
        delivery.deliver(told(50), lambda: "desk")
    assert connections(silent) == 1


def test_a_silent_broker_costs_a_task_one_wait(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Job] = []

    def silent(_: object, job: Job) -> None:
        asked.append(job)
        raise TimeoutError

    configure()
    monkeypatch.setattr(delivery, "wake", silent)
    for _ in range(50):
        delivery.deliver(Outbox(wakes=set(Job)), lambda: "desk")
        delivery.wake_again(Job.DRAIN_WEBHOOKS)
    assert len(asked) == 1


def test_the_end_of_a_tasks_time_is_not_taken_for_a_redis_that_is_gone(
    configure: Callable[..., None],
) -> None:
    def out_of_time() -> str:
        raise SoftTimeLimitExceeded

    configure()
    with pytest.raises(SoftTimeLimitExceeded):
        delivery.deliver(told(), out_of_time)


def test_a_worker_takes_no_orders_from_the_broker() -> None:
    assert not celery.conf.worker_enable_remote_control


def test_the_end_of_a_tasks_time_is_no_mail_that_failed(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_time(*_: object) -> None:
        raise SoftTimeLimitExceeded

    configure()
    monkeypatch.setattr(drain, "letter", out_of_time)
    due = SimpleNamespace(id=uuid4(), user_id=uuid4(), tickets=[SimpleNamespace(id=uuid4())])
    with Postbox("") as postbox, pytest.raises(SoftTimeLimitExceeded):
        drain._sent(postbox, cast(Mail, due))
