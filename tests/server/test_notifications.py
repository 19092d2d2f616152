"""The inbox over HTTP."""

from typing import Any

import pytest

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people


@pytest.fixture
async def ticket(api: Api, backend: Backend, customer: Person, csr: Person) -> dict[str, Any]:
    """A ticket that an admin gave to the CSR."""
    [boss] = people(backend.settings, Role.ADMIN)
    ticket = await api.a_ticket(customer)
    wanted = {"assignee_id": str(csr.id)}
    answer = await api.post(f"/csr/tickets/{ticket['id']}/assign", boss, json=wanted)
    assert answer.status == 200
    return ticket


async def test_the_assignee_finds_a_notification(
    api: Api, csr: Person, ticket: dict[str, Any]
) -> None:
    [told] = (await api.get("/notifications", csr)).json
    assert told.keys() == {
        "id", "kind", "ticket_id", "actor_id", "data", "created_at", "read_at",
    }  # fmt: skip
    assert (told["kind"], told["ticket_id"], told["read_at"]) == ("assigned", ticket["id"], None)
    assert told["data"] == {"number": ticket["number"], "title": ticket["title"]}


async def test_reading_one_and_reading_all(api: Api, csr: Person, ticket: dict[str, Any]) -> None:
    [told] = (await api.get("/notifications?unread=true", csr)).json
    for _ in range(2):
        answer = await api.post(f"/notifications/{told['id']}/read", csr)
        assert (answer.status, answer.body) == (204, b"")
    assert (await api.get("/notifications?unread=true", csr)).json == []
    [read] = (await api.get("/notifications", csr)).json
    assert read["read_at"]
    assert (await api.post("/notifications/read_all", csr, json={})).status == 204


async def test_other_peoples_are_not_found(
    api: Api, customer: Person, csr: Person, ticket: dict[str, Any]
) -> None:
    [told] = (await api.get("/notifications", csr)).json
    assert (await api.get("/notifications", customer)).json == []
    for notification_id in (told["id"], ticket["id"], "nonsense"):
        answer = await api.post(f"/notifications/{notification_id}/read", customer)
        assert (answer.status, answer.code) == (404, "notification_not_found")
    assert (await api.post("/notifications/read_all", customer)).status == 204
    assert len((await api.get("/notifications?unread=true", csr)).json) == 1
