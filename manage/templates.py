"""The tickets that `manage.bulk` copies: made by the rules, on a desk that is gone afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import psycopg
from sqlalchemy import update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor
from desk.accounts import accounts
from desk.assignment import agents
from desk.assignment.agents import Availability
from desk.assignment.routing import Change, change
from desk.tickets import reading
from manage.demo_stories import STORIES, Ending, Story
from manage.story_steps import Course, mail_nothing
from models import (
    AssignmentDecision,
    Base,
    Event,
    FieldValue,
    Notification,
    ReadCursor,
    Role,
    Status,
    Ticket,
    User,
)

# Everybody's capacity.
CAPACITY = 100
# What a ticket consists of.
PARTS: Sequence[type[Base]] = (
    Ticket,
    Event,
    AssignmentDecision,
    ReadCursor,
    Notification,
    FieldValue,
)
# In the description of every ticket: words from very common to very rare.
SUBJECT = " {thing}, case {n}."


@dataclass(frozen=True, slots=True)
class Templates:
    """Ids of people, and of tickets that were opened ``at`` one time.

    Their rows are in temporary tables until the commit: ``template_users``, ``template_tickets`` …
    """

    at: datetime
    customer: UUID
    csr: UUID
    active: Sequence[UUID]
    over: Sequence[UUID]
    # Closed by whoever saw them first, before anybody was given them.
    spam: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Desk:
    """Two people and their tickets."""

    session: Session
    random: Random
    customer: Actor
    csr: Actor
    at: datetime

    def active(self, story: Story) -> UUID:
        """A ticket that somebody works on, or has not begun with."""
        turns = story.turns[: self.random.choice((1, 2) if story.priority else (0, 1))]
        course = self._course(replace(story, turns=turns, ending="waiting"))
        for step in list(course.steps(self.at))[:-1]:  # Without the farewell.
            step.act(step.at)
        return course.id

    def over(self, story: Story) -> UUID:
        """A ticket that is resolved or closed, and no news to anybody any more."""
        turns = story.turns[: self.random.choice((1, 1, 2))]
        ending: Ending = "resolved" if story.ending == "resolved" else "closed"
        course = self._course(replace(story, turns=turns, ending=ending))
        for step in course.steps(self.at):
            step.act(step.at)
        last = self.session.get_one(Ticket, course.id).last_seq
        for actor in (self.customer, self.csr):
            reading.mark_read(self.session, actor, course.id, last)
        return course.id

    def spam(self, story: Story) -> UUID:
        course = self._course(story)
        course.open(self.at)
        later = self.at + timedelta(minutes=9)
        change(self.session, self.csr, course.id, Change(status=Status.CLOSED), later)
        return course.id

    def _course(self, story: Story) -> Course:
        story = replace(story, description=story.description + SUBJECT)
        return Course(self.session, self.random, self.customer, story, number="{n}")


def make(session: Session, random: Random, at: datetime, password_hash: str) -> Templates:
    """What the rules do is rolled back, also to others; copies of its rows are left."""
    with Session(session.connection(), join_transaction_mode="create_savepoint") as other:
        other.execute(update(User).where(User.role == Role.CSR).values(available=False))
        customer, csr = (_person(other, role, password_hash) for role in (Role.USER, Role.CSR))
        agents.set_availability(other, csr, Availability(available=False))
        copied = {User.__tablename__: _rows(other, User, [customer.id, csr.id])}
        agents.set_availability(other, csr, Availability(available=True))
        desk = Desk(other, random, customer, csr, at)
        untriaged = [replace(story, priority=None, tags=()) for story in STORIES]
        active = [desk.active(story) for story in (*STORIES, *untriaged)]
        over = [desk.over(story) for story in (*STORIES, *untriaged)]
        spam = [desk.spam(story) for story in STORIES[:3]]
        mail_nothing(other)
        tickets = [*active, *over, *spam]
        copied |= {table.__tablename__: _rows(other, table, tickets) for table in PARTS}
    with cursor(session) as writer:
        for name, rows in copied.items():
            writer.execute(f"create temp table template_{name} (like {name}) on commit drop")
            with writer.copy(f"copy template_{name} from stdin") as copy:
                copy.write(rows)
    return Templates(at, customer.id, csr.id, active, over, spam)


def _person(session: Session, role: Role, password_hash: str) -> Actor:
    email = f"{uuid7()}@example.org"  # Nobody's.
    return Actor(accounts.create(session, email, "", password_hash, role, CAPACITY).id, role)


def _rows(session: Session, table: type[Base], ids: Sequence[UUID]) -> bytes:
    session.flush()
    query = f"copy (select * from {table.__tablename__} where {key(table)} = any(%s)) to stdout"
    with cursor(session) as reader, reader.copy(query, (list(ids),)) as copy:
        return b"".join(copy)


def key(table: type[Base]) -> str:
    """The column with the id of what is a template or a copy."""
    return "id" if table in (User, Ticket) else "ticket_id"


def cursor(session: Session) -> psycopg.Cursor[tuple[object, ...]]:
    """The driver's, for a COPY."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.cursor()
