"""A socket lives as long as its token, or a later one."""

from datetime import timedelta

import pytest

from desk.accounts.sessions import Issued
from models import Role
from server.identity.tokens import Tokens
from tests.conftest import Backend
from tests.factories import Person, now, people
from tests.sockets import Client


def token_with(backend: Backend, person: Person, left: timedelta) -> str:
    """An access token of the person's session that expires soon."""
    tokens = Tokens(backend.settings)
    assert person.actor.session_id is not None
    began = now() - tokens.access_lifetime + left
    return tokens.pair(Issued(person.actor.session_id, person.id, 0, began), now()).access_token


async def test_a_socket_is_closed_when_its_token_expires(
    web_url: str, backend: Backend, customer: Person
) -> None:
    token = token_with(backend, customer, timedelta(seconds=2))
    async with Client(web_url, token) as client:
        await client.until(lambda: not client.sio.connected)
        assert client.seen["signed_out"] == [{"code": "token_expired"}]


async def test_a_later_token_keeps_the_socket(
    web_url: str, backend: Backend, customer: Person
) -> None:
    token = token_with(backend, customer, timedelta(seconds=2))
    async with Client(web_url, token) as kept, Client(web_url, token) as closed:
        assert (await kept.call("refresh_auth", {"token": customer.token}))["ok"]
        await closed.until(lambda: not closed.sio.connected)
        assert kept.sio.connected
        assert kept.seen["signed_out"] == []


@pytest.mark.parametrize("token", ["garbage", "", "x" * 9000])
async def test_a_bad_token_changes_nothing(web_url: str, customer: Person, token: str) -> None:
    async with Client(web_url, customer) as client:
        ack = await client.call("refresh_auth", {"token": token})
        assert not ack["ok"]
        assert ack["error"]["code"] in {"invalid", "invalid_token"}
        assert (await client.call("refresh_auth", {"token": customer.token}))["ok"]


async def test_a_token_of_another_account_is_refused(
    web_url: str, backend: Backend, customer: Person
) -> None:
    (csr,) = people(backend.settings, Role.CSR)
    async with Client(web_url, customer) as client:
        ack = await client.call("refresh_auth", {"token": csr.token})
        assert ack["error"]["code"] == "other_account"
