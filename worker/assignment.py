"""Gives waiting tickets to CSRs."""

from datetime import UTC, datetime
from random import SystemRandom

from config import settings
from desk import assignment
from desk.assignment import BATCH, Strategy
from desk.jobs import Job
from worker.app import task
from worker.transaction import run


@task(Job.DRAIN_ASSIGNMENT)
def drain() -> None:
    """Assigns what waits. Harmless to repeat: an assigned or locked ticket is left alone."""
    strategy = Strategy(settings().assignment_strategy)
    while run(assignment.drain, strategy, datetime.now(UTC), SystemRandom()) == BATCH:
        pass
