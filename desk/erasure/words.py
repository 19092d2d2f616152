"""Erasing what a person wrote on tickets: the numbers, kinds and times of the events stay.

Of whoever was of the staff that is what they wrote on tickets of their own: the rest is the
desk's.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from desk.access import OWNED_BY
from desk.people_events import Erased
from desk.tickets import attachments, search, tickets, timeline
from models import Attachment, Erasure, FieldValue, Rating, Ticket

# A ticket's title by then.
TITLE = "Erased"

# Those of a range that they opened, are on copy of, wrote on or uploaded to.
CONCERNED = text(
    f"""
    select id from tickets t
    where id > :first and id <= :last and (
        {OWNED_BY.format(me=":me")}
        or exists (select from events e where e.ticket_id = t.id and e.actor_id = :me)
        or exists (select from attachments a where a.ticket_id = t.id and a.uploader_id = :me)
    )
    order by id limit :most
    """
)
# Where words of tickets were copied to as they were merged into another or split from it.
COPIED_TO = text(
    """
    select distinct cast(data ->> 'ticket_id' as uuid) from events
    where ticket_id = any(:own) and kind in ('merged_into', 'split_from')
    """
)
ERASE_MESSAGES = text(
    """
    update events set content = '', client_id = null, data = '{"erased": true}'
    where ticket_id = any(:ids) and actor_id = :me and content is not null
        and not data @> '{"erased": true}'
    returning ticket_id
    """
)
ERASE_COMMENTS = text(
    """
    update events set data = data || '{"comment": null}'
    where ticket_id = any(:ids) and actor_id = :me and kind = 'rated'
        and data ->> 'comment' is not null
    returning ticket_id
    """
)
ERASE_FIELDS = text(
    """
    update events set data = (
        select jsonb_object_agg(key, '{"from": null, "to": null}'::jsonb)
        from jsonb_object_keys(data) key
    )
    where ticket_id = any(:own) and kind in ('fields_changed', 'staff_fields_changed')
        and data <> '{}'
    """
)
ERASE_COPIES = text(
    """
    update events set data = data || case kind
        when 'split_to' then jsonb_build_object('title', cast(:title as text))
        else jsonb_build_object('title', cast(:title as text), 'description', '') end
    where ticket_id = any(:copied_to) and kind in ('merged_from', 'split_to')
        and data ->> 'ticket_id' = any(:own_names)
    returning ticket_id
    """
)
TAKE_FILES = text(
    """
    update events set data = data - 'attachments'
    where ticket_id = any(:ids) and actor_id = :me and data ? 'attachments'
    returning ticket_id
    """
)


def concerned(
    session: Session, user_id: UUID, first: UUID, last: UUID, most: int
) -> Sequence[UUID]:
    """Tickets with an id after the first, up to the last, on which something may be theirs."""
    asked = {"me": user_id, "first": first, "last": last, "most": most}
    return session.scalars(CONCERNED, asked).all()


def erase(session: Session, erasure: Erasure, ticket_ids: Collection[UUID]) -> None:
    """Erases what the person wrote on the tickets, as it was asked for. Harmless to repeat."""
    held, copied_to = _held(session, erasure, ticket_ids)
    own = [held[each] for each in ticket_ids if held[each].user_id == erasure.user_id]
    theirs = [each.id for each in own] if erasure.was_staff else list(ticket_ids)
    changed = _erase_files(session, erasure, theirs)
    if not erasure.keep_tickets:
        changed |= _erase_words(session, erasure, theirs, [each.id for each in own], copied_to)
        for ticket in own:
            ticket.title, ticket.description, ticket.fields = TITLE, "", {}
            changed.add(ticket.id)
    erased = Erased(user_id=erasure.user_id, files_only=erasure.keep_tickets)
    for ticket_id in sorted(changed):
        timeline.record(session, held[ticket_id], erased, erasure.asked_by_id, None)
    session.flush()
    search.remake(session, sorted(changed))


def _held(
    session: Session, erasure: Erasure, ticket_ids: Collection[UUID]
) -> tuple[dict[UUID, Ticket], set[UUID]]:
    """The tickets and those that have copies of their words, locked; and the ids of the latter."""
    while True:
        # What was locked in vain is free again after it.
        with session.begin_nested() as attempt:
            copied_to = _copied_to(session, erasure, ticket_ids)
            held = tickets.all_held(session, {*ticket_ids, *copied_to})
            # One may have been merged or split before it was locked.
            if copied_to == _copied_to(session, erasure, ticket_ids):
                return held, copied_to
            attempt.rollback()


def _copied_to(session: Session, erasure: Erasure, ticket_ids: Collection[UUID]) -> set[UUID]:
    opened = (Ticket.id.in_(ticket_ids), Ticket.user_id == erasure.user_id)
    own = session.scalars(select(Ticket.id).where(*opened)).all()
    return set(session.scalars(COPIED_TO, {"own": list(own)}))


def _erase_files(session: Session, erasure: Erasure, theirs: Sequence[UUID]) -> set[UUID]:
    """Deletes their uploads, taken or not, and takes them out of their messages."""
    uploaded = (Attachment.ticket_id.in_(theirs), Attachment.uploader_id == erasure.user_id)
    for file in session.scalars(select(Attachment).where(*uploaded)).all():
        attachments.drop(session, file)
    return set(session.scalars(TAKE_FILES, {"ids": list(theirs), "me": erasure.user_id}))


def _erase_words(
    session: Session,
    erasure: Erasure,
    theirs: Sequence[UUID],
    own: Sequence[UUID],
    copied_to: Collection[UUID],
) -> set[UUID]:
    """``theirs``: where they wrote for themselves; ``own``: of these, what they opened."""
    of_them = {"ids": list(theirs), "me": erasure.user_id}
    changed = {*session.scalars(ERASE_MESSAGES, of_them), *session.scalars(ERASE_COMMENTS, of_them)}
    session.execute(ERASE_FIELDS, {"own": list(own)})
    copies = {"copied_to": list(copied_to), "own_names": [str(each) for each in own]}
    changed |= set(session.scalars(ERASE_COPIES, {**copies, "title": TITLE}))
    session.execute(delete(FieldValue).where(FieldValue.ticket_id.in_(own)))
    rated = update(Rating).where(Rating.ticket_id.in_({*own, *changed})).values(comment=None)
    session.execute(rated)
    return changed
