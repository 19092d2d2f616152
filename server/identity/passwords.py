"""Passwords: bcrypt, off the event loop, with a bounded queue."""

import asyncio
import base64
import hashlib
import os
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from desk.errors import Busy

T = TypeVar("T")

COST = 12
THREADS = 2
NICE = 10
# Of all who wait together.
LONGEST_QUEUE = 256
# Checked when the account is unknown, so that it costs the same time as a known one.
NOBODY = b"$2b$12$EzXM1SbhDvUXhaMntPw4zuf7TpUsn26iet/HwriqNymBNY90lNpRC"


def _digest(password: str) -> bytes:
    # bcrypt takes 72 bytes and stops at NUL: a digest in Base64 keeps every byte of a long one.
    return base64.b64encode(hashlib.sha256(password.encode()).digest())


def hashed(password: str) -> str:
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(COST)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the account's; as slow, and False, when there is no account."""
    stored = password_hash.encode() if password_hash else NOBODY
    return bcrypt.checkpw(_digest(password), stored) and password_hash is not None


def _stand_back() -> None:
    """On Linux a thread has a priority of its own: hashing gets what the event loop leaves."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


class Passwords:
    """A small pool of threads; the bcrypt library releases the GIL.

    Who asks for much waits behind themselves: there is a queue for each of who asks, an address or
    an account, and they take turns. Each holds as many as its share of `LONGEST_QUEUE`, and one
    thread at a time: what one may ask for by the limits is less than a thread can do.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(
            THREADS, thread_name_prefix="bcrypt", initializer=_stand_back
        )
        self._running = 0
        # Whose turn it is now.
        self._served: set[str] = set()
        # The first one's turn is next.
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def hashed(self, password: str, who: str) -> str:
        return await self._run(lambda: hashed(password), who)

    async def matches(self, password: str, password_hash: str | None, who: str) -> bool:
        return await self._run(lambda: matches(password, password_hash), who)

    async def _run(self, work: Callable[[], T], who: str) -> T:
        if self._running >= THREADS or who in self._served:
            await self._wait(who)
        else:
            self._running += 1
            self._served.add(who)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._pass_on(who)

    async def _wait(self, who: str) -> None:
        """Until a thread is free for ``who``, and is theirs."""
        queue = self._queues.get(who, deque())
        share = LONGEST_QUEUE // (len(self._queues) + (who not in self._queues))
        if len(queue) >= share:
            raise Busy("busy", "Too many sign-ins at the moment; try again")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._queues[who] = queue
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on(who)
            raise

    def _pass_on(self, who: str) -> None:
        """Gives the thread that was theirs to the next, or back."""
        self._served.discard(who)
        while (following := self._next()) is not None:
            queue = self._queues[following]
            turn = queue.popleft()
            if queue:
                self._queues.move_to_end(following)
            else:
                del self._queues[following]
            if not turn.done():
                self._served.add(following)
                turn.set_result(None)
                return
        self._running -= 1

    def _next(self) -> str | None:
        return next((who for who in self._queues if who not in self._served), None)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
