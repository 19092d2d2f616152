"""The one way out of a worker's transaction: hints to the web processes, wake-ups.

A hint that is lost is found by the sequencer's poll, a wake-up by beat: nothing here raises, but
for the end of a task's time, and a Redis or a broker that is silent costs a task one wait.
"""

import time
from collections.abc import Callable, Sequence
from functools import cache

import redis
import structlog
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import settings
from desk.jobs import Job
from desk.outbox import Outbox
from wire import messages
from wire.broker import wake
from wire.messages import Message, channel_of, messages_of
from wire.seal import Seal
from wire.workers import say_alive

log = structlog.get_logger("worker.delivery")

TIMEOUT_SECONDS = 1.0
# After a failure it is left alone for this long: a task is many transactions, and has a limit.
REST_SECONDS = 10.0
# What workers call themselves on the channel, where none of them listens.
PROCESS = "worker"

# Until when Redis and the broker are left alone, by the monotonic clock.
_rests_until: dict[str, float] = {}


@cache
def _redis() -> redis.Redis:
    client: redis.Redis = redis.Redis.from_url(
        settings().redis_url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return client


@cache
def _seal() -> Seal:
    return Seal(settings().secrets)


def deliver(recorded: Outbox, find_prefix: Callable[[], str]) -> None:
    """``find_prefix``: what stands before the names of channels; asked if there is a hint."""
    if said := list(messages_of(recorded)):
        _try("redis", lambda: _publish(said, find_prefix()))
    if recorded.wakes:
        _try("broker", lambda: _wake(recorded.wakes))


def wake_again(job: Job) -> None:
    """Has a job that has more to do go on in a task of its own."""
    _try("broker", lambda: _wake({job}))


def tell_alive(name: str) -> None:
    """Says that this worker lives."""
    _try("redis", lambda: say_alive(_redis(), settings().key_prefix, name))


def _publish(said: Sequence[Message], prefix: str) -> None:
    """All that a transaction has to tell goes out together, and so is one wait."""
    with _redis().pipeline(transaction=False) as pipeline:
        for topic, batch in messages.by_topic(said).items():
            channel = channel_of(prefix, topic).encode()
            pipeline.publish(channel, _seal().closed(channel, messages.encode(PROCESS, batch)))
        pipeline.execute()


def _wake(jobs: set[Job]) -> None:
    for job in jobs:
        wake(current_app, job)


def _try(whom: str, work: Callable[[], object]) -> None:
    if time.monotonic() < _rests_until.get(whom, 0.0):
        return
    try:
        work()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        _rests_until[whom] = time.monotonic() + REST_SECONDS
        log.warning("not told", whom=whom, error=type(error).__name__, rest=REST_SECONDS)
