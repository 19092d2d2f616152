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

import structlog

from desk.jobs import Job
from desk.outbox import Outbox
from server import audit
from server.live.bus import Bus
from wire.messages import messages_of

log = structlog.get_logger("server.live.delivery")

# One wake-up says "drain": those of a few milliseconds are one, those of a busy process of more.
GATHER_SECONDS = 0.003
PAUSE_EACH_SECONDS = 0.004
LONGEST_PAUSE_SECONDS = 0.05


def pause_after(gathered: int) -> float:
    """Seconds until the next wake-up is sent, after one for so many.

    To send one takes as long as a few requests. Below 250 a second hardly any waits, far above that
    some twenty are sent in a second, however many there are.
    """
    return min(LONGEST_PAUSE_SECONDS, gathered * PAUSE_EACH_SECONDS)


class Waker:
    """Sends wake-ups from a thread of its own: the broker may block for seconds.

    Celery is loaded with the first, so that no process waits for it to be ready.
    """

    def __init__(self, broker_url: str, key_prefix: str = "") -> None:
        self._broker_url = broker_url
        self._key_prefix = key_prefix
        # None ends the thread.
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send_forever, name="waker", daemon=True)
        self._thread.start()

    def add(self, jobs: set[Job]) -> None:
        for job in jobs:
            self._jobs.put(job)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join(timeout=1)

    def _send_forever(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            time.sleep(GATHER_SECONDS)
            with contextlib.suppress(queue.Empty):
                while True:
                    jobs.append(self._jobs.get_nowait())
            for job in set(jobs):
                if job is not None:
                    self._send(job)
            if None in jobs:
                return
            time.sleep(pause_after(len(jobs)))

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
    """Called with the outbox of each committed transaction."""

    def __init__(self, bus: Bus, waker: Waker, *, notes_addresses: bool) -> None:
        self._bus = bus
        self._notes_addresses = notes_addresses
        self._waker = waker

    def __call__(self, recorded: Outbox) -> None:
        try:
            for message in messages_of(recorded):
                self._bus.publish(message)
            for entry in recorded.audited:
                address = entry.address if self._notes_addresses else None
                audit.note(entry.action, **entry.ids, address=address)
            if recorded.wakes:
                self._waker.add(recorded.wakes)
        except Exception:
            log.exception("delivery failed")

    def close(self) -> None:
        self._waker.close()
