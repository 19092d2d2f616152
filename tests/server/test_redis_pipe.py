"""The connection to Redis: how it is made, whose answers are whose, and how it ends."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import hiredis
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.live import redis_pipe as module
from server.live.redis_pipe import redis_pipe
from tests.conftest import Backend

HELLO = b"%1\r\n+proto\r\n:3\r\n"
PUSH = b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*answers: bytes) -> tuple[Serve, list[bytes]]:
    """A Redis that says these, one for what it is sent at a time, and then hangs up."""
    sent: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            sent.append(await reader.read(4096))
            writer.write(answer)
        await reader.read(4096)
        writer.close()

    return serve, sent


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


def ignore(*_: object) -> None: ...


async def test_what_is_heard_comes_between_the_answers_and_answers_come_to_who_asked() -> None:
    serve, _ = answering(HELLO, PUSH + b":1\r\n" + PUSH, b":0\r\n+PONG\r\n")
    heard: list[tuple[bytes, bytes]] = []
    async with (
        listening(serve) as address,
        redis_pipe(f"redis://{address}", lambda *said: heard.append(said), ignore) as pipe,
    ):
        first = pipe.ask(("PUBLISH", "a", "x"), ("PUBLISH", "b", "y"))
        while len(heard) < 2:
            await asyncio.sleep(0)
        assert not first.done()
        second = pipe.ask(("PING",))
        await first
        await second
    assert heard == [(b"a", b"hello")] * 2


async def test_what_is_refused_raises_and_what_was_asked_behind_it_is_answered() -> None:
    serve, _ = answering(HELLO, b"-NOPERM no\r\n:1\r\n+PONG\r\n")
    async with (
        listening(serve) as address,
        redis_pipe(f"redis://{address}", ignore, ignore) as pipe,
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
        redis_pipe(f"redis://{address}", ignore, ended.set) as pipe,
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
        async with redis_pipe(f"redis://:wrong@{where}", ignore, ignore):
            pass
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.01)
    silent, _ = answering(b"")
    with pytest.raises(TimeoutError):
        async with (
            listening(silent) as address,
            redis_pipe(f"redis://{address}", ignore, ignore),
        ):
            pass


async def test_a_name_a_socket_in_a_folder_and_tls_are_taken_from_the_url(tmp_path: Path) -> None:
    serve, sent = answering(HELLO)
    path = tmp_path / "redis.sock"
    async with (
        await asyncio.start_unix_server(serve, path),
        redis_pipe(f"unix://ann:word@{path}", ignore, ignore),
    ):
        pass
    assert sent == [b"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$4\r\nword\r\n"]
    serve, sent = answering(HELLO)
    async with (
        listening(serve, certified(tmp_path)) as address,
        redis_pipe(f"rediss://{address}?ssl_cert_reqs=none", ignore, ignore),
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
