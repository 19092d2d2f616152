"""Mails what the notifications say is due."""

import time
from datetime import UTC, datetime
from functools import cache

import redis
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from config import settings
from desk.jobs import Job
from desk.notifications import confirmations, mail_queue
from desk.notifications.confirmations import Confirmation
from desk.notifications.mail_queue import SETTLED_AT_ONCE, Mail
from models import Outcome
from wire.presence import is_present
from worker.app import task
from worker.delivery import wake_again
from worker.mail.compose import letter
from worker.mail.send import Postbox, Undeliverable
from worker.transaction import advisory_lock, run

log = structlog.get_logger("worker.mail.drain")

Due = Mail | Confirmation

REDIS_SECONDS = 1.0
# After this the rest is left to a task of its own, well before the time limit.
DRAIN_SECONDS = 20.0


@task(Job.DRAIN_NOTIFICATIONS)
def drain() -> None:
    """Sends until nothing is due. A mail in flight is leased; what fails comes back later.

    One at a time in the whole house: a mailer that is killed leaves one mail in doubt, and a slow
    mail server does not take the workers from the other jobs.
    """
    until = time.monotonic() + DRAIN_SECONDS
    url, allow_plaintext = settings().smtp_url, settings().smtp_allow_plaintext == "on"
    postbox = Postbox(url, allow_plaintext=allow_plaintext)
    with advisory_lock(Job.DRAIN_NOTIFICATIONS) as is_mine, postbox:
        if not is_mine:
            return
        while run(mail_queue.settle, datetime.now(UTC)) == SETTLED_AT_ONCE:
            pass
        due, has_time = run(_lease, datetime.now(UTC)), True
        while due:
            became = _sent(postbox, due)
            has_time = time.monotonic() < until
            due = run(_next, due, became, datetime.now(UTC), has_time=has_time)
        if has_time:
            return
    wake_again(Job.DRAIN_NOTIFICATIONS)


def _lease(session: Session, now: datetime) -> Due | None:
    """What is due next: who has just signed up waits for the link."""
    link = confirmations.lease(session, now)
    return link or mail_queue.lease(session, now, settings().jwt_secret_key)


def _next(
    session: Session, done: Due, became: Outcome | str, now: datetime, *, has_time: bool
) -> Due | None:
    """Says what became of a mail, and takes the next in the same transaction."""
    queue = confirmations if isinstance(done, Confirmation) else mail_queue
    if isinstance(became, Outcome):
        queue.finished(session, done, became, now)
    else:
        queue.failed(session, done, became, now)
    return _lease(session, now) if has_time else None


def _sees_it(due: Due) -> bool:
    """Whether the person looks at all that the mail would tell of."""
    prefix = settings().key_prefix
    return isinstance(due, Mail) and all(
        is_present(_redis(), told.id, due.user_id, prefix) for told in due.tickets
    )


def _sent(postbox: Postbox, due: Due) -> Outcome | str:
    """What became of it: how it ended, or the error that it is to be tried again after."""
    if _sees_it(due):
        return Outcome.PRESENT
    try:
        postbox.send(due.id, letter(due, settings()))
    except SoftTimeLimitExceeded:
        raise  # The task is over: the lease runs out, and the mail is tried again.
    except Undeliverable:
        log.warning("mail undeliverable: the server takes no such address", mail_id=str(due.id))
        return Outcome.DEAD
    except Exception as error:
        # Whatever is wrong with one mail, the others go out.
        log.warning("mail not sent", mail_id=str(due.id), error=type(error).__name__)
        return type(error).__name__
    return Outcome.SENT


@cache
def _redis() -> redis.Redis:
    client: redis.Redis = redis.Redis.from_url(
        settings().redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    )
    return client
