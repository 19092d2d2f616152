"""What admins do with webhooks. How they are delivered: `desk.webhooks.webhook_queue`."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import MISSING, AfterValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, NotFound
from desk.events import Kind
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Input
from desk.webhooks.webhook_queue import GIVE_UP
from models import Disabled, Webhook, WebhookAttempt, WebhookDelivery

# Each of them costs every event a row.
MOST_WEBHOOKS = 50
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"webhooks")
LONGEST_URL = 2000
# Printable ASCII: nothing that could end a header or be read as another address by the sender.
URL_TEXT = re.compile(r"https?://[!-~]+")


def _url(url: str) -> str:
    if len(url) > LONGEST_URL or not URL_TEXT.fullmatch(url) or "\\" in url:
        raise PydanticCustomError("url", "must be an http or https URL in ASCII")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise PydanticCustomError("url", "is not a usable URL")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise PydanticCustomError("url", "must have no user, password or fragment")
    return url


def _unique(kinds: list[Kind]) -> list[Kind]:
    return list(dict.fromkeys(kinds))


Url = Annotated[
    str,
    AfterValidator(_url),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": LONGEST_URL}),
]
Kinds = Annotated[
    list[Annotated[Kind, Strict(False)]],
    Field(min_length=1, max_length=100),
    AfterValidator(_unique),
]


class NewWebhook(Input):
    url: Url
    events: Kinds
    is_active: bool = True


class WebhookChange(Input):
    """Only the fields that were sent count."""

    url: Url | MISSING = MISSING
    events: Kinds | MISSING = MISSING
    is_active: bool | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook as admins see it: never with its secret."""

    id: UUID
    url: str
    events: list[str]
    is_active: bool
    disabled_because: Disabled | None
    failing_since: datetime | None
    created_by: UUID
    created_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        return cls(
            webhook.id,
            webhook.url,
            webhook.events,
            webhook.is_active,
            webhook.disabled_because,
            webhook.failing_since,
            webhook.created_by,
            webhook.created_at,
        )


@dataclass(frozen=True, slots=True)
class AttemptView:
    id: UUID
    webhook_id: UUID
    # The webhook-id that the receiver saw.
    delivery_id: UUID
    kind: str
    ticket_id: UUID
    seq: int
    at: datetime
    status: int | None
    ms: int
    error: str | None


def add(session: Session, actor: Actor, new: NewWebhook, secret: str, now: datetime) -> WebhookView:
    # Two that count at once would both find room for one more.
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    if session.scalars(select(func.count()).select_from(Webhook)).one() >= MOST_WEBHOOKS:
        raise Conflict("too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already")
    webhook = Webhook(
        url=new.url,
        events=[kind.value for kind in new.events],
        secret=secret,
        is_active=new.is_active,
        created_by=actor.id,
        created_at=now,
    )
    session.add(webhook)
    session.flush()  # The view shows the id.
    return WebhookView.of(webhook)


def secret(session: Session, webhook_id: UUID) -> str:
    """For who makes it and has lost the answer. Raises `Conflict` (``webhook_removed``)."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise Conflict("webhook_removed", "The webhook that this key made has been removed")
    return webhook.secret


def webhooks(session: Session, limit: int, after: UUID | None) -> Sequence[WebhookView]:
    """Webhooks, the oldest first."""
    query = select(Webhook).order_by(Webhook.id).limit(limit)
    if after is not None:
        query = query.where(Webhook.id > after)
    return [WebhookView.of(webhook) for webhook in session.scalars(query)]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Webhook)) or 0


def count_attempts(session: Session, webhook_id: UUID) -> int:
    query = select(func.count()).select_from(WebhookAttempt)
    return session.scalar(query.where(WebhookAttempt.webhook_id == webhook_id)) or 0


def change(session: Session, webhook_id: UUID, changes: WebhookChange) -> WebhookView:
    """Applies what was sent. One that is made active again has a clean record."""
    webhook = _held(session, webhook_id)
    if changes.url is not MISSING:
        webhook.url = changes.url
    if changes.events is not MISSING:
        webhook.events = [kind.value for kind in changes.events]
    if changes.is_active is not MISSING:
        if changes.is_active and not webhook.is_active:
            webhook.disabled_because = webhook.failing_since = None
        webhook.is_active = changes.is_active
    webhook.resting_until = None
    outbox(session).wakes.add(Job.DRAIN_WEBHOOKS)
    return WebhookView.of(webhook)


def remove(session: Session, webhook_id: UUID) -> None:
    """With all that was still to be told, and its attempts."""
    session.delete(_held(session, webhook_id))


def attempts(
    session: Session, webhook_id: UUID, limit: int, before: UUID | None
) -> Sequence[AttemptView]:
    """A webhook's attempts, the newest first."""
    if session.get(Webhook, webhook_id) is None:
        raise _not_found()
    query = select(WebhookAttempt).where(WebhookAttempt.webhook_id == webhook_id)
    if before is not None:
        query = query.where(WebhookAttempt.id < before)
    found = session.scalars(query.order_by(WebhookAttempt.id.desc()).limit(limit))
    return [
        AttemptView(
            row.id,
            row.webhook_id,
            row.delivery_id,
            row.kind,
            row.ticket_id,
            row.seq,
            row.at,
            row.status,
            row.ms,
            row.error,
        )
        for row in found
    ]


def redeliver(session: Session, webhook_id: UUID, attempt_id: UUID, now: datetime) -> UUID:
    """Makes an attempt's event due again, whatever became of it: the delivery, the same as before.

    Raises `NotFound`, `Conflict` (``webhook_inactive``).
    """
    webhook = _held(session, webhook_id)
    delivery = session.scalar(
        select(WebhookDelivery)
        .join(WebhookAttempt, WebhookAttempt.delivery_id == WebhookDelivery.id)
        .where(WebhookAttempt.id == attempt_id, WebhookAttempt.webhook_id == webhook_id)
        .with_for_update(of=WebhookDelivery, key_share=True)
    )
    if delivery is None:
        raise NotFound("attempt_not_found", "Attempt not found")
    if not webhook.is_active:
        raise Conflict("webhook_inactive", "The webhook is not active")
    webhook.resting_until = delivery.done_at = None
    delivery.attempts, delivery.due_at, delivery.expires_at = 0, now, now + GIVE_UP
    outbox(session).wakes.add(Job.DRAIN_WEBHOOKS)
    return delivery.id


def _held(session: Session, webhook_id: UUID) -> Webhook:
    webhook = session.get(Webhook, webhook_id, with_for_update={"key_share": True})
    if webhook is None:
        raise _not_found()
    return webhook


def _not_found() -> NotFound:
    return NotFound("webhook_not_found", "Webhook not found")
