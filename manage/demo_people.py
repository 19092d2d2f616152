"""The demo's newest tickets have people on copy and followers, and are linked."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor, owns
from desk.tickets import followers, links, participants
from desk.tickets.links import NewLink
from models import LinkKind, Ticket

NEWEST = 4
KINDS = (LinkKind.RELATED, LinkKind.DUPLICATE, LinkKind.BLOCKS)


def bring_together(
    session: Session, admin: Actor, customers: Sequence[Actor], now: datetime
) -> None:
    whole = select(Ticket).where(Ticket.merged_into_id.is_(None))
    chosen = session.scalars(whole.order_by(Ticket.created_at.desc()).limit(NEWEST)).all()
    for ticket in chosen:
        others = [customer.id for customer in customers if not owns(ticket, customer.id)]
        participants.put(session, admin, ticket.id, others[0], now)
        followers.follow(session, admin, ticket.id, admin.id)
    for (one, other), kind in zip(pairwise(chosen), KINDS, strict=False):
        links.link(session, admin, one.id, other.id, NewLink(kind=kind), now)
