"""The one way out of a worker's transaction: hints to the web processes, wake-ups.

A hint that is lost is found by the sequencer's poll, a wake-up by beat: nothing here raises.
"""

from functools import cache

import socketio
import structlog
from celery import current_app

from config import settings
from desk.jobs import Job
from desk.outbox import Outbox
from wire import codec
from wire.broker import wake
from wire.channel import CHANNEL, NAMESPACE, NOTIFICATION, TIMELINE, user_room
from wire.shapes import NotificationOut, Recorded

log = structlog.get_logger("worker.delivery")

TIMEOUT_SECONDS = 2.0


@cache
def _sockets() -> socketio.RedisManager:
    """Writes to the channel that the web processes read; reads nothing."""
    return socketio.RedisManager(
        settings().redis_url,
        channel=CHANNEL,
        write_only=True,
        json=codec,
        redis_options={
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
        },
    )


def deliver(recorded: Outbox) -> None:
    try:
        for event in recorded.events:
            room = f"ticket:{event.ticket_id}"
            _sockets().emit(TIMELINE, Recorded.of(event), namespace=NAMESPACE, room=room)
        for notification in recorded.notifications:
            room = user_room(notification.user_id)
            shown = NotificationOut.of(notification)
            _sockets().emit(NOTIFICATION, shown, namespace=NAMESPACE, room=room)
        for job in recorded.wakes:
            wake(current_app, job)
    except Exception:
        log.exception("delivery failed")


def wake_again(job: Job) -> None:
    """Has a job that has more to do go on in a task of its own."""
    try:
        wake(current_app, job)
    except Exception as error:
        log.warning("not woken", job=job, error=type(error).__name__)
