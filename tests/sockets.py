"""A Socket.IO client for the tests that keeps what it is shown."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio

from tests import contract
from tests.factories import Person

NAMESPACE = "/tickets"
PATIENCE = 10.0


class Client:
    """``async with Client(url, person) as client``: connected; ``client.seen["timeline"]``."""

    def __init__(self, url: str, person: Person | str, *transports: str) -> None:
        self._url = url
        self._token = person if isinstance(person, str) else person.token
        self._transports = list(transports) or None
        self.wrong: list[str] = []
        self.seen: dict[str, list[Any]] = defaultdict(list)
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._keep, namespace=NAMESPACE)

    async def _keep(self, event: str, payload: Any) -> None:
        self._judge(contract.wrong_event(event, payload))
        self.seen[event].append(payload)

    def _judge(self, wrong: str | None) -> None:
        """Remembers what breaks the contract; leaving tells it."""
        if wrong is not None:
            self.wrong.append(wrong)

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        """Hears an event instead of keeping it."""
        self.sio.on(event, handler, namespace=NAMESPACE)

    async def __aenter__(self) -> Self:
        await self.sio.connect(
            self._url,
            auth={"token": self._token},
            namespaces=[NAMESPACE],
            transports=self._transports,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.sio.disconnect()
        assert not self.wrong, self.wrong

    async def call(self, event: str, *payload: Any) -> Any:
        """Emits and returns the acknowledgement, whatever it says."""
        data = payload[0] if len(payload) == 1 else payload or None
        ack = await self.sio.call(event, data, namespace=NAMESPACE, timeout=PATIENCE)
        self._judge(contract.wrong_event(f"{event}_ack", ack))
        return ack

    async def join(self, ticket_id: str, after: int = 0) -> dict[str, Any]:
        ack = await self.call("join_ticket", {"ticket_id": ticket_id, "after": after})
        assert ack["ok"], ack
        data: dict[str, Any] = ack["data"]
        return data

    async def say(self, ticket_id: str, content: str, **more: Any) -> dict[str, Any]:
        message = {"ticket_id": ticket_id, "client_id": content[:64], "content": content}
        ack = await self.call("post_message", message | more)
        assert ack["ok"], ack
        data: dict[str, Any] = ack["data"]
        return data

    @property
    def timeline(self) -> list[tuple[int, str]]:
        """Number and kind of each timeline event, in the order of arrival."""
        return [(event["seq"], event["kind"]) for event in self.seen["timeline"]]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until what was seen is enough."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)
