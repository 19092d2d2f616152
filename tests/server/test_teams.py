"""Teams over HTTP: made by admins, read by the staff, and chosen for a ticket."""

from uuid import uuid4

import pytest

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people


@pytest.fixture(scope="module")
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


async def a_team(api: Api, admin: Person, *members: Person) -> dict[str, object]:
    sent = {"name": f"Team {uuid4()}"[:40], "members": [str(each.id) for each in members]}
    answer = await api.post("/admin/teams", admin, json=sent)
    assert answer.status == 201, answer
    return dict(answer.json)


async def test_an_admin_makes_changes_and_removes_a_team(
    api: Api, admin: Person, csr: Person
) -> None:
    team = await a_team(api, admin, csr)
    path = f"/admin/teams/{team['id']}"
    assert (await api.get(path, admin)).json == team
    changed = await api.patch(path, admin, json={"members": [], "strategy": "random"})
    assert changed.json == {**team, "members": [], "strategy": "random"}
    assert changed.json in (await api.get("/csr/teams?limit=100", csr)).json
    assert (await api.call("DELETE", path, admin)).status == 204
    assert (await api.get(path, admin)).code == "team_not_found"


async def test_a_repeated_order_makes_one_team(api: Api, admin: Person) -> None:
    headers, sent = {"Idempotency-Key": str(uuid4())}, {"name": f"Team {uuid4()}"[:40]}
    first, again = [
        await api.post("/admin/teams", admin, json=sent, headers=headers) for _ in range(2)
    ]
    assert (first.status, first.json) == (again.status, again.json)
    assert (await api.post("/admin/teams", admin, json=sent)).code == "team_name_taken"


async def test_a_ticket_is_moved_and_found_by_its_team(
    api: Api, customer: Person, csr: Person, admin: Person
) -> None:
    team = await a_team(api, admin, csr)
    ticket = await api.a_ticket(customer)
    path = f"/csr/tickets/{ticket['id']}"
    moved = await api.patch(path, csr, json={"team_id": team["id"], "assignee_id": str(csr.id)})
    assert (moved.json["team_id"], moved.json["assigned_to_id"]) == (team["id"], str(csr.id))
    for asked, by in ((team["id"], admin), ("mine", csr)):
        found = (await api.get(f"/csr/tickets?team={asked}", by)).json
        assert [each["id"] for each in found] == [ticket["id"]]
    assert (await api.get("/csr/tickets?team=none&sort=-number&limit=1", csr)).json != [moved.json]
    assert (await api.get(f"/users/tickets/{ticket['id']}", customer)).json["team_id"] is None
    view = {"name": "Ours", "query": {"team": "mine", "status": ["open"]}}
    saved = (await api.post("/csr/views", csr, json=view)).json
    assert (saved["count"], saved["query"]["team"]) == (1, "mine")
    assert (await api.call("DELETE", f"/admin/teams/{team['id']}", admin)).code == "team_in_use"
    refused = await api.patch(path, csr, json={"team_id": str(uuid4())})
    assert (refused.code, refused.json["errors"][0]["pointer"]) == ("no_such_team", "/team_id")
