"""Deletes the answers that nobody may ask for again."""

from datetime import UTC, datetime

import structlog

from desk import idempotency
from desk.jobs import Job
from worker.app import task
from worker.transaction import run

log = structlog.get_logger("worker.idempotency")


@task(Job.PRUNE_IDEMPOTENCY_KEYS)
def prune() -> None:
    if pruned := run(idempotency.prune, datetime.now(UTC)):
        log.info("idempotency keys pruned", count=pruned)
