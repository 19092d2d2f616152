"""Wake-ups of the workers: all are told of, and of many at once few are sent."""

from uuid import uuid4

from redis import Redis

from desk.jobs import Job
from server.live.delivery import LONGEST_PAUSE_SECONDS, Waker, pause_after
from tests.conftest import Backend
from tests.waiting import block_until

JOBS = {Job.DRAIN_ASSIGNMENT, Job.DRAIN_WEBHOOKS}


def test_of_many_wake_ups_few_are_sent_and_each_job_is_among_them(backend: Backend) -> None:
    prefix = f"test-{uuid4()}-"
    waker = Waker(backend.settings.broker_url, prefix)
    for _ in range(1000):
        waker.add(JOBS)
    with Redis.from_url(backend.settings.broker_url) as redis:

        def sent() -> list[int]:
            return [int(redis.llen(f"{prefix}{job.queue}")) for job in JOBS]

        block_until(lambda: all(sent()))
        waker.close()
        assert max(sent()) < 100


def test_the_busier_the_fewer_and_never_late() -> None:
    # At 40 a second there is one at a time, and the next has time to come.
    assert pause_after(1) < 1 / 40 / 5
    assert pause_after(10) > pause_after(1)
    assert pause_after(10_000) == LONGEST_PAUSE_SECONDS
