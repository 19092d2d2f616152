"""Custom fields over HTTP."""

from uuid import uuid4

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people


async def test_a_field_is_defined_set_found_and_removed(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    [admin] = people(backend.settings, Role.ADMIN)
    new = {"key": "h_plan", "label": "Plan", "kind": "choice", "choices": ["gold", "silver"]}
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        made = await api.post("/admin/fields", admin, json=new, headers=key)
        assert (made.status, made.json["customers"]) == (201, "hidden")
    field = made.headers["Location"].removeprefix("/api/v1")
    assert "h_plan" in [f["key"] for f in (await api.get("/admin/fields", admin)).json]
    assert "h_plan" not in [f["key"] for f in (await api.get("/fields", customer)).json]

    ticket = (await api.a_ticket(customer))["id"]
    path = f"/csr/tickets/{ticket}"
    answer = await api.patch(path, csr, json={"fields": {"h_plan": "gold"}})
    assert (answer.json["fields"], answer.json["version"]) == ({"h_plan": "gold"}, 2)
    wrong = await api.patch(path, csr, json={"fields": {"h_plan": "bronze"}})
    assert (wrong.status, wrong.code) == (422, "invalid")
    assert wrong.json["errors"][0]["pointer"] == "/fields/h_plan"
    stale = {"If-Match": '"1"'}
    answer = await api.patch(path, csr, json={"fields": {"h_plan": "silver"}}, headers=stale)
    assert answer.status == 412

    found = await api.get("/csr/tickets", csr, params={"field.h_plan": "gold", "count": "true"})
    assert [row["id"] for row in found.json] == [ticket]
    assert found.headers["X-Total-Count"] == "1"
    silver = await api.get("/csr/tickets", csr, params={"field.h_plan": "silver"})
    assert silver.json == []

    # What becomes theirs to see is another ticket to them, of the same version.
    own = f"/users/tickets/{ticket}"
    before = await api.get(own, customer)
    assert (before.json["fields"], before.json["version"]) == ({}, 1)
    await api.patch(field, admin, json={"customers": "read"})
    known = {"If-None-Match": before.headers["ETag"]}
    after = await api.get(own, customer, headers=known)
    assert (after.status, after.json["fields"]) == (200, {"h_plan": "gold"})
    refused = await api.patch(own, customer, json={"fields": {"h_plan": "silver"}})
    assert (refused.status, refused.code) == (422, "field_read_only")

    assert (await api.call("DELETE", field, admin)).status == 204
    fields = {f["key"]: f for f in (await api.get("/fields", customer)).json}
    assert fields["h_plan"]["removed_at"]
    assert (await api.get(own, customer)).json["fields"] == {"h_plan": "gold"}


async def test_filters_of_fields_are_heeded_beside_all_others(api: Api, csr: Person) -> None:
    others = {
        "limit": "5", "count": "true", "status": "open", "category": "x", "type": "x", "q": "x",
        "sort": "number", "unassigned": "true", "assigned_to": "me", "priority": "low",
        "tag": "x", "user_id": str(csr.id), "waiting_on": "staff", "unread": "true",
        "updated_after": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    fields = {f"field.h_no{n}": "x" for n in range(5)}
    refused = await api.get("/csr/tickets", csr, params=others | fields)
    assert (refused.status, refused.code) == (422, "unknown_field")
    too_many = {f"field.h_no{n}": "x" for n in range(200)}
    refused = await api.get("/csr/tickets", csr, params=too_many)
    assert (refused.status, refused.code) == (422, "invalid")
