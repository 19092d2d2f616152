"""Socket.IO clients for the tests that keep what they are shown."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio

from tests import contract
from tests.factories import Person
from tests.waiting import PATIENCE, until

NAMESPACE = "/tickets"


class Talker(ABC):
    """``async with … as client``: connected; ``client.seen["timeline"]``."""

    def __init__(self, url: str, person: Person | str) -> None:
        self._url = url
        self._token = person if isinstance(person, str) else person.token
        self.wrong: list[str] = []
        self.seen: dict[str, list[Any]] = defaultdict(list)

    @abstractmethod
    async def open(self) -> None:
        """Connects. Raises if it is refused."""

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def call(self, event: str, *payload: Any) -> Any:
        """Emits and returns the acknowledgement, whatever it says."""

    def judge(self, wrong: str | None) -> None:
        """Remembers what breaks the contract; leaving tells it."""
        if wrong is not None:
            self.wrong.append(wrong)

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        assert not self.wrong, self.wrong

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

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.timeline]

    async def until_shown(self, count: int) -> None:
        """Waits for so many timeline events."""
        await self.until(lambda: len(self.seen["timeline"]) >= count)

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until what was seen is enough."""
        try:
            await until(condition)
        except TimeoutError:
            raise AssertionError(f"not seen; seen: {dict(self.seen)}") from None


class Client(Talker):
    """python-socketio's client: ``Client(url, person, "websocket")`` for one transport only."""

    def __init__(self, url: str, person: Person | str, *transports: str) -> None:
        super().__init__(url, person)
        self._transports = list(transports) or None
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._keep, namespace=NAMESPACE)

    async def _keep(self, event: str, payload: Any) -> None:
        self.judge(contract.wrong_event(event, payload))
        self.seen[event].append(payload)

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        """Hears an event instead of keeping it."""
        self.sio.on(event, handler, namespace=NAMESPACE)

    async def open(self) -> None:
        await self.sio.connect(
            self._url,
            auth={"token": self._token},
            namespaces=[NAMESPACE],
            transports=self._transports,
        )

    async def close(self) -> None:
        await self.sio.disconnect()

    async def call(self, event: str, *payload: Any) -> Any:
        data = payload[0] if len(payload) == 1 else payload or None
        ack = await self.sio.call(event, data, namespace=NAMESPACE, timeout=PATIENCE)
        self.judge(contract.wrong_event(f"{event}_ack", ack))
        return ack
