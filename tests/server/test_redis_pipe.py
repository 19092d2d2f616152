"""The connection to Redis: how it is made, whose answers are whose, and how it ends."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import hiredis
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server import redis_pipe as module
from server.redis_pipe import RedisPipe, redis_pipe
from tests.conftest import Backend
from tests.server.fake_redis import HELLO, answering, listening

PUSH = b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"


@asynccontextmanager
async def connected(url: str, **on: Callable[..., None]) -> AsyncIterator[RedisPipe]:
    with contextlib.closing(await redis_pipe(url, **on)) as pipe:
        yield pipe


async def test_what_is_heard_comes_between_the_answers_and_answers_come_to_who_asked() -> None:
    serve, _ = answering(HELLO, PUSH + b":1\r\n" + PUSH, b":0\r\n+PONG\r\n")
    heard: list[tuple[bytes, bytes]] = []
    async with (
        listening(serve) as address,
        connected(f"redis://{address}", on_message=lambda *said: heard.append(said)) as pipe,
    ):
        first = pipe.ask(("PUBLISH", "a", "x"), ("PUBLISH", "b", "y"))
        while len(heard) < 2:
            await asyncio.sleep(0)
        assert not first.done()
        second = pipe.ask(("PING",))
        assert await first == [1, 0]
        assert await second == [b"PONG"]
    assert heard == [(b"a", b"hello")] * 2


async def test_what_is_refused_raises_and_what_was_asked_behind_it_is_answered() -> None:
    serve, _ = answering(HELLO, b"-NOPERM no\r\n:1\r\n+PONG\r\n")
    async with (
        listening(serve) as address,
        connected(f"redis://{address}") as pipe,
    ):
        refused = pipe.ask(("PUBLISH", "a", "x"), ("PUBLISH", "b", "y"))
        answered = pipe.ask(("PING",))
        with pytest.raises(hiredis.ReplyError, match="NOPERM"):
            await refused
        await answered


@pytest.mark.parametrize("last", [b"", b"?garbage\r\n"])
async def test_who_waits_for_an_answer_hears_of_the_end_and_later_ones_at_once(last: bytes) -> None:
    serve, _ = answering(HELLO, last)
    ended = asyncio.Event()
    async with (
        listening(serve) as address,
        connected(f"redis://{address}", on_end=ended.set) as pipe,
    ):
        asked = pipe.ask(("PING",))
        if not last:
            pipe.tell(("PING",))
            await asyncio.sleep(0)
            pipe.close()
        with pytest.raises(OSError, match="closed"):
            await asked
        await ended.wait()
        with pytest.raises(OSError, match="closed"):
            await pipe.ask(("PING",))
        pipe.tell(("SUBSCRIBE", "a"))


async def test_a_wrong_password_is_told_and_a_redis_that_is_silent_is_given_up(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = backend.redis_url.rpartition("@")[2]
    with pytest.raises(hiredis.ReplyError):
        await redis_pipe(f"redis://:wrong@{where}")
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.01)
    silent, _ = answering(b"")
    async with listening(silent) as address:
        with pytest.raises(TimeoutError):
            await redis_pipe(f"redis://{address}")


async def test_a_name_a_socket_in_a_folder_and_tls_are_taken_from_the_url(tmp_path: Path) -> None:
    serve, sent = answering(HELLO)
    path = tmp_path / "redis.sock"
    async with (
        await asyncio.start_unix_server(serve, path),
        connected(f"unix://ann:word@{path}"),
    ):
        pass
    assert sent == [b"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$4\r\nword\r\n"]
    serve, sent = answering(HELLO)
    async with (
        listening(serve, certified(tmp_path)) as address,
        connected(f"rediss://{address}?ssl_cert_reqs=none"),
    ):
        pass
    assert sent == [b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"]


def certified(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "redis.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    return tls
