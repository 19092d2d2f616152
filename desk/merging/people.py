"""Who reads a ticket that another one becomes a part of, and who is told of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from desk.access import Actor
from desk.tickets import followers, participants
from models import Merge, Ticket


def readers(ticket: Ticket) -> set[UUID]:
    """The customers whose own the ticket is."""
    return {ticket.user_id, *ticket.participant_ids}


def _told(ticket: Ticket) -> set[UUID]:
    """Who follows it, or has it."""
    assignee = {ticket.assigned_to_id} if ticket.assigned_to_id else set()
    return {*ticket.follower_ids} | assignee


def join(
    session: Session,
    actor: Actor,
    undoing: Merge,
    source: Ticket,
    target: Ticket,
    now: datetime | None,
) -> None:
    """Whoever read the source, or was told of it, is so of the target.

    Raises `Conflict` as `participants.add`.
    """
    undoing.participants_added = sorted(readers(source) - readers(target))
    undoing.followers_added = sorted(_told(source) - _told(target))
    participants.add(session, actor, target, undoing.participants_added, now)
    followers.add(target, undoing.followers_added)


def part(
    session: Session,
    actor: Actor,
    done: Merge,
    target: Ticket,
    others: Sequence[tuple[Merge, Ticket]],
    now: datetime | None,
) -> None:
    """Ends what `join` did, but for who is there for one of the others that were merged into the
    target as well: by that one's merge from now on.
    """
    participants_gone, followers_gone = {*done.participants_added}, {*done.followers_added}
    for merge, ticket in others:
        staying = participants_gone & readers(ticket)
        merge.participants_added = [*merge.participants_added, *sorted(staying)]
        participants_gone -= staying
        staying = followers_gone & _told(ticket)
        merge.followers_added = [*merge.followers_added, *sorted(staying)]
        followers_gone -= staying
    participants.remove(session, actor, target, sorted(participants_gone), now)
    target.follower_ids = [each for each in target.follower_ids if each not in followers_gone]
