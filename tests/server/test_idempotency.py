"""A request that is repeated with its key makes one thing, whoever else repeats it and whatever
is killed meanwhile."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from desk import idempotency
from desk.errors import Conflict
from desk.idempotency import Answer, Repeatable
from desk.tickets import tickets
from desk.tickets.tickets import NewTicket
from models import Event, IdempotencyKey, Role, Ticket
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, an_actor, database, now, people

NEW = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}


def keyed() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def tickets_of(backend: Backend, person: Person) -> int:
    with database(backend.settings) as session:
        query = select(func.count()).select_from(Ticket).where(Ticket.user_id == person.id)
        return session.scalar(query) or 0


async def test_a_repeat_gets_the_first_answer(api: Api, backend: Backend, customer: Person) -> None:
    key = keyed()
    first = await api.post("/users/tickets", customer, json=NEW, headers=key)
    again = await api.post("/users/tickets", customer, json=NEW, headers=key)
    assert (again.status, again.body) == (first.status, first.body)
    for name in ("ETag", "Location"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert tickets_of(backend, customer) == 1


async def test_a_key_belongs_to_one_request(api: Api, customer: Person, stranger: Person) -> None:
    key = keyed()
    ticket = (await api.post("/users/tickets", customer, json=NEW, headers=key)).json
    other = await api.post("/users/tickets", customer, json=NEW | {"title": "x"}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    path = f"/tickets/{ticket['id']}/messages"
    elsewhere = await api.post(path, customer, json={"content": "hi"}, headers=key)
    assert elsewhere.code == "idempotency_key_reused"
    theirs = await api.post("/users/tickets", stranger, json=NEW, headers=key)
    assert theirs.status == 201
    assert theirs.json["id"] != ticket["id"]


async def test_of_many_at_once_one_makes_it(api: Api, backend: Backend, customer: Person) -> None:
    key = keyed()
    answers = await asyncio.gather(
        *(api.post("/users/tickets", customer, json=NEW, headers=key) for _ in range(10))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert tickets_of(backend, customer) == 1


async def test_a_message_and_an_account_are_made_once(
    api: Api, backend: Backend, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    (admin,) = people(backend.settings, Role.ADMIN)
    user = {"email": f"{uuid4()}@desk.test", "full_name": "N", "role": "csr", "password": PASSWORD}
    for path, person, body in (
        (f"/tickets/{ticket_id}/messages", customer, {"content": "once"}),
        ("/admin/users", admin, user),
    ):
        key = keyed()
        first, again = [await api.post(path, person, json=body, headers=key) for _ in range(2)]
        assert (first.status, again.status) == (201, 201)
        assert first.json == again.json
    with database(backend.settings) as session:
        said = session.scalars(select(Event.content).where(Event.ticket_id == ticket_id)).all()
    assert list(said).count("once") == 1


async def test_a_refusal_is_not_remembered(api: Api, customer: Person, csr: Person) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    key, path = keyed(), f"/tickets/{ticket_id}/messages"
    await api.patch(f"/csr/tickets/{ticket_id}", csr, json={"status": "closed"})
    refused = await api.post(path, customer, json={"content": "hi"}, headers=key)
    assert refused.code == "ticket_closed"
    await api.patch(f"/csr/tickets/{ticket_id}", csr, json={"status": "open"})
    assert (await api.post(path, customer, json={"content": "hi"}, headers=key)).status == 201


@pytest.mark.parametrize("key", ["", "x" * 65, "é"])
async def test_what_is_no_key_is_refused(api: Api, customer: Person, key: str) -> None:
    answer = await api.post("/users/tickets", customer, json=NEW, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (422, "invalid")


def asked_by(session: Session) -> Repeatable:
    return Repeatable(an_actor(session).id, "k", "POST /x", (b"body",))


def test_after_a_day_a_key_is_new(session: Session) -> None:
    asked, at = asked_by(session), now()
    made = iter(range(3))

    def work(_: Session) -> Answer:
        return Answer(201, {}, str(next(made)).encode())

    def ask(later: timedelta) -> bytes:
        session.expire_all()
        return idempotency.once(session, asked, at + later, work).body

    def remembered(later: timedelta) -> bool:
        return idempotency.earlier(session, asked, at + later) is not None

    assert not remembered(timedelta(0))
    assert [ask(timedelta(hours=h)) for h in (0, 23)] == [b"0", b"0"]
    assert [remembered(timedelta(hours=h)) for h in (23, 25)] == [True, False]
    assert ask(timedelta(hours=25)) == b"1"
    for later, remains in ((48, True), (50, False)):
        idempotency.prune(session, at + timedelta(hours=later), 1_000)
        session.expire_all()
        found = session.get(IdempotencyKey, (asked.actor_id, asked.key))
        assert (found is not None) is remains


def test_a_repeat_waits_for_the_first_and_not_forever(
    backend: Backend, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Repeatable(customer.id, str(uuid4()), "POST /x", (b"body",))
    monkeypatch.setattr(idempotency, "PATIENCE", "200ms")
    with database(backend.settings) as first, database(backend.settings) as other:
        idempotency.once(first, asked, now(), lambda _: Answer(201, {}, b"first"))
        with pytest.raises(Conflict, match="not done"):
            idempotency.once(other, asked, now(), lambda _: Answer(201, {}, b"other"))
        other.rollback()


def test_a_kill_before_the_commit_leaves_neither_ticket_nor_key(
    backend: Backend, customer: Person
) -> None:
    asked = Repeatable(customer.id, str(uuid4()), "POST /x", (b"body",))

    def work(session: Session) -> Answer:
        made = tickets.open_ticket(session, customer.actor, NewTicket.model_validate(NEW), now())
        return Answer(201, {}, str(made.id).encode())

    engine = create_engine(backend.database_url)
    with Session(engine) as killed:
        idempotency.once(killed, asked, now(), work)
        pid = killed.scalar(text("select pg_backend_pid()"))
        with database(backend.settings) as killer:
            killer.execute(text("select pg_terminate_backend(:pid, 1000)"), {"pid": pid})
        with pytest.raises(OperationalError):
            killed.commit()
    engine.dispose()
    assert tickets_of(backend, customer) == 0
    with database(backend.settings) as session:
        assert session.get(IdempotencyKey, (asked.actor_id, asked.key)) is None
        answer = idempotency.once(session, asked, now(), work)
    assert not answer.is_repeated
    assert tickets_of(backend, customer) == 1
