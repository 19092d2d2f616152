"""Keeps the audit log, in a thread of each worker that needs PostgreSQL alone.

Seals what was written; once a day it has the log's partitions made, says where the chain ends, and
drops old months where this role owns the tables. One worker at a time is at it.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.orm import Session

from config import settings
from desk import audit_chain, audit_pruning
from desk.errors import DeskError
from worker.transaction import run

log = structlog.get_logger("worker.audit")

PAUSE = 2.0
# How often is looked whether a new day has begun.
LOOK_SECONDS = 3600.0


def keep_forever(stop: threading.Event) -> None:
    look_at = 0.0
    while not stop.wait(PAUSE):
        attempt(seal)
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + LOOK_SECONDS
            attempt(lambda: keep(datetime.now(UTC)))


def attempt(work: Callable[[], None]) -> None:
    try:
        work()
    except DeskError as error:
        log.error("audit log not kept", error=error.code, what_to_do=error.detail)
    except Exception as error:
        log.warning("audit log not kept", error=type(error).__name__)


def seal() -> None:
    if run(audit_chain.has_unsealed):
        while run(audit_chain.seal) == audit_chain.BATCH:
            pass


def keep(now: datetime) -> None:
    """What is done once a day; nothing where it was done."""
    if run(_begin_day, now) and run(audit_pruning.may_prune):
        dropped = run(audit_pruning.prune, settings().audit_days, now)
        if dropped.entries:
            log.info("audit log pruned", entries=dropped.entries, before=str(dropped.before))


def _begin_day(session: Session, now: datetime) -> bool:
    head = audit_chain.free_head(session)
    if head is None or (head.logged_at and head.logged_at.astimezone(UTC).date() == now.date()):
        return False
    audit_pruning.add_partitions(session)
    head.logged_at = now
    # Before the commit: rather twice than not at all.
    log.info("audit head", head=str(audit_chain.Head(head.chain, head.hash)))
    return True
