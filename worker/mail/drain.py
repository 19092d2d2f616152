"""Mails what the notifications say is due."""

from datetime import UTC, datetime
from functools import cache, partial

import redis
import structlog
from sqlalchemy.orm import Session

from config import settings
from desk.jobs import Job
from desk.notifications import account_mails, confirmations, mail_queue
from desk.notifications.account_mails import Notice
from desk.notifications.confirmations import Confirmation
from desk.notifications.mail_queue import SETTLED_AT_ONCE, Mail
from models import Outcome
from wire.presence import is_present
from worker.app import task
from worker.leases import Queue
from worker.mail.compose import compose
from worker.mail.send import Postbox, Undeliverable
from worker.transaction import run

log = structlog.get_logger("worker.mail.drain")

Due = Mail | Confirmation | Notice

REDIS_SECONDS = 1.0


@task(Job.DRAIN_NOTIFICATIONS)
def drain() -> None:
    """One at a time in the whole house: a mailer that is killed leaves one mail in doubt, and a
    slow mail server does not take the workers from the other jobs.
    """
    while run(mail_queue.settle, datetime.now(UTC)) == SETTLED_AT_ONCE:
        pass
    url, allow_plaintext = settings().smtp_url, settings().smtp_allow_plaintext == "on"
    with Postbox(url, allow_plaintext=allow_plaintext) as postbox:
        send = partial(_sent, postbox)
        Queue[Due, Outcome | str](Job.DRAIN_NOTIFICATIONS, _lease, send, _settle, at_once=1).drain()


def _lease() -> Due | None:
    return run(_next, datetime.now(UTC))


def _next(session: Session, now: datetime) -> Due | None:
    """What is due next: who has just signed up, or lost their password, waits for the link."""
    link = account_mails.lease(session, now) or confirmations.lease(session, now)
    return link or mail_queue.lease(session, now, settings().jwt_secret_key)


QUEUES = {Notice: account_mails, Confirmation: confirmations, Mail: mail_queue}


def _settle(done: Due, became: Outcome | str) -> None:
    queue = QUEUES[type(done)]
    say = queue.finished if isinstance(became, Outcome) else queue.failed
    run(say, done, became, datetime.now(UTC))


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
        postbox.send(due.id, compose(due, settings()))
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
