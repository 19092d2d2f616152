"""What is somebody's own, and what staff keep among themselves."""

import pytest
from sqlalchemy import select

from models import Notification, Role, User
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, people
from tests.sockets import Client
from tests.waiting import until


@pytest.fixture
async def notified(api: Api, backend: Backend, customer: Person) -> tuple[Person, str]:
    """A CSR, and the id of a notification of theirs."""
    csr, admin = people(backend.settings, Role.CSR, Role.ADMIN)
    ticket_id = (await api.a_ticket(customer))["id"]
    assigned = {"assignee_id": str(csr.id)}
    assert (await api.post(f"/csr/tickets/{ticket_id}/assign", admin, json=assigned)).status == 200
    with database(backend.settings) as session:
        query = select(Notification.id).where(Notification.user_id == csr.id)
        return csr, str(session.scalars(query).one())


@pytest.mark.parametrize("role", Role)
async def test_notifications_are_for_their_person_alone(
    api: Api, backend: Backend, notified: tuple[Person, str], role: Role
) -> None:
    csr, notification_id = notified
    (other,) = people(backend.settings, role)
    assert (await api.get("/notifications", other)).json == []
    answer = await api.post(f"/notifications/{notification_id}/read", other)
    assert answer.code == "notification_not_found"
    assert (await api.post("/notifications/read_all", other)).status == 204
    (mine,) = (await api.get("/notifications", csr)).json
    assert (mine["id"], mine["read_at"]) == (notification_id, None)


async def test_a_deactivated_account_is_answered_as_if_there_were_none(
    api: Api, backend: Backend, customer: Person
) -> None:
    with database(backend.settings) as session:
        session.get_one(User, customer.id).is_active = False
    login = {"email": customer.email, "password": PASSWORD}
    assert (await api.post("/auth/login", json=login)).code == "invalid_credentials"


async def test_notes_are_for_staff_alone_wherever_one_looks(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/tickets/{ticket_id}"
    async with Client(api.url, customer) as client:
        await client.join(ticket_id)
        for new in ({"content": "psst", "internal": True}, {"content": "hello"}):
            assert (await api.post(f"{path}/messages", csr, json=new)).status == 201
        await client.until(lambda: len(client.timeline) == 2)
        assert client.timeline == [(1, "ticket_created"), (2, "message_posted")]
    for listing in ("timeline", "messages"):
        assert b"psst" not in (await api.get(f"{path}/{listing}", customer)).body
        assert b"psst" in (await api.get(f"{path}/{listing}", csr)).body
    async with Client(api.url, customer) as client:
        assert (await client.join(ticket_id))["seq"] == 2
        assert client.timeline == [(1, "ticket_created"), (2, "message_posted")]
    async with api.http.ws_connect(f"/ws{path}?token={customer.token}&after=0") as ws:
        assert (await ws.receive_json())["content"] == "hello"
    ticket = (await api.get(f"/users{path}", customer)).json
    assert (ticket["seq"], ticket["version"], ticket["unread"]) == (2, 2, 1)


async def test_who_left_the_staff_sees_no_more_in_the_inbox_than_on_tickets(
    api: Api, backend: Backend, notified: tuple[Person, str], customer: Person
) -> None:
    csr, notification_id = notified
    own = (await api.a_ticket(csr))["id"]
    (colleague,) = people(backend.settings, Role.CSR)
    message = {"content": "about your own"}
    assert (await api.post(f"/tickets/{own}/messages", colleague, json=message)).status == 201
    assert len((await api.get("/notifications", csr)).json) == 2
    with database(backend.settings) as session:
        session.get_one(User, csr.id).role = Role.USER
    await until_refused(api, csr)
    inbox = await api.get("/notifications?count=true", csr)
    assert [told["ticket_id"] for told in inbox.json] == [own]
    assert inbox.headers["X-Total-Count"] == "1"
    answer = await api.post(f"/notifications/{notification_id}/read", csr)
    assert answer.code == "notification_not_found"


async def until_refused(api: Api, person: Person) -> None:
    """Until their place in the staff is over."""

    async def is_refused() -> bool:
        return (await api.get("/csr/tickets", person)).status == 403

    await until(is_refused)


async def test_who_left_the_staff_is_not_answered_again_what_they_wrote_as_such(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    note, keyed = {"content": "psst", "internal": True}, {"Idempotency-Key": "a note"}
    path = f"/tickets/{ticket_id}/messages"
    assert (await api.post(path, csr, json=note, headers=keyed)).status == 201
    assert (await api.post(path, csr, json=note, headers=keyed)).status == 201
    with database(backend.settings) as session:
        session.get_one(User, csr.id).role = Role.USER
    await until_refused(api, csr)
    again = await api.post(path, csr, json=note, headers=keyed)
    assert again.status in {403, 404, 422}
    assert b"psst" not in again.body


async def test_a_role_that_was_changed_by_sql_ends_a_socket_of_the_other_role(
    api: Api, backend: Backend, csr: Person
) -> None:
    async with Client(api.url, csr) as client:
        with database(backend.settings) as session:
            session.get_one(User, csr.id).role = Role.USER
        await client.until(lambda: not client.sio.connected)
    assert client.seen["signed_out"] == [{"code": "role_changed"}]
