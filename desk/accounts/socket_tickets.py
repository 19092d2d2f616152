"""Socket tickets: instead of an access token in the address of a plain WebSocket.

An address gets into logs that are not ours. A socket ticket that is read there opens nothing: it
was used, or it is too old. It lies in the database, so any process takes it, with Redis or without.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.crypto import token_hash
from desk.tickets import tickets
from models import SocketTicket, Ticket

LIFETIME = timedelta(seconds=30)
# The log knows them by this (`logs.SOCKET_TICKET`).
HEAD = "wst_"


@dataclass(frozen=True, slots=True)
class Admission:
    """What a socket ticket stands for: whose socket, under which session, and until when."""

    user_id: UUID
    session_id: UUID
    until: datetime


def issue(
    session: Session, actor: Actor, ticket_id: UUID, token_expires_at: datetime, now: datetime
) -> str:
    """A socket ticket for a ticket that the actor may see; else `NotFound`."""
    tickets.get(session, actor, ticket_id)
    token = HEAD + secrets.token_urlsafe()
    session.add(
        SocketTicket(
            hash=token_hash(token),
            user_id=actor.id,
            session_id=actor.session_id,
            ticket_id=ticket_id,
            expires_at=now + LIFETIME,
            socket_until=token_expires_at,
        )
    )
    return token


def take(session: Session, token: str, ticket: UUID | int, now: datetime) -> Admission | None:
    """Spends a socket ticket, whatever it is used for: of two that try, one gets it.

    ``ticket``: the id of the ticket that it has to be for, or the number. None if there is none
    (any more), or if it is for another ticket.
    """
    spent = delete(SocketTicket).where(SocketTicket.hash == token_hash(token))
    row = session.execute(
        spent.returning(
            SocketTicket.user_id,
            SocketTicket.session_id,
            SocketTicket.socket_until,
            SocketTicket.ticket_id,
            SocketTicket.expires_at,
        )
    ).one_or_none()
    if row is None or row.expires_at <= now or not _is(session, row.ticket_id, ticket):
        return None
    return Admission(row.user_id, row.session_id, row.socket_until)


def _is(session: Session, ticket_id: UUID, ticket: UUID | int) -> bool:
    if isinstance(ticket, UUID):
        return ticket_id == ticket
    return session.scalar(select(Ticket.number).where(Ticket.id == ticket_id)) == ticket


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what was not used in time; the number deleted."""
    old = select(SocketTicket.hash).where(SocketTicket.expires_at < now)
    gone = delete(SocketTicket).where(SocketTicket.hash.in_(old.limit(limit)))
    return len(session.scalars(gone.returning(SocketTicket.hash)).all())
