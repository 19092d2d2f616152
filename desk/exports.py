"""What the desk has of a person, for them: as customers see it, piece by piece.

Each piece is a read of its own, so that a long export holds up nothing in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor, Audience, owned_ids
from desk.errors import NotFound
from desk.tickets import views
from desk.tickets.views import TicketView
from models import Attachment, AuthSession, Event, Role, Scan, Ticket, User


@dataclass(frozen=True, slots=True)
class Profile:
    id: UUID
    email: str | None
    full_name: str
    role: Role
    is_visitor: bool
    # By what the site that named them to us knows them.
    identity_subject: str | None
    email_verified_at: datetime | None
    notify_email: bool
    skills: list[str]
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionShown:
    """``network``: where it was opened, as a /24 or /48."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    browser: str
    network: str
    signed_in_by: str


def begin(session: Session, actor: Actor, user_id: UUID) -> Profile:
    """Notes that an admin took it, and returns the account. Raises `NotFound`."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user_not_found", "User not found")
    audit.record(
        session, "user_exported", actor_id=actor.id, subject_type="user", subject_id=user_id
    )
    return Profile(
        user.id,
        user.address,
        user.full_name,
        user.role,
        user.is_visitor,
        user.identity_subject,
        user.email_verified_at,
        user.notify_email,
        user.skills,
        user.created_at,
        user.erased_at,
    )


def sessions(session: Session, user_id: UUID) -> Sequence[SessionShown]:
    """Those that are kept, the newest first."""
    theirs = select(AuthSession).where(AuthSession.user_id == user_id)
    return [
        SessionShown(
            each.id,
            each.created_at,
            each.last_used_at,
            each.expires_at,
            each.ended_at,
            each.browser,
            each.network,
            each.signed_in_by,
        )
        for each in session.scalars(theirs.order_by(AuthSession.created_at.desc()))
    ]


def next_ticket(session: Session, user_id: UUID, after: UUID) -> TicketView | None:
    """Of those that are their own, the first with an id after another's, as they see it."""
    own = owned_ids(literal(user_id, Ticket.user_id.type)).subquery().c
    ticket_id = session.scalar(select(own.id).where(own.id > after).order_by(own.id).limit(1))
    if ticket_id is None:
        return None
    return views.VISIBLE[Audience.CUSTOMER].first(session, me=user_id, ticket_id=ticket_id)


def files(session: Session, ticket_id: UUID) -> Sequence[Attachment]:
    """Those with what customers see, but for those that nobody is given."""
    shown = select(Event.seq).where(
        Event.ticket_id == Attachment.ticket_id,
        Event.seq == Attachment.event_seq,
        Event.public_seq.is_not(None),
    )
    query = select(Attachment).where(Attachment.ticket_id == ticket_id, shown.exists())
    return session.scalars(query.where(Attachment.scan == Scan.CLEAN).order_by(Attachment.id)).all()
