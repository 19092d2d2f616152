"""Customers on copy, followers and links: over HTTP, and on open sockets of two processes."""

import asyncio
from functools import partial
from uuid import uuid4

import pytest
from aiohttp import WSMsgType, web

from tests.api import Api
from tests.factories import Person
from tests.sockets import Client
from tests.waiting import PATIENCE

Application = tuple[web.Application, Api]
MESSAGES = 30


def path_of(ticket: str, user: Person | str) -> str:
    return f"/csr/tickets/{ticket}/participants/{user if isinstance(user, str) else user.id}"


@pytest.fixture
async def ticket(api: Api, customer: Person) -> str:
    made: str = (await api.a_ticket(customer))["id"]
    return made


async def test_a_customer_on_copy_has_the_ticket_among_their_own(
    api: Api, ticket: str, customer: Person, stranger: Person, csr: Person
) -> None:
    put = await api.call("PUT", path_of(ticket, stranger), csr)
    assert (put.status, put.json["id"]) == (200, str(stranger.id))
    assert [each["id"] for each in (await api.get("/users/tickets", stranger)).json] == [ticket]
    assert (await api.get(f"/users/tickets/{ticket}", stranger)).status == 200
    said = await api.post(f"/tickets/{ticket}/messages", stranger, json={"content": "hello"})
    assert said.status == 201
    listed = await api.get(f"/tickets/{ticket}/participants", customer)
    assert [each["id"] for each in listed.json] == [str(stranger.id)]
    assert (await api.call("DELETE", path_of(ticket, stranger), csr)).status == 204
    for path in (f"/users/tickets/{ticket}", f"/tickets/{ticket}/participants"):
        assert (await api.get(path, stranger)).code == "ticket_not_found"


async def test_an_address_in_the_path_makes_a_customer(
    api: Api, ticket: str, stranger: Person, csr: Person
) -> None:
    assert (await api.call("PUT", path_of(ticket, stranger.email), csr)).json["id"] == str(
        stranger.id
    )
    name = f"bob.{uuid4().hex}"
    made = await api.call("PUT", path_of(ticket, f"{name}@Example.com"), csr)
    assert (made.status, made.json["full_name"]) == (200, name)
    assert (await api.call("DELETE", path_of(ticket, f"{name}@example.com"), csr)).status == 204
    left = (await api.get(f"/tickets/{ticket}/participants", csr)).json
    assert [each["id"] for each in left] == [str(stranger.id)]
    for wrong in ("@", "nobody@", "a@b@c", "%00@example.com"):
        answer = await api.call("PUT", path_of(ticket, wrong), csr)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/participant")
    assert (await api.call("PUT", path_of(ticket, csr), csr)).code == "not_a_customer"


async def test_who_is_taken_off_hears_nothing_that_was_committed_later(
    application: Application,
    another: Application,
    customer: Person,
    stranger: Person,
    csr: Person,
) -> None:
    """While others post through both processes; and somebody on copy who stays hears it all."""
    (_, here), (_, there) = application, another
    ticket = (await here.a_ticket(customer))["id"]
    await here.call("PUT", path_of(ticket, stranger), csr)

    async def talk(api: Api) -> None:
        for n in range(MESSAGES):
            await api.post(f"/tickets/{ticket}/messages", csr, json={"content": f"message {n}"})

    async def take_off(heard: Client) -> None:
        await heard.until_shown(MESSAGES // 2)
        assert (await here.call("DELETE", path_of(ticket, stranger), csr)).status == 204

    plain = await there.http.ws_connect(f"/ws/tickets/{ticket}?token={stranger.token}")
    async with (
        Client(here.url, stranger) as one,
        Client(there.url, stranger) as two,
        Client(there.url, customer) as ann,
    ):
        for client in (one, two, ann):
            await client.join(ticket)
        await asyncio.gather(talk(here), talk(there), take_off(ann))
        await ann.until_shown(2 * MESSAGES + 3)
        last = next(
            event["seq"]
            for event in ann.seen["timeline"]
            if event["data"].get("removed") == [str(stranger.id)]
        )
        for client in (one, two):
            await client.until(partial(client.seen.__getitem__, "resync"))
            refused = await client.call("join_ticket", {"ticket_id": ticket})
            assert refused["error"]["code"] == "ticket_not_found"
            assert client.numbers == [*range(1, last + 1)]
    heard = []
    while (frame := await plain.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
        heard.append(frame.json()["seq"])
    assert frame.data == 1008
    assert max(heard) < last
    told = (await here.get("/notifications", stranger)).json
    assert told == []


async def test_followers_are_the_staffs_and_links_are_of_two(
    api: Api, ticket: str, customer: Person, csr: Person
) -> None:
    mine, theirs = (f"/tickets/{ticket}/followers/{who}" for who in ("me", csr.id))
    assert (await api.call("PUT", mine, csr)).status == 204
    followers = await api.get(f"/tickets/{ticket}/followers", csr)
    assert [each["id"] for each in followers.json] == [str(csr.id)]
    assert (await api.get(f"/tickets/{ticket}/followers", customer)).json == []
    assert (await api.call("DELETE", theirs, customer)).code == "not_yourself"
    assert (await api.call("DELETE", theirs, csr)).status == 204
    other = await api.a_ticket(customer)
    link = f"/csr/tickets/{ticket}/links/{other['number']}"
    assert (await api.call("PUT", link, csr, json={"kind": "blocks"})).status == 204
    [linked] = (await api.get(f"/csr/tickets/{other['id']}/links", csr)).json
    assert (linked["kind"], linked["is_source"], linked["id"]) == (
        "blocks",
        False,
        ticket,
    )
    assert (await api.call("DELETE", f"{link}?kind=blocks", csr)).status == 204
    missing = await api.call(
        "PUT", f"/csr/tickets/{ticket}/links/{10**17}", csr, json={"kind": "related"}
    )
    assert missing.code == "ticket_not_found"
