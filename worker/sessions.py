"""Deletes sessions that have been over for long."""

from datetime import UTC, datetime

import structlog

from desk import sessions
from desk.jobs import Job
from worker.app import task
from worker.transaction import run

log = structlog.get_logger("worker.sessions")


@task(Job.PRUNE_SESSIONS)
def prune() -> None:
    if pruned := run(sessions.prune, datetime.now(UTC)):
        log.info("sessions pruned", count=pruned)
