"""Deletes what nobody may ask for any more."""

from datetime import UTC, datetime

import structlog

from desk.jobs import Job
from desk.retention import PRUNES, Prune
from worker.app import task
from worker.transaction import run

log = structlog.get_logger("worker.retention")


def _add(job: Job, prune: Prune) -> None:
    @task(job)
    def work() -> None:
        if pruned := run(prune, datetime.now(UTC)):
            log.info("pruned", job=job, count=pruned)


for _job, _prune in PRUNES.items():
    _add(_job, _prune)
