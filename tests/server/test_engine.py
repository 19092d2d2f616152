"""The level below Socket.IO, by hand: what no stock client sends."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import ADDRESS, NAMESPACE, POLLING, Raw
from tests.sockets import Client
from tests.waiting import PATIENCE

LIMIT = 64 * 1024
NOTHING = "00000000-0000-0000-0000-000000000000"


async def lives(socket: Raw) -> None:
    """The session is still there and answers."""
    ack = await socket.call(json.dumps(["join_ticket", {"ticket_id": NOTHING}]))
    assert ack["error"]["code"] == "ticket_not_found"


async def ends(socket: Raw) -> None:
    """The connection is hung up on."""
    async with asyncio.timeout(PATIENCE):
        while (await socket.ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert socket.ws.closed


async def test_events_before_the_connect_are_ignored(api: Api, customer: Person) -> None:
    async with Raw(api) as socket:
        for event in ("join_ticket", "connect", "disconnect"):
            await socket.send(f'2{NAMESPACE},7["{event}",{{"token":"x"}}]')
        await socket.connect(customer.token)
        await lives(socket)


async def test_a_client_cannot_play_the_life_cycle(
    api: Api, customer: Person, stranger: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    join = json.dumps(["join_ticket", {"ticket_id": ticket_id}])
    async with Raw(api) as socket:
        await socket.connect(stranger.token)
        for forged in (
            ["connect", {"token": customer.token}],
            ["connect", {}, {"token": customer.token}],
            ["disconnect"],
            ["disconnect", "client disconnect"],
        ):
            assert (await socket.call(json.dumps(forged)))["error"]["code"] == "unknown_event"
        # Still connected, and still who they were.
        assert (await socket.call(join))["error"]["code"] == "ticket_not_found"


@pytest.mark.parametrize("namespace", ["", "/,", "/other,", "/tickets/x,", "/Tickets,"])
async def test_no_other_namespace_is_connectable(
    api: Api, customer: Person, namespace: str
) -> None:
    async with Raw(api) as socket:
        await socket.send(f"0{namespace}{json.dumps({'token': customer.token})}")
        assert (await socket.receive()).startswith("4")


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ("", "not_authenticated"),
        ("{}", "not_authenticated"),
        ("[]", "not_authenticated"),
        ('"token"', "not_authenticated"),
        ('{"token": null}', "not_authenticated"),
        ('{"token": 1}', "not_authenticated"),
        ('{"token": ""}', "invalid_token"),
        ('{"token": "nonsense"}', "invalid_token"),
        ('{"token": "\\ud800"}', None),
        ('{"token": "\\u0000"}', "invalid_token"),
        (json.dumps({"token": "x" * 9000}), "not_authenticated"),
    ],
)
async def test_a_refused_connect_says_why(api: Api, auth: str, code: str | None) -> None:
    async with Raw(api) as socket:
        await socket.send(f"0{NAMESPACE},{auth}")
        packet = await socket.receive()
        assert packet.startswith(f"4{NAMESPACE},")
        data = json.loads(packet.partition(",")[2])["data"]
        assert data.keys() == {"code", "detail"}
        assert data["code"] in ({code} if code else {"not_authenticated", "invalid_token"})


async def test_the_token_is_not_taken_from_the_query(api: Api, customer: Person) -> None:
    async with api.http.ws_connect(f"{ADDRESS}&token={customer.token}") as ws:
        await ws.receive_str(timeout=PATIENCE)
        await ws.send_str(f"40{NAMESPACE},")
        assert "not_authenticated" in await ws.receive_str(timeout=PATIENCE)


@pytest.mark.parametrize(
    "packet",
    [
        f"3{NAMESPACE},1[]",
        f"3{NAMESPACE},1{{}}",
        f"2{NAMESPACE}," + "9" * 101 + '["join_ticket"]',
    ],
    ids=range(3),
)
async def test_a_packet_that_asks_for_nothing_is_dropped(
    api: Api, customer: Person, packet: str
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.send(packet)
        await lives(socket)


@pytest.mark.parametrize(
    "packet",
    [
        f'5{NAMESPACE},["join_ticket",{{"_placeholder":true,"num":0}}]',
        f"6-{NAMESPACE},1[]",
        f"4{NAMESPACE},{{}}",
        '2["join_ticket"]',
        "2/other,[1]",
        "7",
        "x",
        "",
        "\ud83e\udd86".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
    ids=range(9),
)
async def test_a_packet_of_another_kind_ends_the_socket(
    api: Api, customer: Person, packet: str
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.send(packet)
        await ends(socket)


async def test_binary_ends_the_socket(api: Api, customer: Person) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.ws.send_bytes(b"\xff" * 1000)
        await ends(socket)


@pytest.mark.parametrize("frame", ["", "9", "x", "\0", "1", "6", "0{}"])
async def test_no_frame_of_the_transport_harms_others(
    api: Api, customer: Person, frame: str
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.ws.send_str(frame)
        async with Client(api.url, customer, "websocket") as other:
            ack = await other.call("join_ticket", {"ticket_id": NOTHING})
            assert ack["error"]["code"] == "ticket_not_found"


async def test_a_frame_of_64_kb_is_read_and_a_longer_one_ends_the_socket(
    api: Api, customer: Person
) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        head = f'42{NAMESPACE},0["join_ticket",{{"ticket_id":"'
        fits = head + "x" * (LIMIT - len(head) - 3) + '"}]'
        assert len(fits) == LIMIT
        await socket.ws.send_str(fits)
        assert '"ok":false' in await socket.receive()
        await socket.ws.send_str(fits + "x")
        assert await socket.is_closed()


class Polling:
    """A session by long polling, POST by POST."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.address = ""

    async def open(self) -> None:
        async with self._api.http.get(POLLING) as answer:
            sid = json.loads((await answer.text())[1:])["sid"]
        self.address = f"{POLLING}&sid={sid}"

    async def post(self, data: Any) -> int:
        async with self._api.http.post(self.address, data=data) as answer:
            return answer.status

    async def until(self, prefix: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self._api.http.get(self.address) as answer:
                    assert answer.status == 200
                    for packet in (await answer.text()).split("\x1e"):
                        if packet.startswith(prefix):
                            return packet


@pytest.fixture
async def polling(api: Api, customer: Person) -> Polling:
    polling = Polling(api)
    await polling.open()
    assert await polling.post(f"40{NAMESPACE},{json.dumps({'token': customer.token})}") == 200
    await polling.until(f"40{NAMESPACE}")
    return polling


async def test_a_polling_body_in_several_segments_is_not_lost(
    api: Api, customer: Person, polling: Polling
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    new = {"ticket_id": ticket_id, "client_id": "a", "content": "x" * 9000}
    body = f"42{NAMESPACE},1{json.dumps(['post_message', new])}".encode()
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {polling.address} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    for start in range(0, len(body), 1000):
        writer.write(body[start : start + 1000])
        await writer.drain()
        # A segment of its own: the server has read what came before.
        assert (await api.get("/health/live")).status == 200
    assert b"200" in await asyncio.wait_for(reader.readline(), PATIENCE)
    writer.close()
    ack = await polling.until(f"43{NAMESPACE},1")
    assert json.loads(ack.removeprefix(f"43{NAMESPACE},1"))[0]["data"]["data"]["client_id"] == "a"


@pytest.mark.parametrize("size", [LIMIT + 1, 256 * 1024 + 1])
async def test_a_polling_body_over_64_kb_is_refused(polling: Polling, size: int) -> None:
    assert await polling.post("x" * size) == 413
    assert await polling.post(f'42{NAMESPACE},1["leave_ticket",{{}}]') == 200
    assert await polling.until(f"43{NAMESPACE},1")


@pytest.mark.parametrize(
    "query",
    ["", "?EIO=3&transport=polling", "?EIO=4&transport=smoke", "?EIO=4&transport=websocket",
     "?EIO=4&transport=polling&sid=nonsense", "?EIO=4&transport=polling&j=x", "?%ff=%00&EIO=%00",
     "?EIO=4&transport=polling&sid=%00"],
)  # fmt: skip
async def test_what_is_no_engine_io_is_a_bad_request(api: Api, query: str) -> None:
    async with api.http.get(f"/socket.io/{query}") as answer:
        assert answer.status == 400


async def test_an_ended_session_is_told_so_and_disconnected(api: Api, customer: Person) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        token = customer.tokens.refresh_token
        await api.post("/auth/logout", json={"refresh_token": token})
        assert [await socket.receive() for _ in range(2)] == [
            f'2{NAMESPACE},["signed_out",{{"code":"logged_out"}}]',
            f"1{NAMESPACE},",
        ]
