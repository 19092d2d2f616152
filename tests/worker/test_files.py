"""Files that no attachment has: deleted, and forgotten only then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete as deleted
from sqlalchemy import update

from desk.errors import Unavailable
from desk.files import loose_files
from models import LooseFile
from tests.conftest import Backend
from tests.factories import database, now
from wire.files import FileStore
from worker import files


async def bytes_of(*chunks: bytes | BaseException) -> AsyncIterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


@pytest.fixture
def folder(backend: Backend, configure: Callable[..., None], tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"
    configure(FILES_URL=folder.as_uri())
    with database(backend.settings) as session:
        session.execute(deleted(LooseFile))
    return folder


def begun(backend: Backend, folder: Path, *chunks: bytes | BaseException) -> UUID:
    """A file whose upload has begun, and got as far as that."""
    with database(backend.settings) as session:
        file_id = loose_files.begin(session)
    store = FileStore(folder.as_uri())
    with suppress(RuntimeError):
        asyncio.run(store.put(file_id, bytes_of(*chunks)))
    return file_id


def let_time_pass(backend: Backend) -> None:
    with database(backend.settings) as session:
        session.execute(update(LooseFile).values(due_at=now()))


def left(backend: Backend) -> int:
    with database(backend.settings) as session:
        return session.query(LooseFile).count()


def test_what_an_upload_left_is_deleted_once_it_is_over(backend: Backend, folder: Path) -> None:
    whole, other = begun(backend, folder, b"whole"), begun(backend, folder, b"other")
    # As a process leaves it that was killed in the middle.
    (folder / f"{other}#1").write_bytes(b"half")
    files.delete()
    assert (folder / str(whole)).read_bytes() == b"whole"
    let_time_pass(backend)
    files.delete()
    assert (list(folder.iterdir()), left(backend)) == ([], 0)


def test_an_upload_that_broke_off_leaves_no_bytes(backend: Backend, folder: Path) -> None:
    begun(backend, folder, bytes(1 << 20), RuntimeError())
    assert list(folder.iterdir()) == []
    let_time_pass(backend)
    files.delete()
    assert left(backend) == 0


def test_what_cannot_be_deleted_stays_due(backend: Backend, folder: Path) -> None:
    begun(backend, folder, b"x")
    let_time_pass(backend)
    folder.rename(folder.with_name("away"))
    folder.write_text("no folder")
    files.delete()
    assert left(backend) == 1
    with pytest.raises(Unavailable):
        begun(backend, folder, b"x")
    folder.unlink()
    folder.with_name("away").rename(folder)
    let_time_pass(backend)
    files.delete()
    assert (list(folder.iterdir()), left(backend)) == ([], 0)


def test_a_file_that_is_dropped_is_deleted_at_once(backend: Backend, folder: Path) -> None:
    file_id = begun(backend, folder, b"x")
    with database(backend.settings) as session:
        assert loose_files.keep(session, file_id)
    let_time_pass(backend)
    files.delete()
    assert (folder / str(file_id)).exists()
    with database(backend.settings) as session:
        loose_files.drop(session, file_id)
    files.delete()
    assert not (folder / str(file_id)).exists()
