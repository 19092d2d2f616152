"""Satisfaction: customers rate how their tickets were resolved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, with_config
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, owned_by
from desk.database import clock
from desk.errors import Conflict
from desk.events import Rated
from desk.text import Input, Text
from desk.tickets import tickets, timeline
from desk.tickets.views import not_found
from models import Rating, Ticket


class Rate(Input):
    """``score``: 1 is the worst, 5 the best."""

    model_config = ConfigDict(title="Rate")

    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Text(2000, single_line=False)] | None = None


@with_config(title="Rating")
@dataclass(frozen=True, slots=True)
class RatingShown:
    """What the customer has said, if anything.

    ``until``: until when they may say it, or something else; null: not now. ``asked``: whether they
    should be asked for it, as it may be rated, is not, and they were not asked too often.
    """

    score: int | None
    comment: str | None
    rated_at: datetime | None
    until: datetime | None
    asked: bool


def show(
    session: Session, actor: Actor, ticket_id: UUID, now: datetime | None = None
) -> RatingShown:
    """Of a ticket of their own. Raises `NotFound`."""
    is_own = owned_by(literal(actor.id, Ticket.user_id.type))
    if (ticket := session.scalar(select(Ticket).where(Ticket.id == ticket_id, is_own))) is None:
        raise not_found()
    return _shown(session, tickets.unmerged(ticket), clock(session, now))


def rate(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    sent: Rate,
    now: datetime | None,
) -> RatingShown:
    """In the place of what they have said of it before.

    Raises `NotFound`, `Conflict` (``not_resolved``, ``rating_over``).
    """
    ticket = tickets.held_own(session, actor, ticket_id)
    _rate(session, ticket, sent, actor.id, now)
    return _shown(session, ticket, clock(session, now))


def show_linked(session: Session, ticket_id: UUID) -> RatingShown:
    """As `show`, for whoever holds the link that its customer was mailed."""
    if (ticket := session.get(Ticket, ticket_id)) is None:
        raise not_found()
    now = clock(session)
    _require_rateable(_found(session, ticket_id), ticket, now)
    return _shown(session, ticket, now)


def rate_linked(session: Session, ticket_id: UUID, sent: Rate) -> None:
    """As `rate`, by whoever holds the link that its customer was mailed."""
    ticket = session.scalar(tickets.locked(select(Ticket).where(Ticket.id == ticket_id)))
    if ticket is None:
        raise not_found()
    _rate(session, ticket, sent, ticket.user_id, None)


def _rate(session: Session, ticket: Ticket, sent: Rate, by: UUID, now: datetime | None) -> None:
    """The ticket is held."""
    at = clock(session, now)
    rating = _require_rateable(_found(session, ticket.id), ticket, at)
    if (rating.score, rating.comment) == (sent.score, sent.comment):
        return
    rating.score, rating.comment, rating.rated_at = sent.score, sent.comment, at
    event = Rated(score=sent.score, comment=sent.comment)
    timeline.record(session, ticket, event, by, now)


def _found(session: Session, ticket_id: UUID) -> Rating | None:
    return session.get(Rating, ticket_id, populate_existing=True)


def _require_rateable(rating: Rating | None, ticket: Ticket, now: datetime) -> Rating:
    if rating is None or tickets.is_active(ticket):
        raise Conflict("not_resolved", "Nobody has resolved the ticket")
    if rating.expires_at <= now or ticket.merged_into_id is not None:
        raise Conflict(
            "rating_over", "It was resolved too long ago, or is a part of another ticket"
        )
    return rating


def _shown(session: Session, ticket: Ticket, now: datetime) -> RatingShown:
    rating = _found(session, ticket.id)
    if rating is None:
        return RatingShown(None, None, None, None, asked=False)
    may_rate = not tickets.is_active(ticket) and rating.expires_at > now
    is_asked = may_rate and rating.score is None and rating.asked_seq is not None
    until = rating.expires_at if may_rate else None
    return RatingShown(rating.score, rating.comment, rating.rated_at, until, is_asked)
