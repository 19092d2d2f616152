"""The one way out of a committed transaction: live events, notifications, wake-ups.

Nothing here waits or raises. What is lost on the way is found again: events by the sequencer's
poll, jobs by beat, notifications in the inbox.
"""

import contextlib
import queue
import threading
import time

import structlog

from desk.jobs import Job
from desk.outbox import Outbox
from server import audit
from server.live import Live
from wire.broker import celery_app, wake
from wire.channel import NOTIFICATION, user_room
from wire.shapes import NotificationOut, Recorded

log = structlog.get_logger("server.delivery")

# One wake-up says "drain": those of a few milliseconds are one.
GATHER_SECONDS = 0.003


class Waker:
    """Sends wake-ups from a thread of its own: the broker may block for seconds."""

    def __init__(self, broker_url: str) -> None:
        self._app = celery_app(broker_url)
        # None ends the thread.
        self._wanted: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send_forever, name="waker", daemon=True)
        self._thread.start()

    def add(self, jobs: set[Job]) -> None:
        for job in jobs:
            self._wanted.put(job)

    def close(self) -> None:
        self._wanted.put(None)
        self._thread.join(timeout=1)

    def _send_forever(self) -> None:
        while True:
            wanted = {self._wanted.get()}
            time.sleep(GATHER_SECONDS)
            with contextlib.suppress(queue.Empty):
                while True:
                    wanted.add(self._wanted.get_nowait())
            for job in wanted:
                if job is not None:
                    self._send(job)
            if None in wanted:
                return

    def _send(self, job: Job) -> None:
        try:
            wake(self._app, job)
        except Exception as error:
            # Beat comes by soon; many of these lines say that the broker is down.
            log.warning("not woken", job=job, error=type(error).__name__)


class Delivery:
    def __init__(self, live: Live, waker: Waker) -> None:
        self._live = live
        self._waker = waker

    def __call__(self, recorded: Outbox) -> None:
        try:
            for event in recorded.events:
                self._live.publish(Recorded.of(event))
            for notification in recorded.notifications:
                shown = NotificationOut.of(notification)
                self._live.announce(NOTIFICATION, shown, user_room(notification.user_id))
            for session_id, code in recorded.ended.items():
                self._live.end_session(session_id, code)
                audit.note("session_ended", session_id=session_id, code=code)
            if recorded.wakes:
                self._waker.add(recorded.wakes)
        except Exception:
            log.exception("delivery failed")

    def close(self) -> None:
        self._waker.close()
