"""Telling people what happened to their tickets: who is told of what, and the inbox.

A notification is recorded in the transaction of its cause. What is mailed:
`desk.notifications.mail_queue`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, select, tuple_, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import OWNED_BY, Actor, owned_ids, owns
from desk.errors import NotFound
from desk.events import Assigned, Entry, Message, Rated, StatusChanged
from desk.jobs import Job
from desk.merge_events import MergedFrom
from desk.outbox import InboxRead, outbox
from desk.people_events import ParticipantsChanged
from desk.row_ids import row_id, row_id_in_sql
from desk.rows import EventRow, NotificationRow
from desk.snooze_events import Woke
from models import (
    WORKS_HERE,
    Notification,
    NotificationKind,
    Role,
    Status,
    TeamMember,
    Ticket,
    User,
)

# A conversation is mailed once it pauses for so long after its first message, as one mail.
MAIL_WINDOW = timedelta(seconds=30)
# A new assignment is mailed at once; those that follow so soon after another, together after it.
ASSIGNED_WINDOW = timedelta(minutes=2)
LONGEST_WINDOW = max(MAIL_WINDOW, ASSIGNED_WINDOW)
STORED = [name for name in NotificationRow._fields if name != "actor_name"]
# Of a rating from 1 to 5: who gave it is not content.
LOW_SCORE = 2
OVER = (Status.RESOLVED, Status.CLOSED)


def notify(session: Session, entry: Entry) -> None:
    """Tells those whom an event concerns, all but who acted."""
    more: dict[str, Any] = {}
    wait = MAIL_WINDOW
    match entry.event:
        case Message() as said if said.is_internal:
            more = {"internal": True}
        case StatusChanged():
            more = entry.row.data
        case Rated(score=score):
            more = {"score": score}
        case Assigned(to=UUID() as assignee):
            last = session.get_one(User, assignee).last_assigned_at
            follows = last is not None and entry.row.at - last < ASSIGNED_WINDOW
            wait = ASSIGNED_WINDOW if follows else timedelta(0)
    if told := recipients(session, entry):
        _tell(session, entry, told, more, wait)


def recipients(session: Session, entry: Entry) -> dict[UUID, NotificationKind]:
    """Who is told of an event, and as what, once each.

    Of what all may see the customers: who opened the ticket, and who is on copy. Of what customers
    do, and of notes, the assignee and who follows, as long as they are of the staff.
    """
    ticket = entry.ticket
    customers = [ticket.user_id, *ticket.participant_ids]
    match entry.event:
        case Message() as said:
            told = [] if said.is_internal else customers
            if said.is_internal or owns(ticket, entry.row.actor_id):
                told = [*told, *_staff(session, ticket)]
            mentioned = dict.fromkeys(said.mentions, NotificationKind.MENTIONED)
            return dict.fromkeys(told, NotificationKind.MESSAGE_POSTED) | mentioned
        case StatusChanged() if ticket.merged_into_id is not None:
            return {}  # It goes on on the other ticket.
        case StatusChanged(from_=before, to=to):
            is_back = before in OVER and to is Status.OPEN
            of_staff = NotificationKind.REOPENED if is_back else NotificationKind.STATUS_CHANGED
            return {
                **dict.fromkeys(customers, NotificationKind.STATUS_CHANGED),
                **dict.fromkeys(_staff(session, ticket), of_staff),
            }
        case Assigned(to=UUID() as assignee):
            return {assignee: NotificationKind.ASSIGNED}
        case MergedFrom():
            return dict.fromkeys(_staff(session, ticket), NotificationKind.MERGED)
        case ParticipantsChanged(added=added):
            return dict.fromkeys(added, NotificationKind.ADDED)
        case Woke(by=by) if by != "customer":  # Of their message one is told anyway.
            return dict.fromkeys(_staff(session, ticket), NotificationKind.WOKE)
        case Rated(score=score) if score <= LOW_SCORE:
            told = [*_staff(session, ticket), *_team(session, ticket)]
            return dict.fromkeys(told, NotificationKind.RATED)
    return {}


def _staff(session: Session, ticket: Ticket) -> Sequence[UUID]:
    """Who works on the ticket, and who follows it, but for those who left the staff."""
    those = {*ticket.follower_ids, ticket.assigned_to_id} - {None}
    if not those:
        return []
    return session.scalars(select(User.id).where(User.id.in_(those), WORKS_HERE)).all()


def _team(session: Session, ticket: Ticket) -> Sequence[UUID]:
    """The members of the ticket's team who work here."""
    if ticket.team_id is None:
        return ()
    query = select(User.id).join(TeamMember, TeamMember.user_id == User.id)
    works_here = (User.is_active, WORKS_HERE)
    return session.scalars(query.where(TeamMember.team_id == ticket.team_id, *works_here)).all()


