"""Refusals have one shape, whatever is refused."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.http_parser import DeflateBuffer

from tests.api import Api
from tests.factories import Person

TICKET = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}
BODY = json.dumps(TICKET)


async def send(api: Api, customer: Person, body: bytes | str, **headers: str) -> tuple[int, str]:
    answer = await api.post("/users/tickets", customer, data=body, headers=headers)
    return answer.status, answer.code if answer.status >= 400 else ""


async def test_there_is_nothing_at_an_unknown_address(api: Api, customer: Person) -> None:
    for path in ("/nothing", "/users/tickets/", "/csr//tickets", "/../x"):
        answer = await api.get(path, customer)
        assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/users/tickets", {"GET", "POST"}),
        ("PUT", "/auth/login", {"POST"}),
        ("POST", "/auth/me", {"GET"}),
        ("OPTIONS", "/notifications", {"GET"}),
        ("PROPFIND", "/notifications", {"GET"}),
    ],
)
async def test_another_method_is_told_which_are_allowed(
    api: Api, customer: Person, method: str, path: str, allowed: set[str]
) -> None:
    answer = await api.call(method, path, customer)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert allowed <= set(answer.headers["Allow"].split(","))


async def test_a_body_of_256_kb_is_read_and_a_longer_one_is_not(api: Api, customer: Person) -> None:
    limit = 256 * 1024
    fits = BODY + " " * (limit - len(BODY))
    assert (await api.post("/users/tickets", customer, data=fits)).status == 201
    assert await send(api, customer, fits + " ") == (413, "content_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b"{'title': 1}",
        BODY.encode("utf-16"),
        BODY[:-1] + ', "title": "again"}',
        BODY[:-1] + ', "more": {"a": 1, "a": 1}}',
        '{"title": NaN}',
        '{"title": -Infinity}',
        '{"title": ' + "9" * 101 + "}",
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 40_000 + "1" + "}" * 40_000,
        BODY + BODY,
        "\0",
    ],
)
async def test_what_is_not_json_is_malformed(api: Api, customer: Person, body: bytes | str) -> None:
    assert await send(api, customer, body) == (400, "invalid_json")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""],
)
async def test_a_body_that_says_to_be_no_json_is_refused(
    api: Api, customer: Person, kind: str
) -> None:
    sent = await send(api, customer, BODY, **{"Content-Type": kind})
    assert sent == (415, "unsupported_media_type")
    headers = {"Content-Type": kind}
    answer = await api.post("/auth/logout_all", customer, data="{}", headers=headers)
    assert answer.code == "unsupported_media_type"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
)
async def test_a_body_that_says_to_be_json_is_taken(api: Api, customer: Person, kind: str) -> None:
    assert (await send(api, customer, BODY, **{"Content-Type": kind}))[0] == 201


async def test_a_body_that_does_not_say_what_it_is_is_taken(api: Api, customer: Person) -> None:
    url = f"{api.url}/api/v1/users/tickets"
    sent = api.http.post(
        url,
        data=BODY.encode(),
        headers={"Authorization": f"Bearer {customer.token}"},
        skip_auto_headers=["Content-Type"],
    )
    async with sent as answer:
        assert answer.status == 201


async def test_a_byte_order_mark_is_passed_over(api: Api, customer: Person) -> None:
    answer = await api.post("/users/tickets", customer, data=b"\xef\xbb\xbf" + BODY.encode())
    assert answer.status == 201
    twice = b"\xef\xbb\xbf" * 2 + BODY.encode()
    assert await send(api, customer, twice) == (400, "invalid_json")


@pytest.mark.parametrize("body", ["null", "[]", "1", '"text"', "true", "1e999", "[[]]"])
async def test_what_is_no_object_is_invalid(api: Api, customer: Person, body: str) -> None:
    assert await send(api, customer, body) == (422, "invalid")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", "nonsense"])
@pytest.mark.parametrize("path", ["/users/tickets", "/auth/refresh", "/nothing"])
async def test_a_body_in_a_coding_is_refused(
    api: Api, customer: Person, path: str, encoding: str
) -> None:
    headers = {"Content-Encoding": encoding}
    answer = await api.post(path, customer, data=BODY.encode(), headers=headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("encoding", "squeezed"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_nothing_of_a_body_in_a_coding_is_unpacked(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    squeezed: Callable[[bytes], bytes],
) -> None:
    unpacked: list[int] = []
    unpack = DeflateBuffer.feed_data

    def count(*fed: Any) -> Any:
        unpacked.append(len(fed[1]))
        return unpack(*fed)

    monkeypatch.setattr(DeflateBuffer, "feed_data", count)
    bomb = squeezed(b" " * 50_000_000)
    url = f"{api.url}/api/v1/auth/refresh"
    async with api.http.post(url, data=bomb, headers={"Content-Encoding": encoding}) as answer:
        assert answer.status == 415
    async with api.http.get("/health/live") as alive:
        assert alive.status == 200
    assert unpacked == []


async def test_each_error_points_to_its_field(api: Api, customer: Person) -> None:
    wrong = {"title": "", "description": 1, "category": "x" * 65, "a/b~c": 1}
    answer = await api.post("/users/tickets", customer, json=wrong)
    assert answer.code == "invalid"
    pointers = {error["pointer"] for error in answer.json["errors"]}
    assert pointers == {"/title", "/description", "/category", "/type", "/a~1b~0c"}


async def test_the_list_of_errors_is_bounded(api: Api, customer: Person) -> None:
    wrong = {f"{n}-" + "x" * 1000: 1 for n in range(100)}
    answer = await api.post("/users/tickets", customer, json=wrong)
    assert (answer.status, answer.code) == (422, "invalid")
    assert len(answer.body) < 10_000
