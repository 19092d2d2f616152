"""Our JavaScript client in a Node process of its own, as the tests tell it line by line."""

import asyncio
import dataclasses
import json
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from desk.accounts import sessions
from models import Event
from server.identity.tokens import Pair, Tokens
from tests.cluster.conftest import Cluster
from tests.conftest import ROOT
from tests.factories import Person, database, now
from tests.node import node
from tests.waiting import PATIENCE, until

CLIENT = ROOT / "client"
LINES = 1024 * 1024


class Js:
    """One client in a Node process, with one ticket."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen: defaultdict[str, list[Any]] = defaultdict(list)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            self.seen[said["on"]].append(said)

    def tell(self, **what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def say(self, *contents: str) -> None:
        for content in contents:
            self.tell(content=content)

    @property
    def timeline(self) -> list[tuple[int, str | None]]:
        events = [said["event"] for said in self.seen["event"]]
        return [(event["seq"], event["data"].get("content")) for event in events]

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            await until(condition)
        except TimeoutError:
            raise AssertionError(f"not seen: {dict(self.seen)}") from None

    async def until_seen(self, name: str, count: int = 1) -> None:
        await self.until(lambda: len(self.seen[name]) >= count)

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), PATIENCE)
        await self._reader


@asynccontextmanager
async def browser() -> AsyncIterator[Js]:
    """Tabs with one storage and real locks, in one Node process."""
    process = await asyncio.create_subprocess_exec(
        node(CLIENT), "test/tabs.js", stdin=PIPE, stdout=PIPE, cwd=CLIENT, limit=LINES
    )
    tabs = Js(process)
    try:
        yield tabs
    finally:
        await tabs.close()


def dumped(pair: Pair) -> dict[str, object]:
    return {"tokens": dataclasses.asdict(pair)}


def signed_in(cluster: Cluster, person: Person, ago: timedelta) -> tuple[Pair, UUID]:
    """A log-in that was so long ago, and its session."""
    settings = cluster.settings.model_copy(update={"access_token_expire_minutes": 1})
    issued_at = now() - ago
    with database(cluster.settings) as session:
        issued = sessions.open_session(session, person.id, timedelta(days=1), issued_at)
    return Tokens(settings).pair(issued, issued_at), issued.session_id


@asynccontextmanager
async def js(
    url: str, person: Person, ticket_id: str, pair: Pair | None = None
) -> AsyncIterator[Js]:
    process = await asyncio.create_subprocess_exec(
        node(CLIENT), "test/driver.js", stdin=PIPE, stdout=PIPE, cwd=CLIENT, limit=LINES
    )
    client = Js(process)
    tokens = pair or person.tokens
    both = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    client.tell(url=url, tokens=both, ticket_id=ticket_id)
    try:
        await client.until_seen("live")
        yield client
    finally:
        await client.close()


def truth(cluster: Cluster, ticket_id: str) -> list[tuple[int | None, str | None]]:
    """The customer's timeline as the database holds it."""
    with database(cluster.settings) as session:
        query = select(Event.public_seq, Event.content).where(
            Event.ticket_id == ticket_id, Event.public_seq.is_not(None)
        )
        return [
            (row.public_seq, row.content)
            for row in session.execute(query.order_by(Event.public_seq))
        ]
