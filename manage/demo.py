"""``demo``: a desk with some days of life in it, for an embedded database."""

import asyncio
import contextlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import click
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from config import Database, read, settings
from desk.access import Actor
from desk.accounts import accounts
from desk.assignment import assignment, teams
from desk.assignment.assignment import BATCH, Strategy
from desk.assignment.cursors import lock_all
from desk.assignment.teams import NewTeam
from desk.merging import merges
from desk.merging.merges import Merging
from desk.merging.people import readers
from desk.tickets import snooze, tickets
from desk.tickets.snooze import Snooze
from manage import bulk, environment
from manage.database import connected, transaction
from manage.demo_live import talk_forever
from manage.demo_people import bring_together
from manage.demo_stories import FAREWELL, PEOPLE, STORIES, TEAMS
from manage.story_steps import Course, Step, define_fields, mail_nothing, make_macros
from models import ACTIVE_STATUSES, Role, Ticket, User
from server.identity.passwords import hashed
from wire.files import FileStore

# Everybody may know it: the launcher serves demo data on this machine only.
PASSWORD = "demo-password"
DAYS = 9
# Nothing younger than this: the newest conversations end before the person looks at them.
QUIET = timedelta(minutes=3)
FIRST_NUMBER = 48_211
# So many tickets go through the rules, turn by turn.
LIVELY = 60
MOST = 5_000_000


@click.command()
@click.option(
    "--tickets",
    "count",
    type=click.IntRange(1, MOST),
    default=36,
    show_default=True,
    help=f"How many there are to be. Beyond {LIVELY} they are made in bulk.",
)
@click.option("--not-embedded", is_flag=True, help="Also in a database that is not embedded.")
@click.option(
    "--live",
    is_flag=True,
    help="Then let two customers and an agent talk in the desk that runs, until Ctrl-C.",
)
@click.option("--url", help="Where they talk, if not at PUBLIC_URL, or HOST and PORT.")
def demo(count: int, not_embedded: bool, live: bool, url: str | None) -> None:
    """Make demo accounts and tickets, once.

    In an embedded database only. A second run makes what is missing of the tickets, if anything,
    and else says so and changes nothing. It happens in one transaction: a run that is stopped
    leaves nothing behind. With --live the desk then goes on moving.
    """
    _make(count, not_embedded=not_embedded)
    if live:
        url = url or settings().base_url
        click.echo(f"Talking at {url} until Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(talk_forever(url, PASSWORD))


def _make(count: int, *, not_embedded: bool) -> None:
    began = time.monotonic()
    # The owner alone writes in bulk without checks, and vacuums.
    with transaction(as_owner=True) as session:
        if not (environment.is_embedded() or not_embedded):
            raise click.ClickException(
                "demo accounts have a known password and belong into an embedded database only; "
                "--not-embedded makes them in this one"
            )
        is_first = not _is_there(session)
        missing = count - _count(session, Ticket)
        if not is_first and missing <= 0:
            _write_accounts(over=False)
            click.echo("The demo data is there already; nothing was changed")
            return
        accounts_before = _count(session, User)
        lively = min(count, LIVELY) if is_first else 0
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


def _fill(session: Session, count: int, now: datetime) -> None:
    random, store = Random(count), FileStore(read(Database).file_store)
    lock_all(session)  # No worker comes between, and the locks are in their order.
    people = _people(session)
    define_fields(session, now)
    # What waits already is assigned now, and not in the past that begins below.
    while assignment.drain(session, Strategy.ROUND_ROBIN, now, random) == BATCH:
        pass
    customers = [actor for actor in people if actor.role is Role.USER]
    (admin,) = [actor for actor in people if actor.role is Role.ADMIN]
    teams_ = _teams(session)
    farewell = make_macros(session, admin, now)[FAREWELL]
    steps: list[Step] = []
    for number in range(count):
        # Ever more of them towards now, as a desk that grows has it.
        age = timedelta(days=DAYS) * (1 - number / count) ** 1.5
        story = STORIES[number % len(STORIES)]
        shown = FIRST_NUMBER + 37 * number
        customer = random.choice(customers)
        course = Course(session, random, customer, story, shown, store, admin, teams_, farewell)
        steps += course.steps(now - QUIET - age)
    steps = sorted(step for step in steps if step.at <= now - QUIET)
    with click.progressbar(steps, label="Demo data") as bar:
        for step in bar:
            step.act(step.at)
    _merge_two(session, admin, now - QUIET)
    bring_together(session, admin, customers, now - QUIET)
    _snooze(session, now)
    mail_nothing(session)


def _merge_two(session: Session, by: Actor, now: datetime) -> None:
    """A customer has written twice about one thing, where one has two tickets that are work."""
    work = select(Ticket).where(Ticket.status.in_(ACTIVE_STATUSES)).order_by(Ticket.number.desc())
    newest: dict[frozenset[UUID], Ticket] = {}
    for ticket in session.scalars(work.limit(LIVELY)):
        theirs = frozenset(readers(ticket))
        if (newer := newest.get(theirs)) is not None:
            merges.merge(session, by, ticket.id, Merging(into=newer.id), now)
            return
        newest[theirs] = ticket


def _snooze(session: Session, now: datetime) -> None:
    """One ticket of each CSR's, if they have answered it."""
    session.flush()
    holder = Ticket.assigned_to_id
    answered = and_(tickets.ACTIVE, Ticket.last_message_from_staff.is_(True))
    by_holder = select(Ticket.id, User.id).join(User, User.id == holder).where(answered)
    for ticket_id, csr_id in session.execute(by_holder.distinct(holder).order_by(holder)).all():
        asleep = Snooze(until=now + timedelta(days=2), note="They have a look on their side.")
        snooze.snooze(session, Actor(csr_id, Role.CSR), ticket_id, asleep, now)


def _teams(session: Session) -> dict[str, UUID]:
    """By the category of their tickets."""
    query = select(User.email, User.id).where(User.email.in_([email for _, email, _ in PEOPLE]))
    ids = {row.email: row.id for row in session.execute(query)}
    return {
        category: teams.add(session, NewTeam(name=name, members=[ids[m] for m in members])).id
        for category, (name, members) in TEAMS.items()
    }


def _people(session: Session) -> list[Actor]:
    password_hash = hashed(PASSWORD)
    return [
        Actor(accounts.create(session, email, name, password_hash, role).id, role)
        for role, email, name in PEOPLE
    ]
