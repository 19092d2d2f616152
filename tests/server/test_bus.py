"""What the processes say to each other, and what is taken: what is sealed, and can be read."""

import asyncio
from collections.abc import Callable
from typing import Any, get_args
from uuid import UUID

import pytest
import redis
import structlog
from aiohttp import web

from desk.access import Audience
from desk.events import Assigned
from desk.outbox import TicketRead
from desk.rows import PersonName
from models import NotificationKind, Role
from server.live.bus import Bus, Subscribed
from server.services import SERVICES
from tests.api import Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, now, people
from tests.server.conftest import serving
from tests.sockets import Client
from tests.waiting import until
from wire import codec, messages
from wire.messages import (
    DESK,
    Echo,
    Message,
    NotificationRecorded,
    SessionEnded,
    TicketMoved,
    TypingChanged,
    ViewersChanged,
    ticket_topic,
)
from wire.presence import Seen
from wire.seal import SEAL_BYTES, Seal
from wire.shapes import NotificationOut, Recorded, TimelineEvent, Viewer
from wire.workers import say_alive

ANN = PersonName(UUID(int=4), "Ann")
PREVIOUS = "f" * 8 + SECRET


def publish(backend: Backend, channel: str, sealed: bytes) -> None:
    with redis.Redis.from_url(backend.redis_url) as client:
        assert client.publish(channel, sealed)


def sealed(channel: str, body: bytes, *secrets: str) -> bytes:
    return Seal(secrets or [SECRET]).closed(channel.encode(), body)


def batch(*messages: object, process: str = "another") -> bytes:
    return codec.encode({"process": process, "messages": messages})


def said(name: str, body: object, version: int = 1) -> dict[str, Any]:
    return {"type": name, "version": version, "body": body}


def forged(ticket_id: str, seq: int) -> dict[str, Any]:
    event = {
        "ticket_id": ticket_id,
        "seq": seq,
        "kind": "message_posted",
        "actor_id": None,
        "at": "2026-01-01T00:00:00+00:00",
        "data": {"content": "forged"},
    }
    return said("event_recorded", {"event": event, "public_seq": seq})


ENDED = SessionEnded(UUID(int=7), "logged_out")
AN_END = said("session_ended", {"session_id": str(ENDED.session_id), "code": ENDED.code})


async def subscribed(app: web.Application) -> Bus:
    bus = app[SERVICES].bus
    await until(lambda: bus.is_subscribed)
    return bus


def heard_by(bus: Bus) -> list[SessionEnded]:
    """The ends of sessions that a process hears of, from now on."""
    heard: list[SessionEnded] = []
    bus.subscribe(SessionEnded, heard.append)
    return heard


