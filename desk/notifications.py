"""Telling people: the inbox, and the queue of what is to be mailed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from desk.jobs import Job
from desk.outbox import outbox
from models import Event, Notification, NotificationKind, Ticket, User

BATCH = 25
# A mailer that died with a lease is given up after this.
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 10
FIRST_RETRY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mailer needs to tell one person of one notification."""

    notification_id: UUID
    kind: NotificationKind
    to_name: str
    to_email: str
    ticket_number: int
    ticket_title: str


def notify(
    session: Session,
    user_id: UUID,
    kind: NotificationKind,
    cause: Event,
    now: datetime,
    data: dict[str, Any],
) -> None:
    """Records a notification in its cause's transaction. Nobody is told of their own act."""
    if user_id == cause.actor_id:
        return
    notification = Notification(
        user_id=user_id,
        kind=kind,
        ticket_id=cause.ticket_id,
        actor_id=cause.actor_id,
        data=data,
        created_at=now,
        dedupe_key=f"{cause.ticket_id}:{cause.seq}:{kind}:{user_id}",
        due_at=now,
    )
    session.add(notification)
    outbox(session).notifications.append(notification)
    outbox(session).wakes.add(Job.DRAIN_NOTIFICATIONS)


def inbox(
    session: Session,
    actor: Actor,
    *,
    unread: bool,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> Sequence[Notification]:
    """The actor's notifications, newest first."""
    query = select(Notification).where(Notification.user_id == actor.id)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    if before is not None:
        created_at, last_id = before
        query = query.where(
            (Notification.created_at < created_at)
            | ((Notification.created_at == created_at) & (Notification.id < last_id))
        )
    order = (Notification.created_at.desc(), Notification.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def mark_read(session: Session, actor: Actor, notification_id: UUID, now: datetime) -> None:
    notification = session.scalar(
        select(Notification).where(
            Notification.id == notification_id, Notification.user_id == actor.id
        )
    )
    if notification is None:
        raise NotFound("notification_not_found", "Notification not found")
    notification.read_at = notification.read_at or now


def mark_all_read(session: Session, actor: Actor, now: datetime) -> None:
    session.execute(
        update(Notification)
        .where(Notification.user_id == actor.id, Notification.read_at.is_(None))
        .values(read_at=now)
    )


def lease(session: Session, now: datetime) -> list[Mail]:
    """Takes what is due for mailing, for `LEASE`. Who does not want mail is done at once."""
    due = session.execute(
        select(Notification, User, Ticket)
        .join(User, User.id == Notification.user_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .where(
            Notification.done_at.is_(None),
            Notification.due_at <= now,
            Notification.attempts < MOST_ATTEMPTS,
            (Notification.leased_until.is_(None)) | (Notification.leased_until < now),
        )
        .order_by(Notification.due_at)
        .limit(BATCH)
        .with_for_update(of=Notification, skip_locked=True, key_share=True)
    ).all()
    mails = []
    for notification, user, ticket in due:
        if not (user.is_active and user.notify_email):
            notification.done_at = now
            continue
        notification.leased_until = now + LEASE
        notification.attempts += 1
        mails.append(
            Mail(
                notification.id,
                notification.kind,
                user.full_name,
                user.email,
                ticket.number,
                ticket.title,
            )
        )
    return mails


def sent(session: Session, notification_id: UUID, now: datetime) -> None:
    session.execute(
        update(Notification).where(Notification.id == notification_id).values(done_at=now)
    )


def failed(session: Session, notification_id: UUID, now: datetime) -> None:
    """Puts a mail back with twice the wait of the time before; after `MOST_ATTEMPTS` it is dead."""
    notification = session.get_one(Notification, notification_id)
    notification.leased_until = None
    notification.due_at = now + FIRST_RETRY * 2 ** (notification.attempts - 1)
