"""The stores of files: a folder, memory, and what speaks as S3 does, in a process of its own."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from desk.errors import Unavailable
from embedded.server import free_port
from processes.child import Child
from tests.waiting import block_until
from wire.files import S3_PART, FileStore


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of a server with one bucket."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with Child(command, stdout=subprocess.DEVNULL):
        block_until(lambda: answers(url))
        with urlopen(Request(f"{url}/desk-files", method="PUT")):
            pass
        yield url


def answers(url: str) -> bool:
    try:
        with urlopen(url):
            return True
    except OSError:
        return False


@pytest.fixture(params=["file", "memory", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FileStore:
    if request.param == "file":
        return FileStore((tmp_path / "a folder").as_uri())
    if request.param == "memory":
        return FileStore("memory:///")
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anything")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return FileStore("s3://desk-files/production")


async def pieces(whole: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), 1 << 16):
        yield whole[start : start + (1 << 16)]
    if error:
        raise error


async def read(store: FileStore, *part: object) -> bytes:
    return b"".join([chunk async for chunk in store.read(*part)])  # type: ignore[arg-type]


# One that is sent whole, and one in several parts.
@pytest.mark.parametrize("size", [5, S3_PART + 100_000])
async def test_a_file_is_kept_read_in_parts_and_deleted(store: FileStore, size: int) -> None:
    file_id, whole = uuid4(), bytes(range(256)) * (size // 256 + 1)
    await store.put(file_id, pieces(whole))
    assert await read(store, file_id, 0, len(whole)) == whole
    assert await read(store, file_id, len(whole) - 9, len(whole)) == whole[-9:]
    assert b"".join(store.chunks(file_id)) == whole
    for _ in range(2):
        store.delete(file_id)
    with pytest.raises(FileNotFoundError):
        await read(store, file_id, 0, 1)


@pytest.mark.parametrize("size", [5, S3_PART + 100_000])
async def test_a_file_that_breaks_off_is_not_there(store: FileStore, size: int) -> None:
    file_id = uuid4()
    with pytest.raises(LookupError, match="gone"):
        await store.put(file_id, pieces(bytes(size), LookupError("gone")))
    with pytest.raises(FileNotFoundError):
        await read(store, file_id, 0, 1)


async def test_a_store_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no folder")
    store = FileStore((tmp_path / "none").as_uri())
    with pytest.raises(Unavailable):
        await store.put(uuid4(), pieces(b"x"))
