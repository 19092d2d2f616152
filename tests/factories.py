"""Makes what a test needs and does not care about."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, create_engine, insert, make_url
from sqlalchemy.orm import Session

from config import Settings
from desk.access import Actor
from desk.accounts import accounts, sessions
from desk.events import MessagePosted
from desk.tickets import search, tickets
from desk.tickets.tickets import NewTicket
from desk.tickets.views import TicketView
from models import Event, Role, Ticket, User
from server.identity.tokens import Pair, Tokens

# bcrypt of PASSWORD as the product digests it, at the cheapest cost: tests log in often.
PASSWORD = "correct horse battery staple"
PASSWORD_HASH = "$2b$04$yzqGZoMKKHLiwU0MfnB5LubZBygrKrBqiRTwgQKWV3RURc5R.IHMm"

numbers = itertools.count(1)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Person:
    """An account that is signed in."""

    actor: Actor
    email: str
    full_name: str
    tokens: Pair

    @property
    def id(self) -> UUID:
        return self.actor.id

    @property
    def token(self) -> str:
        return self.tokens.access_token


def an_actor(session: Session, role: Role = Role.USER, **attributes: object) -> Actor:
    """A stored account, as an actor. ``attributes``: columns of `User`."""
    number = next(numbers)
    profile = accounts.create(
        session, f"person{number}@desk.test", f"Person {number}", PASSWORD_HASH, role
    )
    user = session.get_one(User, profile.id)
    for name, value in attributes.items():
        setattr(user, name, value)
    session.flush()
    return Actor(profile.id, role)


def a_ticket(session: Session, customer: Actor, **fields: str) -> TicketView:
    new = {"title": "It is broken", "description": "Help!", "category": "billing", "type": "bug"}
    return tickets.open_ticket(session, customer, NewTicket(**(new | fields)), now())


def behind(session: Session, session_id: UUID, at: datetime) -> Actor | None:
    """Who is behind a session at a time."""
    return sessions.ACTOR.first(session, session_id=session_id, now=at)


def a_past(
    session: Session, author_id: UUID, ticket_id: UUID | str, count: int, content: str = ""
) -> None:
    """As many messages as if they had been posted long ago, in no time."""
    ticket = session.get_one(Ticket, UUID(str(ticket_id)), with_for_update=True)
    shared = {"ticket_id": ticket.id, "actor_id": author_id, "at": now(), "data": {}}
    rows = [
        shared
        | {"seq": ticket.last_seq + n, "public_seq": ticket.last_public_seq + n}
        | {"kind": MessagePosted.kind, "content": content or f"message {n}"}
        for n in range(1, count + 1)
    ]
    session.execute(insert(Event), rows)
    ticket.last_seq += count
    ticket.last_public_seq += count
    ticket.last_said_seq, ticket.last_said_by = ticket.last_seq, author_id


@contextmanager
def database(settings: Settings) -> Iterator[Session]:
    """A session that commits, on a database of its own or a running product's."""
    engine = _engine(settings.database_url)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def _engine(url: str) -> Engine:
    """That of the last time, if it was for the same database: what it has compiled and its
    connection are most of what a test would take for a person or two.
    """
    global _kept
    if _kept is None or _kept.url != make_url(url):
        if _kept is not None:
            _kept.dispose()
        options = {"options": "-c timezone=UTC"}
        _kept = create_engine(url, connect_args=options, pool_size=1, pool_pre_ping=True)
    return _kept


_kept: Engine | None = None


def people(settings: Settings, *roles: Role, **attributes: object) -> list[Person]:
    """Accounts of these roles, each signed in, without the slowness of a real login."""
    with database(settings) as session:
        return [_signed_in(session, settings, role, attributes) for role in roles]


def _signed_in(
    session: Session, settings: Settings, role: Role, attributes: dict[str, object]
) -> Person:
    actor = an_actor(session, role, **attributes)
    user = session.get_one(User, actor.id)
    assert user.email is not None
    issued = sessions.open_session(session, actor.id, timedelta(days=1), now())
    return Person(
        Actor(actor.id, role, issued.session_id),
        user.email,
        user.full_name,
        Tokens(settings).pair(issued, now()),
    )


def index(session: Session) -> None:
    """Everything there is, as the worker does."""
    session.flush()
    while search.index(session):
        pass
