"""The locks of who changes several tickets at once: the tickets by their ids."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import Conflict
from desk.tickets import tickets
from models import Merge, Ticket


def for_merge(
    session: Session, source_id: UUID, into_id: UUID
) -> tuple[Ticket, Ticket, list[Ticket]]:
    """The source, the last target of the one that was asked for, and what is a part of the source.

    Neither the source nor the target is a part of any. Raises `Conflict` (``already_merged``,
    ``merge_circle``).
    """
    while True:
        # What was locked in vain is free again after it.
        with session.begin_nested() as attempt:
            target_id = tickets.end_of(session, into_id)
            if target_id == source_id:
                raise Conflict("merge_circle", "A ticket cannot be merged into a part of itself")
            parts = tickets.parts(session, source_id)
            by_id = tickets.all_held(session, {source_id, target_id, *parts})
            source, target = by_id[source_id], by_id[target_id]
            if source.merged_into_id is not None:
                raise Conflict("already_merged", "The ticket is a part of another already")
            # Somebody may have merged the target, or others into the source, before it was locked.
            if target.merged_into_id is None and tickets.parts(session, source_id) == parts:
                return source, target, [by_id[part] for part in parts]
            attempt.rollback()


def for_unmerge(session: Session, source_id: UUID) -> tuple[Merge, Mapping[UUID, Ticket]]:
    """The merge of a ticket, and by their ids the two and what was a part of the source before.

    Raises `Conflict` (``not_merged``).
    """
    found = select(Merge).where(Merge.source_id == source_id)
    found = found.execution_options(populate_existing=True)
    while True:
        # What was locked in vain is free again after it.
        with session.begin_nested() as attempt:
            into_id = _require_merged(session.scalar(found)).into_id
            by_id = tickets.all_held(session, {source_id, into_id, *_steps(session, source_id)})
            merge = _require_merged(session.scalar(found))
            # Somebody may have taken it out, and merged it into another, before it was locked.
            if by_id.keys() == {source_id, merge.into_id, *_steps(session, source_id)}:
                return merge, by_id
            attempt.rollback()


def _require_merged(merge: Merge | None) -> Merge:
    if merge is None:
        raise Conflict("not_merged", "The ticket is a part of no other")
    return merge


def _steps(session: Session, ticket_id: UUID) -> set[UUID]:
    """All that was merged into the ticket, step by step."""
    steps = select(Merge.source_id).where(Merge.into_id == ticket_id).cte(recursive=True)
    further = select(Merge.source_id).join(steps, Merge.into_id == steps.c.source_id)
    return set(session.scalars(select(steps.union(further).c.source_id)))