@pytest.mark.parametrize(
    "message",
    [
        Recorded(TimelineEvent(UUID(int=1), 2, Assigned.kind, None, now(), {"to": None}), None),
        NotificationRecorded(
            UUID(int=1),
            NotificationOut(
                UUID(int=2), NotificationKind.ASSIGNED, UUID(int=3), ANN.id, ANN, {}, now(), None
            ),
        ),
        TicketRead(UUID(int=1), UUID(int=2), 3, None),
        TicketMoved(UUID(int=1), 3, 2),
        ENDED,
        ViewersChanged("a", UUID(int=1), Seen(1, (Viewer(UUID(int=2), "Ann", Role.CSR),))),
        TypingChanged("a", "socket", UUID(int=1), UUID(int=2), tuple(Audience), active=True),
        Echo(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_is_read_as_it_was_sent(message: Message) -> None:
    (one,) = messages.decode(messages.encode("a", [message]))
    assert messages.read(one) == message


def test_a_notification_of_a_process_of_the_version_before_has_no_name() -> None:
    told = NotificationOut(
        UUID(int=2), NotificationKind.ASSIGNED, UUID(int=3), ANN.id, ANN, {}, now(), None
    )
    body = codec.loads(codec.encode(NotificationRecorded(UUID(int=1), told)))
    del body["notification"]["actor"]
    message = messages.read(said("notification_recorded", body))
    assert isinstance(message, NotificationRecorded)
    assert (message.notification.actor_id, message.notification.actor) == (ANN.id, None)


def test_a_notification_of_a_newer_kind_is_read_as_it_is() -> None:
    body = {
        "user_id": str(UUID(int=1)),
        "notification": {
            "id": str(UUID(int=2)),
            "kind": "from_a_newer_version",
            "ticket_id": str(UUID(int=3)),
            "actor_id": None,
            "actor": None,
            "data": {},
            "created_at": "2026-01-01T00:00:00Z",
            "read_at": None,
        },
    }
    message = messages.read(said("notification_recorded", body))
    assert codec.loads(codec.encode(message)) == body


def test_every_message_has_a_name() -> None:
    assert set(messages.NAMES) == set(get_args(Message))


async def test_a_process_takes_its_own_message_at_once_and_the_other_one_as_well(
    application: tuple[web.Application, Api], another: tuple[web.Application, Api]
) -> None:
    here, there = await subscribed(application[0]), await subscribed(another[0])
    mine, theirs = heard_by(here), heard_by(there)
    here.publish(ENDED)
    assert mine == [ENDED]
    await until(lambda: bool(theirs))
    there.publish(ENDED)
    await until(lambda: len(mine) == 2)
    assert theirs == [ENDED, ENDED]


async def test_who_cannot_take_a_message_keeps_it_from_nobody(
    application: tuple[web.Application, Api],
) -> None:
    bus = application[0][SERVICES].bus

    def fails(_: TicketRead) -> None:
        raise LookupError("cannot be handled")

    handled: list[TicketRead] = []
    bus.subscribe(TicketRead, fails)
    bus.subscribe(TicketRead, handled.append)
    read = TicketRead(UUID(int=1), UUID(int=2), 3, None)
    with structlog.testing.capture_logs() as logged:
        bus.publish(read)
    assert handled == [read]
    assert [line["event"] for line in logged] == ["message not handled"]


async def test_a_forged_hint_is_skipped_and_the_true_event_of_its_number_delivered(
    application: tuple[web.Application, Api], backend: Backend, customer: Person
) -> None:
    app, api = application
    bus = await subscribed(app)
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Client(api.url, customer, "websocket") as ann:
        await ann.join(ticket_id)
        before = bus.skipped
        body, channel = batch(forged(ticket_id, 2)), bus.channel(ticket_topic(UUID(ticket_id)))
        stranger = sealed(channel, body, "another secret")
        elsewhere = sealed(bus.channel(), body)
        for forgery in (body, bytes(SEAL_BYTES) + body, stranger, elsewhere):
            publish(backend, channel, forgery)
        await until(lambda: bus.skipped == before + 4)
        await ann.say(ticket_id, "true")
        await ann.until_shown(2)
        assert [event["data"].get("content") for event in ann.seen["timeline"]] == [None, "true"]


async def test_what_cannot_be_read_is_skipped_and_counted_and_the_subscription_goes_on(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    app, _ = application
    bus = await subscribed(app)
    heard = heard_by(bus)
    channel, before = bus.channel(), bus.skipped
    unreadable = [
        *(b"", b"{", b"7", b'["x"]', b'[{"method":"end_session"}]', b'{"process":"another"}'),
        *map(batch, [7, {"type": []}, {"type": "session_ended"}, said("session_ended", {})]),
        batch(said("from_a_newer_process", {})),
        batch(said("session_ended", AN_END["body"], version=2)),
        batch(said("event_recorded", {"event": {"ticket_id": "no id"}, "public_seq": 2})),
    ]
    for body in unreadable:
        publish(backend, channel, sealed(channel, body))
    publish(backend, channel, sealed(channel, batch(said("unknown", {}), AN_END)))
    await until(lambda: bool(heard))
    assert heard == [ENDED]
    assert bus.skipped == before + len(unreadable) + 1


async def test_while_the_key_is_changed_the_new_processes_hear_the_old_ones(
    backend: Backend,
) -> None:
    changed = {"jwt_secret_key": PREVIOUS, "jwt_previous_secret_key": SECRET}
    async with serving(backend.settings.model_copy(update=changed)) as (app, _):
        bus = await subscribed(app)
        heard = heard_by(bus)
        for secret in (SECRET, PREVIOUS):
            publish(backend, bus.channel(), sealed(bus.channel(), batch(AN_END), secret))
        await until(lambda: len(heard) == 2)


async def test_two_desks_on_one_redis_have_channels_of_their_own_and_a_setting_names_them(
    application: tuple[web.Application, Api], backend: Backend, make_backend: Callable[[], Backend]
) -> None:
    same = backend.settings
    other = same.model_copy(update={"database_url": make_backend().database_url})
    named = same.model_copy(update={"redis_prefix": "desk-7"})
    mine = await subscribed(application[0])
    async with serving(same) as (a, _), serving(other) as (b, _), serving(named) as (c, _):
        buses = [await subscribed(app) for app in (a, b, c)]
    channels = [bus.channel() for bus in buses]
    assert channels[0] == mine.channel()
    assert channels[1] != mine.channel()
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
            app[SERVICES].catch_up.remember(customer.id, [customer.id])

            def missing() -> set[str]:
                names = [str(name) for name in client.scan_iter()]
                assert all(name.startswith("desk-7:") for name in names), names
                return {w for w in wanted if not any(n.startswith(f"desk-7:{w}") for n in names)}

            await until(lambda: not missing())


def topics_of(backend: Backend, bus: Bus) -> Callable[[], set[str]]:
    """The topics that anybody of this desk hears, beside those that somebody heard before: sockets
    of other tests may be there still.
    """
    head = bus.channel("")

    def heard() -> set[str]:
        with redis.Redis.from_url(backend.redis_url, decode_responses=True) as client:
            found: Any = client.pubsub_channels(f"{head}*")
            return {name.removeprefix(head) for name in found}

    before = heard()
    assert DESK in before
    return lambda: heard() - before


async def test_a_process_hears_of_the_tickets_and_people_alone_that_are_here_and_while_they_are(
    application: tuple[web.Application, Api],
    another: tuple[web.Application, Api],
    backend: Backend,
    customer: Person,
) -> None:
    (app, api), (other, elsewhere) = application, another
    bus = await subscribed(app)
    await subscribed(other)
    heard: list[Recorded] = []
    other[SERVICES].bus.subscribe(Recorded, heard.append)
    first, second = [(await api.a_ticket(customer))["id"] for _ in range(2)]
    person, topics = f"person:{customer.id}", topics_of(backend, bus)
    async with Client(elsewhere.url, customer, "websocket") as ann:
        assert topics() == {person}
        await ann.join(second)
        inside = {person, f"ticket:{second}", f"viewers:{second}"}
        await ann.until(lambda: topics() == inside)
        for ticket_id in (first, second):
            await api.post(f"/tickets/{ticket_id}/messages", customer, json={"content": "hello"})
        await ann.until_shown(2)
        await ann.until(lambda: bool(heard))
        await ann.call("leave_ticket", {"ticket_id": second})
        await ann.until(lambda: topics() == {person})
    await until(lambda: not topics())
    assert {str(recorded.event.ticket_id) for recorded in heard} == {second}


async def test_who_follows_hears_once_that_is_settled_however_often_it_changed_before(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    bus = await subscribed(application[0])
    topics = topics_of(backend, bus)
    bus.follow("ticket:1")
    bus.follow("ticket:2")
    bus.unfollow("ticket:1")
    await bus.settled()
    assert topics() == {"ticket:2"}
    for _ in range(3):
        bus.follow("ticket:1")
        await asyncio.sleep(0)
        bus.unfollow("ticket:1")
        await asyncio.sleep(0)
    bus.follow("ticket:2")
    bus.unfollow("ticket:2")
    bus.follow("ticket:1")
    await bus.settled()
    assert topics() == {"ticket:1", "ticket:2"}


async def test_a_connection_that_was_lost_hears_again_what_is_followed_by_then(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    bus = await subscribed(application[0])
    topics = topics_of(backend, bus)
    again: list[Subscribed] = []
    bus.subscribe(Subscribed, again.append)
    bus.follow("ticket:1")
    bus.follow("ticket:2")
    await bus.settled()
    with redis.Redis.from_url(backend.redis_url) as client:
        client.client_kill_filter(_type="pubsub")
        await until(lambda: not bus.is_subscribed)
        bus.unfollow("ticket:1")
        bus.follow("ticket:3")
        await bus.settled()  # Nobody waits for a connection that there is not.
    await until(lambda: bool(again))
    assert topics() == {"ticket:2", "ticket:3"}
