"""The queue of mails: what the notifications say is due, who takes it, what became of it.

All that is pending for one person on one ticket becomes one mail; so do all their new assignments,
of whatever tickets. Its rows keep the mail's id from the first attempt on, so that a repeat is the
same mail with the same contents.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from desk import leases
from desk.access import owned_by
from desk.events import NotePosted, Rated, StatusChanged
from desk.leases import MOST_ATTEMPTS
from desk.notifications import confirmations
from desk.notifications.inbox import LONGEST_WINDOW
from models import (
    ADDRESS,
    Event,
    Notification,
    NotificationKind,
    Outcome,
    Rating,
    ReadCursor,
    Role,
    Ticket,
    User,
)

SETTLED_AT_ONCE = 500

PENDING = Notification.done_at.is_(None)
WANTED = and_(User.is_active, User.notify_email, ADDRESS.is_not(None))
# Who left the staff is not told of other people's tickets, nor anybody else of notes.
MAY_SEE = or_(
    User.role != Role.USER,
    and_(owned_by(User.id.expression), Event.public_seq.is_not(None)),
)
HAS_READ = or_(
    Notification.read_at.is_not(None),
    # Of what one wants to be told of again one has read before.
    exists().where(
        Notification.kind != NotificationKind.REMINDER,
        ReadCursor.user_id == Notification.user_id,
        ReadCursor.ticket_id == Notification.ticket_id,
        ReadCursor.seq >= Notification.event_seq,
    ),
)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a mail tells of."""

    kind: NotificationKind
    at: datetime
    # None: the desk itself.
    actor_name: str | None
    actor_role: Role | None
    content: str | None
    is_note: bool
    status: str | None
    # The ids and names of a message's.
    files: Sequence[tuple[str, str]] = ()
    # Of a rating.
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail tells of one ticket."""

    id: UUID
    number: int
    title: str
    news: Sequence[News]
    # Whether its customer, who is told, is asked how it was resolved.
    asks_rating: bool = False
    # Whether the person is on copy, and did not open it themselves.
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mailer needs to tell one person of what happened to a ticket, or to several."""

    id: UUID
    user_id: UUID
    to_name: str
    to_email: str
    # Nobody has confirmed the address: it is told that there is news, and nothing of it.
    is_neutral: bool
    # Nobody can sign in as them: their tickets are read in the widget alone.
    is_visitor: bool
    tickets: Sequence[Told]
    notification_ids: Sequence[UUID]


