"""What the tests of webhooks share: making them, letting time pass, what came of it."""

import base64
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from desk.events import KINDS
from desk.webhooks import webhooks
from desk.webhooks.webhooks import NewWebhook
from models import Webhook, WebhookAttempt, WebhookDelivery
from tests.conftest import Backend
from tests.factories import Person, database, now

ALL = [*KINDS]


def a_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def hooked(
    backend: Backend, admin: Person, url: str, events: list[str] = ALL, secret: str | None = None
) -> UUID:
    with database(backend.settings) as session:
        new = NewWebhook.model_validate({"url": url, "events": events})
        return webhooks.add(session, admin.actor, new, secret or a_secret(), now()).id


def let_time_pass(backend: Backend, by: timedelta = timedelta(days=1)) -> None:
    """As if all that was so long ago; leases are over."""
    with database(backend.settings) as session:
        session.execute(
            update(WebhookDelivery).values(
                due_at=WebhookDelivery.due_at - by,
                expires_at=WebhookDelivery.expires_at - by,
                done_at=WebhookDelivery.done_at - by,
                leased_until=None,
            )
        )
        session.execute(
            update(Webhook).values(resting_until=None, failing_since=Webhook.failing_since - by)
        )


def attempts(backend: Backend) -> list[tuple[int | None, str | None]]:
    with database(backend.settings) as session:
        found = session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.id))
        return [(attempt.status, attempt.error) for attempt in found]


def pending(backend: Backend) -> int:
    with database(backend.settings) as session:
        query = select(WebhookDelivery).where(WebhookDelivery.done_at.is_(None))
        return len(session.scalars(query).all())
