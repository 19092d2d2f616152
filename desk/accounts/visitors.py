"""Visitors: who writes from the widget on another site, with a name and an address but no log-in.

Nobody proves here that an address is theirs. So a visitor is a person of their own and never the
account with that address, whether there is one is not told, and all that is mailed to it until it
answers is the link that confirms it.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk import idempotency
from desk.access import Actor
from desk.accounts import sessions
from desk.accounts.full_names import FullName
from desk.accounts.sessions import Client, Issued
from desk.crypto import token_hash
from desk.errors import Invalid
from desk.idempotency import Answer, Repeatable
from desk.notifications import confirmations
from desk.text import Content, Email, Input, shows_something
from desk.tickets import tickets, views
from desk.tickets.tickets import NewTicket
from desk.tickets.views import TicketView
from models import AuthSession, Role, Ticket, User

# Links mailed to one address in a day, whoever gives it.
MOST_LINKS = 3
DAY = timedelta(days=1)
LONGEST_TITLE = 200
NO_TITLE = "A message"


class FirstMessage(Input):
    name: FullName
    email: Email
    message: Content


@dataclass(frozen=True, slots=True)
class Terms:
    """What a visit begins with.

    ``lifetime``: of the session, ``client``: who opens it. ``secret``: of `confirmations.token`.
    ``category`` and ``type``: of the ticket, until somebody of the staff says otherwise.
    """

    lifetime: timedelta
    secret: str
    category: str
    type: str
    client: Client = sessions.UNKNOWN


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor's session with the newest of their tickets. ``is_repeated``: it was made before."""

    issued: Issued
    ticket: TicketView | None
    is_repeated: bool = False


def begin(
    session: Session,
    first: FirstMessage,
    asked: Repeatable | None,
    terms: Terms,
    now: datetime,
) -> Visit:
    """Makes the visitor with their ticket and their session, all or nothing.

    ``asked``: with a key a repeat gets what the first one got; ``actor_id`` is not known to it.
    Raises `Invalid` (``idempotency_key_reused``).
    """
    user_id = _made(session, first, asked)
    if asked is None:
        assert user_id is not None  # Only a key can be there already.
        return _opened(session, user_id, first, terms, now)
    if user_id is None:
        return _before(session, asked, now)
    made: list[Visit] = []

    def work(session: Session) -> Answer:
        visit = _opened(session, user_id, first, terms, now)
        made.append(visit)
        # No token is kept: the same are made again.
        return Answer(201, {}, str(visit.issued.session_id).encode())

    idempotency.once(session, replace(asked, actor_id=user_id), now, work)
    return made[0]


def _made(session: Session, first: FirstMessage, asked: Repeatable | None) -> UUID | None:
    """The new visitor; None if the key made one before. Waits for who uses it just now."""
    new = insert(User).values(
        full_name=first.name,
        visitor_email=first.email,
        visitor_key=token_hash(asked.key) if asked else None,
        role=Role.USER,
    )
    return session.scalar(new.on_conflict_do_nothing().returning(User.id))


def _opened(
    session: Session,
    user_id: UUID,
    first: FirstMessage,
    terms: Terms,
    now: datetime,
) -> Visit:
    issued = sessions.open_session(session, user_id, terms.lifetime, now, client=terms.client)
    new = NewTicket(
        title=title_of(first.message),
        description=first.message,
        category=terms.category,
        type=terms.type,
    )
    actor = Actor(user_id, Role.USER)
    ticket = tickets.open_ticket(session, actor, new, None, is_asked=False)
    if _may_ask(session, first.email, now):
        confirmations.ask(session, user_id, first.email, terms.secret, now)
    return Visit(issued, ticket)


def _before(session: Session, asked: Repeatable, now: datetime) -> Visit:
    """What the first request with this key got."""
    user_id = session.scalars(
        select(User.id).where(User.visitor_key == token_hash(asked.key))
    ).one()
    answer = idempotency.earlier(session, replace(asked, actor_id=user_id), now)
    if answer is None:  # A day and more ago. What is their session is not opened by a key for ever.
        raise Invalid("idempotency_key_reused", "This key was used for another request")
    opened = session.get_one(AuthSession, UUID(answer.body.decode()))
    issued = Issued(opened.id, user_id, 0, opened.created_at)
    return Visit(issued, newest(session, user_id), is_repeated=True)


def _may_ask(session: Session, email: str, now: datetime) -> bool:
    """Whether a link may be mailed: not for the fourth time in a day, nor to who wants no mail."""
    given = User.visitor_email == email
    of_late = select(func.count()).select_from(User).where(given, User.created_at > now - DAY)
    is_unwanted = exists().where(or_(User.email == email, given), ~User.notify_email)
    return (session.scalar(of_late) or 0) <= MOST_LINKS and not session.scalar(select(is_unwanted))


def newest(session: Session, user_id: UUID) -> TicketView | None:
    """The ticket that a customer opened last, or what it was merged into."""
    order = (Ticket.created_at.desc(), Ticket.id.desc())
    ticket_id = session.scalar(
        select(func.coalesce(Ticket.merged_into_id, Ticket.id))
        .where(Ticket.user_id == user_id)
        .order_by(*order)
        .limit(1)
    )
    return views.show(session, Actor(user_id, Role.USER), ticket_id) if ticket_id else None


def title_of(message: str) -> str:
    """The first line of a message that shows something, as a title."""
    lines = (_plain(line) for line in message.splitlines())
    first = next(filter(shows_something, lines))
    title = first if len(first) <= LONGEST_TITLE else f"{first[: LONGEST_TITLE - 1].rstrip()}…"
    return title if shows_something(title.rstrip("…")) else NO_TITLE


def _plain(line: str) -> str:
    """Without what no single line holds."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in line).strip()
