"""The staff's side over HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from models import Role
from server.http.contract import Right
from server.routes.table import ROUTES
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, people

FOR_STAFF = [(r.method, r.path) for r in ROUTES if r.right is Right.STAFF]


async def change(
    api: Api, person: Person, ticket: dict[str, Any], match: str | None = None, **sent: object
) -> Answer:
    headers = {"If-Match": match} if match is not None else {}
    return await api.patch(f"/csr/tickets/{ticket['id']}", person, json=sent, headers=headers)


async def assign(api: Api, person: Person, ticket: dict[str, Any], **sent: object) -> Answer:
    return await api.post(f"/csr/tickets/{ticket['id']}/assign", person, json=sent)


@pytest.mark.parametrize(("method", "path"), FOR_STAFF)
async def test_customers_are_kept_out(api: Api, customer: Person, method: str, path: str) -> None:
    ticket = await api.a_ticket(customer)
    others = ("customer_id", "view_id", "macro_id", "participant", "other_id")
    ids = {name: uuid4() for name in others} | {"ticket_id": ticket["id"]}
    answer = await api.call(method, path.format(**ids), customer)
    assert (answer.status, answer.code) == (403, "csr_required")
    assert answer.json["detail"] == "CSR privileges required"


async def test_staff_see_anybodys_ticket(api: Api, customer: Person, csr: Person) -> None:
    ticket = await api.a_ticket(customer)
    assert (await api.get(f"/csr/tickets/{ticket['id']}", csr)).json == ticket
    assert (await api.get(f"/csr/tickets/{uuid4()}", csr)).code == "ticket_not_found"


async def test_the_list_is_filtered(api: Api, customer: Person, csr: Person) -> None:
    category = f"only-{customer.id}"
    plain, special = [await api.a_ticket(customer, category=category) for _ in range(2)]
    await change(api, csr, special, tags=["vip"], status="in_progress")
    await assign(api, csr, special, assignee_id=str(csr.id), priority="urgent")
    said = {"json": {"content": "hello?"}}
    await api.post(f"/tickets/{special['id']}/messages", csr, **said)
    await api.post(f"/tickets/{plain['id']}/messages", customer, **said)
    last = (await api.get(f"/csr/tickets/{special['id']}", csr)).json["updated_at"]
    for query, found in {
        "tag=vip": [special],
        "tag=nobody": [],
        "priority=urgent": [special],
        "status=in_progress": [special],
        "assigned_to=me": [special],
        f"assigned_to={csr.id}": [special],
        f"assigned_to={uuid4()}": [],
        "unassigned=true": [plain],
        "unassigned=false": [special],
        f"user_id={customer.id}": [special, plain],
        "type=bug&sort=number": [plain, special],
        "sort=-priority": [special, plain],
        "waiting_on=staff": [plain],
        "waiting_on=customer": [special],
        "waiting_on=staff&status=closed": [],
        "unread=true": [plain],
        "unread=false": [special],
        f"updated_after={last}&sort=updated_at": [plain],
        "updated_after=2026-01-01T00:00:00%2B14:00&sort=updated_at": [special, plain],
    }.items():
        answer = await api.get(f"/csr/tickets?category={category}&count=true&{query}", csr)
        assert [t["id"] for t in answer.json] == [t["id"] for t in found], query
        assert answer.headers["X-Total-Count"] == str(len(found))


@pytest.mark.parametrize(
    "query",
    [
        "waiting_on=nobody",
        "waiting_on=",
        "unread=maybe",
        *(f"updated_after={text}" for text in ("1767225600", "2026-01-01", "now", "-2026-01-01")),
        "updated_after=2026-01-01T00:00:00",
        "updated_after=99999-01-01T00:00:00Z",
        "updated_after=2026-01-01T00:00:00Z%00",
    ],
)
async def test_a_filter_that_says_nothing_is_refused(api: Api, csr: Person, query: str) -> None:
    answer = await api.get(f"/csr/tickets?{query}", csr)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


async def test_a_time_is_one_in_every_zone(api: Api, csr: Person) -> None:
    for text, status in (
        ("0001-01-01T00:00:00%2B23:59", 422),
        ("0002-01-01T00:00:00Z", 200),
        ("9998-12-31T23:59:59Z", 200),
        ("9999-12-31T23:59:59-23:59", 422),
    ):
        answer = await api.get(f"/csr/tickets?updated_after={text}&sort=updated_at", csr)
        assert answer.status == status


async def test_a_change_answers_with_the_new_ticket_and_its_etag(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    answer = await change(api, csr, ticket, priority="high", tags=["a", "a", "b"])
    assert (answer.status, answer.headers["ETag"][:3]) == (200, '"3.')
    assert (answer.json["priority"], answer.json["tags"]) == ("high", ["a", "b"])
    assert (await change(api, csr, ticket, priority=None)).json["priority"] is None
    own = (await api.get(f"/users/tickets/{ticket['id']}", customer)).json
    assert (own["tags"], own["version"]) == ([], 3)


async def test_a_change_that_the_status_does_not_allow_changes_nothing(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    await change(api, csr, ticket, status="closed")
    answer = await change(api, csr, ticket, priority="high", status="resolved")
    assert (answer.status, answer.code) == (409, "invalid_transition")
    shown = (await api.get(f"/csr/tickets/{ticket['id']}", csr)).json
    assert (shown["status"], shown["priority"], shown["version"]) == ("closed", None, 2)


@pytest.mark.parametrize(
    "match", ['"1"', "*", '"9", "1"', "", '"1",W/"7"', 'W/"1"', '"1-gzip"', 'W/"1;gzip"', '"1-br"']
)
async def test_a_version_that_was_seen_is_changed(
    api: Api, customer: Person, csr: Person, match: str
) -> None:
    ticket = await api.a_ticket(customer)
    assert (await change(api, csr, ticket, match, priority="low")).status == 200


@pytest.mark.parametrize(
    "match",
    [
        '"2"',
        'W/"2"',
        '"2-gzip"',
        '"1-x"',
        "1",
        '"x"',
        '"' + "9" * 400 + '"',
        '"1',
        "\u00b2",
        '"-1"',
        "null",
    ],
)
async def test_another_version_is_not(api: Api, customer: Person, csr: Person, match: str) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/csr/tickets/{ticket['id']}"
    refused = [
        await change(api, csr, ticket, match, priority="low"),
        await api.post(
            f"{path}/assign", csr, json={"assignee_id": str(csr.id)}, headers={"If-Match": match}
        ),
    ]
    assert [(a.status, a.code) for a in refused] == [(412, "version_mismatch")] * 2
    now = (await api.get(path, csr)).json
    assert [a.json["current"] for a in refused] == [now] * 2
    assert now["version"] == 1


async def test_two_changes_of_one_version_do_not_both_happen(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    answers = await asyncio.gather(
        *(change(api, csr, ticket, '"1"', category=name) for name in ("a", "b", "c"))
    )
    assert sorted(a.status for a in answers) == [200, 412, 412]


async def test_assigning_by_hand_and_back_to_the_queue(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    answer = await assign(api, csr, ticket, assignee_id=str(csr.id), priority="high")
    assert answer.status == 200
    assert (answer.json["assigned_to_id"], answer.json["priority"]) == (str(csr.id), "high")
    assert answer.headers["ETag"].startswith('"3.')
    answer = await assign(api, csr, ticket, assignee_id=None)
    assert (answer.json["assigned_to_id"], answer.json["priority"]) == (None, "high")
    answer = await assign(api, csr, ticket, assignee_id=None, priority=None)
    assert answer.json["priority"] is None


async def test_only_staff_are_assignable(api: Api, customer: Person, csr: Person) -> None:
    ticket = await api.a_ticket(customer)
    for nobody in (customer.id, uuid4()):
        answer = await assign(api, csr, ticket, assignee_id=str(nobody))
        assert (answer.status, answer.code) == (422, "not_assignable")
        assert answer.json["errors"][0]["pointer"] == "/assignee_id"


async def test_of_many_claims_one_wins(api: Api, backend: Backend, customer: Person) -> None:
    ticket = await api.a_ticket(customer)
    csrs = people(backend.settings, *[Role.CSR] * 5, Role.ADMIN)
    answers = await asyncio.gather(
        *(api.post(f"/csr/tickets/{ticket['id']}/claim", csr) for csr in csrs)
    )
    assert sorted(a.status for a in answers) == [200, 409, 409, 409, 409, 409]
    assert {a.code for a in answers if a.status == 409} == {"already_assigned"}
    [won] = [a.json for a in answers if a.status == 200]
    assert won["assigned_to_id"] in {str(csr.id) for csr in csrs}
