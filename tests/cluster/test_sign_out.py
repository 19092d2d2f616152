"""Out means out, on every process."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from models import Role
from server.identity.authenticator import REMEMBERED
from server.identity.session_watch import WATCH_SECONDS
from tests.api import Answer, Api
from tests.cluster.conftest import Cluster
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.sockets import Client
from tests.waiting import PATIENCE, until

Ending = Callable[[Api, Person, Person], Awaitable[Answer]]


async def logout(api: Api, person: Person, _: Person) -> Answer:
    return await api.post("/auth/logout", json={"refresh_token": person.tokens.refresh_token})


async def logout_all(api: Api, person: Person, _: Person) -> Answer:
    return await api.post("/auth/logout_all", person)


async def deactivation(api: Api, person: Person, admin: Person) -> Answer:
    return await api.patch(f"/admin/users/{person.id}", admin, json={"is_active": False})


async def promotion(api: Api, person: Person, admin: Person) -> Answer:
    return await api.patch(f"/admin/users/{person.id}", admin, json={"role": "csr"})


async def password_change(api: Api, person: Person, _: Person) -> Answer:
    """From another session of the same account."""
    login = await api.post("/auth/login", json={"email": person.email, "password": PASSWORD})
    return await api.post(
        "/auth/password",
        login.json["access_token"],
        json={"current_password": PASSWORD, "new_password": "another good password"},
    )


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (logout, "logged_out"),
        (logout_all, "logged_out"),
        (deactivation, "deactivated"),
        (promotion, "role_changed"),
        (password_change, "password_changed"),
    ],
)
async def test_a_session_that_ends_on_one_process_is_out_on_the_other(
    pair: tuple[Api, Api], shared: Cluster, ending: Ending, code: str
) -> None:
    here, there = pair
    person, admin = people(shared.settings, Role.USER, Role.ADMIN)
    ticket_id = (await there.a_ticket(person))["id"]
    plain = await there.http.ws_connect(f"/ws/tickets/{ticket_id}?token={person.token}")
    async with Client(there.url, person) as client:
        await client.join(ticket_id)
        assert (await ending(here, person, admin)).status < 300
        await client.until(lambda: not client.sio.connected)
        closed = await plain.receive(timeout=PATIENCE)
    assert client.seen["signed_out"] == [{"code": code}]
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)
    for api in pair:

        async def is_out(api: Api = api) -> bool:
            return (await api.get("/auth/me", person)).status == 401

        await until(is_out)
    refreshed = await there.post(
        "/auth/refresh", json={"refresh_token": person.tokens.refresh_token}
    )
    assert refreshed.code == "refresh_token_revoked"


async def test_without_redis_a_session_that_ended_is_still_out_in_time(
    start_cluster: Callable[..., Cluster], backend_without_redis: Backend
) -> None:
    cluster = start_cluster(webs=2, backend=backend_without_redis)
    (person,) = people(cluster.settings, Role.USER)
    async with (
        Api(cluster.urls[0]) as here,
        Client(cluster.urls[1], person) as client,
    ):
        await logout(here, person, person)
        await client.until(lambda: not client.sio.connected)


def test_the_two_seconds_of_the_contract_hold_what_a_process_waits_for_at_most() -> None:
    """A look at all sessions, and an answer that is remembered."""
    assert WATCH_SECONDS + REMEMBERED < 2


@pytest.fixture(scope="module")
def shared(start_shared_cluster: Callable[..., Cluster]) -> Cluster:
    return start_shared_cluster(webs=2)


@pytest.fixture
async def pair(shared: Cluster) -> AsyncIterator[tuple[Api, Api]]:
    """The two web processes."""
    async with Api(shared.urls[0]) as here, Api(shared.urls[1]) as there:
        yield here, there
