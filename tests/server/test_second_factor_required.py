"""STAFF_SECOND_FACTOR=required: without one, the staff may do nothing but set one up."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pyotp
import pytest
import socketio
from aiohttp import WSMsgType
from sqlalchemy import delete, update

from models import AuthSession, Passkey, Role, Totp
from server.http.contract import Right
from server.routes.table import ROUTES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server.conftest import serving
from tests.sockets import Client

CODE = "second_factor_setup_required"


@pytest.fixture(scope="module")
async def strict(backend: Backend) -> AsyncIterator[Api]:
    """A process that asks the staff for a second factor."""
    settings = backend.settings.model_copy(update={"staff_second_factor": "required"})
    async with serving(settings) as (_, api):
        yield api


def a_passkey(person: Person) -> Passkey:
    return Passkey(
        user_id=person.id,
        credential_id=uuid4().bytes,
        public_key=b"key",
        sign_count=0,
        transports=[],
        name="Phone",
        created_at=now(),
    )


async def is_let_in(api: Api, person: Person) -> bool:
    answer = await api.get("/auth/me", person)
    assert answer.status == 200 or answer.code == CODE
    return answer.status == 200


@pytest.mark.parametrize("role", [Role.CSR, Role.ADMIN])
async def test_every_route_is_closed_but_those_that_set_one_up(
    strict: Api, backend: Backend, role: Role
) -> None:
    (person,) = people(backend.settings, role)
    for route in ROUTES:
        path = route.path
        for name in route.parameters:
            path = path.replace(f"{{{name}}}", str(uuid4()))
        answer = await strict.call(route.method, path, person)
        is_closed = answer.status == 403 and answer.code == CODE
        assert is_closed == (route.right not in (Right.ANYONE, Right.SETUP)), route.path


async def test_no_socket_and_no_page_opens(strict: Api, backend: Backend) -> None:
    csr, customer = people(backend.settings, Role.CSR, Role.USER)
    ticket_id = (await strict.a_ticket(customer))["id"]
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with Client(strict.url, csr):
            pass
    async with strict.http.ws_connect(f"/ws/tickets/{ticket_id}?token={csr.token}") as ws:
        message = await ws.receive()
        assert (message.type, ws.close_code) == (WSMsgType.CLOSE, 1008)
    cookie = {"Cookie": f"session={csr.tokens.refresh_token}", "Sec-Fetch-Site": "same-origin"}
    setup = "/account/second_factor"
    for path in ("/tickets", "/tickets/new", "/tickets/1", "/account"):
        async with strict.http.get(path, headers=cookie, allow_redirects=False) as got:
            assert (got.status, got.headers["Location"]) == (303, setup)
    async with strict.http.post("/account", headers=cookie, data={"do": "everywhere"}) as got:
        assert got.status == 403
    async with strict.http.get(f"/attachments/{uuid4()}", headers=cookie) as got:
        assert got.status == 403
    async with strict.http.get(setup, headers=cookie) as got:
        assert got.status == 200


async def test_who_has_set_one_up_is_let_in_with_the_same_session(
    strict: Api, backend: Backend
) -> None:
    (csr,) = people(backend.settings, Role.CSR)
    assert not await is_let_in(strict, csr)
    started = await strict.post("/auth/totp", csr, json={"current_password": PASSWORD})
    assert not await is_let_in(strict, csr), "it is not in force yet"
    code = {"code": pyotp.TOTP(started.json["secret"]).at(now())}
    assert (await strict.post("/auth/totp/confirm", csr, json=code)).status == 200
    assert await is_let_in(strict, csr)


async def test_a_passkey_or_another_provider_will_do_and_customers_need_none(
    strict: Api, api: Api, backend: Backend
) -> None:
    by_passkey, by_oidc, customer, nobody = people(
        backend.settings, Role.CSR, Role.CSR, Role.USER, Role.CSR
    )
    with database(backend.settings) as session:
        session.add(a_passkey(by_passkey))
        of_oidc = update(AuthSession).where(AuthSession.user_id == by_oidc.id)
        session.execute(of_oidc.values(signed_in_by="oidc"))
    for person in (by_passkey, by_oidc, customer):
        assert await is_let_in(strict, person)
    assert not await is_let_in(strict, nobody)
    assert await is_let_in(api, nobody), "where the setting is off"


async def test_who_has_a_passkey_alone_does_not_come_in_by_the_password_alone(
    strict: Api, api: Api, backend: Backend
) -> None:
    csr, customer = people(backend.settings, Role.CSR, Role.USER)
    with database(backend.settings) as session:
        session.add_all([a_passkey(csr), a_passkey(customer)])
    login = {"email": csr.email, "password": PASSWORD}
    refused = await strict.post("/auth/login", json=login)
    assert (refused.status, refused.code) == (401, "passkey_required")
    wrong = await strict.post("/auth/login", json=login | {"password": "wrong"})
    assert wrong.code == "invalid_credentials"
    assert (await api.post("/auth/login", json=login)).status == 200
    login["email"] = customer.email
    assert (await strict.post("/auth/login", json=login)).status == 200


async def test_a_socket_ends_when_the_second_factor_goes(strict: Api, backend: Backend) -> None:
    (csr,) = people(backend.settings, Role.CSR)
    with database(backend.settings) as session:
        session.add(Totp(user_id=csr.id, secret=b"", created_at=now(), confirmed_at=now()))
    async with Client(strict.url, csr) as client:
        with database(backend.settings) as session:
            session.execute(delete(Totp).where(Totp.user_id == csr.id))
        await client.until(lambda: not client.sio.connected)