MESSAGE_POSTED = f"'{NotificationKind.MESSAGE_POSTED}'"
# As `recipients` has it, for the statement that posts a message: it has the locked row as
# ``ticket`` and the event as ``said``.
OF_MESSAGE = f"""
    insert into notifications (
        id, user_id, kind, ticket_id, event_seq, actor_id, data, created_at, due_at, attempts
    )
    select {row_id_in_sql("said.at", "id", "said.seq", MESSAGE_POSTED, "person")},
        person, {MESSAGE_POSTED}, id, said.seq, %(actor_id)s,
        jsonb_build_object('number', number, 'title', title) || case
            when %(is_note)s then '{{"internal": true}}'::jsonb else '{{}}' end,
        said.at,
        least(said.at, clock_timestamp()) + interval '{MAIL_WINDOW.total_seconds()} seconds', 0
    from said, ticket, lateral (
        select unnest(user_id || participant_ids) as person where not %(is_note)s
        union
        select users.id from users
        where users.id = any(assigned_to_id || follower_ids) and role <> '{Role.USER}'
            and (%(is_note)s or {OWNED_BY.format(me="%(actor_id)s")})
    ) told
    where person <> %(actor_id)s
    returning id as notification_id, user_id, data,
        (select full_name from users where id = actor_id) as actor_name
"""


def told_of_message(
    event: EventRow, id: UUID, user_id: UUID, data: dict[str, Any], actor_name: str
) -> NotificationRow:
    """What `OF_MESSAGE` has inserted."""
    return NotificationRow(
        id,
        user_id,
        NotificationKind.MESSAGE_POSTED,
        event.ticket_id,
        event.actor_id,
        data,
        created_at=event.at,
        read_at=None,
        actor_name=actor_name,
    )


def remind(
    session: Session, ticket: Ticket, user_id: UUID, note: str | None, seq: int, at: datetime
) -> None:
    """Tells a person of a ticket because they wanted it. ``seq``: the newest that they may see."""
    row = NotificationRow(
        id=uuid7(),
        user_id=user_id,
        kind=NotificationKind.REMINDER,
        ticket_id=ticket.id,
        actor_id=None,
        data={"number": ticket.number, "title": ticket.title, "note": note},
        created_at=at,
        read_at=None,
        actor_name=None,
    )
    values = {name: getattr(row, name) for name in STORED}
    session.add(Notification(**values, event_seq=seq, due_at=at))
    outbox(session).notifications.append(row)
    outbox(session).wakes.add(Job.DRAIN_NOTIFICATIONS)


