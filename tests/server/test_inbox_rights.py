"""What is somebody's own: their notifications, and the way in to a closed account."""

import pytest
from sqlalchemy import select

from models import Notification, Role, User
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, people


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
