"""Tells webhooks of events, several at a time, in the order of each ticket."""

from datetime import UTC, datetime

import structlog

from config import settings
from desk.jobs import Job
from desk.webhooks import webhook_queue
from desk.webhooks.webhook_queue import Answer, Outgoing
from wire.addresses import Allowed
from worker.app import task
from worker.leases import Queue
from worker.transaction import run
from worker.webhooks.post import post

log = structlog.get_logger("worker.webhooks.drain")

# A receiver that takes its time keeps one of these.
AT_ONCE = 8


@task(Job.DRAIN_WEBHOOKS)
def drain() -> None:
    Queue(Job.DRAIN_WEBHOOKS, _lease, _post, _settle, AT_ONCE).drain()


def _lease() -> Outgoing | None:
    return run(webhook_queue.lease, datetime.now(UTC))


def _post(told: Outgoing) -> Answer:
    return post(told, allowed=Allowed(settings().may_call_private, settings().may_call_http))


def _settle(told: Outgoing, answer: Answer) -> None:
    run(webhook_queue.answered, told, answer)
    if not answer.is_good:
        log.warning(
            "webhook not delivered",
            webhook_id=str(told.webhook_id),
            delivery_id=str(told.delivery_id),
            status=answer.status,
            error=answer.error,
        )
