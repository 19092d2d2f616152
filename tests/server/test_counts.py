"""Every list counts what is in it, where it is asked to."""

import pytest

from models import Role
from server.http.contract import TOTAL
from server.routes.table import ROUTES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people


@pytest.fixture(scope="module")
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


def test_every_list_says_that_it_counts() -> None:
    lists = [route for route in ROUTES if any("Link" in gives.headers for gives in route.gives)]
    assert len(lists) > 6
    for route in lists:
        assert route.takes
        assert "count" in route.takes.model_fields, route.path
        assert any(TOTAL in gives.headers for gives in route.gives), route.path


async def test_lists_count_the_whole_of_them(
    api: Api, customer: Person, csr: Person, admin: Person
) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/tickets/{ticket['id']}"
    for content, internal in (("one", False), ("two", True)):
        json = {"content": content, "internal": internal}
        await api.post(f"{path}/messages", csr, json=json)
    for person, listed, total in (
        (customer, f"{path}/messages", 1),
        (csr, f"{path}/messages", 2),
        (csr, f"{path}/timeline", 3),
        (customer, "/notifications", 1),
        (csr, "/notifications", 0),
    ):
        answer = await api.get(listed, person, params={"count": "true", "limit": "1"})
        assert answer.status == 200, answer
        assert int(answer.headers[TOTAL]) >= total, listed
    for listed in ("/admin/users", "/admin/webhooks"):
        answer = await api.get(listed, admin, params={"count": "true", "limit": "1"})
        assert int(answer.headers[TOTAL]) >= len(answer.json)
        assert TOTAL not in (await api.get(listed, admin)).headers


async def test_a_filter_by_several_statuses_finds_any_of_them(
    api: Api, customer: Person, csr: Person
) -> None:
    tickets = [await api.a_ticket(customer) for _ in range(3)]
    for ticket, status in zip(tickets, ("in_progress", "closed"), strict=False):
        changed = await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": status})
        assert changed.status == 200, changed
    for path, person in (("/users/tickets", customer), ("/csr/tickets", csr)):
        params = f"user_id={customer.actor.id}&" if person is csr else ""
        asked = f"{path}?{params}count=true&status=open&status=in_progress"
        answer = await api.get(asked, person)
        assert {ticket["status"] for ticket in answer.json} == {"open", "in_progress"}
        assert answer.headers[TOTAL] == "2"
        assert (await api.get(f"{path}?status=open&status=nothing", person)).status == 422
        assert (await api.get(f"{path}?category=a&category=b", person)).status == 422
