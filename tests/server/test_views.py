"""Views over HTTP, and what sockets that watch them are told: no more, and nothing too late."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from desk.access import Audience
from desk.assignment import routing
from desk.assignment.routing import Change
from models import Role
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.server.conftest import serving
from tests.sockets import Client
from tests.waiting import until


@dataclass(frozen=True)
class Office:
    """A desk of its own with two web processes, and who is there."""

    backend: Backend
    app: web.Application
    api: Api
    other: Api
    customer: Person
    ann: Person
    bob: Person
    admin: Person


@pytest.fixture(scope="module")
async def office(make_backend: Callable[[], Backend]) -> AsyncIterator[Office]:
    backend = make_backend()
    roles = (Role.USER, Role.CSR, Role.CSR, Role.ADMIN)
    persons = people(backend.settings, *roles, available=False)
    async with serving(backend.settings) as (app, api), serving(backend.settings) as (_, other):
        services = app[SERVICES]
        await until(lambda: services.bus.is_subscribed)
        yield Office(backend, app, api, other, *persons)


async def watch(client: Client, *views: str, tickets: list[str] | None = None) -> None:
    ack = await client.call("watch", {"views": views, "ticket_ids": tickets or []})
    assert ack["ok"], ack


def told(client: Client, ticket_id: str) -> list[dict[str, Any]]:
    return [t for t in client.seen["ticket_changed"] if t["id"] == ticket_id]


def priorities(client: Client, ticket_id: str) -> list[str | None]:
    return [ticket["priority"] for ticket in told(client, ticket_id)]


def numbers(client: Client, view: str) -> list[tuple[int, int]]:
    """The counts of a view, in the order in which they came."""
    seen = (counts[view] for counts in client.seen["view_counts"] if view in counts)
    return [(each["count"], each["unread"]) for each in seen]


def parameters(view: dict[str, Any]) -> str:
    """What a view asks for, as a browser writes it into an address."""
    written = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in view["query"].items()
    }
    return urlencode(written, doseq=True)


async def assign(office: Office, ticket_id: str, to: Person | None) -> None:
    path, assignee_id = f"/csr/tickets/{ticket_id}/assign", str(to.id) if to else None
    answer = await office.api.post(path, office.admin, json={"assignee_id": assignee_id})
    assert answer.status == 200, answer


async def test_a_saved_view_is_listed_changed_and_removed(office: Office) -> None:
    api, ann = office.api, office.ann
    new = {"name": "Vips", "query": {"tag": "vip", "status": ["open"], "sort": "-updated_at"}}
    key = {"Idempotency-Key": str(uuid4())}
    made = await api.post("/csr/views", ann, json=new, headers=key)
    assert (made.status, made.json["count"]) == (201, 0)
    path = made.headers["Location"].removeprefix("/api/v1")
    assert (await api.post("/csr/views", ann, json=new, headers=key)).json == made.json
    [*_, listed] = (await api.get("/csr/views", ann)).json
    assert listed == made.json
    # What it asks for is what a list takes, several values as several parameters.
    assert (await api.get(f"/csr/tickets?{parameters(listed)}", ann)).status == 200
    changed = await api.patch(path, ann, json={"query": {"q": "printer"}})
    assert (changed.json["live"], changed.json["count"]) == (False, None)
    assert (await api.patch(path, office.admin, json={})).code == "view_not_found"
    assert (await api.patch("/csr/views/mine", ann, json={})).code == "view_not_found"
    assert (await api.call("DELETE", path, ann)).status == 204
    assert len((await api.get("/csr/views", ann)).json) == 7


async def test_the_lists_of_built_in_views_have_as_many_as_are_counted(office: Office) -> None:
    api, ann = office.api, office.ann
    await assign(office, (await api.a_ticket(office.customer))["id"], ann)
    for view in (await api.get("/csr/views", ann)).json[:4]:
        path = f"/csr/tickets?count=true&limit=100&{parameters(view)}"
        found = await api.get(path, ann)
        assert int(found.headers["X-Total-Count"]) == len(found.json) == view["count"]
        assert sum(row["unread"] > 0 for row in found.json) == view["unread"]


async def test_a_socket_that_watches_is_told_of_what_comes_into_its_views_is_there_and_leaves_them(
    office: Office,
) -> None:
    api = office.api
    async with (
        Client(api.url, office.ann, "websocket") as ann,
        Client(office.other.url, office.bob, "websocket") as bob,
        Client(api.url, office.admin, "websocket") as silent,
    ):
        await watch(ann, "mine")
        await watch(bob, "needs_reply")
        ticket_id = (await api.a_ticket(office.customer))["id"]
        await silent.until(lambda: told(silent, ticket_id))
        await assign(office, ticket_id, office.ann)
        await ann.until(lambda: len(told(ann, ticket_id)) == 1)
        await assign(office, ticket_id, office.bob)
        # It has left the one, which is told, and come to the other, across processes.
        await ann.until(lambda: told(ann, ticket_id)[-1]["assigned_to_id"] == str(office.bob.id))
        await bob.until(lambda: len(told(bob, ticket_id)) == 1)
        before = len(told(ann, ticket_id))
        await bob.say(ticket_id, "An answer")
        await bob.until(lambda: told(bob, ticket_id)[-1]["waiting_on"] == "customer")
        await api.patch(f"/csr/tickets/{ticket_id}", office.bob, json={"tags": ["vip"]})
        marker = (await api.a_ticket(office.customer))["id"]
        await assign(office, marker, office.ann)
        await ann.until(lambda: told(ann, marker))
        assert len(told(ann, ticket_id)) == before
        assert not told(bob, marker)


async def test_a_ticket_that_is_named_is_told_of_whatever_view_it_is_in(office: Office) -> None:
    api = office.api
    async with Client(api.url, office.ann, "websocket") as ann:
        one, other, third = [(await api.a_ticket(office.customer))["id"] for _ in range(3)]
        await watch(ann, tickets=[one, third])
        for ticket_id in (other, one):
            await api.patch(f"/csr/tickets/{ticket_id}", office.bob, json={"priority": "low"})
        await ann.until(lambda: "low" in priorities(ann, one))
        assert "low" not in priorities(ann, other)
        # What is watched is what was said last.
        await watch(ann, tickets=[other])
        for ticket_id in (one, other):
            await api.patch(f"/csr/tickets/{ticket_id}", office.bob, json={"priority": "high"})
        await ann.until(lambda: "high" in priorities(ann, other))
        assert "high" not in priorities(ann, one)


async def test_a_change_that_no_hint_told_of_is_told_to_those_whose_view_the_ticket_left(
    office: Office,
) -> None:
    api = office.api
    ticket_id = (await api.a_ticket(office.customer))["id"]
    await assign(office, ticket_id, office.ann)
    async with Client(api.url, office.ann, "websocket") as ann:
        await watch(ann, "mine")
        # As a process does that dies before it tells anybody.
        with database(office.backend.settings) as session:
            closed = Change.model_validate({"status": "closed"})
            routing.change(session, office.bob.actor, UUID(ticket_id), closed, now())
        await ann.until(lambda: [t["status"] for t in told(ann, ticket_id)][-1:] == ["closed"])


async def test_counts_come_at_once_and_then_as_they_change_by_tickets_and_by_reading(
    office: Office,
) -> None:
    api = office.api
    async with (
        Client(api.url, office.bob, "websocket") as bob,
        Client(office.other.url, office.bob, "websocket") as tab,
    ):
        await watch(bob, "mine", "open", "closed")
        await bob.until(lambda: numbers(bob, "mine") and numbers(bob, "open"))
        [(mine, unread)], [(every, _)] = numbers(bob, "mine"), numbers(bob, "open")
        ticket_id = (await api.a_ticket(office.customer))["id"]
        await bob.until(lambda: numbers(bob, "open")[-1][0] == every + 1)
        assert numbers(bob, "mine") == [(mine, unread)], "what did not change came again"
        await assign(office, ticket_id, office.bob)
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine + 1, unread))
        said = await api.post(
            f"/tickets/{ticket_id}/messages", office.customer, json={"content": "Hello?"}
        )
        assert said.status == 201
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine + 1, unread + 1))
        # Read in another tab, on another process.
        await tab.call("mark_read", {"ticket_id": ticket_id, "seq": 10})
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine + 1, unread))
        # Put off for later, and read again: no further than before, which nobody else is told.
        back = await api.post(f"/tickets/{ticket_id}/unread", office.bob, json={"seq": 1})
        assert back.status == 204
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine + 1, unread + 1))
        await tab.call("mark_read", {"ticket_id": ticket_id, "seq": 10})
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine + 1, unread))
        await api.patch(f"/csr/tickets/{ticket_id}", office.bob, json={"status": "closed"})
        await bob.until(lambda: numbers(bob, "mine")[-1] == (mine, unread))
        assert "closed" not in {view for counts in bob.seen["view_counts"] for view in counts}
        assert not tab.seen["view_counts"]


async def test_a_saved_view_is_watched_as_it_is_now_until_it_is_gone(office: Office) -> None:
    api = office.other
    query = {"status": ["open"], "category": "häuser"}
    new = {"name": "Houses", "query": query, "shared": True}
    view = (await api.post("/csr/views", office.admin, json=new)).json["id"]
    async with Client(office.api.url, office.ann, "websocket") as ann:
        await watch(ann, view)
        house = (await api.a_ticket(office.customer, category="häuser"))["id"]
        await ann.until(lambda: told(ann, house) and numbers(ann, view)[-1:] == [(1, 0)])
        boats = {"query": query | {"category": "boote"}}
        await api.patch(f"/csr/views/{view}", office.admin, json=boats)
        await ann.until(lambda: numbers(ann, view)[-1:] == [(0, 0)])
        boat = (await api.a_ticket(office.customer, category="boote"))["id"]
        await ann.until(lambda: told(ann, boat) and numbers(ann, view)[-1:] == [(1, 0)])
        gone = await api.call("DELETE", f"/csr/views/{view}", office.admin)
        assert gone.status == 204
        watching = office.app[SERVICES].watching
        await until(lambda: not any(w.lists for w in map(watching.watcher, watching.sockets) if w))
        refused = await ann.call("watch", {"views": ["mine", view], "ticket_ids": []})
        assert refused["error"]["code"] == "view_not_found"
        assert refused["error"]["errors"][0]["pointer"] == "/views/1"
        # Nor is there a view whose id is none.
        for odd in ("Mine", "x\0", "9" * 64):
            refused = await ann.call("watch", {"views": ["mine", odd], "ticket_ids": []})
            assert refused["error"]["code"] == "view_not_found", odd


async def test_a_view_that_is_shared_no_more_is_watched_by_its_owner_alone(office: Office) -> None:
    new = {"name": "All", "query": {}, "shared": True}
    view = (await office.api.post("/csr/views", office.admin, json=new)).json["id"]
    async with (
        Client(office.api.url, office.admin, "websocket") as admin,
        Client(office.api.url, office.ann, "websocket") as ann,
    ):
        await watch(admin, view)
        await watch(ann, view)
        await office.api.patch(f"/csr/views/{view}", office.admin, json={"shared": False})
        ticket_id = (await office.api.a_ticket(office.customer))["id"]
        await admin.until(lambda: told(admin, ticket_id))
        watching = office.app[SERVICES].watching
        assert not any(watching.watcher(k).lists for k in watching.sockets_of(office.ann.id))  # type: ignore[union-attr]
    await office.api.call("DELETE", f"/csr/views/{view}", office.admin)


async def test_who_looks_and_who_writes_is_shown_to_those_who_name_the_ticket_on_any_process(
    office: Office,
) -> None:
    ticket_id = (await office.api.a_ticket(office.customer))["id"]
    other_id = (await office.api.a_ticket(office.customer))["id"]

    def last(client: Client) -> Any:
        return (client.seen["activity"] or [None])[-1]

    def activity(viewers: list[Person], *writing: tuple[Person, bool]) -> dict[str, Any]:
        return {
            "ticket_id": ticket_id,
            "viewers": [str(viewer.id) for viewer in viewers],
            "writing": [{"user_id": str(w.id), "internal": internal} for w, internal in writing],
        }

    async with (
        Client(office.api.url, office.ann, "websocket") as ann,
        Client(office.api.url, office.admin, "websocket") as admin,
    ):
        await watch(ann, tickets=[ticket_id, other_id])
        await watch(admin, tickets=[other_id])
        async with Client(office.other.url, office.bob, "websocket") as bob:
            await bob.join(ticket_id)
            await ann.until(lambda: last(ann) == activity([office.bob]))
            typing = {"ticket_id": ticket_id, "active": True, "internal": True}
            await bob.call("typing", typing)
            await ann.until(lambda: last(ann) == activity([office.bob], (office.bob, True)))
            # Who begins to watch later is told of what there is.
            async with Client(office.other.url, office.admin, "websocket") as late:
                await watch(late, tickets=[ticket_id])
                await late.until(lambda: last(late) == activity([office.bob], (office.bob, True)))
            await bob.call("typing", typing | {"internal": False})
            await ann.until(lambda: last(ann) == activity([office.bob], (office.bob, False)))
        await ann.until(lambda: last(ann) == activity([]))
        assert not admin.seen["activity"]
        # Who joins a ticket that was only named here until then is shown who is there, as always.
        for _ in range(2):
            async with Client(office.api.url, office.bob, "websocket") as bob:
                await bob.join(ticket_id)
                await bob.until(lambda one=bob: one.seen["presence"])  # type: ignore[misc]
                await ann.until(lambda: last(ann) == activity([office.bob]))
            await ann.until(lambda: last(ann) == activity([]))
    presence = office.app[SERVICES].presence
    await until(lambda: not presence.known(UUID(ticket_id), Audience.STAFF))


async def test_who_is_idle_on_all_of_their_pages_is_told_beside_who_looks(office: Office) -> None:
    ticket_id = (await office.api.a_ticket(office.customer))["id"]

    def idle(client: Client) -> list[str]:
        told = client.seen["idle"]
        assert all(event["ticket_id"] == ticket_id for event in told)
        return told[-1]["user_ids"] if told else []

    bob = str(office.bob.id)
    async with (
        Client(office.api.url, office.ann, "websocket") as ann,
        Client(office.other.url, office.bob, "websocket") as desk,
        Client(office.api.url, office.bob, "websocket") as laptop,
        Client(office.api.url, office.customer, "websocket") as customer,
    ):
        await watch(ann, tickets=[ticket_id])
        # Before a ticket is joined, and after it.
        assert (await desk.call("idle", {"idle": True}))["ok"]
        await desk.join(ticket_id)
        await ann.until(lambda: idle(ann) == [bob])
        await laptop.join(ticket_id)
        await ann.until(lambda: idle(ann) == [])
        await laptop.call("idle", {"idle": True})
        await ann.until(lambda: idle(ann) == [bob])
        # Who begins to watch later is told, too.
        async with Client(office.other.url, office.admin, "websocket") as late:
            await watch(late, tickets=[ticket_id])
            await late.until(lambda: idle(late) == [bob])
        await laptop.call("leave_ticket", {"ticket_id": ticket_id})
        await desk.call("idle", {"idle": False})
        await ann.until(lambda: idle(ann) == [])
        assert [event["viewers"] for event in ann.seen["activity"]][-1] == [bob]
        refused = await customer.call("idle", {"idle": True})
        assert refused["error"]["code"] == "csr_required"
    assert not customer.seen["idle"]


async def test_the_staff_are_told_what_each_of_them_has_and_whether_they_take_more(
    office: Office,
) -> None:
    api = office.api

    def loads(client: Client, of: Person) -> list[dict[str, Any]]:
        every = (load for loads in client.seen["agents_changed"] for load in loads)
        return [load for load in every if load["user_id"] == str(of.id)]

    async with (
        Client(office.other.url, office.ann, "websocket") as ann,
        Client(api.url, office.customer, "websocket") as customer,
    ):
        ticket_id = (await api.a_ticket(office.customer))["id"]
        await assign(office, ticket_id, office.admin)
        await ann.until(lambda: loads(ann, office.admin))
        had = loads(ann, office.admin)[-1]["open_tickets"]
        await api.patch(f"/csr/tickets/{ticket_id}", office.ann, json={"status": "resolved"})
        await ann.until(lambda: loads(ann, office.admin)[-1]["open_tickets"] == had - 1)
        available = {"available": True, "capacity": 7}
        await api.call("PUT", "/csr/me/availability", office.bob, json=available)
        await ann.until(lambda: loads(ann, office.bob))
        load = loads(ann, office.bob)[-1]
        assert (load["available"], load["capacity"]) == (True, 7)
        assert not customer.seen["agents_changed"]
    await api.call("PUT", "/csr/me/availability", office.bob, json={"available": False})


async def test_nothing_is_kept_of_a_socket_that_has_ended(office: Office) -> None:
    services = office.app[SERVICES]
    ticket_id = (await office.api.a_ticket(office.customer))["id"]
    async with Client(office.api.url, office.ann, "websocket") as ann:
        await watch(ann, "mine", "open", tickets=[ticket_id])
        await ann.until(lambda: numbers(ann, "open"))
    await until(lambda: not services.watching.people)
    assert not services.watching.named_by(UUID(ticket_id))
    assert not services.watching.lists_of(None)
    await until(lambda: not services.presence.known(UUID(ticket_id), Audience.STAFF))
