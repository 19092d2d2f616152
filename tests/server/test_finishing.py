"""What goes on without its client."""

import asyncio

from sqlalchemy import func, select

from models import Event, Ticket
from server.services import SERVICES
from tests.conftest import Backend
from tests.factories import Person, database
from tests.server.conftest import serving
from tests.waiting import turns, until


async def test_a_write_whose_client_is_gone_comes_to_its_end_before_the_process_does(
    backend: Backend, customer: Person
) -> None:
    async with serving(backend.settings) as (app, api):
        ticket = await api.a_ticket(customer)
        unfinished = app[SERVICES].unfinished

        async def write_and_go() -> None:
            path = f"/tickets/{ticket['id']}/messages"
            writing = asyncio.ensure_future(api.post(path, customer, json={"content": "Bye"}))
            await until(lambda: unfinished)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

        async def let_go_at_the_end() -> None:
            with database(backend.settings) as session:
                session.scalars(
                    select(Ticket).where(Ticket.id == ticket["id"]).with_for_update()
                ).one()
                await write_and_go()
                await until(lambda: api.http.closed)
                await turns()

        letting_go = asyncio.ensure_future(let_go_at_the_end())
        await until(lambda: unfinished)
    assert not unfinished
    await letting_go
    with database(backend.settings) as session:
        said = Event.content == "Bye"
        found = select(func.count()).where(Event.ticket_id == ticket["id"], said)
        assert session.scalar(found) == 1
