"""Gives waiting tickets to CSRs."""

import time
from random import SystemRandom
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from config import settings
from desk.assignment import assignment, departures
from desk.assignment.assignment import BATCH, Strategy
from desk.jobs import Job
from worker.app import task
from worker.transaction import run

log = structlog.get_logger("worker.assignment")

# Well under the time limit. What is left after it is the next task's; beat sends one soon.
LONGEST_DRAIN = 20.0
# What one ticket alone can be to blame for: a row that breaks a constraint, or cannot be read.
ROW_ERRORS = (DBAPIError, LookupError, ValueError)


@task(Job.DRAIN_ASSIGNMENT)
def drain() -> None:
    """Assigns what waits. Harmless to repeat: an assigned or locked ticket is left alone."""
    end = time.monotonic() + LONGEST_DRAIN
    stuck: set[UUID] = set()
    while time.monotonic() < end:
        try:
            done = _assign(but=stuck)
        except OperationalError:
            raise  # The database, and no ticket, is to blame.
        except ROW_ERRORS:
            stuck |= _one_by_one(but=stuck)
        else:
            if done < BATCH:
                return


def _assign(*, only: UUID | None = None, but: set[UUID]) -> int:
    strategy = Strategy(settings().assignment_strategy)
    return run(assignment.drain, strategy, None, SystemRandom(), only=only, but=but)


def _one_by_one(but: set[UUID]) -> set[UUID]:
    """Assigns the next batch with a transaction for each. Returns those which cannot be.

    In a batch one of them would hold up all that is behind it, for ever.
    """
    stuck = set()
    for ticket_id in run(assignment.waiting, but):
        try:
            _assign(only=ticket_id, but=but)
        except OperationalError:
            raise
        except ROW_ERRORS as error:
            stuck.add(ticket_id)
            log.error("not assigned", ticket_id=str(ticket_id), error=type(error).__name__)
    return stuck


@task(Job.RECLAIM_ASSIGNMENT)
def reclaim() -> None:
    """Takes back what people hold who left. Rare, and asked of all holders: only beat wakes it."""
    for user_id in run(departures.departed):
        try:
            run(departures.reclaim, user_id, None)
        except OperationalError:
            raise
        except ROW_ERRORS as error:
            log.error("not reclaimed", user_id=str(user_id), error=type(error).__name__)
