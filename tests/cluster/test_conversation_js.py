"""The main job on a cluster, with the stock JavaScript client on both sides."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster, clusters
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.node import JsClient, node
from tests.sockets import Client
from tests.waiting import PATIENCE, until

SECRET = "psst"


@dataclass(frozen=True)
class Floor:
    """Two web processes, a worker and beat; one CSR; a REST client for each process."""

    cluster: Cluster
    csr: Person
    here: Api
    there: Api


@pytest.fixture(scope="module")
def cluster(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    node()
    with clusters(make_backend, tmp_path_factory.mktemp("cluster")) as start:
        cluster: Cluster = start(webs=2, workers=1)
        cluster.start_beat()
        yield cluster


@pytest.fixture(scope="module")
async def floor(cluster: Cluster) -> AsyncIterator[Floor]:
    (csr,) = people(cluster.settings, Role.CSR, capacity=1000)
    async with Api(cluster.urls[0]) as here, Api(cluster.urls[1]) as there:
        yield Floor(cluster, csr, here, there)


@pytest.fixture
def customer(cluster: Cluster) -> Person:
    return people(cluster.settings, Role.USER)[0]


async def signed_up(api: Api, email: str) -> str:
    """The access token of somebody who came by themselves."""
    credentials = {"email": email, "password": PASSWORD}
    answer = await api.post("/auth/signup", json=credentials | {"full_name": "Ann"})
    assert (answer.status, answer.json["role"]) == (201, "user")
    answer = await api.post("/auth/login", json=credentials)
    assert answer.status == 200
    token: str = answer.json["access_token"]
    return token


async def timeline(api: Api, person: Person | str, ticket_id: str, after: int = 0) -> list[Any]:
    answer = await api.get(f"/tickets/{ticket_id}/timeline?after={after}", person)
    assert answer.status == 200
    events: list[Any] = answer.json
    return events


async def assigned(api: Api, csr: Person, ticket_id: str) -> None:
    """Waits until the worker has given the ticket away, so that it says nothing later."""

    async def is_assigned() -> bool:
        return len(await timeline(api, csr, ticket_id)) == 2

    await until(is_assigned)


async def test_within_five_seconds_a_csr_has_the_ticket_of_somebody_who_just_signed_up(
    floor: Floor,
) -> None:
    async with JsClient(floor.there.url, floor.csr) as csr:
        token = await signed_up(floor.here, "ann@desk.test")
        new = {"title": "Help", "description": "It broke", "category": "billing", "type": "bug"}
        answer = await floor.here.post("/users/tickets", token, json=new)
        assert answer.status == 201
        ticket_id = answer.json["id"]

        def told() -> bool:
            return any(n["ticket_id"] == ticket_id for n in csr.seen["notification"])

        def shown() -> bool:
            mine = [t for t in csr.seen["ticket_changed"] if t["id"] == ticket_id]
            return bool(mine) and mine[-1]["assigned_to_id"] == str(floor.csr.id)

        await csr.until(lambda: told() and shown())
    for reader in (token, floor.csr):
        created, given = await timeline(floor.here, reader, ticket_id)
        assert (created["kind"], given["kind"]) == ("ticket_created", "assigned")
        assert given["data"] == {"from": None, "to": str(floor.csr.id), "by": None}
    inbox = (await floor.here.get("/notifications?unread=true", floor.csr)).json
    (mine,) = [n for n in inbox if n["ticket_id"] == ticket_id]
    assert mine["kind"] == "assigned"
    assert [n for n in csr.seen["notification"] if n["ticket_id"] == ticket_id] == [mine]


async def test_an_assignment_by_the_worker_arrives_live_on_both_processes(
    floor: Floor, customer: Person
) -> None:
    urls = floor.cluster.urls
    async with Client(urls[0], customer) as ann, Client(urls[1], floor.csr) as bob:
        ticket_id = (await floor.here.a_ticket(customer))["id"]
        await asyncio.gather(ann.join(ticket_id), bob.join(ticket_id))
        await ann.until_shown(2)
        await bob.until_shown(2)
    assert ann.seen["timeline"] == bob.seen["timeline"]
    assert ann.timeline == [(1, "ticket_created"), (2, "assigned")]


async def test_both_sides_and_a_plain_websocket_see_the_same_talk_in_the_same_order(
    floor: Floor, customer: Person
) -> None:
    urls = floor.cluster.urls
    ticket_id = (await floor.here.a_ticket(customer))["id"]
    await assigned(floor.here, floor.csr, ticket_id)
    plain_url = f"/ws/tickets/{ticket_id}?token={customer.token}&after=0"
    async with (
        JsClient(urls[0], customer) as ann,
        JsClient(urls[1], floor.csr) as bob,
        floor.there.http.ws_connect(plain_url) as plain,
    ):
        assert (await ann.join(ticket_id))["seq"] == 2
        assert (await bob.join(ticket_id))["seq"] == 2
        acks = await asyncio.gather(
            *(who.say(ticket_id, f"{n} {who is ann}") for n in range(15) for who in (ann, bob))
        )
        await plain.send_json({"content": "from afar", "client_id": "plain"})
        await ann.until_shown(33)
        await bob.until_shown(33)
        heard = [await plain.receive_json(timeout=PATIENCE) for _ in range(31)]
        # An acknowledged one is stored, on whichever process one looks.
        stored = await timeline(floor.there, customer, ticket_id)
        await ann.until(lambda: len(ann.transports) == 2)
        await bob.until(lambda: len(bob.transports) == 2)
        assert ann.transports == bob.transports == ["polling", "websocket"]
    assert ann.numbers == list(range(1, 34))
    assert ann.seen["timeline"] == bob.seen["timeline"] == stored
    assert sorted(ack["seq"] for ack in acks) == list(range(3, 33))
    assert all(ack in stored for ack in acks)
    said = [event for event in stored if event["kind"] == "message_posted"]
    assert [(m["seq"], m["content"], m["sender_id"]) for m in heard] == [
        (e["seq"], e["data"]["content"], e["actor_id"]) for e in said
    ]


async def test_polling_alone_is_enough_for_a_talk(floor: Floor, customer: Person) -> None:
    ticket_id = (await floor.here.a_ticket(customer))["id"]
    await assigned(floor.here, floor.csr, ticket_id)
    options = {"transports": ["polling"]}
    async with (
        JsClient(floor.here.url, customer, **options) as ann,
        JsClient(floor.there.url, floor.csr, **options) as bob,
    ):
        await asyncio.gather(ann.join(ticket_id), bob.join(ticket_id))
        for number in range(5):
            await ann.say(ticket_id, f"{number}?")
            await bob.say(ticket_id, f"{number}!")
        await ann.until(lambda: ann.numbers == list(range(1, 13)))
        await bob.until(lambda: bob.seen["timeline"] == ann.seen["timeline"])
    assert ann.transports == bob.transports == ["polling"]


async def test_notes_and_tags_reach_the_staff_and_no_customer_by_any_road(
    floor: Floor, customer: Person
) -> None:
    ticket_id = (await floor.here.a_ticket(customer))["id"]
    await assigned(floor.here, floor.csr, ticket_id)
    roads = [
        f"/users/tickets/{ticket_id}",
        "/users/tickets?sort=-updated_at&count=true",
        f"/tickets/{ticket_id}/timeline",
        f"/tickets/{ticket_id}/messages",
        "/notifications",
    ]
    before = [await floor.here.get(road, customer) for road in roads]
    plain_url = f"/ws/tickets/{ticket_id}?token={customer.token}&after=0"
    async with (
        JsClient(floor.here.url, customer) as ann,
        JsClient(floor.there.url, floor.csr) as bob,
        floor.here.http.ws_connect(plain_url) as plain,
    ):
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        # That the CSR who has the ticket looks at it is no secret.
        await ann.until(
            lambda: bool(ann.seen["presence"]) and len(ann.seen["presence"][-1]["viewers"]) == 2
        )
        seen = {name: list(payloads) for name, payloads in ann.seen.items()}
        await bob.say(ticket_id, f"{SECRET} note", internal=True)
        tags = {"tags": [SECRET]}
        assert (await floor.there.patch(f"/csr/tickets/{ticket_id}", floor.csr, json=tags)).json[
            "tags"
        ] == [SECRET]
        await bob.until(lambda: bob.timeline[2:] == [(3, "note_posted"), (4, "tags_changed")])
        shown = bob.seen["ticket_changed"]
        await bob.until(
            lambda: bool(shown) and (shown[-1]["tags"], shown[-1]["seq"]) == ([SECRET], 4)
        )
        after = [await floor.here.get(road, customer) for road in roads]
        assert [answer.body for answer in after] == [answer.body for answer in before]
        assert after[0].headers["ETag"] == before[0].headers["ETag"]
        assert ann.seen == seen
        await bob.say(ticket_id, "public")
        await ann.until(lambda: ann.timeline[2:] == [(3, "message_posted")])
        await ann.until(lambda: bool(ann.seen["ticket_changed"]))
        heard = await plain.receive_json(timeout=PATIENCE)
        assert (heard["content"], heard["seq"]) == ("public", 3)
        rejoined = await ann.join(ticket_id)
        assert ann.numbers == [1, 2, 3, 1, 2, 3]
        assert rejoined["seq"] == rejoined["ticket"]["version"] == 3
        assert rejoined["ticket"]["unread"] == 1
        wish = {"ticket_id": ticket_id, "client_id": "n", "content": "me too", "internal": True}
        refused = await ann.call("post_message", wish)
        assert refused["error"]["code"] == "csr_required"
    last = [await floor.there.get(road, customer) for road in roads]
    assert SECRET not in repr((ann.seen, heard, rejoined, last))


async def test_the_customer_sees_live_that_the_ticket_is_resolved(
    floor: Floor, customer: Person
) -> None:
    ticket_id = (await floor.here.a_ticket(customer))["id"]
    await assigned(floor.here, floor.csr, ticket_id)
    async with JsClient(floor.here.url, customer) as ann:
        await ann.join(ticket_id)
        path = f"/csr/tickets/{ticket_id}"
        answer = await floor.there.patch(path, floor.csr, json={"status": "resolved"})
        assert answer.status == 200
        await ann.until(lambda: (3, "status_changed") in ann.timeline)
        assert ann.seen["timeline"][-1]["data"] == {"from": "open", "to": "resolved"}
        shown = ann.seen["ticket_changed"]
        await ann.until(lambda: bool(shown) and shown[-1]["status"] == "resolved")
    whole = (await floor.there.get(f"/users/tickets/{ticket_id}", customer)).json
    assert shown[-1] == {name: whole[name] for name in whole if name != "description"}


async def test_after_a_kill_of_everything_a_client_gets_exactly_the_rest(
    floor: Floor, customer: Person
) -> None:
    cluster = floor.cluster
    ticket_id = (await floor.here.a_ticket(customer))["id"]
    await assigned(floor.here, floor.csr, ticket_id)
    async with (
        JsClient(cluster.urls[0], customer) as ann,
        JsClient(cluster.urls[1], floor.csr, reconnection=False) as bob,
    ):
        await ann.join(ticket_id)
        acks = [await bob.say(ticket_id, f"{n}") for n in range(5)]
        await ann.until(lambda: ann.numbers[-1:] == [7])
        await ann.call("leave_ticket", {"ticket_id": ticket_id})
        acks += [await bob.say(ticket_id, f"and {n}") for n in range(5)]
        await asyncio.to_thread(cluster.restart)
        # The stock client comes back by itself.
        await ann.until(lambda: len(ann.lives) > 1 and ann.lives[-1]["on"] == "connect")
        rejoined = await ann.join(ticket_id, after=7)
        assert (rejoined["seq"], rejoined["more"]) == (12, False)
        assert ann.numbers == list(range(1, 13))
        await ann.say(ticket_id, "still there?")
        await ann.until(lambda: ann.numbers == list(range(1, 14)))
    async with aiohttp.ClientSession() as fresh:
        url = f"{cluster.urls[1]}/api/v1/tickets/{ticket_id}/timeline"
        headers = {"Authorization": f"Bearer {floor.csr.token}"}
        async with fresh.get(url, headers=headers) as answer:
            stored = orjson.loads(await answer.read())
    assert stored == ann.seen["timeline"]
    assert all(ack in stored for ack in acks)
    # The worker is back as well.
    another = (await floor.there.a_ticket(customer))["id"]
    await assigned(floor.there, customer, another)
