"""The clock that beat goes by: it only goes forward, whatever is done to the wall clock."""

import time
from datetime import UTC, datetime, timedelta

from celery.schedules import schedule

START = datetime.now(UTC)
STARTED = time.monotonic()


def steady_now() -> datetime:
    """The time of the start and what has passed since, an aware time. Set by nobody: a wall clock
    that is put back an hour would silence beat for that hour.
    """
    return START + timedelta(seconds=time.monotonic() - STARTED)


def every(pause: timedelta) -> schedule:
    return schedule(pause, nowfun=steady_now)
