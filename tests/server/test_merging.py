"""Merging and splitting over HTTP and sockets: who is led where, and by what."""

from typing import Any

import pytest

from tests.api import Answer, Api
from tests.factories import Person
from tests.sockets import Client


@pytest.fixture
async def pair(api: Api, customer: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    return await api.a_ticket(customer), await api.a_ticket(customer)


async def merge(api: Api, csr: Person, source: Any, into: Any) -> Answer:
    path = f"/csr/tickets/{source['id']}/merge"
    return await api.post(path, csr, json={"into": into["id"]})


async def test_whoever_asks_for_the_source_is_led_to_the_target(
    api: Api, customer: Person, stranger: Person, csr: Person, pair: Any
) -> None:
    source, target = pair
    macro = (
        await api.post("/csr/macros", csr, json={"name": "High", "set": {"priority": "high"}})
    ).json
    use = f"/tickets/{source['id']}/macros/{macro['id']}"
    used = (await api.post(use, csr, json={"client_id": "before"})).json
    for ticket in pair:
        on_copy = f"/csr/tickets/{ticket['id']}/participants/{stranger.id}"
        assert (await api.call("PUT", on_copy, csr)).status == 200
    merged = await merge(api, csr, source, target)
    assert (merged.status, merged.json["id"]) == (200, target["id"])
    assert merged.headers["ETag"]
    for method, path, person, sent in (
        ("GET", "/users/tickets/{}", customer, None),
        ("GET", "/csr/tickets/{}", csr, None),
        ("POST", "/users/tickets/{}/close", customer, None),
        ("POST", "/tickets/{}/messages", customer, {"content": "Hello"}),
        ("PATCH", "/csr/tickets/{}", csr, {"status": "open"}),
        ("PUT", "/tickets/{}/draft", csr, {"kind": "note", "content": "?", "base_seq": 1}),
        ("POST", "/csr/tickets/{}/snooze", csr, {"until": "2031-01-01T00:00:00Z"}),
        ("DELETE", "/csr/tickets/{}/snooze", csr, None),
        ("POST", "/users/tickets/{}/rating", customer, {"score": 5}),
        ("PUT", "/tickets/{}/followers/me", csr, None),
        ("POST", f"/tickets/{{}}/macros/{macro['id']}", csr, {"client_id": "once"}),
    ):
        for named in (source["id"], source["number"]):
            led = await api.call(
                method, path.format(named), person, json=sent, allow_redirects=False
            )
            assert (led.status, led.code) == (308, "merged")
            assert led.json["into"] == target["id"]
            assert led.headers["Location"] == f"/api/v1{path.format(target['id'])}"
            assert led.headers["Cache-Control"] == "no-store"
    # Who is taken off the target reads the source no more, which they were on copy of.
    assert (await api.get(f"/tickets/{source['id']}/timeline", stranger)).status == 200
    off = f"/csr/tickets/{target['id']}/participants/{stranger.id}"
    assert (await api.call("DELETE", off, csr)).status == 204
    assert (await api.get(f"/tickets/{source['id']}/timeline", stranger)).status == 404
    # What was asked for before the merge is answered with what it did.
    again = (await api.post(use, csr, json={"client_id": "before"})).json
    assert again["events"] == used["events"]
    # Whoever follows has said it there.
    sent = {"content": "Hello", "client_id": "one"}
    said = await api.post(f"/tickets/{source['id']}/messages", customer, json=sent)
    assert (said.status, said.json["ticket_id"]) == (201, target["id"])
    read = await api.get(f"/tickets/{source['id']}/timeline", customer)
    ends = [event["kind"] for event in read.json][-2:]
    assert ends == ["merged_into", "participants_changed"]


async def test_a_merge_is_undone(api: Api, csr: Person, pair: Any) -> None:
    source, target = pair
    assert (await api.post(f"/csr/tickets/{source['id']}/unmerge", csr)).code == "not_merged"
    await merge(api, csr, source, target)
    assert (await merge(api, csr, target, source)).code == "merge_circle"
    undone = await api.post(f"/csr/tickets/{source['id']}/unmerge", csr)
    assert (undone.status, undone.json["id"], undone.json["status"]) == (200, source["id"], "open")
    assert (await api.get(f"/csr/tickets/{source['id']}", csr)).json["id"] == source["id"]


async def test_a_split_is_made_once_for_a_key(api: Api, customer: Person, csr: Person) -> None:
    source = await api.a_ticket(customer)
    said = await api.post(
        f"/tickets/{source['id']}/messages", customer, json={"content": "And the door"}
    )
    asked = {"from_seq": said.json["seq"], "title": "The door"}
    path, key = f"/csr/tickets/{source['id']}/split", {"Idempotency-Key": "one"}
    first, again = [await api.post(path, csr, json=asked, headers=key) for _ in range(2)]
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert first.headers["Location"] == f"/api/v1/csr/tickets/{first.json['id']}"
    opened = await api.get(f"/users/tickets/{first.json['id']}", customer)
    assert opened.json["description"] == "And the door"
    kinds = [event["kind"] for event in (await api.get(_timeline(source), customer)).json]
    assert kinds == ["ticket_created", "message_posted"]
    kinds = [event["kind"] for event in (await api.get(_timeline(source), csr)).json]
    assert kinds[-1] == "split_to"


def _timeline(ticket: dict[str, Any]) -> str:
    return f"/tickets/{ticket['id']}/timeline"


async def test_sockets_are_told_of_the_merge_and_led_to_the_target(
    api: Api, web_url: str, customer: Person, csr: Person, pair: Any
) -> None:
    source, target = pair
    async with Client(web_url, customer) as client:
        await client.join(source["id"])
        await merge(api, csr, source, target)
        # Before it, the history.
        await client.until_shown(3)
        told = client.seen["timeline"][-1]
        assert told["kind"] == "merged_into"
        assert told["data"] == {"ticket_id": target["id"], "number": target["number"]}
        message = {"ticket_id": source["id"], "client_id": "one", "content": "Hello"}
        for event, payload in (
            ("join_ticket", {"ticket_id": source["id"]}),
            ("post_message", message),
        ):
            refused = await client.call(event, payload)
            assert refused["error"]["code"] == "merged"
            assert refused["error"]["into"] == target["id"]


async def test_a_plain_socket_is_told_where_to_go(
    api: Api, customer: Person, csr: Person, pair: Any
) -> None:
    source, target = pair
    await merge(api, csr, source, target)
    async with api.http.ws_connect(f"/ws/tickets/{source['id']}?token={customer.token}") as ws:
        closed = await ws.receive()
    assert (closed.data, closed.extra) == (1008, f"merged {target['id']}")


async def test_of_many_a_merged_one_is_left_out(api: Api, csr: Person, pair: Any) -> None:
    source, target = pair
    await merge(api, csr, source, target)
    asked = {"ticket_ids": [source["id"]], "change": {"priority": "high"}}
    [done] = (await api.post("/csr/tickets/bulk", csr, json=asked)).json
    assert (done["ok"], done["error"]["code"]) == (False, "merged")
