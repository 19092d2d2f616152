"""Drafts, and posting against what one saw, over HTTP and sockets."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from limits import parse

from server.limits import shared
from tests.api import Api, next_path
from tests.factories import Person
from tests.sockets import Client


def draft(content: str = "hello", **more: Any) -> dict[str, Any]:
    return {"kind": "reply", "content": content, "base_seq": 1} | more


async def test_a_draft_is_kept_shown_and_removed(api: Api, customer: Person, csr: Person) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}/draft"
    kept = await api.call("PUT", path, csr, json=draft())
    assert kept.status == 200
    assert kept.json.keys() == {
        "ticket_id", "kind", "content", "base_seq", "version", "updated_at",
    }  # fmt: skip
    assert kept.headers["ETag"] == f'"{kept.json["version"]}"'
    note = await api.call("PUT", path, csr, json=draft("a note", kind="note"))
    assert (await api.get(path, csr)).json == [kept.json, note.json]
    assert (await api.get(path, customer)).json == []
    mine = await api.get("/csr/drafts?limit=1&count=true", csr)
    assert (mine.json, mine.headers["X-Total-Count"]) == ([note.json], "2")
    following = next_path(mine)
    assert following is not None
    rest = await api.get(following, csr)
    assert (rest.json, next_path(rest)) == ([kept.json], None)
    for _ in range(2):
        gone = await api.call("DELETE", f"{path}?kind=note", csr)
        assert (gone.status, gone.body) == (204, b"")
    assert (await api.get(path, csr)).json == [kept.json]
    assert (await api.call("DELETE", path, csr)).status == 204
    assert (await api.get("/csr/drafts", csr)).json == []


async def test_a_second_device_is_shown_the_other_text(
    api: Api, customer: Person, stranger: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path, missing = f"/tickets/{ticket_id}/draft", {"If-Match": '"0"'}
    first = await api.call("PUT", path, customer, json=draft("one"), headers=missing)
    assert first.status == 200
    again = await api.call("PUT", path, customer, json=draft("two"), headers=missing)
    assert (again.status, again.code) == (412, "draft_changed")
    assert again.json["current"] == first.json
    seen = {"If-Match": first.headers["ETag"]}
    assert (await api.call("DELETE", path, customer, headers=seen)).status == 204
    gone = await api.call("PUT", path, customer, json=draft("two"), headers=seen)
    assert (gone.code, gone.json["current"]) == ("draft_changed", None)
    note = await api.call("PUT", path, customer, json=draft(kind="note"))
    assert (note.status, note.code) == (403, "csr_required")
    for method in ("GET", "PUT", "DELETE"):
        sent = {"json": draft()} if method == "PUT" else {}
        answer = await api.call(method, path, stranger, **sent)
        assert (answer.status, answer.code) == (404, "ticket_not_found")
    wrong = await api.call("DELETE", f"{path}?kind=other", customer)
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/kind")


async def test_a_draft_reaches_its_person_s_sockets_and_nobody_else(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}/draft"
    async with (
        Client(api.url, csr) as tab,
        Client(api.url, csr) as other_tab,
        Client(api.url, customer) as ann,
    ):
        await ann.join(ticket_id)
        kept = await api.call("PUT", path, csr, json=draft("A secret word: qwxz"))
        await tab.join(ticket_id)
        await tab.say(ticket_id, "posted", draft=True, expect_seq=1)
        await ann.until_shown(2)
        for client in (tab, other_tab):
            await client.until(lambda it=client: len(it.seen["draft_changed"]) == 2)  # type: ignore[misc]
            assert client.seen["draft_changed"] == [
                {"ticket_id": ticket_id, "kind": "reply", "version": version}
                for version in (kept.json["version"], 0)
            ]
        assert ann.seen["draft_changed"] == []
        assert "qwxz" not in str(dict(ann.seen))
    assert (await api.get(path, csr)).json == []
    assert b"qwxz" not in (await api.get(f"/tickets/{ticket_id}/timeline", csr)).body


@pytest.mark.parametrize("way", ["http", "key", "socket"])
async def test_who_answers_over_somebody_is_shown_what_they_have_not_seen(
    api: Api, customer: Person, csr: Person, way: str
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}/messages"
    for content, internal in (("a note", True), ("an answer", False)):
        body = {"content": content, "internal": internal}
        assert (await api.post(path, csr, json=body)).status == 201
    new = {"content": "over it", "client_id": "a", "expect_seq": 1}
    if way == "socket":
        async with Client(api.url, customer) as ann:
            ack = await ann.call("post_message", new | {"ticket_id": ticket_id})
            assert ack["error"]["code"] == "answered_meanwhile"
            events = ack["error"]["events"]
            assert (await ann.say(ticket_id, "over it", expect_seq=2))["seq"] == 3
    else:
        headers = {"Idempotency-Key": str(uuid4())} if way == "key" else {}
        answer = await api.post(path, customer, json=new, headers=headers)
        assert (answer.status, answer.code) == (412, "answered_meanwhile")
        events = answer.json["events"]
        seen = await api.post(path, customer, json=new | {"expect_seq": 2}, headers=headers)
        assert seen.status == 201
        again = await api.post(path, customer, json=new)
        assert (again.status, again.json["seq"]) == (200, 3)
    # The customer's numbers, without the note.
    assert [(e["seq"], e["data"]["content"]) for e in events] == [(2, "an answer")]
    assert UUID(events[0]["actor_id"]) == csr.id


async def test_drafts_are_limited(
    application: tuple[Any, Api], customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "DRAFT", shared.Limit("draft-1", parse("2 per hour")))
    _, api = application
    path = f"/tickets/{(await api.a_ticket(customer))['id']}/draft"
    answers = [await api.call("PUT", path, customer, json=draft()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
