"""The inbox over HTTP."""

from typing import Any

import pytest

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.sockets import Client


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
        "id", "kind", "ticket_id", "actor_id", "actor", "data", "created_at", "read_at",
    }  # fmt: skip
    assert (told["kind"], told["ticket_id"], told["read_at"]) == ("assigned", ticket["id"], None)
    assert told["data"] == {"number": ticket["number"], "title": ticket["title"]}
    assert told["actor"]["id"] == told["actor_id"]
    assert told["actor"]["full_name"].startswith("Person ")


async def test_what_is_told_live_names_who_acted_as_the_inbox_does(
    api: Api, web_url: str, customer: Person, csr: Person
) -> None:
    """By a message, which is one statement, and by a change, which is a rule."""
    ticket = await api.a_ticket(customer)
    async with Client(web_url, customer) as client:
        await api.post(f"/tickets/{ticket['id']}/messages", csr, json={"content": "hello"})
        await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "resolved"})
        await client.until(lambda: len(client.seen["notification"]) == 2)
        live = client.seen["notification"]
    shown = (await api.get("/notifications", customer)).json
    assert sorted(live, key=lambda told: told["id"]) == sorted(shown, key=lambda told: told["id"])
    actor = {"id": str(csr.id), "full_name": csr.full_name}
    assert [told["actor"] for told in shown] == [actor, actor]


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
