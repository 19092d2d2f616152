"""Many tickets are changed at once, each on its own, whatever becomes of the others."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from models import Event, IdempotencyKey, Role, Status, Ticket
from server.http import idempotency
from server.routes import bulk
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.locks import until_one_waits
from tests.waiting import until

PATH = "/csr/tickets/bulk"


async def asked(api: Api, csr: Person, key: str | None = None, **body: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return await api.post(PATH, csr, json=body, headers=headers)


async def three(api: Api, customer: Person, **fields: Any) -> list[dict[str, Any]]:
    return [await api.a_ticket(customer, **fields) for _ in range(3)]


def ids(tickets: list[dict[str, Any]]) -> list[str]:
    return [ticket["id"] for ticket in tickets]


def told(answer: Answer) -> list[tuple[str, str]]:
    """Of each ticket, its status or why it was refused."""
    assert answer.status == 200, answer
    return [
        (each["ticket_id"], each["ticket"]["status"] if each["ok"] else each["error"]["code"])
        for each in answer.json
    ]


async def test_each_is_changed_or_refused_on_its_own(
    api: Api, customer: Person, csr: Person
) -> None:
    tickets = await three(api, customer)
    first, closed, last = ids(tickets)
    await api.patch(f"/csr/tickets/{closed}", csr, json={"status": "closed"})
    nobodys = str(uuid4())
    answer = await asked(
        api, csr, ticket_ids=[last, nobodys, closed, first, last], change={"status": "resolved"}
    )
    assert told(answer) == [
        (last, "resolved"),
        (nobodys, "ticket_not_found"),
        (closed, "invalid_transition"),
        (first, "resolved"),
    ]
    assert "description" not in answer.json[0]["ticket"]
    timeline = (await api.get(f"/tickets/{last}/timeline", csr)).json
    assert [event["kind"] for event in timeline] == ["ticket_created", "status_changed"]


async def test_each_is_given_to_somebody(api: Api, customer: Person, csr: Person) -> None:
    tickets = ids(await three(api, customer))
    given = await asked(api, csr, ticket_ids=tickets, assign={"assignee_id": str(csr.id)})
    assert [each["ticket"]["assigned_to_id"] for each in given.json] == [str(csr.id)] * 3
    refused = await asked(api, csr, ticket_ids=tickets, assign={"assignee_id": str(customer.id)})
    assert told(refused) == [(ticket, "not_assignable") for ticket in tickets]


async def test_what_a_query_finds_is_changed_if_it_is_as_many_as_expected(
    api: Api, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = f"w{uuid4().hex}"
    tickets = ids(await three(api, customer, title=word))
    for ticket in tickets[:2]:
        await asked(api, csr, ticket_ids=[ticket], assign={"assignee_id": str(csr.id)})
    mine = {"user_id": str(customer.id), "assigned_to": "me", "status": ["open"], "sort": "number"}
    for count in (1, 3):
        wrong = await asked(api, csr, query=mine, expect_count=count, change={"tags": ["x"]})
        assert (wrong.status, wrong.code) == (409, "count_changed")
    done = await asked(api, csr, query=mine, expect_count=2, change={"tags": ["x"]})
    assert [ticket for ticket, _ in told(done)] == tickets[:2]
    nothing = await asked(api, csr, query={"q": uuid4().hex}, expect_count=0, change={})
    assert nothing.json == []
    # More than are changed at once are never as many as expected.
    monkeypatch.setattr(bulk, "MOST_FOUND", 2)
    many = await asked(api, csr, query={"q": word}, expect_count=2, change={"tags": ["y"]})
    assert many.code == "count_changed"
    shown = [(await api.get(f"/csr/tickets/{ticket}", csr)).json["tags"] for ticket in tickets]
    assert shown == [["x"], ["x"], []]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"change": {}}, "/ticket_ids"),
        ({"ticket_ids": ["{}"], "query": {}, "expect_count": 1, "change": {}}, "/ticket_ids"),
        ({"ticket_ids": ["{}"], "expect_count": 1, "change": {}}, "/expect_count"),
        ({"query": {}, "change": {}}, "/expect_count"),
        ({"query": {}, "expect_count": 501, "change": {}}, "/expect_count"),
        ({"query": {"nonsense": 1}, "expect_count": 1, "change": {}}, "/query/nonsense"),
        ({"query": {"sort": "title"}, "expect_count": 1, "change": {}}, "/query/sort"),
        ({"ticket_ids": ["{}"]}, "/change"),
        ({"ticket_ids": ["{}"], "change": {}, "assign": {"assignee_id": None}}, "/change"),
        ({"ticket_ids": [], "change": {}}, "/ticket_ids"),
    ],
)
async def test_what_is_unclear_is_refused_as_a_whole(
    api: Api, csr: Person, body: dict[str, Any], pointer: str
) -> None:
    if "ticket_ids" in body:
        body = body | {"ticket_ids": [str(uuid4()) for _ in body["ticket_ids"]]}
    answer = await asked(api, csr, **body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_a_repeat_gets_the_first_answer_and_changes_nothing(
    api: Api, customer: Person, csr: Person
) -> None:
    key, tickets = uuid4().hex, ids(await three(api, customer))
    body = {"ticket_ids": tickets, "change": {"status": "resolved"}}
    first = await asked(api, csr, key, **body)
    await api.patch(f"/csr/tickets/{tickets[0]}", csr, json={"status": "open"})
    again = await asked(api, csr, key, **body)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    shown = await api.get(f"/csr/tickets/{tickets[0]}", csr)
    assert shown.json["status"] == "open"
    other = await asked(api, csr, key, ticket_ids=tickets, change={"status": "closed"})
    assert other.code == "idempotency_key_reused"


async def test_a_key_whose_work_was_refused_as_a_whole_is_free_again(
    api: Api, customer: Person, csr: Person
) -> None:
    key, word = uuid4().hex, f"w{uuid4().hex}"
    body = {"query": {"q": word}, "expect_count": 1, "change": {"tags": ["x"]}}
    assert (await asked(api, csr, key, **body)).code == "count_changed"
    ticket = await api.a_ticket(customer, title=word)
    assert told(await asked(api, csr, key, **body)) == [(ticket["id"], "open")]


async def test_while_a_ticket_is_held_the_key_is_taken_and_the_others_go_on_after_it(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    """Whoever holds the first ticket closes it: only that one is refused."""
    key, tickets = uuid4().hex, ids(await three(api, customer))
    body = {"ticket_ids": tickets, "change": {"status": "resolved"}}
    with database(backend.settings) as session:
        held = session.get_one(Ticket, tickets[0], with_for_update=True)
        going = asyncio.create_task(asked(api, csr, key, **body))
        await asyncio.to_thread(until_one_waits, backend.database_url)
        busy = await asked(api, csr, key, **body)
        assert (busy.status, busy.code) == (409, "in_progress")
        held.status = Status.CLOSED
    assert [what for _, what in told(await going)] == ["invalid_transition", "resolved", "resolved"]
    assert (await asked(api, csr, key, **body)).headers["Idempotency-Replayed"] == "true"


async def test_a_claim_that_a_dead_process_left_is_taken_over(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    key, tickets = uuid4().hex, ids(await three(api, customer))
    body = {"ticket_ids": tickets, "change": {"status": "resolved"}}
    await asked(api, csr, key, **body)
    mine = (IdempotencyKey.actor_id == csr.id, IdempotencyKey.key == key)
    for age, status in ((timedelta(seconds=25), 409), (timedelta(seconds=35), 200)):
        with database(backend.settings) as session:
            left = update(IdempotencyKey).where(*mine).values(status=0, created_at=now() - age)
            session.execute(left)
        assert (await asked(api, csr, key, **body)).status == status


async def test_a_claim_is_kept_for_as_long_as_its_work_goes_on(
    api: Api, backend: Backend, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "RENEW_SECONDS", 0.01)
    key, [ticket_id] = uuid4().hex, [(await api.a_ticket(customer))["id"]]
    claim = select(IdempotencyKey).where(IdempotencyKey.actor_id == csr.id)
    body: dict[str, Any] = {"ticket_ids": [ticket_id], "change": {"status": "resolved"}}
    with database(backend.settings) as holder:
        holder.get_one(Ticket, ticket_id, with_for_update=True)
        going = asyncio.create_task(asked(api, csr, key, **body))
        await asyncio.to_thread(until_one_waits, backend.database_url)
        with database(backend.settings) as session:
            session.scalars(claim).one().created_at = old = now() - timedelta(minutes=1)

        def is_renewed() -> bool:
            with database(backend.settings) as session:
                return session.scalars(claim).one().created_at > old

        await until(is_renewed)
        assert (await asked(api, csr, key, **body)).code == "in_progress"
    assert told(await going) == [(ticket_id, "resolved")]


async def test_two_at_once_over_the_same_tickets_change_each_once(
    api: Api, backend: Backend, customer: Person
) -> None:
    tickets = ids([*await three(api, customer), *await three(api, customer)])
    csrs = people(backend.settings, *[Role.CSR] * 4)
    orders = (tickets, tickets[::-1])
    answers = await asyncio.gather(
        *(
            asked(api, csr, ticket_ids=orders[n % 2], change={"status": "resolved"})
            for n, csr in enumerate(csrs)
        )
    )
    assert all(what == "resolved" for answer in answers for _, what in told(answer))
    with database(backend.settings) as session:
        query = select(Event.ticket_id).where(Event.kind == "status_changed")
        changed = session.scalars(query.where(Event.ticket_id.in_(tickets))).all()
    assert sorted(map(str, changed)) == sorted(tickets)


async def test_who_is_signed_out_meanwhile_changes_no_more(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    tickets = ids(await three(api, customer))
    with database(backend.settings) as session:
        session.get_one(Ticket, tickets[0], with_for_update=True)
        body: dict[str, Any] = {"ticket_ids": tickets, "change": {"status": "resolved"}}
        going = asyncio.create_task(asked(api, csr, **body))
        await asyncio.to_thread(until_one_waits, backend.database_url)
        out = {"refresh_token": csr.tokens.refresh_token}
        assert (await api.post("/auth/logout", json=out)).status == 200
    first, *rest = [what for _, what in told(await going)]
    assert first == "resolved"  # It was on its way.
    assert rest == ["session_ended", "session_ended"]


async def test_what_takes_too_long_ends_with_what_was_not_tried(
    api: Api, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_SECONDS", -1.0)
    tickets = ids(await three(api, customer))
    answer = await asked(api, csr, ticket_ids=tickets, change={"status": "resolved"})
    assert told(answer) == [(ticket, "out_of_time") for ticket in tickets]
