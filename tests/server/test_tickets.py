"""A customer's own tickets over HTTP."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tests.api import Api
from tests.factories import Person

NEW = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}


async def test_a_ticket_is_opened(api: Api, customer: Person) -> None:
    answer = await api.post("/users/tickets", customer, json=NEW | {"title": "  It broke\t"})
    assert answer.status == 201
    ticket = answer.json
    assert answer.headers["Location"] == f"/api/v1/users/tickets/{ticket['id']}"
    assert answer.headers["ETag"].startswith('"1.')
    assert ticket == NEW | {
        "id": ticket["id"],
        "number": ticket["number"],
        "status": "open",
        "priority": None,
        "tags": [],
        "fields": {},
        "team_id": None,
        "required_skills": [],
        "snoozed_until": None,
        "merged_into_id": None,
        "user_id": str(customer.id),
        "assigned_to_id": None,
        "created_at": ticket["created_at"],
        "updated_at": ticket["created_at"],
        "first_response_at": None,
        "resolved_at": None,
        "closed_at": None,
        "version": 1,
        "seq": 1,
        "customer": {"id": str(customer.id), "full_name": customer.full_name},
        "assignee": None,
        "last_message": None,
        "waiting_on": "staff",
        "unread": 0,
    }
    assert UUID(ticket["id"]).version == 7
    assert ticket["created_at"].endswith("Z")
    assert datetime.fromisoformat(ticket["created_at"]).tzinfo
    shown = await api.get(f"/users/tickets/{ticket['id']}", customer)
    assert (shown.status, shown.json) == (200, ticket)
    assert shown.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("path", ["/users/tickets/{}", "/tickets/{}/timeline"])
async def test_somebody_elses_ticket_is_not_found_like_none_at_all(
    api: Api, customer: Person, stranger: Person, path: str
) -> None:
    ticket = await api.a_ticket(customer)
    answers = [
        await api.get(path.format(ticket_id), stranger)
        for ticket_id in (ticket["id"], uuid4(), "nonsense", "1", ticket["number"])
    ]
    assert {a.status for a in answers} == {404}
    assert {a.code for a in answers} == {"ticket_not_found"}
    assert answers[0].json["detail"] == "Ticket not found"
    assert len({a.body for a in answers}) == 1


async def test_staff_have_own_tickets_too_and_see_no_others_there(
    api: Api, customer: Person, csr: Person
) -> None:
    theirs = await api.a_ticket(customer)
    own = await api.a_ticket(csr)
    listed = await api.get("/users/tickets", csr)
    assert [t["id"] for t in listed.json] == [own["id"]]
    assert (await api.get(f"/users/tickets/{theirs['id']}", csr)).code == "ticket_not_found"


async def test_the_list_is_of_ones_own_newest_first(
    api: Api, customer: Person, stranger: Person
) -> None:
    made = [await api.a_ticket(customer) for _ in range(3)]
    await api.a_ticket(stranger)
    answer = await api.get("/users/tickets?count=true", customer)
    for ticket in made:
        assert ticket.pop("description")  # Rows have none.
    assert answer.json == made[::-1]
    assert answer.headers["X-Total-Count"] == "3"
    assert "Link" not in answer.headers
    assert "X-Total-Count" not in (await api.get("/users/tickets", customer)).headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=open", [1, 0]),
        ("status=closed", []),
        ("category=shipping", [1]),
        ("type=question", [1]),
        ("category=shipping&type=bug", []),
        ("category=%20shipping%20", [1]),
        ("sort=created_at", [0, 1]),
        ("sort=-number", [1, 0]),
        ("sort=number", [0, 1]),
        ("sort=-updated_at", [1, 0]),
        ("sort=priority", [0, 1]),
    ],
)
async def test_the_list_is_filtered_and_sorted(
    api: Api, customer: Person, query: str, found: list[int]
) -> None:
    made = [
        await api.a_ticket(customer),
        await api.a_ticket(customer, category="shipping", type="question"),
    ]
    listed = (await api.get(f"/users/tickets?{query}", customer)).json
    assert [t["id"] for t in listed] == [made[n]["id"] for n in found]


async def test_text_comes_back_as_it_was_sent_in_nfc(api: Api, customer: Person) -> None:
    description = "  e\u0301 🦆 \r\n <script>alert(1)</script> \u202e\t"
    ticket = await api.a_ticket(customer, description=description, title="e\u0301")
    assert ticket["title"] == "é"
    assert ticket["description"] == description.replace("e\u0301", "é")


async def test_reading_marks_messages_as_read(api: Api, customer: Person, csr: Person) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/tickets/{ticket['id']}"
    for internal in (True, False):
        new = {"content": "hello", "internal": internal}
        await api.post(f"{path}/messages", csr, json=new)
    own = f"/users/tickets/{ticket['id']}"
    assert (await api.get(own, customer)).json["unread"] == 1
    answer = await api.post(f"{path}/read", customer, json={"seq": 2})
    assert (answer.status, answer.body) == (204, b"")
    assert (await api.get(own, customer)).json["unread"] == 0


async def test_a_customer_closes_a_ticket_of_their_own_and_no_other(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/users/tickets/{ticket['id']}/close"
    assert (await api.post(path, csr)).code == "ticket_not_found"
    closed = await api.post(path, customer)
    assert (closed.status, closed.json["status"]) == (200, "closed")
    assert closed.json["closed_at"]
    again = await api.post(path, customer)
    assert (again.status, again.json["version"]) == (200, closed.json["version"])
    said = await api.post(f"/tickets/{ticket['id']}/messages", customer, json={"content": "x"})
    assert said.code == "ticket_closed"
