"""A web process that is killed while files come in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import aiohttp
from sqlalchemy import select, update

from desk.files import loose_files
from models import Attachment, LooseFile, Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import Person, database, now, people
from tests.waiting import until
from wire.files import FileStore

MEGABYTE = 1 << 20


async def test_no_row_is_without_its_bytes_and_no_bytes_stay_without_a_row(
    start_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    cluster = start_cluster(environment={"FILES_URL": folder.as_uri()})
    [customer] = people(cluster.settings, Role.USER)
    async with Api(cluster.urls[0]) as api:
        ticket_id = (await api.a_ticket(customer))["id"]
        # Some are over, some are on their way, one is about to end.
        for _ in range(2):
            await upload(api, customer, ticket_id, whole(uuid4().bytes))
        halting = [asyncio.ensure_future(upload(api, customer, ticket_id, part())) for _ in "12"]
        await until(lambda: len(list(folder.glob("*#*"))) == 2)
        ending = asyncio.ensure_future(upload(api, customer, ticket_id, whole(b"last")))
        await until(lambda: len(list(folder.iterdir())) >= 5)
        cluster.restart_web(0)
        await asyncio.gather(*halting, ending, return_exceptions=True)
    with database(cluster.settings) as session:
        rows = session.scalars(select(Attachment)).all()
        assert len(rows) in {2, 3}
        for row in rows:
            kept = (folder / str(row.file_id)).read_bytes()
            assert (len(kept), sha256(kept).digest()) == (row.size, row.sha256)
        session.execute(update(LooseFile).values(due_at=now()))
        for file_id in loose_files.due(session):
            FileStore(folder.as_uri()).delete(file_id)
        assert {path.name for path in folder.iterdir()} == {str(row.file_id) for row in rows}


async def upload(api: Api, person: Person, ticket_id: str, content: AsyncIterator[bytes]) -> None:
    path = f"/tickets/{ticket_id}/attachments"
    headers = {"Content-Type": "application/octet-stream"}
    with suppress(aiohttp.ClientError):
        await api.post(path, person, data=content, headers=headers)


async def whole(begin: bytes) -> AsyncIterator[bytes]:
    yield begin
    for _ in range(3):
        yield bytes(MEGABYTE)


async def part() -> AsyncIterator[bytes]:
    yield bytes(MEGABYTE)
    await asyncio.Event().wait()
