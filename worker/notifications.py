"""Mails what the notifications say is due."""

from datetime import UTC, datetime

import structlog

from desk import notifications
from desk.jobs import Job
from worker import mail
from worker.app import task
from worker.transaction import run

log = structlog.get_logger("worker.notifications")


@task(Job.DRAIN_NOTIFICATIONS)
def drain() -> None:
    """Sends until nothing is due. A mail in flight is leased; what fails comes back later."""
    while leased := run(notifications.lease, datetime.now(UTC)):
        for due in leased:
            try:
                mail.send(due)
            except (OSError, mail.SMTPException) as error:
                log.warning(
                    "mail not sent",
                    notification_id=str(due.notification_id),
                    error=type(error).__name__,
                )
                run(notifications.failed, due.notification_id, datetime.now(UTC))
            else:
                run(notifications.sent, due.notification_id, datetime.now(UTC))
