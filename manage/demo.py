"""``demo``: a desk with some days of life in it, for an embedded database."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

import click
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts
from desk.assignment import assignment
from desk.assignment.assignment import BATCH, Strategy
from desk.outbox import outbox
from desk.tickets import messages, reading, tickets
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import Change, NewTicket
from manage import bulk, environment
from manage.database import connected, transaction
from manage.stories import PEOPLE, STORIES, Story, Turn
from models import Notification, Outcome, Role, Status, Ticket, User
from server.identity.passwords import hashed

# Everybody may know it: the launcher serves demo data on this machine only.
PASSWORD = "demo-password"
DAYS = 9
# Nothing younger than this: the newest conversations end before the person looks at them.
QUIET = timedelta(minutes=3)
AGAIN: Turn = ("customer", "The new one is broken as well. What now?")
FAREWELL: Turn = ("csr", "I am closing this for now. Please write to us again at any time.")
FIRST_NUMBER = 48_211
# So many tickets go through the rules, turn by turn.
LIVELY = 60
MOST = 5_000_000


@click.command()
@click.option(
    "--tickets",
    "wanted",
    type=click.IntRange(1, MOST),
    default=36,
    show_default=True,
    help=f"How many there are to be. Beyond {LIVELY} they are made in bulk.",
)
@click.option("--not-embedded", is_flag=True, help="Also in a database that is not embedded.")
def demo(wanted: int, not_embedded: bool) -> None:
    """Make demo accounts and tickets, once.

    In an embedded database only. A second run makes what is missing of the tickets, if anything,
    and else says so and changes nothing. It happens in one transaction: a run that is stopped
    leaves nothing behind.
    """
    began = time.monotonic()
    # The owner alone writes in bulk without checks, and vacuums.
    with transaction(as_owner=True) as session:
        if not (environment.is_embedded() or not_embedded):
            raise click.ClickException(
                "demo accounts have a known password and belong into an embedded database only; "
                "--not-embedded makes them in this one"
            )
        is_first = not _is_there(session)
        missing = wanted - _count(session, Ticket)
        if not is_first and missing <= 0:
            _write_accounts(over=False)
            click.echo("The demo data is there already; nothing was changed")
            return
        accounts_before = _count(session, User)
        lively = min(wanted, LIVELY) if is_first else 0
        in_bulk = max(missing - lively, 0)
        if in_bulk:
            # First, so that the numbers of the tickets follow their times.
            _fill_in_bulk(session, in_bulk)
        if is_first:
            _fill(session, lively, datetime.now(UTC))
        made = _count(session, User) - accounts_before
    _write_accounts(over=is_first)
    if in_bulk:
        with connected(as_owner=True) as connection:
            bulk.settle(connection)
    click.echo(
        f"Made {lively + in_bulk:,} tickets and {made:,} accounts in "
        f"{time.monotonic() - began:.0f} s, each with password {PASSWORD}"
    )


def _count(session: Session, table: type[Ticket | User]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _fill_in_bulk(session: Session, count: int) -> None:
    with click.progressbar(length=count, label="Tickets") as bar:
        bulk.fill(session, count, datetime.now(UTC), hashed(PASSWORD), bar.update)


def _is_there(session: Session) -> bool:
    emails = [email for _, email, _ in PEOPLE]
    return session.scalar(select(func.count()).where(User.email.in_(emails))) != 0


def _write_accounts(*, over: bool) -> None:
    """For the launcher, which prints them."""
    path = environment.STATE / "demo.json"
    if path.exists() and not over:
        return
    listed = [{"role": role, "email": email, "password": PASSWORD} for role, email, _ in PEOPLE]
    path.parent.mkdir(mode=0o700, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(listed, indent=1))
    os.replace(new, path)


@dataclass(order=True, slots=True)
class Step:
    """Something that somebody does at a time."""

    at: datetime
    act: Callable[[datetime], object] = field(compare=False)


def _fill(session: Session, wanted: int, now: datetime) -> None:
    random = Random(wanted)
    assignment.take_turn(session)  # No worker comes between, and the locks are in their order.
    people = _people(session)
    # What waits already is assigned now, and not in the past that begins below.
    while assignment.drain(session, Strategy.ROUND_ROBIN, now, random) == BATCH:
        pass
    customers = [actor for actor in people if actor.role is Role.USER]
    steps: list[Step] = []
    for number in range(wanted):
        # Ever more of them towards now, as a desk that grows has it.
        age = timedelta(days=DAYS) * (1 - number / wanted) ** 1.5
        course = Course(session, random, random.choice(customers), number)
        steps += course.steps(now - QUIET - age)
    steps = sorted(step for step in steps if step.at <= now - QUIET)
    with click.progressbar(steps, label="Demo data") as bar:
        for step in bar:
            step.act(step.at)
    session.flush()
    # Old news: it is in the inbox, but no mail goes out for it.
    told = [notification.id for notification in outbox(session).notifications]
    over = update(Notification).where(Notification.id.in_(told))
    session.execute(over.values(done_at=Notification.created_at, outcome=Outcome.READ))


def _people(session: Session) -> list[Actor]:
    password_hash = hashed(PASSWORD)
    return [
        Actor(accounts.create(session, email, name, password_hash, role).id, role)
        for role, email, name in PEOPLE
    ]


class Course:
    """One ticket on its way through a story."""

    def __init__(self, session: Session, random: Random, customer: Actor, number: int) -> None:
        self._session = session
        self._random = random
        self._customer = customer
        self._story: Story = STORIES[number % len(STORIES)]
        self._number = FIRST_NUMBER + 37 * number
        self._id: UUID

    def steps(self, begin: datetime) -> Iterator[Step]:
        at = begin
        yield Step(at, self._open)
        yield Step(at + self._pause(0.03, 0.1), self._assign)
        for position, turn in enumerate(self._story.turns):
            at += self._pause(10, 240)
            if position == 0:
                yield Step(at - timedelta(minutes=2), self._triage)
            yield Step(at, partial(self._say, turn))
        if self._story.ending in ("resolved", "closed", "reopened"):
            at += self._pause(5, 90)
            yield Step(at, partial(self._set, Status.RESOLVED))
        at += self._pause(24 * 60, 40 * 60)
        if self._story.ending == "closed":
            yield Step(at, partial(self._set, Status.CLOSED))
        elif self._story.ending == "reopened":
            yield Step(at, partial(self._say, AGAIN))
        elif self._story.ending in ("open", "waiting"):
            # What nobody comes back to does not fill the desk for ever.
            at += self._pause(36 * 60, 48 * 60)
            yield Step(at, partial(self._say, FAREWELL))
            yield Step(at, partial(self._set, Status.CLOSED))

    def _pause(self, shortest: float, longest: float) -> timedelta:
        return timedelta(minutes=self._random.uniform(shortest, longest))

    def _text(self, text: str) -> str:
        return text.replace("{n}", str(self._number))

    def _open(self, now: datetime) -> None:
        new = NewTicket(
            title=self._text(self._story.title),
            description=self._text(self._story.description),
            category=self._story.category,
            type=self._story.type,
        )
        self._id = tickets.open_ticket(self._session, self._customer, new, now).id

    def _assign(self, now: datetime) -> None:
        assignment.drain(self._session, Strategy.ROUND_ROBIN, now, self._random)

    @property
    def _csr(self) -> Actor | None:
        """Who has the ticket; None while all are at their capacity."""
        assignee = self._session.get_one(Ticket, self._id).assigned_to_id
        return Actor(assignee, Role.CSR) if assignee else None

    def _triage(self, now: datetime) -> None:
        if csr := self._csr:
            wanted = Change(
                status=Status.IN_PROGRESS,
                priority=self._story.priority,
                tags=list(self._story.tags),
            )
            tickets.change(self._session, csr, self._id, wanted, now)

    def _say(self, turn: Turn, now: datetime) -> None:
        speaker, text = turn
        actor = self._customer if speaker == "customer" else self._csr
        if actor is None:
            return
        new = NewMessage(content=self._text(text), internal=speaker == "note")
        event = messages.post(self._session, actor, self._id, new, now).event
        # Who answers has read what was there.
        self._session.flush()
        seq = event.seq if actor.is_staff else event.public_seq
        reading.mark_read(self._session, actor, self._id, seq or 0)

    def _set(self, status: Status, now: datetime) -> None:
        if csr := self._csr:
            tickets.change(self._session, csr, self._id, Change(status=status), now)
