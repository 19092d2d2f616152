"""What is taken from the channel between processes: what one of us has sealed, and can be read."""

from collections.abc import Callable
from typing import Any

import redis
from aiohttp import web

from models import Role
from server import keys
from server.live.bus import Live
from tests.api import Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, people
from tests.server.conftest import serving
from tests.sockets import Client
from tests.waiting import until
from wire import codec
from wire.channel import TIMELINE, emission
from wire.seal import SEAL_BYTES, Seal
from wire.workers import say_alive

PREVIOUS = "f" * 8 + SECRET


def publish(backend: Backend, channel: str, sealed: bytes) -> None:
    with redis.Redis.from_url(backend.redis_url) as client:
        assert client.publish(channel, sealed)


def forged(ticket_id: str, seq: int) -> list[dict[str, Any]]:
    event = {
        "ticket_id": ticket_id,
        "seq": seq,
        "kind": "message_posted",
        "actor_id": None,
        "at": "2026-01-01T00:00:00+00:00",
        "data": {"content": "forged"},
    }
    hint = {"event": event, "public_seq": seq}
    return [{"host_id": "somebody", **emission(TIMELINE, hint, (), None)}]


async def subscribed(app: web.Application) -> Live:
    live = app[keys.live]
    await until(lambda: live.is_subscribed)
    return live


async def test_a_forged_hint_is_skipped_and_the_true_event_of_its_number_delivered(
    application: tuple[web.Application, Api], backend: Backend, customer: Person
) -> None:
    app, api = application
    live = await subscribed(app)
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Client(api.url, customer, "websocket") as ann:
        await ann.join(ticket_id)
        before = live.skipped
        body = codec.encode(forged(ticket_id, 2))
        stranger = Seal(["another secret"], live.channel).closed(body)
        elsewhere = Seal([SECRET], "another desk:live").closed(body)
        for sealed in (body, bytes(SEAL_BYTES) + body, stranger, elsewhere):
            publish(backend, live.channel, sealed)
        await until(lambda: live.skipped == before + 4)
        await ann.say(ticket_id, "true")
        await ann.until_shown(2)
        assert [event["data"].get("content") for event in ann.seen["timeline"]] == [None, "true"]


async def test_what_cannot_be_read_is_skipped_and_counted_and_the_subscription_goes_on(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    app, _ = application
    live = await subscribed(app)
    heard: list[object] = []
    live.hear("test", heard.append)
    seal, before = Seal([SECRET], live.channel), live.skipped
    unreadable = [b"", b"{", b"7", b'["x"]', b'[{"method":[]}]', b'[{"method":"end_session"}]']
    unreadable.append(codec.encode(forged("no id", 2)))
    for body in unreadable:
        publish(backend, live.channel, seal.closed(body))
    good = {"method": "test", "host_id": "another"}
    publish(backend, live.channel, seal.closed(codec.encode([{"method": "emit"}, good])))
    await until(lambda: bool(heard))
    assert heard == [good]
    assert live.skipped == before + len(unreadable) + 1


async def test_nobody_on_the_channel_has_a_socket_closed_as_the_library_would(
    application: tuple[web.Application, Api], backend: Backend, customer: Person
) -> None:
    app, api = application
    live = await subscribed(app)
    heard: list[object] = []
    live.hear("test", heard.append)
    async with Client(api.url, customer, "websocket") as ann:
        ticket_id = (await api.a_ticket(customer))["id"]
        await ann.join(ticket_id)
        (sid,) = [sid for sid, _ in live.get_participants("/tickets", None)]
        orders = [
            {"method": name, "host_id": "x", "sid": sid, "namespace": "/tickets", "room": sid}
            for name in ("disconnect", "leave_room", "close_room")
        ]
        said = codec.encode([*orders, {"method": "test"}])
        publish(backend, live.channel, Seal([SECRET], live.channel).closed(said))
        await until(lambda: bool(heard))
        await ann.say(ticket_id, "still here")
        await ann.until_shown(2)


async def test_while_the_key_is_changed_the_new_processes_hear_the_old_ones(
    backend: Backend,
) -> None:
    changed = {"jwt_secret_key": PREVIOUS, "jwt_previous_secret_key": SECRET}
    async with serving(backend.settings.model_copy(update=changed)) as (app, _):
        live = await subscribed(app)
        heard: list[object] = []
        live.hear("test", heard.append)
        for secret in (SECRET, PREVIOUS):
            said = Seal([secret], live.channel).closed(b'[{"method":"test"}]')
            publish(backend, live.channel, said)
        await until(lambda: len(heard) == 2)


async def test_two_desks_on_one_redis_have_channels_of_their_own_and_a_setting_names_them(
    application: tuple[web.Application, Api], backend: Backend, make_backend: Callable[[], Backend]
) -> None:
    same = backend.settings
    other = same.model_copy(update={"database_url": make_backend().database_url})
    named = same.model_copy(update={"redis_prefix": "desk-7"})
    mine = await subscribed(application[0])
    async with serving(same) as (a, _), serving(other) as (b, _), serving(named) as (c, _):
        lives = [await subscribed(app) for app in (a, b, c)]
    channels = [live.channel for live in lives]
    assert channels[0] == mine.channel
    assert channels[1] != mine.channel
    assert channels[2] == "desk-7:live"


async def test_all_names_in_redis_begin_with_the_prefix_that_is_set(
    make_backend: Callable[[], Backend],
) -> None:
    backend = make_backend()
    named = {"redis_prefix": "desk-7", "rate_limits": "on"}
    settings = backend.settings.model_copy(update=named)
    (customer,) = people(settings, Role.USER)
    wanted = ("limits", "presence:process", "presence:ticket", "resync", "assignment", "workers")
    with redis.Redis.from_url(backend.redis_url, decode_responses=True) as client:
        async with serving(settings) as (app, api), Client(api.url, customer) as ann:
            say_alive(client, settings.key_prefix, "worker@host")
            ticket_id = (await api.a_ticket(customer))["id"]
            await ann.join(ticket_id)
            await ann.say(ticket_id, "hello")
            app[keys.resync].remember(customer.id, [customer.id])

            def missing() -> set[str]:
                names = [str(name) for name in client.scan_iter()]
                assert all(name.startswith("desk-7:") for name in names), names
                return {w for w in wanted if not any(n.startswith(f"desk-7:{w}") for n in names)}

            await until(lambda: not missing())
