"""Gives waiting tickets to CSRs."""

import time
from random import SystemRandom
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from config import settings
from desk.assignment import assignment, departures, queue
from desk.assignment.assignment import BATCH, Strategy, drain_held
from desk.assignment.cursors import lock_cursor
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
    """Assigns what waits, queue by queue. Harmless to repeat: an assigned or locked ticket is left
    alone.

    Those queues first at which nobody is: so several workers are at several at once.
    """
    end = time.monotonic() + LONGEST_DRAIN
    queues = run(queue.busy)
    SystemRandom().shuffle(queues)
    # Who is at a queue may not have seen what was opened since: then it is waited for.
    others_are_at = [team_id for team_id in queues if not _drain(team_id, end, waits=False)]
    for team_id in others_are_at:
        _drain(team_id, end, waits=True)


def _drain(team_id: UUID | None, end: float, *, waits: bool) -> bool:
    """Whether nobody else was at the queue, or is any more."""
    stuck: set[UUID] = set()
    while time.monotonic() < end:
        try:
            done = _assign(team_id, but=stuck, waits=waits)
        except OperationalError:
            raise  # The database, and no ticket, is to blame.
        except ROW_ERRORS:
            stuck |= _one_by_one(team_id, but=stuck)
        else:
            if done is None:
                return False
            if done < BATCH:
                return True
    return True


def _assign(
    team_id: UUID | None, *, only: UUID | None = None, but: set[UUID], waits: bool = True
) -> int | None:
    """How many tickets were assigned; None if somebody else is at it."""
    strategy = Strategy(settings().assignment_strategy)

    def from_queue(session: Session) -> int | None:
        cursor = lock_cursor(session, team_id, skip=not waits)
        if cursor is None:
            return 0 if waits else None  # The team is gone.
        return drain_held(session, cursor, strategy, None, SystemRandom(), only=only, but=but)

    return run(from_queue)


def _one_by_one(team_id: UUID | None, but: set[UUID]) -> set[UUID]:
    """Assigns the next batch with a transaction for each. Returns those which cannot be.

    In a batch one of them would hold up all that is behind it, for ever.
    """
    stuck = set()
    for ticket_id in run(assignment.waiting, but, team_id):
        try:
            _assign(team_id, only=ticket_id, but=but)
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
