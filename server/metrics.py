"""What a process counts and how it stands, for Prometheus."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from desk.backlog import Backlog

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Between two looks at how late the event loop is.
LOOK_SECONDS = 0.5
# For so long an answer is given again.
FRESH_SECONDS = 1.0


class SharedAnswer:
    """Something that is made at most once in `FRESH_SECONDS`, for all who ask."""

    def __init__(self) -> None:
        self._made: asyncio.Future[bytes] | None = None
        self._until = 0.0

    async def get(self, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        made = self._made
        if made is None or (made.done() and time.monotonic() >= self._until):
            self._until = time.monotonic() + FRESH_SECONDS
            made = self._made = asyncio.ensure_future(make())
        # A request that is cancelled takes it from nobody else.
        return await asyncio.shield(made)


class Metrics:
    """Labels are names of ours: never what a client made up, which has no end."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.shared = SharedAnswer()
        self._requests = Histogram(
            "desk_http_request_seconds",
            "REST requests",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._events = Histogram(
            "desk_socket_event_seconds",
            "Events by clients, until their acknowledgement",
            ("event", "outcome"),
            buckets=SECONDS,
            registry=self._registry,
        )
        # Looking a label up costs more than counting.
        self._labelled: dict[tuple[Histogram, *tuple[str, ...]], Histogram] = {}
        self._lag = Histogram(
            "desk_loop_lag_seconds",
            "How late the event loop was",
            buckets=SECONDS,
            registry=self._registry,
        )
        self.cut_off = Counter(
            "desk_clients_cut_off",
            "Clients that did not read and were cut off",
            registry=self._registry,
        )

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        """``read`` is called whenever somebody asks, by any thread."""
        Gauge(name, help, registry=self._registry).set_function(read)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._observe(seconds, self._requests, method, route, str(status))

    def event(self, name: str, outcome: str, seconds: float) -> None:
        self._observe(seconds, self._events, name, outcome)

    def _observe(self, seconds: float, histogram: Histogram, *labels: str) -> None:
        labelled = self._labelled.get((histogram, *labels))
        if labelled is None:
            labelled = self._labelled[histogram, *labels] = histogram.labels(*labels)
        labelled.observe(seconds)

    def text(self, waiting: Backlog | None) -> bytes:
        """All in the text format of Prometheus; ``waiting``: None where it is not known now."""
        return generate_latest(self._registry) + (_text_of(waiting) if waiting else b"")

    async def watch_forever(self) -> None:
        """Measures how late the event loop is."""
        while True:
            due = time.perf_counter() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            self._lag.observe(max(0.0, time.perf_counter() - due))


def _text_of(waiting: Backlog) -> bytes:
    """Of a registry of their own, as they are left out where they are not known."""
    registry = CollectorRegistry()

    def gauge(name: str, help: str, value: float) -> None:
        Gauge(name, help, registry=registry).set(value)

    gauge("desk_tickets_waiting", "Tickets that wait for an assignee", waiting.tickets)
    gauge("desk_tickets_waiting_seconds", "For how long the oldest waits", waiting.oldest)
    gauge("desk_notifications_due", "Notifications to be mailed", waiting.notifications)
    gauge("desk_webhook_deliveries_due", "Webhook deliveries to be made", waiting.deliveries)
    gauge("desk_events_unindexed", "Events whose words are to be indexed", waiting.unindexed)
    gauge("desk_deadlines_late_seconds", "How late the oldest due deadline is", waiting.lateness)
    gauge("desk_deadlines_dead", "Deadlines that failed too often", waiting.dead)
    return generate_latest(registry)
