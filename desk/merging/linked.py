"""What a ticket is linked with that becomes a part of another: so is that one, meanwhile.

Its own links stay, and are not shown. Whoever writes a link has locked both of its tickets, so that
those of a locked one are as they are.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import LinkKind, Merge, TicketLink


def take_over(session: Session, source_id: UUID, into_id: UUID) -> None:
    """Links the target as the source is, but for what it has already, and for itself."""
    known = {(other, kind) for other, kind, _ in _links(session, into_id)}
    for other_id, kind, row in _links(session, source_id):
        if other_id == into_id or (other_id, kind) in known:
            continue
        pair = (into_id, other_id) if row.ticket_id == source_id else (other_id, into_id)
        values = dict(zip(("ticket_id", "other_id"), pair, strict=True))
        more = {"kind": kind, "by_id": row.by_id, "at": row.at, "merged_from_id": source_id}
        session.execute(insert(TicketLink).values({**values, **more}))


def give_back(session: Session, done: Merge) -> None:
    """Ends what `take_over` did."""
    session.execute(delete(TicketLink).where(TicketLink.merged_from_id == done.source_id))


def _links(session: Session, ticket_id: UUID) -> Iterator[tuple[UUID, LinkKind, TicketLink]]:
    of_ticket = or_(TicketLink.ticket_id == ticket_id, TicketLink.other_id == ticket_id)
    for row in session.scalars(select(TicketLink).where(of_ticket)).all():
        yield row.other_id if row.ticket_id == ticket_id else row.ticket_id, row.kind, row
