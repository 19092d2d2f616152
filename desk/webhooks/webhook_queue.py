"""The queue of webhooks: what is to be told to whom, in which order, and what became of it.

A delivery is recorded in the transaction of its event. Those of one ticket go to a webhook one
after the other; a failing one holds up the later ones of its ticket and no other ticket's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from desk import leases
from desk.events import Entry
from desk.jobs import Job
from desk.outbox import outbox
from desk.row_ids import row_id, row_id_in_sql
from models import IN_WEBHOOKS, Disabled, Event, Ticket, Webhook, WebhookAttempt, WebhookDelivery

RETRY_FACTOR = 2
LONGEST_RETRY = timedelta(hours=6)
# For how long one event is tried, and how long a webhook may fail before it is disabled.
GIVE_UP = timedelta(days=3)
# Who does not answer at all is left alone, so that the others do not wait with it.
LONGEST_REST = timedelta(minutes=5)
# Who asks to be left alone for a while is, as a whole, but not for ever.
LONGEST_ASKED = timedelta(hours=1)
KEPT = timedelta(days=30)
GONE = 410


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a sender needs to tell one webhook of one event."""

    delivery_id: UUID
    webhook_id: UUID
    url: str
    secret: str
    event: Event
    ticket: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt; no status: no answer came, ``error`` says why."""

    at: datetime
    ms: int
    status: int | None
    error: str | None
    # How long a receiver asked not to be called (``Retry-After``).
    retry_after: timedelta | None = None

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


# The webhooks that are told of a ``kind``, locked against removal, which would break the commit of
# the event.
ASKING = """
    select id from webhooks where is_active and events @> array[%(kind)s::varchar]
    order by id for key share
"""


# The ids of webhooks, and the database's time as they were found.
Asking = tuple[list[UUID], datetime]


def asking(session: Session, kind: str) -> Asking:
    """The active webhooks that asked for the kind, and the database's time in the same breath."""
    found = session.connection().exec_driver_sql(
        f"select array({ASKING}), clock_timestamp()", {"kind": kind}
    )
    webhook_ids, clock = found.one()
    return webhook_ids, clock


def enqueue(session: Session, entry: Entry) -> None:
    """Records a delivery for each of the webhooks that asked."""
    for webhook_id in entry.webhook_ids:
        delivery = WebhookDelivery(
            # An event is told once.
            id=row_id(entry.row.at, entry.ticket.id, entry.row.seq, webhook_id),
            webhook_id=webhook_id,
            ticket_id=entry.ticket.id,
            seq=entry.row.seq,
            ticket=_summary(entry.ticket),
            due_at=entry.due_at,
            expires_at=entry.row.at + GIVE_UP,
        )
        session.add(delivery)
        outbox(session).wakes.add(Job.DRAIN_WEBHOOKS)


# As `enqueue` does it, for a statement that has the ticket's row as ``ticket`` and its event as
# ``said``.
OF_EVENT = f"""
    insert into webhook_deliveries (
        id, webhook_id, ticket_id, seq, ticket, due_at, expires_at, attempts
    )
    select {row_id_in_sql("said.at", "said.ticket_id", "said.seq", "asking.id")},
        asking.id, said.ticket_id, said.seq,
        jsonb_build_object({", ".join(f"'{name}', ticket.{name}" for name in IN_WEBHOOKS)}),
        least(said.at, clock_timestamp()), said.at + interval '{GIVE_UP.days} days', 0
    from said, ticket, ({ASKING}) asking
    returning webhook_id
"""


def _summary(ticket: Ticket) -> dict[str, Any]:
    summary: dict[str, Any] = to_jsonable_python({k: getattr(ticket, k) for k in IN_WEBHOOKS})
    return summary


def lease(session: Session, now: datetime) -> Outgoing | None:
    """Takes the next delivery; None if nothing is due."""
    earlier = aliased(WebhookDelivery)
    blocked = exists().where(
        earlier.webhook_id == WebhookDelivery.webhook_id,
        earlier.ticket_id == WebhookDelivery.ticket_id,
        earlier.seq < WebhookDelivery.seq,
        earlier.done_at.is_(None),
    )
    query = (
        select(WebhookDelivery, Webhook, Event)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .join(
            Event,
            and_(Event.ticket_id == WebhookDelivery.ticket_id, Event.seq == WebhookDelivery.seq),
        )
        .where(
            leases.is_due(WebhookDelivery, now),
            Webhook.is_active,
            or_(Webhook.resting_until.is_(None), Webhook.resting_until <= now),
            ~blocked,
        )
    )
    found = session.execute(leases.first(WebhookDelivery, query)).one_or_none()
    if found is None:
        return None
    delivery, webhook, event = found
    leases.take(delivery, now)
    return Outgoing(delivery.id, webhook.id, webhook.url, webhook.secret, event, delivery.ticket)


def answered(session: Session, told: Outgoing, answer: Answer) -> None:
    """Keeps the attempt; what failed waits longer each time, until it or its webhook is given up.

    Does nothing if the webhook was removed in the meantime.
    """
    # The webhook first, as its removal does: it takes the deliveries with it.
    webhook = session.get(Webhook, told.webhook_id, with_for_update={"key_share": True})
    delivery = session.get(WebhookDelivery, told.delivery_id, with_for_update={"key_share": True})
    if webhook is None or delivery is None:
        return
    attempt = WebhookAttempt(
        webhook_id=webhook.id,
        delivery_id=delivery.id,
        kind=told.event.kind,
        ticket_id=delivery.ticket_id,
        seq=delivery.seq,
        at=answer.at,
        status=answer.status,
        ms=answer.ms,
        error=answer.error,
    )
    session.add(attempt)
    if answer.is_good:
        delivery.leased_until, delivery.done_at = None, answer.at
        webhook.failing_since = webhook.resting_until = None
    else:
        _postpone(delivery, webhook, answer)


def _postpone(delivery: WebhookDelivery, webhook: Webhook, answer: Answer) -> None:
    wait = leases.wait_after(delivery.attempts, RETRY_FACTOR, LONGEST_RETRY)
    asked = min(answer.retry_after or timedelta(0), LONGEST_ASKED)
    leases.put_back(delivery, answer.at + max(wait, asked))
    if answer.at >= delivery.expires_at:
        delivery.done_at = answer.at
    if answer.status is None:
        webhook.resting_until = answer.at + min(wait, LONGEST_REST)
    elif asked:
        webhook.resting_until = answer.at + asked
    webhook.failing_since = webhook.failing_since or answer.at
    if answer.status == GONE:
        webhook.is_active, webhook.disabled_because = False, Disabled.GONE
    elif answer.at - webhook.failing_since >= GIVE_UP:
        webhook.is_active, webhook.disabled_because = False, Disabled.FAILING


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes deliveries that have been over for long, with their attempts.

    Also those that were never made, to a webhook that is not active.
    """
    before = now - KEPT
    old = select(WebhookDelivery.id).where(
        or_(WebhookDelivery.done_at < before, WebhookDelivery.expires_at < before)
    )
    gone = delete(WebhookDelivery).where(WebhookDelivery.id.in_(old.limit(limit)))
    return len(session.scalars(gone.returning(WebhookDelivery.id)).all())
