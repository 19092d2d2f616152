"""Webhooks, as admins manage them."""

import asyncio
import base64
import socket
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from desk.webhooks import webhook_queue
from desk.webhooks.webhook_queue import Answer, Outgoing
from desk.webhooks.webhooks import MOST_WEBHOOKS
from models import Event, IdempotencyKey, Role, Webhook, WebhookDelivery
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_ticket, database, now, people
from tests.locks import locked, until_one_waits

PUBLIC = "https://8.8.8.8/hook"


@pytest.fixture
def admin(backend: Backend) -> Iterator[Person]:
    """An admin of a desk without webhooks."""
    with database(backend.settings) as session:
        session.execute(delete(Webhook))
    yield people(backend.settings, Role.ADMIN)[0]
    with database(backend.settings) as session:
        session.execute(delete(Webhook))


async def test_the_secret_is_shown_once(api: Api, admin: Person) -> None:
    made = await api.post(
        "/admin/webhooks", admin, json={"url": PUBLIC, "events": ["assigned", "assigned"]}
    )
    assert made.status == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert made.headers["Location"] == f"/api/v1/admin/webhooks/{made.json['id']}"
    secret = made.json["secret"]
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    listed = await api.get("/admin/webhooks", admin)
    assert listed.json == [{k: v for k, v in made.json.items() if k != "secret"}]
    assert listed.json[0]["events"] == ["assigned"]
    assert listed.json[0]["created_by"] == str(admin.id)
    changed = await api.patch(
        f"/admin/webhooks/{made.json['id']}",
        admin,
        json={"is_active": False, "events": ["note_posted"]},
    )
    assert (changed.status, changed.json["is_active"]) == (200, False)
    assert secret not in listed.body.decode() + changed.body.decode()


