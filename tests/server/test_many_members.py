"""Input of more parts than anybody needs costs no more than a little of it."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web
from pydantic import ValidationError

from desk.accounts.accounts import Login
from server.http import problems
from server.http.input import MOST_ERRORS, validated
from server.limits import shared
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import Raw

REFUSED = shared.REFUSED.item.amount
Served = tuple[web.Application, Api]


@pytest.fixture
def errors_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many errors each refusal was made of."""
    made: list[int] = []

    def told(error: ValidationError) -> object:
        made.append(error.error_count())
        return _invalid(error)

    _invalid = problems._invalid
    monkeypatch.setattr(problems, "_invalid", told)
    return made


@pytest.mark.parametrize("members", [30, 100, 300])
async def test_an_object_of_many_members_makes_no_more_errors_than_are_told(
    api: Api, errors_made: list[int], members: int
) -> None:
    wrong = {str(n): 1 for n in range(members)}
    for path in ("/auth/refresh", "/auth/logout", "/auth/login"):
        assert (await api.post(path, json=wrong)).status == 422
    assert len(errors_made) == 3
    assert max(errors_made) <= MOST_ERRORS


async def test_a_query_of_many_parameters_makes_no_more_errors_than_are_told(
    api: Api, customer: Person, errors_made: list[int]
) -> None:
    query = "&".join(f"a{n}=1" for n in range(500))
    assert (await api.get(f"/users/tickets?{query}", customer)).status == 422
    assert max(errors_made) <= MOST_ERRORS


async def test_a_frame_of_many_members_makes_no_more_errors_than_are_told(
    api: Api, customer: Person, errors_made: list[int]
) -> None:
    wrong = json.dumps({str(n): 1 for n in range(400)})
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        assert (await socket.call(f'["typing",{wrong}]'))["error"]["code"] == "invalid"
    ticket_id = (await api.a_ticket(customer))["id"]
    url = f"/ws/tickets/{ticket_id}?token={customer.token}"
    async with api.http.ws_connect(url) as ws:
        await ws.send_str(wrong)
        assert (await ws.receive_json())["error"]["code"] == "invalid"
    assert len(errors_made) == 2
    assert max(errors_made) <= MOST_ERRORS


def test_what_is_known_is_looked_at_wherever_it_stands() -> None:
    many = {str(n): 1 for n in range(1000)} | {"email": 1, "password": 1}
    with pytest.raises(ValidationError) as refused:
        validated(Login, many)
    found = {error["loc"][0] for error in refused.value.errors()}
    assert {"email", "password", "0"} <= found
    assert len(found) == MOST_ERRORS


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout", "/auth/login", "/auth/signup"])
async def test_a_body_without_a_session_is_short(api: Api, path: str) -> None:
    for sent in (b"{" + b" " * 4096, _in_chunks()):
        answer = await api.post(path, data=sent)
        assert (answer.status, answer.code) == (413, "content_too_large")
    answer = await api.post(path, data=b"{" + b" " * 4095)
    assert (answer.status, answer.code) == (400, "invalid_json")


async def _in_chunks() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield b" " * 1000


@pytest.mark.parametrize("event", ['["typing",{"x":1}]', '["nothing",{}]', "[1"])
async def test_a_flood_of_refused_events_ends_the_socket(
    application: Served, customer: Person, event: str
) -> None:
    _, api = application
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        for n in range(REFUSED + 1):
            await socket.send(f"2/tickets,{n}{event}")
        assert await socket.is_closed()


@pytest.mark.parametrize("frame", ["{", '{"x": 1}', b"\0"])
async def test_a_flood_of_refused_frames_ends_a_plain_socket(
    application: Served, customer: Person, frame: str | bytes
) -> None:
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    async with api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={customer.token}") as ws:
        for _ in range(REFUSED + 1):
            await (ws.send_str(frame) if isinstance(frame, str) else ws.send_bytes(frame))
        while (message := await ws.receive(10)).type is WSMsgType.TEXT:
            pass
        assert message.type is WSMsgType.CLOSE
        assert message.extra == "rate_limited"
