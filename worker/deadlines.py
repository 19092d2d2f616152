"""Does what is due by the clock, in a thread of each worker that needs PostgreSQL alone.

With the broker and beat down nothing of it is late. One worker at a time is at it; which of them
is settled anew with each transaction.
"""

import threading
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from desk import deadlines
from desk.deadline_kinds import KINDS
from desk.deadlines import Drained
from worker.transaction import run, try_lock

log = structlog.get_logger("worker.deadlines")

LONGEST_PAUSE = 1.0
# What is due may be locked.
SHORTEST_PAUSE = 0.05


def drain_forever(stop: threading.Event) -> None:
    pause = 0.0
    while not stop.wait(pause):
        try:
            pause = drain()
        except Exception as error:
            log.warning("not drained", error=type(error).__name__)
            pause = LONGEST_PAUSE


def drain() -> float:
    """Does all that is due, if anything is. Returns for how many seconds to sleep."""
    left = run(deadlines.seconds_left, KINDS)
    if left is None or left > 0:
        return LONGEST_PAUSE if left is None else min(left, LONGEST_PAUSE)
    tried = 1
    while tried:
        drained = run(_drain_alone)
        if drained.late is not None:
            _wait_for(drained.late)
        tried = drained.tried + run(deadlines.drain_other, KINDS)
    return SHORTEST_PAUSE


def _drain_alone(session: Session) -> Drained:
    """Two workers at it would only be in each other's way."""
    is_mine = try_lock(session, "deadlines")
    return deadlines.drain(session, KINDS) if is_mine else Drained(0, None)


def _wait_for(ticket_id: UUID) -> None:
    try:
        run(deadlines.drain_ticket, KINDS, ticket_id)
    except OperationalError:
        log.warning("ticket locked for long", ticket_id=str(ticket_id))
