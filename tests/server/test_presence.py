"""Who looks at a ticket, when the others took a process for dead, or say what nobody can read."""

from uuid import UUID

import pytest
import redis
from aiohttp import web

from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.sockets import Client
from tests.waiting import until
from wire.messages import ViewersChanged, viewers_topic
from wire.presence import process_key, ticket_key


async def test_a_process_whose_sign_of_life_has_expired_tells_the_others_anew_who_is_there(
    application: tuple[web.Application, Api],
    another: tuple[web.Application, Api],
    backend: Backend,
    customer: Person,
) -> None:
    (busy, api), (quick, _) = application, another
    heard: list[ViewersChanged] = []
    quick[SERVICES].bus.subscribe(ViewersChanged, heard.append)
    ticket_id = (await api.a_ticket(customer))["id"]
    quick[SERVICES].bus.follow(viewers_topic(UUID(ticket_id)))
    async with Client(api.url, customer, "websocket") as ann:
        await ann.join(ticket_id)
        await until(lambda: heard)
        heard.clear()
        with redis.Redis.from_url(backend.redis_url) as client:
            client.delete(process_key(busy[SERVICES].bus.process))
        await until(lambda: heard)
    assert [str(message.ticket_id) for message in heard] == [ticket_id]


@pytest.mark.parametrize(
    "said", [b"[]", b"garbage", b'{"edition": 2}', b'{"version": 1, "viewers": 7}']
)
async def test_what_cannot_be_read_of_another_process_keeps_nobody_from_joining(
    api: Api, backend: Backend, customer: Person, said: bytes
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    with redis.Redis.from_url(backend.redis_url) as client:
        client.hset(ticket_key(UUID(ticket_id)), "newer", said)
        client.set(process_key("newer"), 1)
    async with Client(api.url, customer, "websocket") as ann:
        joined = await ann.join(ticket_id)
    assert [viewer["user_id"] for viewer in joined["viewers"]] == [str(customer.id)]
