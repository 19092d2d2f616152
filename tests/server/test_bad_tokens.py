"""Broken tokens and headers, over every way in."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
import pytest
from aiohttp import WSCloseCode
from socketio.exceptions import ConnectionError as Refused
from structlog.testing import capture_logs

from server.identity.tokens import CLAIMS, Tokens
from tests.api import Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, now
from tests.server.raw_http import answer_to
from tests.sockets import Client

OTHER_SECRET = "f" * 48


@pytest.fixture(autouse=True)
def no_fault_of_ours() -> Iterator[None]:
    with capture_logs() as logged:
        yield
    assert [line for line in logged if line["log_level"] == "error"] == []


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def signed(changes: dict[str, Any], **how: Any) -> Callable[[Person], str]:
    """An access token with other claims; None takes a claim away."""

    def make(person: Person) -> str:
        changed = claims(person.token) | changes
        kept = {name: value for name, value in changed.items() if value is not None}
        kid = {"kid": jwt.get_unverified_header(person.token)["kid"]}
        return jwt.encode(kept, **({"key": SECRET, "algorithm": "HS256", "headers": kid} | how))

    return make


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def with_header(header: bytes) -> Callable[[Person], str]:
    def make(person: Person) -> str:
        return ".".join([part(header), *person.token.split(".")[1:]])

    return make


def unsigned(person: Person) -> str:
    return jwt.encode(claims(person.token), "", algorithm="none")


ENDED = signed({"sid": str(uuid4())})
BROKEN: dict[str, Callable[[Person], str]] = {
    "a refresh token": lambda person: person.tokens.refresh_token,
    "not signed": unsigned,
    "not signed, NONE": with_header(b'{"alg":"NONE","typ":"JWT"}'),
    "another secret": signed({}, key=OTHER_SECRET),
    "another algorithm": signed({}, algorithm="HS384"),
    "expired": signed({"exp": 1}),
    "not yet": signed({"nbf": 2**40}),
    "another issuer": signed({"iss": "else"}),
    "another audience": signed({"aud": "else"}),
    "another type": signed({"typ": "id"}),
    **{f"without {claim}": signed({claim: None}) for claim in CLAIMS},
    "a number as session": signed({"sid": 5}),
    "a list as session": signed({"sid": [1]}),
    "a word as session": signed({"sid": "nonsense"}),
    "a word as account": signed({"sub": "nonsense"}),
    "a word as expiry": signed({"exp": "soon"}),
    "an endless expiry": signed({"exp": 10**30}),
    "a list as type": signed({"typ": ["access"]}),
    "a word as generation": signed({"gen": "x"}),
    "no generation": signed({"gen": None}),
    "no such session": ENDED,
    "another account's name": signed({"sub": str(uuid4())}),
    "another signature": lambda person: person.token[:-4] + "AAAA",
    "no signature": lambda person: person.token.rpartition(".")[0] + ".",
    "two parts": lambda person: person.token.rpartition(".")[0],
    "four parts": lambda person: person.token + ".x",
    "dots": lambda _: "..",
    "random bytes": lambda _: part(bytes(range(256))),
    "a header that is a list": with_header(b"[]"),
    "a header that is nested": with_header(b"[" * 2500),
    "a header of nested objects": with_header(b'{"a":' * 400 + b"1" + b"}" * 400),
    "a header that is not UTF-8": with_header(b"\xff\xfe"),
    "a header with a list as algorithm": with_header(b'{"alg":["HS256"]}'),
    "a header with a number as key": with_header(b'{"alg":"HS256","kid":1}'),
    "a header with a critical extension": with_header(b'{"alg":"HS256","crit":["x"],"x":1}'),
    "too long": lambda person: person.token + "x" * 4096,
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_token_is_no_way_in(
    api: Api, customer: Person, make: Callable[[Person], str]
) -> None:
    token = make(customer)
    answer = await api.get("/auth/me", token)
    assert answer.status == 401
    assert answer.code in {"invalid_token", "session_ended"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    with pytest.raises(Refused):
        async with Client(api.url, token):
            pass
    ticket_id = (await api.a_ticket(customer))["id"]
    url = f"/ws/tickets/{ticket_id}"
    async with api.http.ws_connect(url, params={"token": token}) as ws:
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == WSCloseCode.POLICY_VIOLATION


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_token_refreshes_and_ends_nothing(
    api: Api, customer: Person, make: Callable[[Person], str]
) -> None:
    token = make(customer)
    if token == customer.tokens.refresh_token:
        token = customer.token
    for path, status in (("/auth/refresh", 401), ("/auth/logout", 400)):
        answer = await api.post(path, json={"refresh_token": token})
        assert answer.status in {status, 413, 422}
        assert answer.code in {"invalid_refresh_token", "invalid", "content_too_large"}
    assert (await api.get("/auth/me", customer)).status == 200


@pytest.mark.parametrize("missing", [{"gen": None}, {"gen": "x"}, {"gen": [1]}, {"gen": 1e400}])
async def test_a_refresh_token_names_its_generation(
    api: Api, customer: Person, missing: dict[str, Any]
) -> None:
    token = signed({"typ": "refresh"} | missing)(customer)
    answer = await api.post("/auth/refresh", json={"refresh_token": token})
    assert (answer.status, answer.code) == (401, "invalid_refresh_token")


async def test_a_token_is_good_until_the_clocks_leeway_is_over(
    backend: Backend, api: Api, customer: Person
) -> None:
    lifetime = Tokens(backend.settings).access_lifetime
    for age, status in ((timedelta(seconds=-1), 200), (timedelta(minutes=1), 401)):
        at = now() - lifetime - age
        token = signed({"iat": at, "nbf": at, "exp": at + lifetime})(customer)
        assert (await api.get("/auth/me", token)).status == status


@pytest.mark.parametrize("token", ["\udcff\udc00", "ü" * 10, "a b c", "x" * 4097, ", , ,"])
async def test_any_text_may_stand_in_the_header(api: Api, token: str) -> None:
    answer = await api.get("/auth/me", token)
    assert answer.status == 401
    assert answer.code in {"invalid_token", "not_authenticated"}


async def raw(url: str, head: bytes, body: bytes = b"") -> tuple[bytes, bytes]:
    """The status line and the rest of the answer."""
    answer = await answer_to(url, head + b"\r\nHost: x\r\nConnection: close\r\n\r\n" + body)
    status, _, rest = answer.partition(b"\r\n")
    return status, rest


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/v1/auth/me HTTP/1.1\r\nAuthorization: Bearer \xff\xfe\xed\xa0\x80",
        b"GET /api/v1/users/tickets/\xff\xed\xa0\x80 HTTP/1.1",
        b"GET /api/v1/users/tickets?q=\xff\xed\xa0\x80 HTTP/1.1",
        b"GET /\xc3\xbc?\xc3\xbc=\xff HTTP/1.1\r\nX-\xff: a",
        b"GET /api/v1/auth/me HTTP/1.1\r\nAuthorization: Bearer " + b"x" * 1_000_000,
        b"GET /api/v1/auth/me HTTP/1.1\r\nAuthorization: Bearer a\0b",
        b"GET /api/v1/auth/me?" + b"x=1&" * 100_000 + b" HTTP/1.1",
        b"GET http://else/api/v1/auth/me HTTP/1.1",
        b"NONSENSE /api/v1/auth/me HTTP/1.1",
        b"\0\xff",
        b"POST /api/v1/auth/login HTTP/1.1\r\nContent-Length: -1",
        b"POST /api/v1/auth/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        b"POST /api/v1/auth/login HTTP/1.1\r\nExpect: nonsense\r\nContent-Length: 0",
        b"POST /api/v1/auth/login HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 0",
    ],
    ids=range(14),
)
async def test_bytes_that_are_no_request_are_refused_and_the_server_lives_on(
    api: Api, customer: Person, head: bytes
) -> None:
    try:
        status, _ = await raw(api.url, head)
    except ConnectionError:
        # Hung up before we had sent it all.
        status = b"HTTP/1.1 400"
    assert status.split()[1][:1] == b"4", status
    assert (await api.get("/auth/me", customer)).status == 200


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"ffffffffffffffffff\r\n{}"])
async def test_a_broken_chunk_is_a_bad_request(api: Api, customer: Person, chunks: bytes) -> None:
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nTransfer-Encoding: chunked"
    status, _ = await raw(api.url, head, chunks + b"\r\n\r\n")
    assert status.split()[1] == b"400", status
    assert (await api.get("/auth/me", customer)).status == 200


async def test_a_body_that_is_cut_off_is_no_fault_of_ours(api: Api, customer: Person) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"email": "a"}).encode()
    writer.write(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    writer.write(body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await api.get("/auth/me", customer)).status == 200
