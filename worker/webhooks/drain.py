"""Tells webhooks of events, several at a time, in the order of each ticket."""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import structlog

from config import settings
from desk.jobs import Job
from desk.webhooks import webhook_queue
from desk.webhooks.webhook_queue import Answer, Outgoing
from wire.addresses import Allowed
from worker.app import task
from worker.delivery import wake_again
from worker.transaction import advisory_lock, run
from worker.webhooks.post import post

log = structlog.get_logger("worker.webhooks.drain")

# A receiver that takes its time keeps one of these.
AT_ONCE = 8
# After this the rest is left to a task of its own, well before the time limit.
DRAIN_SECONDS = 20.0


@task(Job.DRAIN_WEBHOOKS)
def drain() -> None:
    """Delivers until nothing is due. What is in flight is leased; what fails comes back later."""
    with advisory_lock(Job.DRAIN_WEBHOOKS) as is_mine, ThreadPoolExecutor(AT_ONCE) as pool:
        if not is_mine or _deliver(pool):
            return
    wake_again(Job.DRAIN_WEBHOOKS)


def _deliver(pool: ThreadPoolExecutor) -> bool:
    """Whether all that is due was told; False when the time ran out."""
    until = time.monotonic() + DRAIN_SECONDS
    allowed = Allowed(settings().may_call_private, settings().may_call_http)
    in_flight: dict[Future[Answer], Outgoing] = {}
    has_time = True
    while True:
        while has_time and len(in_flight) < AT_ONCE:
            told = run(webhook_queue.lease, datetime.now(UTC))
            if told is None:
                break
            in_flight[pool.submit(post, told, allowed=allowed)] = told
            has_time = time.monotonic() < until
        if not in_flight:
            return has_time
        answered, _ = wait(in_flight, return_when=FIRST_COMPLETED)
        for future in answered:
            _keep(in_flight.pop(future), future.result())
        has_time = time.monotonic() < until


def _keep(told: Outgoing, answer: Answer) -> None:
    run(webhook_queue.answered, told, answer)
    if not answer.is_good:
        log.warning(
            "webhook not delivered",
            webhook_id=str(told.webhook_id),
            delivery_id=str(told.delivery_id),
            status=answer.status,
            error=answer.error,
        )