def _tell(
    session: Session,
    entry: Entry,
    told: dict[UUID, NotificationKind],
    more: dict[str, Any],
    wait: timedelta,
) -> None:
    """Records a notification for each. Nobody is told of their own act."""
    ticket, cause = entry.ticket, entry.row
    data = {"number": ticket.number, "title": ticket.title, **more}
    people = {who: kind for who, kind in told.items() if who != cause.actor_id}
    if not people:
        return
    actor_name = None
    if cause.actor_id is not None:
        actor_name = session.scalar(select(User.full_name).where(User.id == cause.actor_id))
    for user_id, kind in people.items():
        row = NotificationRow(
            # One cause notifies a person once, whoever runs the rule again.
            id=row_id(cause.at, cause.ticket_id, cause.seq, kind, user_id),
            user_id=user_id,
            kind=kind,
            ticket_id=ticket.id,
            actor_id=cause.actor_id,
            data=data,
            created_at=cause.at,
            read_at=None,
            actor_name=actor_name,
        )
        values = {name: getattr(row, name) for name in STORED}
        session.add(Notification(**values, event_seq=cause.seq, due_at=entry.due_at + wait))
        outbox(session).notifications.append(row)
        if not wait:
            outbox(session).wakes.add(Job.DRAIN_NOTIFICATIONS)


def _shown_to(actor: Actor) -> ColumnElement[bool]:
    """What a person was told and may see now: who left the staff is not of the staff any more."""
    theirs = Notification.user_id == actor.id
    if actor.is_staff:
        return theirs
    own = owned_ids(literal(actor.id, Ticket.user_id.type))
    is_note = Notification.data.has_key("internal")
    return and_(theirs, Notification.ticket_id.in_(own), ~is_note)


# The columns of a `NotificationRow`.
SHOWN = (
    *(getattr(Notification, name) for name in STORED),
    # Looked up for those of a page alone: a joined table might be read first.
    select(User.full_name)
    .where(User.id == Notification.actor_id)
    .correlate_except(User)
    .scalar_subquery()
    .label("actor_name"),
)


def page(
    session: Session,
    actor: Actor,
    *,
    unread: bool,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> Sequence[NotificationRow]:
    """The actor's notifications, newest first."""
    query = select(*SHOWN).where(_shown_to(actor))
    if unread:
        query = query.where(Notification.read_at.is_(None))
    keys = (Notification.created_at, Notification.id)
    if before is not None:
        query = query.where(tuple_(*keys) < tuple_(*before))
    rows = session.execute(query.order_by(*(key.desc() for key in keys)).limit(limit))
    return [NotificationRow(*row) for row in rows]


def count(session: Session, actor: Actor, *, unread: bool) -> int:
    query = select(func.count()).select_from(Notification)
    query = query.where(_shown_to(actor))
    if unread:
        query = query.where(Notification.read_at.is_(None))
    return session.scalar(query) or 0


# Notifications of which one message says that they were read.
MOST_IDS = 200


def mark_read(session: Session, actor: Actor, notification_id: UUID, now: datetime) -> None:
    notification = session.scalar(
        select(Notification).where(Notification.id == notification_id, _shown_to(actor))
    )
    if notification is None:
        raise NotFound("notification_not_found", "Notification not found")
    if notification.read_at is None:
        notification.read_at = now
        _tell_read(session, actor, [notification_id])


def read_upto(session: Session, actor: Actor, ticket_id: UUID, seq: int) -> None:
    """Marks what the actor was told of a ticket, up to a number of the staff's."""
    read = session.scalars(
        update(Notification)
        .where(
            Notification.user_id == actor.id,
            Notification.ticket_id == ticket_id,
            Notification.event_seq <= seq,
            Notification.read_at.is_(None),
        )
        .values(read_at=func.now())
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    _tell_read(session, actor, read.all())


def mark_all_read(session: Session, actor: Actor, now: datetime) -> None:
    session.execute(
        update(Notification)
        .where(Notification.user_id == actor.id, Notification.read_at.is_(None))
        .values(read_at=now)
    )
    outbox(session).inboxes.append(InboxRead(actor.id, actor.role, None))


def _tell_read(session: Session, actor: Actor, ids: Sequence[UUID]) -> None:
    for start in range(0, len(ids), MOST_IDS):
        read = InboxRead(actor.id, actor.role, tuple(ids[start : start + MOST_IDS]))
        outbox(session).inboxes.append(read)
