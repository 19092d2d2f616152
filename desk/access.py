"""Who may see what, as predicates that compose into any query."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, literal, or_, select, text, true, union_all
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from models import HAS_PARTICIPANTS, Event, Role, Scope, Ticket


class Audience(StrEnum):
    """Whose numbering of a timeline: staff see all of it, customers what is not internal."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``session_id``: of a program, its key's id."""

    id: UUID
    role: Role
    session_id: UUID | None = None
    # For those who look at the same ticket.
    full_name: str = ""
    # May do nothing but set up a second factor: see `desk.accounts.sessions.lacks_factor`.
    must_set_up: bool = False
    # What a program's key is good for; None: a person, whose role alone says it.
    scopes: frozenset[Scope] | None = None

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.USER

    @property
    def is_program(self) -> bool:
        return self.scopes is not None

    @property
    def audience(self) -> Audience:
        return Audience.STAFF if self.is_staff else Audience.CUSTOMER


def visible(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor may know of."""
    return visible_to(actor.audience, literal(actor.id, Ticket.user_id.type))


def visible_to(audience: Audience, me: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The tickets that somebody of an audience may know of."""
    return true() if audience is Audience.STAFF else owned_by(me)


# As `owned_by`, in SQL: ``me`` is a parameter, or a column, and the row is a ticket.
OWNED_BY = "(user_id = {me} or {me} = any(participant_ids))"


def owned_by(me: ColumnElement[UUID], ticket: type[Ticket] = Ticket) -> ColumnElement[bool]:
    """The tickets that are somebody's own: who opened them, or was put on copy.

    The one place where a ticket is compared with its people: right also on a row that was waited
    for, as all of them are in it. No index leads through it: `owned_ids`.
    """
    return or_(ticket.user_id == me, me == any_(ticket.participant_ids))


def readable(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor may read: those that they may know of, and what was merged into
    them. Of one ticket; a list has the former alone.
    """
    return readable_to(actor.audience, literal(actor.id, Ticket.user_id.type))


def readable_to(audience: Audience, me: ColumnElement[UUID]) -> ColumnElement[bool]:
    """As `readable`, for somebody of an audience."""
    return true() if audience is Audience.STAFF else or_(owned_by(me), is_part_of_own(me))


def is_part_of_own(me: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The tickets that were merged into one that is somebody's own."""
    target = aliased(Ticket)
    own = select(target.id).where(target.id == Ticket.merged_into_id, owned_by(me, target))
    return own.correlate(Ticket).exists()


def owned_ids_in_sql(me: str) -> str:
    """As `owned_ids`; ``me``: a parameter."""
    copied = f"participant_ids @> array[{me}] and {HAS_PARTICIPANTS} and user_id <> {me}"
    return " union all ".join(
        f"select id from tickets where {those}" for those in (f"user_id = {me}", copied)
    )


def owns(ticket: Ticket, person: UUID | None) -> bool:
    """As `owned_by`, of a ticket that was read."""
    return person == ticket.user_id or person in ticket.participant_ids


def owned_ids(me: ColumnElement[UUID]) -> Select[UUID]:
    """The tickets that are somebody's own, as indexes have them, each once."""
    opened = select(Ticket.id).where(Ticket.user_id == me)
    own = union_all(opened, copied_ids(me).where(Ticket.user_id != me)).subquery("own")
    return select(own.c.id)


def copied_ids(me: ColumnElement[UUID]) -> Select[UUID]:
    """The tickets that somebody is on copy of, as the index of them has them."""
    on_copy = Ticket.participant_ids.contains(array([me]))
    return select(Ticket.id).where(on_copy, text(HAS_PARTICIPANTS))


def numbered(audience: Audience, event: type[Event] = Event) -> ColumnElement[int | None]:
    """An event's number for the audience; null where it is not for them."""
    column = event.seq if audience is Audience.STAFF else event.public_seq
    return column.expression
