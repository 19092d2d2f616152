"""A client that has fallen silent without saying goodbye."""

import time

from aiohttp import web

from server import keys
from server.app import create_app
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.sockets import Client

LONG_AGO = 1000.0


async def test_the_message_that_finds_it_dead_reaches_the_others_and_so_does_the_next(
    backend: Backend, customer: Person, csr: Person
) -> None:
    app = create_app(backend.settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    async with Api(url) as api, Client(url, csr) as bob, Client(url, customer, "websocket") as ann:
        ticket_id = (await api.a_ticket(customer))["id"]
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        sid = ann.sio.eio.sid
        # A ping was sent and has not been answered for longer than the timeout.
        app[keys.live].server.eio.sockets[sid].last_ping = time.time() - LONG_AGO
        await bob.say(ticket_id, "one")
        await bob.say(ticket_id, "two")
        await bob.until(lambda: bob.numbers == [1, 2, 3])
        assert ann.numbers == [1]
    await runner.cleanup()
