"""Bad input over Socket.IO and the plain WebSocket: answered with an error, never stored."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType
from structlog.testing import capture_logs
from yarl import URL

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.server import bad
from tests.server.bad import Kind
from tests.server.raw_sockets import Raw
from tests.waiting import PATIENCE

# Per event: its fields, and a payload that is accepted but for the ticket's id.
EVENTS: dict[str, tuple[dict[str, Kind], dict[str, Any]]] = {
    "join_ticket": ({"ticket_id": bad.ID, "after": bad.SEQ}, {}),
    "leave_ticket": ({"ticket_id": bad.ID}, {}),
    "post_message": (
        {
            "ticket_id": bad.ID,
            "client_id": bad.CLIENT_ID,
            "content": bad.CONTENT,
            "internal": bad.BOOL,
            "expect_seq": bad.SEQ_OR_NULL,
            "draft": bad.BOOL,
            "attachment_ids": bad.NO_ATTACHMENTS,
            "mentions": bad.MENTIONS,
        },
        {"client_id": "a", "content": "hello"},
    ),
    "typing": (
        {"ticket_id": bad.ID, "active": bad.BOOL, "internal": bad.BOOL},
        {"active": True},
    ),
    "mark_read": ({"ticket_id": bad.ID, "seq": bad.SEQ}, {"seq": 1}),
    "watch": (
        {"views": bad.VIEW_IDS, "ticket_ids": bad.WATCHED_IDS},
        {"views": [], "ticket_ids": []},
    ),
    "idle": ({"idle": bad.BOOL}, {"idle": True}),
}
OPTIONAL = {"after", "attachment_ids", "draft", "expect_seq", "internal", "mentions"}
FIELDS = [(event, name) for event, (kinds, _) in EVENTS.items() for name in kinds]
FRAME = {"content": bad.CONTENT, "client_id": bad.CLIENT_ID_OR_NULL, "ticket_id": bad.ID_OR_NULL}
# The deepest nesting that fits into a frame.
DEPTH = 30_000


@pytest.fixture(scope="module")
def staff(backend: Backend) -> Person:
    return people(backend.settings, Role.CSR)[0]


@pytest.fixture(scope="module")
async def ticket_id(api: Api, staff: Person) -> str:
    ticket_id: str = (await api.a_ticket(staff))["id"]
    return ticket_id


@pytest.fixture
def nothing_stored(backend: Backend, staff: Person, ticket_id: str) -> Iterator[None]:
    before = bad.rows(backend.settings)
    with capture_logs() as logged:
        yield
    assert bad.rows(backend.settings) == before
    assert [line for line in logged if line["log_level"] == "error"] == []


@pytest.fixture
async def socket(api: Api, staff: Person) -> AsyncIterator[Raw]:
    async with Raw(api) as socket:
        await socket.connect(staff.token)
        yield socket


@pytest.fixture
async def plain(api: Api, staff: Person, ticket_id: str) -> AsyncIterator[ClientWebSocketResponse]:
    url = f"/ws/tickets/{ticket_id}"
    async with api.http.ws_connect(url, params={"token": staff.token}) as ws:
        yield ws


def whole(event: str, ticket_id: str) -> dict[str, Any]:
    """A payload that is accepted, if there is such a ticket."""
    kinds, valid = EVENTS[event]
    return ({"ticket_id": ticket_id} if "ticket_id" in kinds else {}) | valid


def wrong(kind: Kind) -> Iterator[tuple[str, str]]:
    for name, value in kind.bad():
        yield name, "[" * DEPTH + "]" * DEPTH if name == "deep nesting" else value


def is_refused(ack: Any) -> bool:
    assert ack["ok"] is False
    assert ack["error"]["detail"]
    code: str = ack["error"]["code"]
    return code != "internal"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("event", "name"), FIELDS)
async def test_a_field_of_another_shape_is_refused(
    socket: Raw, ticket_id: str, event: str, name: str
) -> None:
    others = {k: v for k, v in whole(event, ticket_id).items() if k != name}
    for what, raw in wrong(EVENTS[event][0][name]):
        payload = json.dumps(others)[:-1] + (", " if others else "") + f'"{name}": {raw}}}'
        ack = await socket.call(f'["{event}", {payload}]')
        assert is_refused(ack), what


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("event", EVENTS)
async def test_a_missing_or_unknown_field_is_refused(
    socket: Raw, ticket_id: str, event: str
) -> None:
    payload = whole(event, ticket_id)
    for name in EVENTS[event][0].keys() - OPTIONAL:
        sent = {k: v for k, v in payload.items() if k != name}
        ack = await socket.call(json.dumps([event, sent]))
        assert ack["error"]["errors"][0]["pointer"] == f"/{name}"
    for name in ("more", "", "\0", "\ud800"):
        assert is_refused(await socket.call(json.dumps([event, payload | {name: 1}])))


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("payload", [*bad.ANYTHING.values(), "", '{"ticket_id": 1}, {}', "{}, {}"])
async def test_a_payload_that_is_not_one_object_is_refused(
    socket: Raw, event: str, payload: str
) -> None:
    frame = f'["{event}", {payload}]' if payload else f'["{event}"]'
    assert is_refused(await socket.call(frame))


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "event",
    [
        "nonsense",
        "connect",
        "disconnect",
        "message",
        "*",
        "__init__",
        "timeline",
        "\0",
        "\ud800",
    ],
)
async def test_an_event_that_there_is_not_is_answered(socket: Raw, event: str) -> None:
    payloads: list[list[object]] = [[], [{}], [{"token": "x"}], ["client namespace disconnect"]]
    for payload in payloads:
        ack = await socket.call(json.dumps([event, *payload]))
        assert ack["error"]["code"] == "unknown_event"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "packet", ["", "[]", "{}", "[5]", "[null]", '[""]', '"join_ticket"', "[", "nonsense", "[NaN]"]
)
async def test_what_is_no_event_is_answered(socket: Raw, packet: str) -> None:
    assert (await socket.call(packet))["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(("event", "name"), FIELDS)
async def test_a_field_at_its_bounds_is_accepted(
    api: Api, staff: Person, socket: Raw, event: str, name: str
) -> None:
    for value in EVENTS[event][0][name].good:
        ticket_id = (await api.a_ticket(staff))["id"]
        sent = whole(event, ticket_id) | {name: value}
        await socket.call(json.dumps(["join_ticket", {"ticket_id": ticket_id}]))
        ack = await socket.call(json.dumps([event, sent], ensure_ascii=False))
        assert ack["ok"], (value, ack)


@pytest.mark.usefixtures("nothing_stored")
async def test_a_ticket_that_is_not_there_is_not_found(socket: Raw) -> None:
    for event in EVENTS:
        if event not in ("leave_ticket", "watch", "idle"):
            ack = await socket.call(json.dumps([event, whole(event, str(uuid4()))]))
            assert ack["error"]["code"] == "ticket_not_found"


async def error(ws: ClientWebSocketResponse, frame: str | bytes) -> str:
    await (ws.send_bytes(frame) if isinstance(frame, bytes) else ws.send_str(frame))
    told = await ws.receive_json(timeout=PATIENCE)
    assert told.keys() == {"error"}
    code: str = told["error"]["code"]
    return code


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("name", FRAME)
async def test_a_frame_with_a_field_of_another_shape_is_refused(
    plain: ClientWebSocketResponse, name: str
) -> None:
    others = '{"content": "hello", ' if name != "content" else "{"
    for what, raw in wrong(FRAME[name]):
        code = await error(plain, f'{others}"{name}": {raw}}}')
        assert code in {"invalid", "invalid_json"}, what


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "frame",
    [*bad.ANYTHING.values(), "", "{", "{}", '{"content": "a", "content": "b"}', b"{}", b"\xff\0",
     '{"content": "a", "more": 1}', '{"content": "a", "internal": true}',
     '{"content": "a", "ticket_id": "01890a5d-ac96-774b-bcce-b302099a8057"}'],
)  # fmt: skip
async def test_a_frame_that_is_no_message_is_refused_and_the_socket_stays_open(
    plain: ClientWebSocketResponse, frame: str | bytes
) -> None:
    for _ in range(2):
        assert await error(plain, frame) in {"invalid", "invalid_json"}


@pytest.mark.parametrize("name", FRAME)
async def test_a_frame_at_its_bounds_is_posted(
    plain: ClientWebSocketResponse, ticket_id: str, name: str
) -> None:
    for n, value in enumerate(FRAME[name].good):
        content = f"{name} {n}"
        await plain.send_str(json.dumps({"content": content} | {name: value}, ensure_ascii=False))
        seen = await plain.receive_json(timeout=PATIENCE)
        assert seen.keys() == {
            "id", "ticket_id", "sender_id", "content", "timestamp", "seq", "client_id",
        }  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("after", ["", "-1", "x", "1.5", str(2**63), "9" * 400, "%00", "%ff"])
async def test_a_plain_socket_begins_at_a_number_or_not_at_all(
    api: Api, staff: Person, ticket_id: str, after: str
) -> None:
    await not_allowed(api, f"/ws/tickets/{ticket_id}?token={staff.token}&after={after}")


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "path_id", ["nonsense", "%00", "%ff", "9" * 30, "x" * 1000, str(UUID(int=1))]
)
async def test_a_plain_socket_needs_a_ticket(api: Api, staff: Person, path_id: str) -> None:
    await not_allowed(api, f"/ws/tickets/{path_id}?token={staff.token}")


async def not_allowed(api: Api, url: str) -> None:
    async with api.http.ws_connect(URL(url, encoded=True)) as ws:
        message = await asyncio.wait_for(ws.receive(), PATIENCE)
        assert message.type is WSMsgType.CLOSE
        assert ws.close_code == WSCloseCode.POLICY_VIOLATION


@pytest.mark.usefixtures("nothing_stored")
async def test_a_frame_over_64_kb_ends_a_plain_socket(plain: ClientWebSocketResponse) -> None:
    await plain.send_str(json.dumps({"content": "x" * 64 * 1024}))
    assert (await plain.receive(timeout=PATIENCE)).type is WSMsgType.CLOSE
    assert plain.close_code == WSCloseCode.MESSAGE_TOO_BIG


async def test_the_plain_address_without_a_websocket_is_a_bad_request(
    api: Api, staff: Person, ticket_id: str
) -> None:
    async with api.http.get(f"/ws/tickets/{ticket_id}") as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
