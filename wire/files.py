"""Where the bytes of attachments are: a folder, or a store of objects such as S3."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from desk.errors import Unavailable

log = structlog.get_logger("wire.files")

# A part of a file that is on its way to the store: of S3, the smallest that it takes.
PART = 256 * 1024
S3_PART = 5 * 1024 * 1024
# Read at a time.
CHUNK = 128 * 1024


class FileStore:
    """Files by their ids. ``url``: of a folder (``file:///…``) or a store of objects."""

    def __init__(self, url: str) -> None:
        scheme, _, path, _, _ = urlsplit(url)
        self._url = url
        self._folder = Path(unquote(path)) if scheme == "file" else None
        self._part = S3_PART if scheme == "s3" else PART

    @cached_property
    def _store(self) -> ObjectStore:
        """Made with the first file: a process that has none needs no place for them."""
        if self._folder:
            return LocalStore(self._folder, mkdir=True)
        return from_url(self._url)

    async def put(self, file_id: UUID, chunks: AsyncIterator[bytes]) -> None:
        """Stores a file as its bytes come. If they break off, nothing is there. Raises what they
        raise, and `Unavailable`.
        """
        with _reachable():
            await obstore.put_async(
                self._store, str(file_id), chunks, chunk_size=self._part, max_concurrency=1
            )
            if self._folder:
                await asyncio.to_thread(_written, self._folder, self._folder / str(file_id))

    async def read(self, file_id: UUID, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to before ``end``. Raises `FileNotFoundError`, `Unavailable`."""
        with _reachable():
            found = await obstore.get_async(
                self._store, str(file_id), options={"range": (start, end)}
            )
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def names(self) -> Iterator[str]:
        """Of all files: their ids. Raises `Unavailable`."""
        with _reachable():
            for some in obstore.list(self._store):
                yield from (each["path"] for each in some)

    def chunks(self, file_id: UUID | str) -> Iterator[bytes]:
        """All of its bytes, for who is not asynchronous. Raises as `read`."""
        with _reachable():
            for chunk in obstore.get(self._store, str(file_id)).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def delete(self, file_id: UUID) -> None:
        """Deletes a file, and what an upload of it left behind; it may be gone already. Raises
        `Unavailable`.
        """
        with _reachable():
            with suppress(FileNotFoundError):
                obstore.delete(self._store, str(file_id))
            if self._folder:
                for begun in self._folder.glob(f"{file_id}#*"):
                    begun.unlink(missing_ok=True)


@contextmanager
def _reachable() -> Iterator[None]:
    """What the store has against it, for whoever has to try again."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        log.warning("the file store failed", error=type(error).__name__)
        raise Unavailable("files_unavailable", "Files are out of reach; try again") from error


def _written(folder: Path, path: Path) -> None:
    """The file is on the disk, and in its folder: its row may be written."""
    for each in (path, folder):
        opened = os.open(each, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
