"""What runs beside the requests, and its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from desk.errors import DeskError

# Between two askings.
AGAIN_SECONDS = 0.5


class Background:
    """Tasks that nobody awaits: kept, as the loop alone would lose them, and ended at the stop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        await end(self._tasks)


async def attempt(work: Awaitable[None], log: Any, failed: str) -> None:
    """Logs what goes wrong, as whoever does this again and again has to go on."""
    try:
        await work
    except DeskError as error:
        log.warning(failed, code=error.code)
    except Exception:
        log.exception(failed)


async def whenever(
    wake: asyncio.Event,
    work: Callable[[], Awaitable[None]],
    log: Any,
    failed: str,
    pause: Callable[[float], float],
) -> None:
    """Does the work each time that it is woken, and logs what goes wrong, as `attempt` does.

    ``pause``: how many seconds it then rests, by how many the work took.
    """
    while True:
        await wake.wait()
        wake.clear()
        began = time.perf_counter()
        await attempt(work(), log, failed)
        await asyncio.sleep(pause(time.perf_counter() - began))


async def end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancels until all have ended: a timeout of redis-py swallows a cancellation that comes at
    the same moment, and the task goes on as if nobody had asked.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
