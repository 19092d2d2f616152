"""Who may see what, as predicates that compose into any query."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, literal, true

from models import Event, Role, Ticket


class Audience(StrEnum):
    """Whose numbering of a timeline: staff see all of it, customers what is not internal."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Actor:
    id: UUID
    role: Role
    session_id: UUID | None = None
    # For those who look at the same ticket.
    full_name: str = ""

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.USER

    @property
    def audience(self) -> Audience:
        return Audience.STAFF if self.is_staff else Audience.CUSTOMER


def visible(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor may know of."""
    return visible_to(actor.audience, literal(actor.id, Ticket.user_id.type))


def visible_to(audience: Audience, me: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The tickets that somebody of an audience may know of."""
    return true() if audience is Audience.STAFF else Ticket.user_id == me


def numbered(audience: Audience, event: type[Event] = Event) -> ColumnElement[int | None]:
    """An event's number for the audience; null where it is not for them."""
    column = event.seq if audience is Audience.STAFF else event.public_seq
    return column.expression
