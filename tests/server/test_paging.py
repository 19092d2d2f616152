"""Lists page by page, as ``Link`` leads."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from yarl import URL

from desk.errors import Invalid
from models import Role
from server.http.input import decode_cursor, encode_cursor
from server.routes.tickets import POSITIONS
from tests.api import Api, next_path
from tests.conftest import Backend
from tests.factories import Person, people

SORTS = [
    sign + field
    for field in ("created_at", "updated_at", "priority", "number")
    for sign in ("", "-")
]
OTHER_ID = str(uuid4())
LISTS = ["/users/tickets", "/csr/tickets", "/notifications", "/tickets/{}/messages"]


async def follow(api: Api, person: Person, path: str) -> list[list[dict[str, Any]]]:
    pages = []
    here: str | None = path
    while here is not None:
        answer = await api.get(here, person)
        assert answer.status == 200, answer
        pages.append(answer.json)
        here = next_path(answer)
    return pages


async def a_talk(api: Api, customer: Person, messages: int) -> str:
    ticket_id: str = (await api.a_ticket(customer))["id"]
    for n in range(messages):
        new = {"content": f"message {n}"}
        await api.post(f"/tickets/{ticket_id}/messages", customer, json=new)
    return ticket_id


@pytest.mark.parametrize("sort", SORTS)
async def test_links_lead_through_all_tickets(api: Api, customer: Person, sort: str) -> None:
    made = [(await api.a_ticket(customer))["id"] for _ in range(5)]
    path = f"/users/tickets?limit=2&sort={sort}&category=billing"
    pages = await follow(api, customer, path)
    assert [len(page) for page in pages] == [2, 2, 1]
    walked = [ticket["id"] for page in pages for ticket in page]
    assert walked == (made[::-1] if sort.startswith("-") else made)


async def test_a_link_keeps_the_filters_as_they_were(api: Api, customer: Person) -> None:
    odd = 'a&b=c, <ü> "%2B" +/?#'
    for _ in range(2):
        await api.a_ticket(customer, category=odd)
        await api.a_ticket(customer)
    path = str(URL("/users/tickets").with_query(category=odd, limit="1"))
    pages = await follow(api, customer, path)
    assert [[t["category"] for t in page] for page in pages] == [[odd], [odd]]


async def test_no_page_follows_a_full_last_one(api: Api, customer: Person) -> None:
    for _ in range(2):
        await api.a_ticket(customer)
    assert len(await follow(api, customer, "/users/tickets?limit=2")) == 1


async def test_messages_and_timeline_page_too(api: Api, customer: Person) -> None:
    ticket_id = await a_talk(api, customer, 4)
    for path, numbers in (
        ("messages", [[2, 3], [4, 5]]),
        ("timeline", [[1, 2], [3, 4], [5]]),
    ):
        pages = await follow(api, customer, f"/tickets/{ticket_id}/{path}?limit=2")
        assert [[event["seq"] for event in page] for page in pages] == numbers


async def test_notifications_page_from_the_newest(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    [boss] = people(backend.settings, Role.ADMIN)
    made = []
    for _ in range(3):
        made.append((await api.a_ticket(customer))["id"])
        wanted = {"assignee_id": str(csr.id)}
        await api.post(f"/csr/tickets/{made[-1]}/assign", boss, json=wanted)
    pages = await follow(api, csr, "/notifications?unread=true&limit=2")
    assert [[one["ticket_id"] for one in page] for page in pages] == [made[:0:-1], made[:1]]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("limit", "status"), [("1", 200), ("100", 200), ("0", 422), ("101", 422)])
async def test_a_page_has_one_to_a_hundred_items(
    api: Api, csr: Person, path: str, limit: str, status: int
) -> None:
    ticket_id = (await api.a_ticket(csr))["id"]
    assert (await api.get(f"{path.format(ticket_id)}?limit={limit}", csr)).status == status


@pytest.mark.parametrize(("limit", "status"), [("1", 200), ("200", 200), ("0", 422), ("201", 422)])
async def test_a_timeline_page_has_up_to_two_hundred(
    api: Api, customer: Person, limit: str, status: int
) -> None:
    path = f"/tickets/{(await api.a_ticket(customer))['id']}/timeline?limit={limit}"
    assert (await api.get(path, customer)).status == status


async def test_twenty_come_unasked(api: Api, customer: Person) -> None:
    ticket_id = await a_talk(api, customer, 21)
    pages = await follow(api, customer, f"/tickets/{ticket_id}/messages")
    assert [len(page) for page in pages] == [20, 1]


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD_CURSORS = [
    "",
    "%00",
    "%ff",
    "%C3%BC",
    "=",
    "A",
    "%ud800",
    "x" * 201,
    "9" * 200,
    cursor(None),
    cursor({}),
    cursor([]),
    cursor(["created_at"]),
    cursor(["created_at", "yesterday", str(uuid4())]),
    cursor(["created_at", 1e300, str(uuid4())]),
    cursor(["number", 1, str(uuid4())]),
    cursor(["created_at", "2026-01-01T00:00:00Z", "not an id"]),
    cursor([2**64]),
    cursor([-1]),
    cursor("[" * 90),
    base64.b64encode(b"[" * 150).decode(),
    base64.b64encode(b"\xff\xfe\x00").decode(),
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("bad", BAD_CURSORS, ids=range(len(BAD_CURSORS)))
async def test_what_is_no_cursor_of_ours_is_refused(
    api: Api, csr: Person, path: str, bad: str
) -> None:
    ticket_id = (await api.a_ticket(csr))["id"]
    answer = await api.get(f"{path.format(ticket_id)}?cursor={bad}", csr)
    assert answer.status == 422, answer
    assert answer.code in {"invalid_cursor", "invalid"}


@pytest.mark.parametrize(
    ("sort", "other"), [("number", "priority"), ("-created_at", "-updated_at")]
)
async def test_a_cursor_of_another_sort_is_refused(
    api: Api, customer: Person, sort: str, other: str
) -> None:
    for _ in range(2):
        await api.a_ticket(customer)
    path = next_path(await api.get(f"/users/tickets?limit=1&sort={sort}", customer))
    assert path
    foreign = URL(path).update_query(sort=other)
    answer = await api.get(str(foreign), customer)
    assert (answer.status, answer.code) == (422, "invalid_cursor")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("sort", ["created_at", "-updated_at"])
async def test_a_cursor_at_the_ends_of_time_is_only_an_empty_or_a_full_page(
    api: Api, customer: Person, sort: str, at: str
) -> None:
    here = cursor([sort.strip("-"), at, str(uuid4())])
    answer = await api.get(f"/users/tickets?sort={sort}&cursor={here}", customer)
    assert answer.status in {200, 422}


@pytest.mark.parametrize(
    ("field", "position"),
    [
        ("priority", (32768, OTHER_ID)),
        ("priority", (-32769, OTHER_ID)),
        ("number", (2**63, OTHER_ID)),
    ],
)
def test_a_cursor_beyond_what_its_column_holds_is_refused(
    field: str, position: tuple[int, str]
) -> None:
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor(field, *position), POSITIONS[field])
