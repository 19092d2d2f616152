"""What all processes count together, in Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import hiredis
import pytest
from limits import parse
from redis import asyncio as aioredis

from server.limits.redis_windows import MOST, Asked, RedisWindows
from tests.conftest import Backend
from tests.server.fake_redis import HELLO, answering, listening

TEN = parse("10 per minute")
MINUTE = 60_000


@pytest.fixture
async def windows(backend: Backend) -> AsyncIterator[RedisWindows]:
    made = RedisWindows(backend.redis_url)
    yield made
    made.close()


@pytest.fixture
def key() -> str:
    return f"test-{uuid4()}"


async def test_who_ask_at_once_get_no_more_than_the_limit(windows: RedisWindows, key: str) -> None:
    answers = await asyncio.gather(*(windows.count([Asked(TEN, key, 1)]) for _ in range(15)))
    assert [found.left for [found] in answers] == [*range(9, -1, -1), *[0] * 5]
    assert [found.is_allowed for [found] in answers] == [True] * 10 + [False] * 5


async def test_what_follows_a_refusal_is_not_counted(windows: RedisWindows, key: str) -> None:
    spent, other = Asked(TEN, key, 10), Asked(TEN, f"{key}-other", 4)
    first, second, third = await asyncio.gather(
        *(windows.count(question) for question in ([spent, other], [spent, other], [other]))
    )
    assert [found.is_allowed for found in first] == [True, True]
    assert [found.is_allowed for found in second] == [False, False]
    assert third[0].left == 2


async def test_to_ask_whether_there_is_any_left_counts_nothing(
    windows: RedisWindows, key: str
) -> None:
    for _ in range(3):
        [found] = await windows.count([Asked(TEN, key, 0)])
        assert (found.is_allowed, found.left) == (True, 10)
    await windows.count([Asked(TEN, key, 10)])
    [found] = await windows.count([Asked(TEN, key, 0)])
    assert (found.is_allowed, found.left) == (False, 0)
    await windows.clear(key)
    [found] = await windows.count([Asked(TEN, key, 0)])
    assert found.is_allowed


@pytest.mark.parametrize(
    ("ago", "left"),
    [(0, 0), (MINUTE, 0), (3 * MINUTE // 2, 5), (2 * MINUTE, 10)],
    ids=["in its window", "as it ends", "half of the next one later", "when that is over"],
)
async def test_what_a_window_counted_fades_in_the_next(
    backend: Backend, windows: RedisWindows, key: str, ago: int, left: int
) -> None:
    async with aioredis.Redis.from_url(backend.redis_url) as redis:
        began = round(time.time() * 1000) - ago
        await redis.set(key, f"{began} 10 0", px=MINUTE)
    [found] = await windows.count([Asked(TEN, key, 0)])
    # While the test goes on, another one of the ten may fade.
    assert left <= found.left <= left + 1
    assert 0 < found.seconds <= 60


async def test_a_redis_that_has_lost_the_script_is_told_it_anew(
    backend: Backend, windows: RedisWindows, key: str
) -> None:
    await windows.count([Asked(TEN, key, 1)])
    async with aioredis.Redis.from_url(backend.redis_url) as redis:
        await redis.script_flush()
    [found] = await windows.count([Asked(TEN, key, 1)])
    assert found.left == 8


@pytest.mark.parametrize("said", [b"", b"-READONLY it is a replica now\r\n"])
async def test_a_connection_that_is_silent_or_refuses_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, key: str, said: bytes
) -> None:
    monkeypatch.setattr("server.limits.redis_windows.TIMEOUT", 0.1)
    serve, sent = answering(HELLO, said)
    async with listening(serve) as address:
        windows = RedisWindows(f"redis://{address}")
        for _ in range(2):
            with pytest.raises((TimeoutError, hiredis.ReplyError)):
                await windows.count([Asked(TEN, key, 1)])
        windows.close()
    assert [b"HELLO" in question for question in sent] == [True, False] * 2


async def test_who_stops_waiting_holds_up_nobody(windows: RedisWindows, key: str) -> None:
    gone = asyncio.create_task(windows.count([Asked(TEN, key, 1)]))
    stays = asyncio.create_task(windows.count([Asked(TEN, key, 1)]))
    await asyncio.sleep(0)
    gone.cancel()
    [found] = await stays
    assert found.left == 8


@pytest.mark.parametrize("error", [TimeoutError(), ValueError("unforeseen")])
async def test_where_a_question_fails_all_who_wait_hear_of_it(
    windows: RedisWindows, monkeypatch: pytest.MonkeyPatch, key: str, error: Exception
) -> None:
    asked = 0

    async def fails(*_: object) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise error

    monkeypatch.setattr(windows, "_run", fails)
    many = [windows.count([Asked(TEN, key, 1)]) for _ in range(3 * MOST)]
    assert await asyncio.gather(*many, return_exceptions=True) == [error] * len(many)
    assert asked == 1
