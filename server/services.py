"""What a web process holds: built, started and stopped here, in this order."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from weakref import WeakSet

from aiohttp import web
from sqlalchemy.pool import QueuePool

from config import Settings
from desk.database import short_name
from desk.outbox import (
    AgentChanged,
    AttachmentChanged,
    CursorMoved,
    DraftChanged,
    InboxRead,
    TicketRead,
    ViewChanged,
)
from server.background import Background, end
from server.database.transaction import Desk, create_engine
from server.identity.attachment_links import EXPORT, AttachmentLinks
from server.identity.authenticator import Authenticator
from server.identity.devices import Devices
from server.identity.failures import SignInFailures
from server.identity.key_lookup import KeyLookup
from server.identity.new_passwords import NewPasswords
from server.identity.oidc import IdentityProvider
from server.identity.passwords import Passwords
from server.identity.session_watch import SessionWatch
from server.identity.sign_on_cookie import SignOnCookie
from server.identity.site_tokens import SiteTokens
from server.identity.tokens import Tokens
from server.limits.open_sockets import OpenSockets
from server.limits.read_slots import ReadSlots
from server.limits.shared import RateLimits
from server.live.activity import Activity
from server.live.agent_loads import AgentLoads
from server.live.broadcast import Broadcast
from server.live.bus import Bus, Subscribed
from server.live.catch_up import CatchUp
from server.live.delivery import Delivery, Waker
from server.live.notices import send_attachment, send_draft, send_notification, send_read
from server.live.own_reads import OwnReads
from server.live.presence import Presence
from server.live.sequencer import Sequencer
from server.live.ticket_changes import TicketChanges
from server.live.typists import Typists
from server.live.view_counts import ViewCounts
from server.live.watching import Watching
from server.metrics import Metrics
from server.release import release
from server.transport.origins import Origins
from server.transport.slow_http_readers import SlowReaders
from server.transport.socket_server import SocketServer
from wire.files import FileStore
from wire.messages import (
    NotificationRecorded,
    SessionEnded,
    TicketMoved,
    TypingChanged,
    ViewersChanged,
)
from wire.shapes import Recorded

# A statement that waits gives up before.
FINISH_SECONDS = 15


class Services:
    """Each needs only those above it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.release = release()
        self.background = Background()
        # Requests that go on also without their client.
        self.unfinished: set[asyncio.Future[web.StreamResponse]] = set()
        self.metrics = Metrics()
        self.limits = RateLimits(settings)
        self.read_slots = ReadSlots()
        self.open_sockets = OpenSockets(is_bounded=settings.rate_limits == "on")
        self.origins = Origins(settings)
        self.slow_readers = SlowReaders()
        self.sockets = SocketServer(
            settings,
            self.background,
            self.open_sockets,
            self.limits,
            self.origins,
            self.slow_readers,
        )
        self.plain_sockets: WeakSet[web.WebSocketResponse] = WeakSet()
        self.bus = Bus(settings.redis_url, settings.secrets)
        waker = Waker(settings.broker_url, settings.key_prefix)
        notes_addresses = settings.audit_addresses == "on"
        self.delivery = Delivery(self.bus, waker, notes_addresses=notes_addresses)
        self.engine = create_engine(settings.database_url)
        self.desk = Desk(self.engine, self.delivery)
        self.failures = SignInFailures(self.desk, self.limits, notes_addresses=notes_addresses)
        self.files = FileStore(settings.file_store)
        self.tokens = Tokens(settings)
        self.attachment_links = AttachmentLinks(settings)
        self.export_links = AttachmentLinks(settings, EXPORT)
        self.site_tokens = SiteTokens(settings)
        self.identity_provider = IdentityProvider(settings)
        self.sign_on_cookie = SignOnCookie(settings)
        self.passwords = Passwords()
        self.new_passwords = NewPasswords(settings, self.passwords)
        self.devices = Devices(settings)
        keys = KeyLookup(self.desk, self.background, self.limits)
        self.authenticator = Authenticator(
            self.desk, self.tokens, keys, needs_factor=settings.staff_needs_factor
        )
        self.session_watch = SessionWatch(
            self.desk, self.authenticator, keys, self.background, self.open_sockets
        )
        self.presence = Presence(settings, self.bus, self.sockets, self.desk)
        self.typists = Typists(self.bus, self.sockets)
        self.broadcast = Broadcast(self.sockets, self.presence.witness, self.typists.witness)
        self.sequencer = Sequencer(self.desk, self.bus, self.background, self.broadcast)
        self.watching = Watching()
        self.view_counts = ViewCounts(self.desk, self.sockets, self.watching)
        self.agent_loads = AgentLoads(self.desk, self.sockets, self.watching)
        self.activity = Activity(self.sockets, self.watching, self.presence, self.typists)
        self.ticket_changes = TicketChanges(
            self.desk, self.sockets, self.watching, self.view_counts, self.agent_loads
        )
        self.own_reads = OwnReads(self.desk, self.sockets, self.ticket_changes.in_turn)
        self.catch_up = CatchUp(settings.redis_url, self.background, settings.key_prefix)
        self._subscribe()
        self._add_gauges()

    def _subscribe(self) -> None:
        """What the processes tell each other, and who here wants to know."""
        bus = self.bus
        bus.subscribe(Recorded, self.sequencer.offer)
        bus.subscribe(TicketMoved, self.ticket_changes.offer)
        bus.subscribe(NotificationRecorded, partial(send_notification, self.sockets))
        bus.subscribe(NotificationRecorded, self.own_reads.witness)
        bus.subscribe(TicketRead, partial(send_read, self.sockets))
        bus.subscribe(CursorMoved, self.own_reads.offer_cursor)
        bus.subscribe(InboxRead, self.own_reads.offer_inbox)
        bus.subscribe(DraftChanged, partial(send_draft, self.sockets))
        bus.subscribe(AttachmentChanged, partial(send_attachment, self.sockets))
        bus.subscribe(SessionEnded, self.session_watch.end)
        bus.subscribe(ViewersChanged, self.presence.take)
        bus.subscribe(Subscribed, self.presence.look_up_all)
        bus.subscribe(TypingChanged, self.typists.take)
        bus.subscribe(CursorMoved, self.view_counts.read)
        bus.subscribe(ViewChanged, self.view_counts.view_changed)
        bus.subscribe(AgentChanged, self.agent_loads.agent_changed)
        bus.subscribe(Subscribed, self.agent_loads.subscribed)

    def _add_gauges(self) -> None:
        gauge, pool = self.metrics.gauge, self.engine.sync_engine.pool
        assert isinstance(pool, QueuePool)
        gauge("desk_sockets", "Signed-in sockets", lambda: self.session_watch.count)
        gauge("desk_rooms", "Tickets that somebody reads here", lambda: self.sequencer.count)
        gauge("desk_kept_pages_bytes", "Encoded histories", lambda: self.sequencer.pages.size)
        gauge("desk_database_connections", "In use, of the pool's", pool.checkedout)
        gauge("desk_channel_skipped", "Messages that were not ours", lambda: self.bus.skipped)
        gauge("desk_redis_subscribed", "Whether hints arrive", lambda: self.bus.is_subscribed)

    async def run(self, _: web.Application) -> AsyncIterator[None]:
        """Starts what runs beside the requests, and stops it."""
        for work in (
            self.metrics.watch_forever(),
            self.slow_readers.look_forever(),
            self.sockets.eio.ping_forever(),
            self.sockets.eio.watch_forever(),
            self.bus.run_forever(self._channel_prefix),
            self.bus.echo_forever(),
            self.session_watch.watch_forever(),
            self.presence.publish_forever(),
            self.presence.beat_forever(),
            self.sequencer.poll_forever(),
            self.ticket_changes.send_forever(),
            self.ticket_changes.look_forever(),
            self.own_reads.send_forever(),
            self.view_counts.count_forever(),
            self.activity.send_forever(),
            self.agent_loads.send_forever(),
        ):
            self.background.start(work)
        yield
        await self._finish()
        await self.sockets.shutdown()
        await self.background.end()
        await self.presence.close()
        await self.catch_up.close()
        self.limits.close()
        self.delivery.close()
        self.passwords.close()
        self.new_passwords.close()
        await self.identity_provider.close()
        await self.desk.close()

    async def _finish(self) -> None:
        """Lets what goes on without its client end, as what it works with is closed then."""
        if self.unfinished:
            _, late = await asyncio.wait(self.unfinished, timeout=FINISH_SECONDS)
            await end(late)

    async def _channel_prefix(self) -> str:
        return self.settings.redis_prefix or await self.desk.read(short_name)


SERVICES: web.AppKey[Services] = web.AppKey("services")
