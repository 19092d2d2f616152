"""Binary on Socket.IO: an event that brings some is answered, and nothing of it is kept."""

import asyncio
import base64
import gc
import json
from typing import Any

import pytest
from aiohttp import WSCloseCode, WSMsgType, web

from server.services import SERVICES
from server.transport.attachments import MOST_ATTACHMENTS
from server.transport.packets import LONGEST_FRAME
from tests.api import Api
from tests.factories import Person
from tests.node import JsClient
from tests.server.raw_sockets import NAMESPACE, POLLING, Raw, polling
from tests.waiting import PATIENCE

NOTHING = "00000000-0000-0000-0000-000000000000"
KEPT = b"kept or not? "
JOIN = json.dumps(["join_ticket", {"ticket_id": NOTHING}])


def announcing(count: int | str, number: int | str = "") -> str:
    """An event with binary, without what it announces."""
    places = [{"_placeholder": True, "num": 0}]
    return f"5{count}-{NAMESPACE},{number}" + json.dumps(["post_message", *places])


def is_answer(packet: str, number: int) -> bool:
    """Whether it is the refusal of the event with that number."""
    head, _, told = packet.partition("[")
    return (
        head == f"3{NAMESPACE},{number}"
        and json.loads(f"[{told}")[0]["error"]["code"] == "binary_refused"
    )


async def lives(socket: Raw) -> None:
    assert (await socket.call(JOIN))["error"]["code"] == "ticket_not_found"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@pytest.mark.parametrize("count", [1, 3])
async def test_a_stock_client_that_sends_binary_is_answered_and_goes_on(
    web_url: str, api: Api, customer: Person, transport: str, count: int
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    message = {"ticket_id": ticket_id, "client_id": "a", "content": "hello"}
    async with JsClient(web_url, customer, transports=[transport]) as ann:
        await ann.join(ticket_id)
        for length in (1000, 0):
            binary = {"$bytes": [1] * length}
            sent = message | {"content": binary, "more": [binary] * (count - 1)}
            ack = await ann.call("post_message", sent)
            assert ack["error"]["code"] == "binary_refused"
        await ann.say(ticket_id, "hello")
        await ann.until(lambda: ann.numbers == [1, 2])
        assert ann.lives == [{"on": "connect"}]


async def test_what_is_announced_may_come_later_and_is_passed_over(
    api: Api, customer: Person
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        for number, count in enumerate([0, 1, 2, MOST_ATTACHMENTS], start=100):
            await socket.send(announcing(count, number))
            assert is_answer(await socket.receive(), number)
            for _ in range(count):
                await socket.ws.ping()
                await socket.ws.send_bytes(b"")
            await lives(socket)


async def test_an_acknowledgement_with_binary_is_ignored_as_any_other(
    api: Api, customer: Person
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.send(f"61-{NAMESPACE},1[]")
        await socket.ws.send_bytes(b"x")
        await lives(socket)


async def test_before_the_connect_it_is_ignored_with_what_it_brings(
    api: Api, customer: Person
) -> None:
    async with Raw(api) as socket:
        await socket.send(announcing(1, 1))
        await socket.ws.send_bytes(b"x")
        await socket.connect(customer.token)
        await lives(socket)


@pytest.mark.parametrize(
    "frames",
    [
        [b"x"],
        [b""],
        [announcing(1), b"x", b"x"],
        [announcing(1), f"2{NAMESPACE},1{JOIN}"],
        [announcing(2), b"x", announcing(1)],
        [announcing(MOST_ATTACHMENTS + 1)],
        [announcing("10" * 20)],
        [announcing("")],
        [announcing("-1")],
        [announcing("²")],
        [announcing(1).replace("-", "")],
        [announcing(1).replace(NAMESPACE, "/other")],
    ],
    ids=range(12),
)
async def test_what_does_not_follow_what_was_announced_ends_the_connection(
    api: Api, customer: Person, frames: list[str | bytes]
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        for frame in frames:
            await (socket.ws.send_bytes(frame) if isinstance(frame, bytes) else socket.send(frame))
        assert await socket.is_closed()


async def test_of_what_is_announced_nothing_is_kept(
    application: tuple[web.Application, Api], customer: Person
) -> None:
    app, api = application
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.send(announcing(MOST_ATTACHMENTS, 100))
        assert is_answer(await socket.receive(), 100)
        for _ in range(MOST_ATTACHMENTS - 1):
            await socket.ws.send_bytes(KEPT + bytes(60_000))
        (connection,) = app[SERVICES].sockets.eio.sockets.values()
        async with asyncio.timeout(PATIENCE):
            while connection.missing > 1:
                await asyncio.sleep(0)
        assert kept() == []
        await socket.ws.send_bytes(b"last")
        await lives(socket)


def kept() -> list[int]:
    """The lengths of the attachments that something refers to."""
    found = (o for container in gc.get_objects() for o in gc.get_referents(container))
    return [len(o) for o in found if type(o) is bytes and o.startswith(KEPT) and o != KEPT]


async def test_an_attachment_over_64_kb_ends_the_connection_which_says_why(
    api: Api, customer: Person
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.send(announcing(1, 100))
        assert is_answer(await socket.receive(), 100)
        await socket.ws.send_bytes(b"x" * (LONGEST_FRAME + 1))
        assert (await socket.ws.receive(timeout=PATIENCE)).type is WSMsgType.CLOSE
        assert socket.ws.close_code == WSCloseCode.MESSAGE_TOO_BIG


class Poller:
    def __init__(self, api: Api, sid: str) -> None:
        self._api = api
        self._address = f"{POLLING}&sid={sid}"

    async def post(self, *frames: str) -> int:
        async with self._api.http.post(self._address, data="\x1e".join(frames)) as answer:
            return answer.status

    async def fetch(self) -> list[str]:
        async with self._api.http.get(self._address) as answer:
            return (await answer.text()).split("\x1e")


@pytest.fixture
async def poller(api: Api, customer: Person) -> Poller:
    poller = Poller(api, await polling(api))
    assert await poller.post(f"40{NAMESPACE},{json.dumps({'token': customer.token})}") == 200
    assert (await poller.fetch())[0].startswith(f"40{NAMESPACE}")
    return poller


async def test_a_body_of_a_poll_may_end_amid_what_was_announced(poller: Poller) -> None:
    binary = "b" + base64.b64encode(b"\xff" * 100).decode()
    assert await poller.post(f"4{announcing(2, 7)}", binary) == 200
    assert is_answer((await poller.fetch())[0][1:], 7)
    assert await poller.post("b", f"42{NAMESPACE},8{JOIN}") == 200
    assert (await poller.fetch())[0].startswith(f"43{NAMESPACE},8")


@pytest.mark.parametrize("frame", ["b!!!!", "bx", "b====", "b\u00e9\u00e9\u00e9\u00e9"])
async def test_an_attachment_of_a_poll_that_is_no_base64_is_refused(
    poller: Poller, frame: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await poller.post(f"4{announcing(1, 7)}", frame) == 400
    assert caplog.records == []


async def test_who_goes_on_with_it_is_hung_up_on(
    application: tuple[web.Application, Api], customer: Person
) -> None:
    """As with all that is no event of ours."""
    _, api = application
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        answers: list[Any] = []
        for number in range(200):
            await socket.send(announcing(0, number))
        while (message := await socket.ws.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
            answers.append(message.data)
        assert socket.ws.closed
        assert len(answers) < 200
