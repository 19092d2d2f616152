"""Who reads much at once waits behind themselves."""

import asyncio
from contextlib import AsyncExitStack

from aiohttp import web

from models import Role
from server.limits.read_slots import MOST_AT_ONCE, ReadSlots
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.waiting import PATIENCE


async def test_reads_of_one_account_take_turns_and_the_others_do_not_notice(
    application: tuple[web.Application, Api], backend: Backend, customer: Person
) -> None:
    app, api = application
    [other] = people(backend.settings, Role.USER)
    ticket_id = (await api.a_ticket(customer))["id"]
    paths = [
        "/users/tickets",
        f"/tickets/{ticket_id}/timeline",
        "/users/tickets?q=-a+-b&count=true",
    ]
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        for _ in range(MOST_AT_ONCE):
            await stack.enter_async_context(app[SERVICES].read_slots.of(customer.id))
        reads = [asyncio.create_task(api.get(path, customer)) for path in paths * 5]
        for _ in range(10):
            assert (await api.get("/users/tickets", other)).status == 200
        # What writes does not wait for what reads.
        post = {"content": "hello?"}
        path = f"/tickets/{ticket_id}/messages"
        assert (await api.post(path, customer, json=post)).status == 201
        assert not any(read.done() for read in reads)
        reads.pop().cancel()
        await stack.aclose()
        assert {answer.status for answer in await asyncio.gather(*reads)} == {200}
    assert not len(app[SERVICES].read_slots)


async def test_never_more_at_once_and_none_is_forgotten(customer: Person) -> None:
    read_slots, inside, most, done = ReadSlots(), 0, 0, 0

    async def read() -> None:
        nonlocal inside, most, done
        async with read_slots.of(customer.id):
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(0)
                done += 1
            finally:
                inside -= 1

    reads = [asyncio.create_task(read()) for _ in range(40)]
    await asyncio.sleep(0)
    for gone in reads[1:20:2]:
        gone.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    assert (most, done) == (MOST_AT_ONCE, 30)
    assert not len(read_slots)
