"""A ticket's number stands for its id in every path, and tells no more than the id would."""

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from server.http.contract import Route
from server.routes.table import ROUTES
from tests.api import Api
from tests.factories import Person
from tests.server.inputs import BODIES, NO_TICKET
from tests.waiting import PATIENCE

OF_A_TICKET = [route for route in ROUTES if "ticket_id" in route.parameters]
# No such ticket: none of that number, and what the column cannot hold or nobody would write.
NOBODYS = (
    str(10**17),
    "9" * 18,
    "9" * 19,
    "9" * 400,
    "0",
    "042",
    "-1",
    "+1",
    "1e1",
    "%C2%B2",
    "%D9%A4",
)


@pytest.mark.parametrize("route", OF_A_TICKET, ids=lambda route: f"{route.method} {route.path}")
async def test_a_number_is_answered_as_its_id(
    api: Api, customer: Person, stranger: Person, csr: Person, route: Route
) -> None:
    known = BODIES.get((route.method, route.path))
    body = known.valid if known else None
    other_id = (await api.a_ticket(customer))["id"]
    beside = {"user_id": csr.id, "participant": stranger.id, "other_id": other_id}
    beside["macro_id"] = NO_TICKET
    for person in (customer, stranger, csr):
        answers = []
        for name in ("id", "number"):  # Of two tickets that are alike: some routes change them.
            ticket = await api.a_ticket(customer)
            path = route.path.format(ticket_id=ticket[name], **beside)
            answers.append(await api.call(route.method, path, person, json=body))
        by_id, by_number = answers
        assert by_id.status == by_number.status
        if not route.path.endswith("/draft"):  # A draft's version is when it was written.
            assert by_id.headers.get("ETag") == by_number.headers.get("ETag")
        if by_id.status >= 400:
            assert by_id.body == by_number.body
            assert by_id.status < 500


@pytest.mark.parametrize("number", NOBODYS)
async def test_a_number_of_nobodys_is_not_found(
    api: Api, customer: Person, csr: Person, number: str
) -> None:
    for person, path in (
        (customer, f"/users/tickets/{number}"),
        (csr, f"/csr/tickets/{number}"),
        (customer, f"/tickets/{number}/timeline"),
    ):
        answer = await api.get(path, person)
        assert (answer.status, answer.code) == (404, "ticket_not_found")


async def test_the_way_to_the_next_page_keeps_the_number(api: Api, customer: Person) -> None:
    number = (await api.a_ticket(customer))["number"]
    await api.post(f"/tickets/{number}/messages", customer, json={"content": "hello"})
    answer = await api.get(f"/tickets/{number}/timeline?limit=1", customer)
    assert f"/api/v1/tickets/{number}/timeline?" in answer.headers["Link"]


async def is_heard(ws: ClientWebSocketResponse) -> bool:
    await ws.send_json({"content": "hello"})
    said = await ws.receive(timeout=PATIENCE)
    assert said.type is WSMsgType.TEXT or (said.type, said.data) == (WSMsgType.CLOSE, 1008)
    await ws.close()
    return said.type is WSMsgType.TEXT


async def test_a_plain_websocket_takes_the_number_of_whoever_may_see_the_ticket(
    api: Api, customer: Person, stranger: Person, csr: Person
) -> None:
    number = (await api.a_ticket(customer))["number"]
    for person, is_let_in in ((customer, True), (csr, True), (stranger, False)):
        address = f"/ws/tickets/{number}"
        ws = await api.http.ws_connect(address, params={"token": person.token})
        assert await is_heard(ws) is is_let_in
    ws = await api.http.ws_connect(f"/ws/tickets/{10**17}", params={"token": customer.token})
    assert not await is_heard(ws)


async def test_a_socket_ticket_is_for_the_number_of_its_ticket_alone(
    api: Api, customer: Person
) -> None:
    mine, other = [(await api.a_ticket(customer))["number"] for _ in range(2)]
    for number, is_let_in in ((mine, True), (other, False)):
        ticket = (await api.post(f"/tickets/{mine}/socket_ticket", customer)).json["ticket"]
        ws = await api.http.ws_connect(f"/ws/tickets/{number}", params={"ticket": ticket})
        assert await is_heard(ws) is is_let_in
