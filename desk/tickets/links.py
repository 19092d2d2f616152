"""Links between tickets. Both know of each, and the two are locked in the order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Strict
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Invalid
from desk.people_events import Linked, Unlinked
from desk.text import Input
from desk.tickets import tickets, timeline
from desk.tickets.views import not_found
from models import LinkKind, Status, Ticket, TicketLink

MOST_LINKS = 100


class NewLink(Input):
    """What the first ticket is to the second."""

    kind: Annotated[LinkKind, Strict(False)]


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """The other ticket of a link. ``is_source``: it is the one asked for that blocks this one, or
    is a duplicate of it.
    """

    id: UUID
    number: int
    title: str
    status: Status
    kind: LinkKind
    is_source: bool
    by_id: UUID
    at: datetime


def links(session: Session, actor: Actor, ticket_id: UUID) -> Sequence[LinkedTicket]:
    """Raises `NotFound`."""
    tickets.get(session, actor, ticket_id)
    to, from_ = TicketLink.other_id, TicketLink.ticket_id
    is_other = or_(
        and_(from_ == ticket_id, Ticket.id == to), and_(to == ticket_id, Ticket.id == from_)
    )
    query = (
        select(TicketLink, Ticket)
        .join(Ticket, is_other)
        # What it was merged into is linked in its place.
        .where(or_(from_ == ticket_id, to == ticket_id), Ticket.merged_into_id.is_(None))
        .order_by(TicketLink.kind, Ticket.number)
    )
    return [
        LinkedTicket(
            id=other.id,
            number=other.number,
            title=other.title,
            status=other.status,
            kind=row.kind,
            is_source=row.ticket_id == ticket_id,
            by_id=row.by_id,
            at=row.at,
        )
        for row, other in session.execute(query)
    ]


def link(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    other_id: UUID,
    new: NewLink,
    now: datetime | None,
) -> None:
    """Links two tickets, each kind once, whichever way: the later one of two that differ turns it.

    Raises `NotFound`, `Merged`, `Invalid` (``same_ticket``), `Conflict` (``too_many_links``).
    """
    other_id = tickets.end_of(session, other_id)
    ticket, other = _both(session, ticket_id, other_id)
    kept = session.scalar(select(TicketLink).where(_between(ticket_id, other_id, [new.kind])))
    if kept is not None:
        if kept.ticket_id == ticket_id or new.kind is LinkKind.RELATED:
            return
        _end(session, actor, {ticket_id: ticket, other_id: other}, kept, now)
    for each in (ticket_id, other_id):
        theirs = or_(TicketLink.ticket_id == each, TicketLink.other_id == each)
        if (session.scalar(select(func.count()).where(theirs)) or 0) >= MOST_LINKS:
            raise Conflict("too_many_links", f"A ticket has at most {MOST_LINKS} links")
    values = {"ticket_id": ticket_id, "other_id": other_id, "kind": new.kind, "by_id": actor.id}
    session.execute(insert(TicketLink).values(values))
    _tell(session, actor, ticket, other, new.kind, Linked, now)


def unlink(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    other_id: UUID,
    kind: LinkKind | None,
    now: datetime | None,
) -> None:
    """Takes the link of a kind away, or all that there are between the two. Raises as `link`."""
    other_id = tickets.end_of(session, other_id)
    ticket, other = _both(session, ticket_id, other_id)
    kinds = [kind] if kind else [*LinkKind]
    between = select(TicketLink).where(_between(ticket_id, other_id, kinds))
    for kept in session.scalars(between.order_by(TicketLink.kind)).all():
        _end(session, actor, {ticket_id: ticket, other_id: other}, kept, now)


def _both(session: Session, ticket_id: UUID, other_id: UUID) -> tuple[Ticket, Ticket]:
    """Both, locked. The staff may see all: what is not there is nowhere."""
    if ticket_id == other_id:
        raise Invalid("same_ticket", "A ticket has no link with itself", pointer="/other_id")
    found = tickets.all_held(session, {ticket_id, other_id})
    if len(found) < 2:
        raise not_found()
    return tickets.unmerged(found[ticket_id]), found[other_id]


def _between(one: UUID, other: UUID, kinds: Sequence[LinkKind]) -> ColumnElement[bool]:
    pair = (one, other)
    return and_(
        TicketLink.ticket_id.in_(pair), TicketLink.other_id.in_(pair), TicketLink.kind.in_(kinds)
    )


def _end(
    session: Session,
    actor: Actor,
    both: dict[UUID, Ticket],
    kept: TicketLink,
    now: datetime | None,
) -> None:
    session.delete(kept)
    session.flush()  # Before another of the kind is inserted.
    _tell(session, actor, both[kept.ticket_id], both[kept.other_id], kept.kind, Unlinked, now)


def _tell(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    other: Ticket,
    kind: LinkKind,
    event: type[Linked],
    now: datetime | None,
) -> None:
    for here, there in ((ticket, other), (other, ticket)):
        about = event(kind_=kind, ticket_id=there.id, number=there.number, is_source=here is ticket)
        timeline.record(session, here, about, actor.id, now)
