"""Which people a ticket's timeline names, and whom somebody may meet so; and who is called so.

Who of the staff only looks at a ticket, or writes notes, is nothing that a customer learns.
Which names people may have is in `desk.accounts.full_names`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    TextClause,
    Uuid,
    cast,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session

from desk.access import OWNED_BY, Actor, numbered, owned_ids, readable
from desk.events import Assigned
from desk.people_events import ParticipantsChanged
from desk.statements import Statement, ids
from desk.tickets.views import not_found
from models import CALLED, IS_PERSON, Event, Role, Ticket, User


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the caller may meet."""

    id: UUID
    full_name: str
    role: Role


# Whether a ``person`` of the outer query has the ticket, opened it or is on copy, or did something
# on it that its customer is shown.
IS_NAMED = f"""
    exists (
        select from tickets
        where id = %(ticket_id)s and (person = assigned_to_id or {OWNED_BY.format(me="person")})
    ) or exists (
        select from events
        where ticket_id = %(ticket_id)s and actor_id = person and public_seq is not null
    )
"""
NAMED: Statement[UUID] = Statement(
    f"select person from unnest(%(user_ids)s::uuid[]) person where {IS_NAMED}",
    lambda user_id: user_id,
)


def is_named(session: Session, ticket_id: UUID, user_id: UUID) -> bool:
    return bool(NAMED.all(session, ticket_id=ticket_id, user_ids=ids([user_id])))


def is_program(session: Session, user_id: UUID | None) -> bool:
    """Whether it acts by a key: what it does is nobody's answer, and nobody's work."""
    is_one = select(User.id).where(User.id == user_id, ~IS_PERSON)
    return session.scalar(is_one) is not None


def named_by(kind: str, actor_id: UUID | None, data: dict[str, object]) -> set[UUID]:
    """The people whom an event that customers are shown names from now on."""
    named = {actor_id} if actor_id else set()
    if kind == Assigned.kind and isinstance(to := data.get("to"), str):
        named.add(UUID(to))
    if kind == ParticipantsChanged.kind and isinstance(added := data.get("added"), list):
        named |= {UUID(each) for each in added}
    return named


def met(session: Session, actor: Actor, user_ids: Collection[UUID]) -> Sequence[Person]:
    """Those of the people whom the actor may meet: the staff anybody, customers who is named in
    their timelines, and themselves.
    """
    people = _people().where(User.id.in_(user_ids))
    if not actor.is_staff:
        own = owned_ids(literal(actor.id, User.id.type))
        met = [User.id.in_(named) for named in _named(actor, Event.ticket_id.in_(own))]
        others = func.array_append(Ticket.participant_ids, Ticket.user_id, type_=ARRAY(Uuid))
        have = func.unnest(func.array_append(others, Ticket.assigned_to_id))
        met.append(User.id.in_(select(have).where(Ticket.id.in_(own))))
        people = people.where(or_(User.id == actor.id, *met))
    return [Person(*row) for row in session.execute(people)]


def in_timeline(session: Session, actor: Actor, ticket_id: UUID) -> Sequence[Person]:
    """Everybody who opened the ticket, has it or had it, or did what the actor is shown.

    Raises `NotFound`.
    """
    seen = select(Ticket).where(Ticket.id == ticket_id, readable(actor))
    if (ticket := session.scalar(seen)) is None:
        raise not_found()
    those = [User.id.in_(named) for named in _named(actor, Event.ticket_id == ticket_id)]
    have = [ticket.user_id, *ticket.participant_ids]
    if ticket.assigned_to_id is not None:
        have.append(ticket.assigned_to_id)
    return [
        Person(*row) for row in session.execute(_people().where(or_(User.id.in_(have), *those)))
    ]


def among(session: Session, user_ids: Collection[UUID]) -> Sequence[Person]:
    """The people with these ids, by their names; whoever asks knows them already."""
    if not user_ids:
        return []
    return [Person(*row) for row in session.execute(_people().where(User.id.in_(user_ids)))]


def _people() -> Select[UUID, str, Role]:
    return select(User.id, User.full_name, User.role).order_by(User.full_name, User.id)


def _named(actor: Actor, those: ColumnElement[bool]) -> list[Select[UUID]]:
    """Who acted in the events as the actor is shown them, who was given a ticket, and who was put
    on copy or taken off.
    """
    shown = (those, numbered(actor.audience).is_not(None))
    given = cast(Event.data["to"].astext, Uuid)
    is_about_people = Event.kind == ParticipantsChanged.kind
    copied = [func.jsonb_array_elements_text(Event.data[name]) for name in ("added", "removed")]
    return [
        select(Event.actor_id).where(*shown),
        select(given).where(*shown, Event.kind == Assigned.kind),
        *(select(cast(each, Uuid)).where(*shown, is_about_people) for each in copied),
    ]


CALLED_BY = f"""
    person_words({CALLED}) @@ (
        select string_agg(
            quote_literal(lexeme) || case when length(lexeme) < :shortest then '' else ':*' end,
            ' & '
        )::tsquery
        from unnest(person_words(:called, ''))
    )
"""


def called(words: str, shortest: int = 1) -> TextClause:
    """The users in whose name and address each of the words begins one.

    ``shortest``: shorter words are whole ones. Nobody is found by signs alone.
    """
    return text(CALLED_BY).bindparams(called=words, shortest=shortest)