async def test_a_repeat_shows_the_secret_that_is_stored_once(
    api: Api, backend: Backend, admin: Person
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    new = {"url": PUBLIC, "events": ["assigned"]}
    made, *again = await asyncio.gather(
        *(api.post("/admin/webhooks", admin, json=new, headers=key) for _ in range(6))
    )
    assert made.status == 201
    assert {answer.body for answer in again} == {made.body}
    assert made.json["secret"].startswith("whsec_")
    answers = [made, *again]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert {answer.headers["Location"] for answer in answers} == {made.headers["Location"]}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    with database(backend.settings) as session:
        assert session.scalars(select(Webhook.secret)).all() == [made.json["secret"]]
        kept = session.get_one(IdempotencyKey, (admin.id, key["Idempotency-Key"]))
        assert b"whsec_" not in kept.answer
    other = await api.post("/admin/webhooks", admin, json=new | {"is_active": False}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_of_a_removed_webhook_there_is_no_repeat(api: Api, admin: Person) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    new = {"url": PUBLIC, "events": ["assigned"]}
    made = await api.post("/admin/webhooks", admin, json=new, headers=key)
    await api.call("DELETE", f"/admin/webhooks/{made.json['id']}", admin)
    again = await api.post("/admin/webhooks", admin, json=new, headers=key)
    assert (again.status, again.code) == (409, "webhook_removed")
    assert (await api.get("/admin/webhooks", admin)).json == []


async def test_a_repeat_does_not_ask_for_the_address_again(
    api: Api, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook is there, wherever its name leads to meanwhile."""
    key = {"Idempotency-Key": str(uuid4())}
    new = {"url": "https://hooks.example.com/", "events": ["assigned"]}
    resolve = socket.getaddrinfo
    leads_to = "8.8.8.8"

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        name = leads_to if host == "hooks.example.com" else host
        return resolve(name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    made = await api.post("/admin/webhooks", admin, json=new, headers=key)
    leads_to = "10.0.0.1"
    again = await api.post("/admin/webhooks", admin, json=new, headers=key)
    assert (made.status, again.status, again.body) == (201, 201, made.body)
    assert (await api.post("/admin/webhooks", admin, json=new)).code == "address_refused"


async def test_a_webhook_is_removed(api: Api, admin: Person) -> None:
    made = await api.post("/admin/webhooks", admin, json={"url": PUBLIC, "events": ["assigned"]})
    path = f"/admin/webhooks/{made.json['id']}"
    assert (await api.call("DELETE", path, admin)).status == 204
    assert (await api.call("DELETE", path, admin)).code == "webhook_not_found"
    assert (await api.get("/admin/webhooks", admin)).json == []


async def test_who_writes_does_not_wait_for_the_end_of_a_webhook(
    api: Api, backend: Backend, admin: Person, customer: Person
) -> None:
    sent = {"url": PUBLIC, "events": ["ticket_created", "message_posted"]}
    made = await api.post("/admin/webhooks", admin, json=sent)
    ticket = await api.a_ticket(customer)
    # As if there were very many of them to delete.
    with locked(backend.database_url, "select from webhook_deliveries for update"):
        path = f"/admin/webhooks/{made.json['id']}"
        removing = asyncio.create_task(api.call("DELETE", path, admin))
        await asyncio.to_thread(until_one_waits, backend.database_url)
        posted = await api.post(
            f"/tickets/{ticket['id']}/messages", customer, json={"content": "Hello"}
        )
        assert posted.status == 201
    assert (await removing).status == 204


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/",
        "https://localhost/",
        "https://127.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:0:7f00:1]/",
        "https://[5f00::1]/",
        "https://192.0.0.8/",
        "https://192.88.99.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://8.8.8.8:22/",
        "https://8.8.8.8:25/",
        "https://8.8.8.8:6379/",
        "http://8.8.8.8/",
        "https://no-such-name.invalid/",
        f"https://{'a' * 64}.test/",
    ],
)
async def test_an_internal_address_is_refused(api: Api, admin: Person, url: str) -> None:
    refused = await api.post("/admin/webhooks", admin, json={"url": url, "events": ["assigned"]})
    assert (refused.status, refused.code) == (422, "address_refused")
    made = await api.post("/admin/webhooks", admin, json={"url": PUBLIC, "events": ["assigned"]})
    path = f"/admin/webhooks/{made.json['id']}"
    assert (await api.patch(path, admin, json={"url": url})).code == "address_refused"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://8.8.8.8/"},
        {"url": "https://"},
        {"url": "https://user:password@8.8.8.8/"},
        {"url": "https://8.8.8.8/#x"},
        {"url": "https://8.8.8.8:99999/"},
        {"url": "https://8.8.8.8:0/"},
        {"url": "https://8.8.8.8/\r\nX-Evil: yes"},
        {"url": "https://8.8.8.8/\n"},
        {"url": "https://8.8.8.8/ x"},
        {"url": "https://8.8.8.8\\@127.0.0.1/"},
        {"url": "https://döm.test/"},
        {"url": "https://[::1/"},
        {"url": "https://8.8.8.8/" + "a" * 2000},
        {"url": 1},
        {"events": []},
        {"events": ["everything"]},
        {"events": "assigned"},
        {"is_active": "yes"},
        {"secret": "whsec_mine"},
    ],
)
async def test_a_malformed_webhook_is_refused(
    api: Api, admin: Person, wrong: dict[str, object]
) -> None:
    body = {"url": PUBLIC, "events": ["assigned"], **wrong}
    answer = await api.post("/admin/webhooks", admin, json=body)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_the_list_is_walked_to_its_end_and_has_one(api: Api, admin: Person) -> None:
    for _ in range(MOST_WEBHOOKS):
        await api.post(
            "/admin/webhooks",
            admin,
            json={"url": PUBLIC, "events": ["assigned"], "is_active": False},
        )
    more = await api.post("/admin/webhooks", admin, json={"url": PUBLIC, "events": ["assigned"]})
    assert (more.status, more.code) == (409, "too_many_webhooks")
    path, seen = "/admin/webhooks?limit=20", list[str]()
    while path:
        answer = await api.get(path, admin)
        seen += [webhook["id"] for webhook in answer.json]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("</api/v1")
    assert len(seen) == len(set(seen)) == MOST_WEBHOOKS


async def test_attempts_are_shown_newest_first_and_told_again(
    api: Api, backend: Backend, admin: Person, customer: Person
) -> None:
    made = await api.post(
        "/admin/webhooks", admin, json={"url": PUBLIC, "events": ["ticket_created"]}
    )
    path = f"/admin/webhooks/{made.json['id']}"
    with database(backend.settings) as session:
        ticket = a_ticket(session, customer.actor)
    for status in (500, 200):
        with database(backend.settings) as session:
            delivery = session.query(WebhookDelivery).one()
            event = session.get_one(Event, (ticket.id, 1))
            told = Outgoing(delivery.id, delivery.webhook_id, PUBLIC, "", event, {})
            webhook_queue.answered(session, told, Answer(now(), 12, status, None))
    attempts = await api.get(f"{path}/attempts", admin)
    assert [attempt["status"] for attempt in attempts.json] == [200, 500]
    first = attempts.json[0]
    assert (first["kind"], first["ticket_id"], first["seq"], first["ms"]) == (
        "ticket_created",
        str(ticket.id),
        1,
        12,
    )
    again = await api.post(f"{path}/attempts/{first['id']}/redeliver", admin)
    assert (again.status, again.json) == (202, {"delivery_id": first["delivery_id"]})
    with database(backend.settings) as session:
        assert session.query(WebhookDelivery).one().done_at is None
    page = await api.get(f"{path}/attempts?limit=1", admin)
    rest = await api.get(page.headers["Link"].partition(">")[0].removeprefix("</api/v1"), admin)
    assert [*page.json, *rest.json] == attempts.json
    unknown = await api.post(f"{path}/attempts/{uuid4()}/redeliver", admin)
    assert unknown.code == "attempt_not_found"
    await api.patch(path, admin, json={"is_active": False})
    stopped = await api.post(f"{path}/attempts/{first['id']}/redeliver", admin)
    assert (stopped.status, stopped.code) == (409, "webhook_inactive")
