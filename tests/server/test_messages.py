"""Messages and the timeline over HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api import Answer, Api
from tests.factories import Person


@pytest.fixture
async def ticket(api: Api, customer: Person) -> dict[str, Any]:
    return await api.a_ticket(customer)


async def say(api: Api, person: Person, ticket: dict[str, Any], **new: object) -> Answer:
    message = {"content": "hello"} | new
    return await api.post(f"/tickets/{ticket['id']}/messages", person, json=message)


async def test_a_message_is_created_once_and_then_found(
    api: Api, customer: Person, ticket: dict[str, Any]
) -> None:
    first, again = [await say(api, customer, ticket, client_id="a") for _ in range(2)]
    assert (first.status, again.status) == (201, 200)
    event = first.json
    assert event == again.json
    assert event == {
        "ticket_id": ticket["id"],
        "seq": 2,
        "kind": "message_posted",
        "actor_id": str(customer.id),
        "at": event["at"],
        "data": {
            "id": event["data"]["id"],
            "client_id": "a",
            "content": "hello",
            "attachments": [],
            "mentions": [],
        },
    }


async def test_the_same_message_many_times_at_once_is_created_once(
    api: Api, customer: Person, ticket: dict[str, Any]
) -> None:
    answers = await asyncio.gather(*(say(api, customer, ticket, client_id="a") for _ in range(6)))
    assert sorted(a.status for a in answers) == [200] * 5 + [201]
    assert len({a.body for a in answers}) == 1


async def test_a_client_id_is_not_used_again_for_another_message(
    api: Api, csr: Person, ticket: dict[str, Any]
) -> None:
    await say(api, csr, ticket, client_id="a")
    for other in ({"content": "bye"}, {"internal": True}):
        answer = await say(api, csr, ticket, client_id="a", **other)
        assert (answer.status, answer.code) == (409, "client_id_reused")


async def test_a_closed_ticket_takes_no_message_but_answers_retries(
    api: Api, customer: Person, csr: Person, ticket: dict[str, Any]
) -> None:
    first = await say(api, customer, ticket, client_id="a")
    await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "closed"})
    for who in (customer, csr):
        answer = await say(api, who, ticket)
        assert (answer.status, answer.code) == (409, "ticket_closed")
    again = await say(api, customer, ticket, client_id="a")
    assert (again.status, again.body) == (200, first.body)


async def test_a_customers_message_reopens_a_resolved_ticket(
    api: Api, customer: Person, csr: Person, ticket: dict[str, Any]
) -> None:
    await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "resolved"})
    await say(api, customer, ticket)
    shown = (await api.get(f"/users/tickets/{ticket['id']}", customer)).json
    assert (shown["status"], shown["resolved_at"]) == ("open", None)


async def test_notes_are_for_staff_alone(
    api: Api, customer: Person, csr: Person, ticket: dict[str, Any]
) -> None:
    answer = await say(api, customer, ticket, internal=True)
    assert (answer.status, answer.code) == (403, "csr_required")
    note = await say(api, csr, ticket, internal=True, content="he is angry")
    assert (note.status, note.json["kind"], note.json["seq"]) == (201, "note_posted", 2)
    await say(api, csr, ticket, content="hi")
    for path, staff in (("timeline", [1, 2, 3]), ("messages", [2, 3])):
        own, all_of_it = [
            await api.get(f"/tickets/{ticket['id']}/{path}", who) for who in (customer, csr)
        ]
        assert [e["seq"] for e in all_of_it.json] == staff
        assert [e["seq"] for e in own.json] == [n for n in (1, 2) if n >= staff[0]]
        assert b"angry" not in own.body
        assert b"note" not in own.body


@pytest.mark.parametrize("internal", [False, True])
async def test_a_stranger_finds_no_ticket_to_write_to(
    api: Api, stranger: Person, ticket: dict[str, Any], internal: bool
) -> None:
    for ticket_id in (ticket["id"], str(uuid4())):
        answer = await say(api, stranger, {"id": ticket_id}, internal=internal)
        assert (answer.status, answer.code) == (404, "ticket_not_found")


async def test_the_timeline_is_read_on_from_a_number(
    api: Api, customer: Person, ticket: dict[str, Any]
) -> None:
    for n in range(4):
        await say(api, customer, ticket, content=f"message {n}")
    path = f"/tickets/{ticket['id']}/timeline"
    whole = (await api.get(path, customer)).json
    assert [e["seq"] for e in whole] == [1, 2, 3, 4, 5]
    assert (await api.get(f"{path}?after=3", customer)).json == whole[3:]
    assert (await api.get(f"{path}?after=5", customer)).json == []
