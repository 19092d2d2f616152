"""Works off a queue whose work is done outside of the database: takes it, does it, says how."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from desk.jobs import Job
from worker.delivery import wake_again
from worker.transaction import advisory_lock

T = TypeVar("T")
R = TypeVar("R")

# After this the rest is left to a task of its own, well before the time limit.
DRAIN_SECONDS = 20.0


@dataclass(frozen=True)
class Queue(Generic[T, R]):
    """How a job leases one piece of work, does it, and says what came of it.

    ``work`` alone runs in threads, ``at_once`` of them.
    """

    job: Job
    lease: Callable[[], T | None]
    work: Callable[[T], R]
    settle: Callable[[T, R], None]
    at_once: int

    def drain(self) -> None:
        """Until nothing is due; one process at a time is at it."""
        until = time.monotonic() + DRAIN_SECONDS
        in_flight: dict[Future[R], T] = {}
        with advisory_lock(self.job) as is_mine, ThreadPoolExecutor(self.at_once) as pool:
            if not is_mine:
                return
            while True:
                while (has_time := time.monotonic() < until) and len(in_flight) < self.at_once:
                    if (leased := self.lease()) is None:
                        break
                    in_flight[pool.submit(self.work, leased)] = leased
                if not in_flight:
                    break
                for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                    self.settle(in_flight.pop(future), future.result())
        if not has_time:
            wake_again(self.job)