def settle(session: Session, now: datetime) -> int:
    """Ends what is due but not to be mailed; the number of those. Call again after a full batch."""
    over = case(
        (Notification.attempts >= MOST_ATTEMPTS, Outcome.DEAD.value),
        (or_(~and_(WANTED, MAY_SEE), _is_too_many(now)), Outcome.UNWANTED.value),
        # What was tried already is the same mail at every try.
        (and_(Notification.mail_id.is_(None), HAS_READ), Outcome.READ.value),
    )
    found = session.execute(
        select(Notification, over)
        .join(User, User.id == Notification.user_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .join(Event, _is_cause())
        .where(leases.is_due(Notification, now), over.is_not(None))
        .limit(SETTLED_AT_ONCE)
        .with_for_update(of=Notification, skip_locked=True, key_share=True)
    ).all()
    for notification, outcome in found:
        notification.done_at, notification.outcome = now, Outcome(outcome)
    return len(found)


def lease(session: Session, now: datetime, secret: str) -> Mail | None:
    """Takes the next mail; None if nothing is due. ``secret``: of `confirmations.token`."""
    query = (
        select(Notification, User)
        .join(User, User.id == Notification.user_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .join(Event, _is_cause())
        .where(leases.is_due(Notification, now), Notification.attempts < MOST_ATTEMPTS)
        .where(WANTED, MAY_SEE, ~_is_too_many(now))
    )
    found = session.execute(leases.first(Notification, query)).one_or_none()
    if found is None:
        return None
    first, user = found
    is_neutral = first.is_neutral
    if is_neutral is None:  # A new mail, or one that a process from before the links has tried.
        is_neutral = user.email_verified_at is None
        if is_neutral:
            confirmations.count_mail(session, user, secret, now)
    mail_id = first.mail_id or first.id
    rows = _told_together(session, first, now)
    ids = [row.id for row, *_ in rows]
    session.execute(
        update(Notification)
        .where(Notification.id.in_(ids))
        .values(
            mail_id=mail_id,
            is_neutral=is_neutral,
            leased_until=now + leases.LEASE,
            # In step, whatever the others went through.
            attempts=first.attempts + 1,
        )
    )
    tickets = _by_ticket(rows, _asked(session, user, rows))
    assert user.address is not None  # They are `WANTED`.
    return Mail(
        id=mail_id,
        user_id=user.id,
        to_name=user.full_name,
        to_email=user.address,
        is_neutral=is_neutral,
        is_visitor=user.email is None,
        tickets=tickets,
        notification_ids=ids,
    )


def _is_too_many(now: datetime) -> ColumnElement[bool]:
    """Whether it would be one more new mail to an address that has got many and confirmed none."""
    return and_(Notification.mail_id.is_(None), confirmations.is_enough(now))


def _is_cause() -> ColumnElement[bool]:
    return and_(Event.ticket_id == Notification.ticket_id, Event.seq == Notification.event_seq)


def _told_together(
    session: Session, first: Notification, now: datetime
) -> list[tuple[Notification, Event, Ticket, User | None]]:
    """The notifications of the mail with their causes and whose acts they were, oldest first.

    Before the first attempt that is whatever is pending, also what is not due yet.
    """
    # None was due before the one that named the mail, so none can be much older than that: the
    # inbox has them side by side. The version before could take along an older one.
    named = session.get(Notification, first.mail_id or first.id) or first
    began = min(first.created_at, named.created_at) - LONGEST_WINDOW
    near = and_(Notification.user_id == first.user_id, Notification.created_at >= began)
    if first.mail_id is not None:
        same = Notification.mail_id == first.mail_id
    else:
        is_free = leases.is_free(Notification, now)
        together = Notification.ticket_id == first.ticket_id
        if first.kind is NotificationKind.ASSIGNED:
            together = or_(together, Notification.kind == NotificationKind.ASSIGNED)
        same = and_(
            together,
            Notification.mail_id.is_(None),
            or_(Notification.id == first.id, and_(is_free, MAY_SEE, ~HAS_READ)),
        )
    actor = aliased(User)
    # Of a repeated mail none may be left out, of a new one each may come later.
    is_new = first.mail_id is None
    rows = session.execute(
        select(Notification, Event, Ticket, actor)
        .join(User, User.id == Notification.user_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .join(Event, _is_cause())
        .outerjoin(actor, actor.id == Notification.actor_id)
        .where(PENDING, near, same)
        .order_by(Notification.event_seq, Notification.kind, Notification.id)
        .with_for_update(of=Notification, skip_locked=is_new, key_share=True)
    )
    return [(notification, event, ticket, who) for notification, event, ticket, who in rows]


def _asked(
    session: Session, user: User, rows: Sequence[tuple[Notification, Event, Ticket, User | None]]
) -> Collection[UUID]:
    """The tickets whose customer the mail asks how they were resolved: it tells of that."""
    causes = [
        (ticket.id, event.seq)
        for notification, event, ticket, _ in rows
        if ticket.user_id == user.id and notification.kind is NotificationKind.STATUS_CHANGED
    ]
    asked = tuple_(Rating.ticket_id, Rating.asked_seq).in_(causes)
    return set(session.scalars(select(Rating.ticket_id).where(asked))) if causes else ()


def _by_ticket(
    rows: Sequence[tuple[Notification, Event, Ticket, User | None]], asked: Collection[UUID]
) -> Sequence[Told]:
    """The ticket with the oldest news first."""
    found: dict[UUID, Told] = {}
    told: defaultdict[UUID, list[News]] = defaultdict(list)
    for notification, event, ticket, who in rows:
        told[ticket.id].append(_news(notification, event, who))
        about = (ticket.id, ticket.number, ticket.title, told[ticket.id])
        is_copy = notification.user_id in ticket.participant_ids
        found[ticket.id] = Told(*about, asks_rating=ticket.id in asked, is_copy=is_copy)
    return sorted(found.values(), key=lambda each: (each.news[0].at, each.number))


def _news(notification: Notification, event: Event, who: User | None) -> News:
    if notification.kind is NotificationKind.REMINDER:  # Its event is only what it stands beside.
        note, at = notification.data["note"], notification.created_at
        return News(notification.kind, at, None, None, note, is_note=False, status=None)
    return News(
        notification.kind,
        notification.created_at,
        who.full_name if who else None,
        who.role if who else None,
        event.data["comment"] if event.kind == Rated.kind else event.content,
        event.kind == NotePosted.kind,
        event.data.get("to") if event.kind == StatusChanged.kind else None,
        [(each["id"], each["name"]) for each in event.data.get("attachments", ())],
        event.data["score"] if event.kind == Rated.kind else None,
    )


def finished(session: Session, mail: Mail, outcome: Outcome, now: datetime) -> None:
    leases.finish(session, Notification, _is_of(mail), now, outcome=outcome)


def failed(session: Session, mail: Mail, error: str, now: datetime) -> None:
    for notification in leases.fail(session, Notification, _is_of(mail), now):
        notification.last_error = error[:64]
        if notification.done_at:
            notification.outcome = Outcome.DEAD


def _is_of(mail: Mail) -> ColumnElement[bool]:
    return Notification.id.in_(mail.notification_ids)


def dead(session: Session, limit: int) -> Sequence[Notification]:
    """Dead letters, the newest first."""
    query = select(Notification).where(Notification.outcome == Outcome.DEAD)
    order = (Notification.done_at.desc(), Notification.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def retry(session: Session, mail_ids: Sequence[UUID] | None, now: datetime) -> int:
    """Makes dead letters due again, with all their attempts; None: all of them."""
    is_dead = Notification.outcome == Outcome.DEAD
    if mail_ids is not None:
        is_dead = and_(is_dead, Notification.mail_id.in_(mail_ids))
    revived = session.scalars(
        update(Notification)
        .where(is_dead)
        .values(done_at=None, outcome=None, attempts=0, due_at=now, last_error=None)
        .returning(Notification.id)
    )
    return len(revived.all())
