"""A client that hangs up takes its query with it, but not what it writes."""

import asyncio

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.assignment import agents
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database
from tests.waiting import until


def running(backend: Backend) -> int:
    query = "select count(*) from pg_stat_activity where query like '%hung_up%'"
    with database(backend.settings) as session:
        own = text(query + " and pid <> pg_backend_pid()")
        return session.scalar(own) or 0


async def test_the_query_of_a_request_that_hung_up_is_cancelled(
    api: Api, backend: Backend, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(session: Session) -> int:
        return session.scalar(text("select 1 as hung_up from pg_sleep(60)")) or 0

    monkeypatch.setattr(agents, "count", slow)
    asked = asyncio.create_task(api.get("/csr/agents?count=true", csr))
    await until(lambda: running(backend) == 1)
    asked.cancel()
    with pytest.raises((asyncio.CancelledError, aiohttp.ClientError)):
        await asked
    await until(lambda: running(backend) == 0)
    assert (await api.get("/csr/agents", csr)).status == 200
