"""Who of the staff follows a ticket: they are told of what its assignee is told of."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Forbidden, Invalid
from desk.tickets import people, tickets
from desk.tickets.people import Person
from models import WORKS_HERE, Ticket, User

MOST_FOLLOWERS = 100


def followers(session: Session, actor: Actor, ticket_id: UUID) -> Sequence[Person]:
    """By their names; a customer is told of nobody but themselves. Raises `NotFound`."""
    ids = tickets.get(session, actor, ticket_id).follower_ids
    shown = ids if actor.is_staff else [each for each in ids if each == actor.id]
    return people.among(session, shown)


def follow(session: Session, actor: Actor, ticket_id: UUID, user_id: UUID) -> None:
    """Has somebody follow: themselves, or the staff another of them. Once is enough.

    A customer is told of their own tickets anyway, and of no more for it. Raises `NotFound`,
    `Forbidden` (``not_yourself``), `Invalid` (``not_staff``), `Conflict` (``too_many_followers``).
    """
    ticket = _held(session, actor, ticket_id, user_id)
    is_own = user_id == actor.id and not actor.is_program
    if not is_own and not _staff(session, [user_id]):
        raise Invalid("not_staff", "Not active, or not of the staff", pointer="/user_id")
    if user_id not in ticket.follower_ids and len(ticket.follower_ids) >= MOST_FOLLOWERS:
        raise Conflict("too_many_followers", f"At most {MOST_FOLLOWERS} follow a ticket")
    add(ticket, [user_id])


def add(ticket: Ticket, user_ids: Sequence[UUID]) -> None:
    """Has people follow a ticket that is held."""
    following = [*dict.fromkeys([*ticket.follower_ids, *user_ids])]
    if following != ticket.follower_ids:
        ticket.follower_ids = following


def unfollow(session: Session, actor: Actor, ticket_id: UUID, user_id: UUID) -> None:
    """Raises `NotFound`, `Forbidden` (``not_yourself``)."""
    ticket = _held(session, actor, ticket_id, user_id)
    if user_id in ticket.follower_ids:
        ticket.follower_ids = [each for each in ticket.follower_ids if each != user_id]


def mention(session: Session, ticket: Ticket, user_ids: Sequence[UUID]) -> None:
    """Has those who are mentioned follow a ticket that is held, also as one too many.

    Raises `Invalid` (``not_mentionable``).
    """
    if len(_staff(session, user_ids)) < len(user_ids):
        detail = "Somebody is not active, or not of the staff"
        raise Invalid("not_mentionable", detail, pointer="/mentions")
    add(ticket, user_ids)


def _held(session: Session, actor: Actor, ticket_id: UUID, user_id: UUID) -> Ticket:
    ticket = tickets.held(session, actor, ticket_id)
    if user_id != actor.id and not actor.is_staff:
        raise Forbidden("not_yourself", "Only the staff have others follow a ticket")
    return ticket


def _staff(session: Session, user_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Those of the people who are active and of the staff."""
    those = (User.id.in_(user_ids), WORKS_HERE, User.is_active)
    return session.scalars(select(User.id).where(*those)).all()
