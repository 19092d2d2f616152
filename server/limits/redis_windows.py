"""Windows that slide, counted in Redis for all processes together.

What asks at the same time goes as one question, over one connection: of many requests none waits
for a connection that others hold, and Redis and this process have one message for all of them.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import hiredis
from limits import RateLimitItem

from server.limits.local import Counted
from server.redis_pipe import RedisPipe, redis_pipe

# Seconds.
TIMEOUT = 0.5
# How many requests share a question, each with a key or a few: Redis does nothing else meanwhile.
MOST = 100

# Of a key: when its window began, in milliseconds; what was counted in it, and in the one before,
# which fades as this one passes. What follows a refusal in the same question is not counted.
SCRIPT = """
local time, answers, refused = redis.call('TIME'), {}, false
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i, key in ipairs(KEYS) do
    local follows, most = ARGV[4 * i - 3] == '1', tonumber(ARGV[4 * i - 2])
    local length, cost = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
    local began, count, before = string.match(redis.call('GET', key) or '', '(%d+) (%d+) (%d+)')
    began = math.min(tonumber(began) or now, now)
    count, before = tonumber(count) or 0, tonumber(before) or 0
    if now >= began + 2 * length then
        began, count, before = now, 0, 0
    elseif now >= began + length then
        began, count, before = began + length, 0, count
    end
    local rest = began + length - now
    local used = math.floor(before * rest / length) + count
    refused = (follows and refused) or used + math.max(cost, 1) > most
    if cost > 0 and not refused then
        count = count + cost
        local kept = string.format('%d %d %d', began, count, before)
        redis.call('SET', key, kept, 'PX', rest + length)
    end
    answers[i] = {refused and 0 or 1, count, before, rest}
end
return answers
"""
SCRIPT_HASH = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
NO_SCRIPT = "NOSCRIPT"


class Asked(NamedTuple):
    """So much of a limit, under a key of its own; 0: whether there is any left."""

    item: RateLimitItem
    key: str
    cost: int


class RedisWindows:
    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._pipe: RedisPipe | None = None
        self._connecting = asyncio.Lock()
        self._waiting: list[tuple[Sequence[Asked], asyncio.Future[list[Counted]]]] = []
        self._asking: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()

    async def count(self, asked: Sequence[Asked]) -> list[Counted]:
        """Counts each until one is refused, and what follows that is refused, too.

        Raises `hiredis.HiredisError` and `OSError`.
        """
        answer: asyncio.Future[list[Counted]] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def clear(self, key: str) -> None:
        """Forgets what was counted. Raises as `count`."""
        await self._run("DEL", key)

    async def _ask_all(self) -> None:
        """Asks until nobody waits: those who come during a question share the next one."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    counted = await self._ask([asked for asked, _ in batch])
                except Exception as error:
                    # Of those who came meanwhile, too: else they would wait as long again.
                    lost, self._waiting = [*batch, *self._waiting], []
                    for _, answer in lost:
                        if not answer.done():
                            answer.set_exception(error)
                else:
                    for (_, answer), found in zip(batch, counted, strict=True):
                        if not answer.done():
                            answer.set_result(found)
        finally:
            self._asking = None

    async def _ask(self, questions: Sequence[Sequence[Asked]]) -> list[list[Counted]]:
        keys, arguments = [], []
        for question in questions:
            for n, (item, key, cost) in enumerate(question):
                keys.append(key)
                arguments += [int(n > 0), item.amount, item.get_expiry() * 1000, cost]
        answers = iter(await self._counted(len(keys), *keys, *arguments))
        return [
            [Counted.of(item, *next(answers)) for item, _, _ in question] for question in questions
        ]

    async def _counted(self, *given: Any) -> Any:
        """What the script answers; Redis may have lost it."""
        try:
            return await self._run("EVALSHA", SCRIPT_HASH, *given)
        except hiredis.ReplyError as error:
            if not str(error).startswith(NO_SCRIPT):
                self.close()  # Another server may be behind the address by now.
                raise
            return await self._run("EVAL", SCRIPT, *given)

    async def _run(self, *command: Any) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT):
                pipe = await self._connected()
                [answer] = await pipe.ask(command)
        except TimeoutError:
            self.close()  # Perhaps nobody is at its other end any more.
            raise
        return answer

    async def _connected(self) -> RedisPipe:
        async with self._connecting:
            if self._pipe is None or self._pipe.is_closed:
                self._pipe = await redis_pipe(self._redis_url)
            return self._pipe
