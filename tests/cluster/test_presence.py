"""Who looks at a ticket, who types, who has read: across processes."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from os import kill
from typing import Any
from uuid import UUID

import pytest

from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import Person, database, people
from tests.sockets import Client
from tests.waiting import until


@dataclass
class Desk:
    """Two processes, a customer with a ticket, and the CSR who has it."""

    cluster: Cluster
    api: Api
    stack: AsyncExitStack
    customer: Person
    csr: Person
    ticket_id: str

    async def looking(self, person: Person, process: int) -> Client:
        """The person, with the ticket open on one of the processes."""
        client = await self.stack.enter_async_context(
            Client(self.cluster.urls[process], person, "websocket")
        )
        joined = await client.join(self.ticket_id)
        # Nothing more comes where everybody knew already that this person is here.
        if not client.seen["presence"]:
            client.seen["presence"].append({"viewers": joined["viewers"]})
        return client


@pytest.fixture(scope="module")
def shared(start_shared_cluster: Callable[..., Cluster]) -> Cluster:
    return start_shared_cluster(webs=2, environment={"RATE_LIMITS": "on"})


@pytest.fixture
async def desk(shared: Cluster) -> AsyncIterator[Desk]:
    customer, csr = people(shared.settings, Role.USER, Role.CSR)
    async with Api(shared.urls[0]) as api, AsyncExitStack() as stack:
        ticket_id = (await api.a_ticket(customer))["id"]
        with database(shared.settings) as session:
            # Theirs, so that the customer knows of them. Without an event: numbers begin at 1.
            session.get_one(Ticket, UUID(ticket_id)).assigned_to_id = csr.id
        yield Desk(shared, api, stack, customer, csr, ticket_id)


def shown(client: Client) -> list[str]:
    """The people that the client was shown last."""
    last: dict[str, Any] = client.seen["presence"][-1] if client.seen["presence"] else {}
    return sorted(viewer["user_id"] for viewer in last.get("viewers", ()))


def ids(*persons: Person) -> list[str]:
    return sorted(str(person.id) for person in persons)


async def test_everybody_is_shown_once_however_many_tabs_they_have(desk: Desk) -> None:
    ann = await desk.looking(desk.customer, 0)
    await ann.until(lambda: shown(ann) == ids(desk.customer))
    bob = await desk.looking(desk.csr, 1)
    other_tab = await desk.looking(desk.csr, 0)
    await ann.until(lambda: shown(ann) == ids(desk.customer, desk.csr))
    await bob.until(lambda: shown(bob) == ids(desk.customer, desk.csr))
    so_far = len(ann.seen["presence"])
    await other_tab.call("leave_ticket", {"ticket_id": desk.ticket_id})
    (admin,) = people(desk.cluster.settings, Role.ADMIN)
    carol = await desk.looking(admin, 0)
    await bob.until(lambda: shown(bob) == ids(desk.customer, desk.csr, admin))
    for told in ann.seen["presence"][so_far:]:
        assert str(desk.csr.id) in {viewer["user_id"] for viewer in told["viewers"]}
    for client in (bob, carol):
        await client.sio.disconnect()
    await ann.until(lambda: shown(ann) == ids(desk.customer))


async def test_the_join_is_told_who_is_there_already(desk: Desk) -> None:
    await desk.looking(desk.customer, 0)
    async with Client(desk.cluster.urls[1], desk.csr) as bob:
        joined: dict[str, Any] = {}

        async def is_told() -> bool:
            joined.update(await bob.join(desk.ticket_id))
            return sorted(v["user_id"] for v in joined["viewers"]) == ids(desk.customer, desk.csr)

        await until(is_told)
    assert {v["role"] for v in joined["viewers"]} == {"user", "csr"}
    assert {v["full_name"] for v in joined["viewers"]} == {
        desk.customer.full_name,
        desk.csr.full_name,
    }


async def test_who_types_is_shown_to_the_others_only(desk: Desk) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 1)
    await ann.call("typing", {"ticket_id": desk.ticket_id, "active": True})
    await bob.until(lambda: bool(bob.seen["typing"]))
    assert bob.seen["typing"] == [
        {"ticket_id": desk.ticket_id, "user_id": str(desk.customer.id), "active": True}
    ]
    assert ann.seen["typing"] == []


async def test_who_is_not_in_the_room_cannot_type(desk: Desk) -> None:
    async with Client(desk.cluster.urls[0], desk.csr) as outside:
        ack = await outside.call("typing", {"ticket_id": desk.ticket_id, "active": True})
    assert ack["error"]["code"] == "ticket_not_found"


async def test_reading_is_shown_in_the_numbers_of_each_audience(desk: Desk) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 1)
    await bob.say(desk.ticket_id, "a note", internal=True)
    await ann.say(desk.ticket_id, "hello")  # 3 for the staff, 2 for customers
    await bob.until(lambda: len(bob.timeline) == 3)
    await bob.call("mark_read", {"ticket_id": desk.ticket_id, "seq": 3})
    await ann.until(lambda: bool(ann.seen["read"]))
    await bob.until(lambda: bool(bob.seen["read"]))
    assert (ann.seen["read"][0]["seq"], bob.seen["read"][0]["seq"]) == (2, 3)


async def test_a_customer_cannot_tell_that_a_note_was_read(desk: Desk) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 1)
    await bob.call("mark_read", {"ticket_id": desk.ticket_id, "seq": 1})
    await ann.until(lambda: len(ann.seen["read"]) == 1)
    await bob.say(desk.ticket_id, "a note", internal=True)
    await bob.call("mark_read", {"ticket_id": desk.ticket_id, "seq": 2})
    await bob.until(lambda: len(bob.seen["read"]) == 2)
    await ann.say(desk.ticket_id, "hello")
    await ann.until(lambda: len(ann.timeline) == 2)
    assert len(ann.seen["read"]) == 1


async def test_typing_and_reading_are_bounded(desk: Desk) -> None:
    ann = await desk.looking(desk.customer, 0)
    typing = {"ticket_id": desk.ticket_id, "active": True}
    acks = [await ann.call("typing", typing) for _ in range(40)]
    assert acks[-1]["error"]["code"] == "rate_limited"


async def test_who_was_on_a_killed_process_is_gone_within_ten_seconds(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=2)
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    async with (
        Api(cluster.urls[0]) as api,
        Client(cluster.urls[0], customer, "websocket") as ann,
        Client(cluster.urls[1], csr, "websocket") as bob,
    ):
        ticket_id = (await api.a_ticket(customer))["id"]
        with database(cluster.settings) as session:
            session.get_one(Ticket, UUID(ticket_id)).assigned_to_id = csr.id
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        await ann.until(lambda: shown(ann) == ids(customer, csr))
        await bob.call("typing", {"ticket_id": ticket_id, "active": True})
        await ann.until(lambda: bool(ann.seen["typing"]))
        kill(cluster.webs[1].pid, signal.SIGKILL)
        await ann.until(lambda: shown(ann) == ids(customer))
        await ann.until(lambda: [said["active"] for said in ann.seen["typing"]] == [True, False])


@pytest.fixture
def quiet(shared: Cluster) -> Person:
    """A CSR of whom the timeline says nothing."""
    return people(shared.settings, Role.CSR)[0]


async def test_a_customer_is_not_shown_who_of_the_staff_only_looks(
    desk: Desk, quiet: Person
) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 1)
    here, there = await desk.looking(quiet, 0), await desk.looking(quiet, 1)
    for staff in (bob, here, there):
        await staff.until(lambda one=staff: shown(one) == ids(desk.customer, desk.csr, quiet))  # type: ignore[misc]
    for process in (0, 1):
        async with Client(desk.cluster.urls[process], desk.customer, "websocket") as tab:
            joined = await tab.join(desk.ticket_id)
        told = sorted(v["user_id"] for v in joined["viewers"])
        assert told == ids(desk.customer, desk.csr)
    assert str(quiet.id) not in str(ann.seen["presence"])


async def test_a_customer_is_shown_a_csr_from_their_first_answer_on(
    desk: Desk, quiet: Person
) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(quiet, 1)
    await bob.say(desk.ticket_id, "a note", internal=True)
    await bob.say(desk.ticket_id, "hello")
    await ann.until(lambda: shown(ann) == ids(desk.customer, quiet))
    answered = next(e for e in ann.seen["timeline"] if e["actor_id"] == str(quiet.id))
    assert answered["data"]["content"] == "hello"


async def test_a_customer_is_shown_a_csr_who_is_given_the_ticket(desk: Desk, quiet: Person) -> None:
    ann = await desk.looking(desk.customer, 0)
    await desk.looking(quiet, 1)
    path = f"/csr/tickets/{desk.ticket_id}/assign"
    answer = await desk.api.post(path, desk.csr, json={"assignee_id": str(quiet.id)})
    assert answer.status == 200
    await ann.until(lambda: shown(ann) == ids(desk.customer, quiet))


async def test_typing_and_reading_of_who_is_not_named_stay_with_the_staff(
    desk: Desk, quiet: Person
) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 0)
    other = await desk.looking(quiet, 1)
    await ann.say(desk.ticket_id, "hello?")
    await other.until_shown(2)
    await other.call("typing", {"ticket_id": desk.ticket_id, "active": True})
    await other.call("mark_read", {"ticket_id": desk.ticket_id, "seq": 2})
    await bob.until(lambda: bool(bob.seen["typing"] and bob.seen["read"]))
    # What came later has come, so what was to come before has, too.
    await bob.call("typing", {"ticket_id": desk.ticket_id, "active": True})
    await ann.until(lambda: bool(ann.seen["typing"]))
    assert {said["user_id"] for said in ann.seen["typing"]} == {str(desk.csr.id)}
    assert ann.seen["read"] == []


async def test_typing_of_a_note_stays_with_the_staff(desk: Desk, quiet: Person) -> None:
    ann, bob = await desk.looking(desk.customer, 0), await desk.looking(desk.csr, 1)
    other = await desk.looking(quiet, 0)
    note = {"ticket_id": desk.ticket_id, "active": True, "internal": True}
    assert (await bob.call("typing", note))["ok"]
    await other.until(lambda: len(other.seen["typing"]) == 1)
    await bob.say(desk.ticket_id, "hello")
    await ann.until_shown(2)
    assert ann.seen["typing"] == []
    refused = await ann.call("typing", note)
    assert refused["error"]["code"] == "csr_required"
