"""Notifications while workers are killed: opens tickets, kills, counts what arrived.

A ticket is one assignment, one notification in the app and one place in one mail, which may tell of
several. Every other worker is killed amid its assignments, the rest amid their mails.
"""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from sqlalchemy import ColumnElement, func, select, update

from desk.jobs import Job
from models import Notification, NotificationKind, Role, Ticket
from tests.cluster.conftest import Cluster
from tests.factories import Person, a_ticket, database, now, people
from tests.mailbox import Mailbox
from tests.waiting import PATIENCE
from wire.broker import celery_app, wake

WAKE_SECONDS = 0.3


@dataclass(frozen=True)
class Arrived:
    tickets: int
    kills: int
    # Per ticket and per mail, how often it came.
    in_app: Counter[object]
    mails: Counter[str]
    # How many tickets the mails tell of, each mail counted once.
    told: int
    # Mails with the same Message-ID and other bytes.
    differing: int
    seconds: float

    @property
    def repeats(self) -> int:
        return self.mails.total() - len(self.mails)

    def check(self) -> None:
        assert len(self.in_app) == self.tickets, "missing in the app"
        assert set(self.in_app.values()) == {1}, "twice in the app"
        assert self.told == self.tickets, "missing by mail, or told twice"
        assert self.repeats <= self.kills
        assert self.differing == 0


class Run:
    """``lapse``: leases of the dead and waits end at once, else only when their time is over."""

    def __init__(self, cluster: Cluster, mailbox: Mailbox, *, lapse: bool) -> None:
        self.cluster, self.mailbox, self.lapse = cluster, mailbox, lapse
        self.broker = celery_app(cluster.settings.broker_url)
        self.customer: Person = people(cluster.settings, Role.USER)[0]
        people(cluster.settings, *[Role.CSR] * 5, capacity=10_000)

    def go(self, tickets: int, kills: int) -> Arrived:
        began = time.monotonic()
        opened = 0
        for kill in range(kills):
            share = tickets * (kill + 1) // (kills + 1) - opened
            self.open(share)
            self.start_worker()
            if kill % 2:
                self.wait(partial(self.more_than, self.assigned, self.assigned()))
            else:
                self.wait(partial(self.more_than, self.mailed, self.mailed()))
            self.kill_worker()
            opened += share
        self.open(tickets - opened)
        self.start_worker()
        self.wait(lambda: self.assigned() == tickets)
        self.wait(lambda: self.unsent() == 0)
        return self.arrived(tickets, kills, time.monotonic() - began)

    def open(self, count: int) -> None:
        with database(self.cluster.settings) as session:
            for _ in range(count):
                a_ticket(session, self.customer.actor)

    def start_worker(self) -> None:
        self.cluster.start_worker(SMTP_URL=self.mailbox.url, LOG_LEVEL="WARNING")

    def kill_worker(self) -> None:
        worker = self.cluster.workers.pop()
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(30)
        if self.lapse:
            self._update_pending(Notification.leased_until.is_not(None), leased_until=now())

    def _update_pending(self, which: ColumnElement[bool], **values: object) -> None:
        with database(self.cluster.settings) as session:
            session.execute(
                update(Notification).where(Notification.done_at.is_(None), which).values(**values)
            )

    def wait(self, condition: Callable[[], bool]) -> None:
        seen, end = self.progress(), time.monotonic() + PATIENCE
        while not condition():
            if (progress := self.progress()) != seen:
                seen, end = progress, time.monotonic() + PATIENCE
            assert time.monotonic() < end, "nothing goes on"
            if self.cluster.workers[-1].gone():
                # Celery's worker may end by itself after trouble; every runner starts it again.
                self.cluster.workers.pop()
                self.start_worker()
            if self.lapse:
                self._update_pending(Notification.due_at > now(), due_at=now())
            # In the place of beat, which would take seconds.
            for job in (Job.DRAIN_ASSIGNMENT, Job.DRAIN_NOTIFICATIONS):
                wake(self.broker, job)
            time.sleep(WAKE_SECONDS)

    def more_than(self, count: Callable[[], int], least: int) -> bool:
        return count() > least

    def mailed(self) -> int:
        return len(self.mailbox.mails)

    def progress(self) -> tuple[int, int]:
        return self.assigned(), self.mailed()

    def assigned(self) -> int:
        return self._count(Ticket.assigned_to_id.is_not(None))

    def unsent(self) -> int:
        return self._count(Notification.done_at.is_(None))

    def _count(self, condition: ColumnElement[bool]) -> int:
        with database(self.cluster.settings) as session:
            return session.scalars(select(func.count()).where(condition)).one()

    def arrived(self, tickets: int, kills: int, seconds: float) -> Arrived:
        with database(self.cluster.settings) as session:
            assigned = select(Notification.ticket_id).where(
                Notification.kind == NotificationKind.ASSIGNED
            )
            in_app: Counter[object] = Counter(session.scalars(assigned))
        pairs = zip(self.mailbox.mails, self.mailbox.raw, strict=True)
        different = {(str(mail["Message-ID"]), raw) for mail, raw in pairs}
        mails = self.mailbox.ids
        each = {str(mail["Message-ID"]): mail for mail in self.mailbox.mails}
        told = sum(_tickets_of(mail) for mail in each.values())
        return Arrived(tickets, kills, in_app, mails, told, len(different) - len(mails), seconds)


def _tickets_of(mail: EmailMessage) -> int:
    gathered = re.match(r"([0-9]+) tickets were assigned to you", mail["Subject"])
    return int(gathered[1]) if gathered else 1
