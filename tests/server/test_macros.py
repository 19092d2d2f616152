"""Macros over HTTP: kept, used and undone; and who is told that one was used."""

from typing import Any
from uuid import uuid4

import pytest

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.sockets import Client


@pytest.fixture(scope="module")
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


async def a_macro(api: Api, by: Person, **sent: Any) -> dict[str, Any]:
    new = {"name": f"Macro {uuid4()}", "message": {"content": "Hello"}} | sent
    answer = await api.post("/csr/macros", by, json=new)
    assert answer.status == 201, answer
    return dict(answer.json)


async def use(api: Api, by: Person, ticket: Any, macro: Any, **more: Any) -> Any:
    sent = {"client_id": str(uuid4())} | more
    path = f"/tickets/{ticket['id']}/macros/{macro['id']}"
    return await api.post(path, by, json=sent)


async def test_a_macro_is_made_changed_and_removed(api: Api, admin: Person, csr: Person) -> None:
    macro = await a_macro(api, admin, scope="everyone", set={"priority": None, "assignee": "me"})
    assert macro["set"] == {"priority": None, "assignee": "me"}
    path = f"/csr/macros/{macro['id']}"
    changed = await api.patch(path, admin, json={"message": None, "name": "Take"})
    assert changed.json == macro | {"message": None, "name": "Take"}
    seen = (await api.get("/csr/macros?limit=100", csr)).json
    assert changed.json | {"editable": False} in seen
    refused = await api.patch(path, csr, json={"name": "Mine"})
    assert (refused.status, refused.code) == (403, "admin_required")
    assert (await api.call("DELETE", path, admin)).status == 204
    assert (await api.patch(path, admin, json={})).code == "macro_not_found"


async def test_a_repeated_order_makes_one_macro(api: Api, csr: Person) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    new = {"name": f"Macro {uuid4()}", "message": {"content": "Hello"}}
    first, again = [await api.post("/csr/macros", csr, json=new, headers=headers) for _ in range(2)]
    assert (first.status, first.json) == (again.status, again.json)
    assert (await api.post("/csr/macros", csr, json=new)).code == "macro_name_taken"


async def test_the_staff_alone_see_that_one_was_used(
    api: Api, web_url: str, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    macro = await a_macro(
        api,
        csr,
        message={"content": "Hello {{customer.full_name}}"},
        set={"status": "resolved", "tags_add": ["refund"], "category": "technical"},
    )
    path, sent = f"/csr/macros/{macro['id']}/preview", {"ticket_id": ticket["id"]}
    shown = await api.post(path, csr, json=sent)
    assert shown.json == {
        "content": f"Hello {customer.full_name}",
        "internal": False,
        "missing": [],
    }
    async with Client(web_url, customer) as theirs, Client(web_url, csr) as ours:
        for client in (theirs, ours):
            await client.join(ticket["id"])
        used = (await use(api, csr, ticket, macro)).json
        await theirs.until_shown(4)
        await ours.until_shown(5)
    timelines = [
        (await api.get(f"/tickets/{ticket['id']}/timeline", person)).json
        for person in (customer, csr)
    ]
    assert [event["kind"] for event in used["events"]] == [
        *("message_posted", "status_changed", "tags_changed", "category_changed")
    ]
    assert used["events"][0]["data"]["content"] == f"Hello {customer.full_name}"
    [cause] = {tuple(event["data"]["cause"].items()) for event in used["events"]}
    assert dict(cause)["id"] == macro["id"]
    assert ours.seen["timeline"][1:] == used["events"] == timelines[1][1:]
    public = [event["data"] for event in (*theirs.seen["timeline"], *timelines[0])]
    assert len(public) == 8
    assert not any("cause" in data for data in public)
    messages = await api.get(f"/tickets/{ticket['id']}/messages", customer)
    assert "cause" not in messages.json[0]["data"]
    told = (await api.get("/notifications", customer)).json
    assert not any("cause" in each["data"] for each in told)


async def test_used_on_a_ticket_as_it_was_seen_and_undone(
    api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    macro = await a_macro(api, csr, set={"status": "in_progress", "tags_add": ["a"]})
    path = f"/tickets/{ticket['id']}/macros/{macro['id']}"
    sent = {"json": {"client_id": "once"}, "headers": {"If-Match": '"9"'}}
    assert (await api.post(path, csr, **sent)).code == "version_mismatch"
    used = (await use(api, csr, ticket, macro)).json
    undo = f"/csr/tickets/{ticket['id']}/undo"
    batch = {"batch": used["events"][0]["data"]["cause"]["batch"]}
    await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "open"})
    refused = await api.post(undo, csr, json=batch)
    assert (refused.status, refused.code) == (409, "changed_since")
    assert refused.json["errors"] == [{"pointer": "/status", "detail": "Was changed since"}]
    used = (await use(api, csr, ticket, macro)).json
    batch = {"batch": used["events"][0]["data"]["cause"]["batch"]}
    undone = (await api.post(undo, csr, json=batch)).json
    assert (undone["ticket"]["status"], undone["messages_kept"]) == ("open", 1)
    assert [event["data"]["cause"]["type"] for event in undone["events"]] == ["undo"]


async def test_what_is_refused_points_to_the_macros_part(
    api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    macro = await a_macro(api, csr, set={"status": "in_progress"})
    await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "closed"})
    silent = await a_macro(api, csr, message=None, set={"status": "in_progress"})
    assert (await use(api, csr, ticket, macro)).code == "ticket_closed"
    refused = await use(api, csr, ticket, silent)
    assert (refused.status, refused.code) == (409, "invalid_transition")
    assert [each["pointer"] for each in refused.json["errors"]] == ["/set/status"]
