"""How far people have read a ticket."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import Actor, numbered
from desk.notifications import inbox
from desk.outbox import Read, outbox
from desk.tickets import people, tickets
from models import Event, ReadCursor


def mark_read(session: Session, actor: Actor, ticket_id: UUID, seq: int) -> None:
    """Remembers how far the actor has read, in the numbering of their audience. Never goes back.

    What they were notified of until there is read with it.
    """
    ticket = tickets.get(session, actor, ticket_id)
    number = numbered(actor.audience)
    # A customer's number stands for the staff's number of the same event.
    upto = session.execute(
        select(func.max(Event.seq), func.max(Event.public_seq)).where(
            Event.ticket_id == ticket_id, number <= seq
        )
    ).one()
    before = session.scalar(_read_cursor(actor, ticket_id).with_for_update()) or 0
    if upto[0] is None:
        return
    inbox.read_upto(session, actor, ticket_id, upto[0])
    if upto[0] <= before:
        return
    cursor = insert(ReadCursor).values(user_id=actor.id, ticket_id=ticket.id, seq=upto[0])
    session.execute(
        cursor.on_conflict_do_update(
            index_elements=[ReadCursor.user_id, ReadCursor.ticket_id],
            set_={"seq": func.greatest(ReadCursor.seq, cursor.excluded.seq)},
        )
    )
    public_before = session.scalar(
        select(func.max(Event.public_seq)).where(Event.ticket_id == ticket_id, Event.seq <= before)
    )
    moved = upto[1] if upto[1] != public_before else None
    if actor.is_staff and not people.is_named(session, ticket_id, actor.id):
        moved = None
    outbox(session).reads.append(Read(ticket_id, actor.id, upto[0], moved))


def _read_cursor(actor: Actor, ticket_id: UUID) -> Select[int]:
    return select(ReadCursor.seq).where(
        ReadCursor.user_id == actor.id, ReadCursor.ticket_id == ticket_id
    )
