"""How far people have read a ticket."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, case, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import OWNED_BY, Actor, Audience, numbered, owned_by
from desk.notifications import inbox
from desk.outbox import CursorMoved, TicketRead, outbox
from desk.statements import Statement, param
from desk.tickets import people, tickets
from desk.tickets.views import unread
from models import Event, ReadCursor, Ticket, User

# How far somebody has come at all, also if they moved their mark back since.
FURTHEST = func.greatest(ReadCursor.seq, ReadCursor.furthest_seq)


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
    before, furthest = _locked_cursor(session, actor, ticket_id) or (0, 0)
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
    outbox(session).moved.append(CursorMoved(ticket_id, actor.id))
    if upto[0] <= furthest:
        return
    public_before = session.scalar(
        select(func.max(Event.public_seq)).where(
            Event.ticket_id == ticket_id, Event.seq <= furthest
        )
    )
    moved = upto[1] if upto[1] != public_before else None
    if actor.is_staff and not people.is_named(session, ticket_id, actor.id):
        moved = None
    outbox(session).reads.append(TicketRead(ticket_id, actor.id, upto[0], moved))


def mark_unread(session: Session, actor: Actor, ticket_id: UUID, seq: int) -> None:
    """Moves the actor's mark back, so that the event with a number of their audience is unread.

    Never forward; and nobody else is told, to whom it stays read.
    """
    tickets.get(session, actor, ticket_id)
    number = numbered(actor.audience)
    first = session.scalar(
        select(Event.seq)
        .where(Event.ticket_id == ticket_id, number >= seq)
        .order_by(number)
        .limit(1)
    )
    cursor = _locked_cursor(session, actor, ticket_id)
    if first is None or cursor is None or cursor[0] < first:
        return
    session.execute(
        update(ReadCursor)
        .where(ReadCursor.user_id == actor.id, ReadCursor.ticket_id == ticket_id)
        .values(seq=first - 1, furthest_seq=FURTHEST)
    )
    outbox(session).moved.append(CursorMoved(ticket_id, actor.id))


def _locked_cursor(session: Session, actor: Actor, ticket_id: UUID) -> tuple[int, int] | None:
    """The mark, and how far it has been; None for who has never read of the ticket."""
    row = session.execute(
        select(ReadCursor.seq, FURTHEST)
        .where(ReadCursor.user_id == actor.id, ReadCursor.ticket_id == ticket_id)
        .with_for_update()
    ).one_or_none()
    return row and (row[0], row[1])


class Unread(NamedTuple):
    """How many messages a person has not read on a ticket."""

    ticket_id: UUID
    user_id: UUID
    unread: int


_IDS = ARRAY(Uuid())
_PAIRS = (
    func.unnest(param("tickets", _IDS), param("people", _IDS))
    .table_valued("ticket_id", "user_id")
    .render_derived(name="pairs")
)
_IS_CUSTOMER = User.role == literal_column("'user'")
# For pairs of ``tickets`` and ``people``, given as `ids`, in which the person may see the ticket.
UNREAD = Statement.of(
    select(
        Ticket.id,
        User.id,
        case(
            (_IS_CUSTOMER, unread(User.id.expression, Audience.CUSTOMER)),
            else_=unread(User.id.expression, Audience.STAFF),
        ),
    )
    .select_from(_PAIRS)
    .join(Ticket, Ticket.id == _PAIRS.c.ticket_id)
    .join(User, User.id == _PAIRS.c.user_id)
    .where(or_(~_IS_CUSTOMER, owned_by(User.id.expression))),
    Unread,
)


@dataclass(frozen=True, slots=True)
class PersonRead:
    """How far somebody has read, in the numbers of who is told."""

    user_id: UUID
    seq: int


# People of whom a join tells: those who have read furthest.
MOST_READS = 200
# Of the asker ``me`` their mark itself.
_MARKS = """
    with marks as (
        select user_id as person,
            case when user_id = %(me)s then seq else greatest(seq, furthest_seq) end as mark
        from read_cursors where ticket_id = %(ticket_id)s
    )
"""
# Who has read ``ticket_id``, for ``me``, who may see it. For its customer those alone whom the
# timeline names; and a mark on a note stands on what there was for customers before it.
READS: dict[Audience, Statement[PersonRead]] = {
    Audience.STAFF: Statement(
        f"""
        {_MARKS} select person, mark from marks where mark > 0
        order by mark desc, person limit {MOST_READS}
        """,
        PersonRead,
    ),
    Audience.CUSTOMER: Statement(
        f"""
        {_MARKS} select person, public_seq from marks, lateral (
            select public_seq from events
            where ticket_id = %(ticket_id)s and seq <= mark and public_seq is not null
            order by seq desc limit 1
        ) shown
        where ({people.IS_NAMED})
            and exists (
                select from tickets where id = %(ticket_id)s and {OWNED_BY.format(me="%(me)s")}
            )
        order by public_seq desc, person limit {MOST_READS}
        """,
        PersonRead,
    ),
}
