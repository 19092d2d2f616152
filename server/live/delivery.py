"""The one way out of a committed transaction: live events, notifications, wake-ups.

Nothing here waits or raises. What is lost on the way is found again: events by the sequencer's
poll, jobs by beat, notifications in the inbox.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from functools import cached_property, partial
from uuid import UUID

import structlog

from desk.access import Audience
from desk.jobs import Job
from desk.outbox import Outbox, Read
from server import audit
from server.live.bus import Live
from wire.channel import NOTIFICATION, READ, ticket_room, user_room
from wire.shapes import NotificationOut, ReadShown, Recorded

log = structlog.get_logger("server.live.delivery")

# One wake-up says "drain": those of a few milliseconds are one.
GATHER_SECONDS = 0.003


class Waker:
    """Sends wake-ups from a thread of its own: the broker may block for seconds.

    Celery is loaded with the first, so that no process waits for it to be ready.
    """

    def __init__(self, broker_url: str, key_prefix: str = "") -> None:
        self._broker_url = broker_url
        self._key_prefix = key_prefix
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

    @cached_property
    def _wake(self) -> Callable[[Job], None]:
        from wire.broker import celery_app, wake

        return partial(wake, celery_app(self._broker_url, self._key_prefix))

    def _send(self, job: Job) -> None:
        try:
            self._wake(job)
        except Exception as error:
            # Beat comes by soon; many of these lines say that the broker is down.
            log.warning("not woken", job=job, error=type(error).__name__)


class Delivery:
    def __init__(self, live: Live, waker: Waker) -> None:
        self._live = live
        self._waker = waker
        # Told of ended sessions; it needs the desk itself and so comes later.
        self.end_session: Callable[[UUID, str], None] = lambda _, __: None

    def __call__(self, recorded: Outbox) -> None:
        try:
            for event in recorded.events:
                self._live.publish(Recorded.of(event))
            for notification in recorded.notifications:
                shown = NotificationOut.of(notification)
                self._live.announce(NOTIFICATION, shown, user_room(notification.user_id))
            for read in recorded.reads:
                self._announce_read(read)
            for session_id, code in recorded.ended.items():
                self.end_session(session_id, code)
                audit.note("session_ended", session_id=session_id, code=code)
            if recorded.wakes:
                self._waker.add(recorded.wakes)
        except Exception:
            log.exception("delivery failed")

    def _announce_read(self, read: Read) -> None:
        for audience, seq in ((Audience.STAFF, read.seq), (Audience.CUSTOMER, read.public_seq)):
            if seq is not None:
                payload = ReadShown(read.ticket_id, read.user_id, seq)
                self._live.announce(READ, payload, ticket_room(read.ticket_id, audience))

    def close(self) -> None:
        self._waker.close()
