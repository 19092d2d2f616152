"""``refresh_auth`` while the database is away: the socket is never without a session."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from desk.accounts import sessions
from models import Role
from server.identity.tokens import Tokens
from server.services import SERVICES
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.server.conftest import serving
from tests.server.stage import away
from tests.sockets import Client
from wire.messages import SessionEnded


def another_token(backend: Backend, person: Person) -> str:
    """An access token of one more session of the person."""
    with database(backend.settings) as session:
        issued = sessions.open_session(session, person.id, timedelta(days=1), now())
    return Tokens(backend.settings).pair(issued, now()).access_token


@pytest.mark.parametrize("is_same", [True, False], ids=["same session", "another session"])
async def test_a_socket_keeps_its_session_and_ends_with_it(
    make_backend: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch, is_same: bool
) -> None:
    monkeypatch.setattr("server.identity.authenticator.REMEMBERED", 3600.0)
    backend = make_backend()
    (customer,) = people(backend.settings, Role.USER)
    async with serving(backend.settings) as (app, api):
        token = customer.token if is_same else another_token(backend, customer)
        connections = app[SERVICES].session_watch
        async with Client(api.url, customer, "websocket") as client:
            # Both sessions are remembered, so that only the last look meets the database.
            await app[SERVICES].authenticator.of_token(token, "")
            with away(backend):
                ack = await client.call("refresh_auth", {"token": token})
                assert ack["error"]["code"] == "unavailable"
            assert client.sio.connected
            assert connections.count == 1
            session_id = customer.actor.session_id
            assert isinstance(session_id, UUID)
            app[SERVICES].bus.publish(SessionEnded(session_id, "logged_out"))
            await client.until(lambda: bool(client.seen["signed_out"]))
        await client.until(lambda: connections.count == 0)
