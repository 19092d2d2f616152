"""Honest clients: customers and CSRs at a modest, steady rate, and how long each thing takes."""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from bench.hostile.attacker import API
from tests.factories import PASSWORD, Person
from tools.chaos.connection import Connection, Gone, Refused

PATIENCE = aiohttp.ClientTimeout(total=10)
ASSIGNED_SECONDS = 10.0
# A second, of all together.
RATES = {"post": 12.0, "message": 12.0, "list": 12.0, "timeline": 6.0, "open": 1.0}
# Is slow by itself, and so is done only where it is what is judged.
LOG_IN, LOG_INS = "log-in", 1.0
ASSIGNED = "assigned"
NEW = {"description": "I pressed the button.", "category": "billing", "type": "bug"}


@dataclass
class Phase:
    """Milliseconds by what was done; and what was refused or failed, by what and how."""

    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter[str] = field(default_factory=Counter)

    def of(self, *kinds: str) -> tuple[list[float], int]:
        """The times of these together, and how many others failed."""
        times = [ms for kind in kinds for ms in self.took[kind]]
        wrong = sum(n for what, n in self.wrong.items() if what.partition(":")[0] in kinds)
        return times, wrong


class Client:
    """A person with a connection for requests and a socket, from a network address of their own."""

    def __init__(self, url: str, person: Person, address: str) -> None:
        self.person, self._url = person, url
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        self._http = aiohttp.ClientSession(connector=connector, timeout=PATIENCE)
        self._socket: Connection
        self._rooms: list[str] = []
        self.hears: Callable[[str, Any], None] = lambda *_: None

    async def connect(self) -> None:
        self._socket = await Connection.open(
            self._http, self._url, self.person.token, lambda *event: self.hears(*event)
        )
        for ticket_id in self._rooms:
            await self._socket.call("join_ticket", {"ticket_id": ticket_id, "after": 1 << 30})

    async def join(self, ticket_id: str) -> None:
        self._rooms.append(ticket_id)
        await self._socket.call("join_ticket", {"ticket_id": ticket_id})

    async def call(self, event: str, payload: object) -> None:
        """Raises `Refused`; `Gone` where the socket was lost, and then has another one."""
        try:
            await self._socket.call(event, payload)
        except Gone:
            await self._socket.close()
            await self.connect()
            raise

    async def ask(self, method: str, path: str, *, anonymously: bool = False, **more: Any) -> Any:
        """The answer's JSON. Raises `Refused` for any but a good one."""
        headers = {} if anonymously else {"Authorization": f"Bearer {self.person.token}"}
        url = f"{self._url}{API}{path}"
        async with self._http.request(method, url, headers=headers, **more) as answer:
            said = await answer.read()
        if answer.status >= 300:
            raise Refused(str(answer.status))
        return orjson.loads(said)

    async def close(self) -> None:
        await self._socket.close()
        await self._http.close()


class Honest:
    """Each customer has a ticket, and a CSR who reads it along."""

    def __init__(self, customers: list[Client], csrs: list[Client]) -> None:
        self.customers, self.csrs = customers, csrs
        self.tickets: list[str] = []
        self._numbers = itertools.count()
        # By title: when it was sent, and what notes when it was assigned.
        self._opened: dict[str, tuple[float, Phase]] = {}
        self._does: dict[str, Callable[[int, Phase], Awaitable[object]]] = {
            "post": self._post,
            "message": self._message,
            "list": self._list,
            "timeline": self._timeline,
            "open": self._open,
            LOG_IN: self._log_in,
        }

    async def connect(self) -> None:
        for csr in self.csrs:
            csr.hears = self._hear
            await csr.connect()
        for n, customer in enumerate(self.customers):
            new = NEW | {"title": f"Honest {n}"}
            ticket = await customer.ask("POST", "/users/tickets", json=new)
            self.tickets.append(ticket["id"])
            await customer.connect()
            await customer.join(ticket["id"])
            await self._csr(n).join(ticket["id"])

    def _csr(self, n: int) -> Client:
        return self.csrs[n % len(self.csrs)]

    def _hear(self, event: str, payload: Any) -> None:
        if event != "notification" or payload["kind"] != ASSIGNED:
            return
        if found := self._opened.pop(payload["data"]["title"], None):
            began, phase = found
            phase.took[ASSIGNED].append((time.perf_counter() - began) * 1000)

    async def phase(self, seconds: float, *, with_log_ins: bool) -> Phase:
        """Works so long; what is under way at the end is waited for."""
        phase = Phase()
        rates = RATES | ({LOG_IN: LOG_INS} if with_log_ins else {})
        # Not all at the same time.
        due = sorted(
            ((n + place / len(rates)) / rate, kind, n)
            for place, (kind, rate) in enumerate(rates.items())
            for n in range(int(rate * seconds))
        )
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for at, kind, n in due:
                await asyncio.sleep(max(0, began + at - time.perf_counter()))
                group.create_task(self._timed(phase, kind, n))
        await self._all_assigned(phase)
        return phase

    async def _timed(self, phase: Phase, kind: str, n: int) -> None:
        began = time.perf_counter()
        try:
            await self._does[kind](n, phase)
        except (Refused, Gone, aiohttp.ClientError, OSError, TimeoutError) as error:
            phase.wrong[f"{kind}: {error or type(error).__name__}"] += 1
        else:
            phase.took[kind].append((time.perf_counter() - began) * 1000)

    async def _all_assigned(self, phase: Phase) -> None:
        deadline = time.perf_counter() + ASSIGNED_SECONDS
        while self._opened and time.perf_counter() < deadline:
            await asyncio.sleep(0.05)
        if self._opened:
            phase.wrong[f"{ASSIGNED}: never"] += len(self._opened)
            self._opened.clear()

    async def _post(self, n: int, _: Phase) -> None:
        customer = self.customers[n % len(self.customers)]
        path = f"/tickets/{self.tickets[n % len(self.customers)]}/messages"
        await customer.ask("POST", path, json={"content": f"Message {next(self._numbers)}"})

    async def _message(self, n: int, _: Phase) -> None:
        """By a customer and by their CSR in turn."""
        number = next(self._numbers)
        pair = n // 2 % len(self.customers)
        client = self._csr(pair) if n % 2 else self.customers[pair]
        ticket_id = self.tickets[pair]
        message = {"ticket_id": ticket_id, "client_id": str(number), "content": f"Said {number}"}
        await client.call("post_message", message)

    async def _list(self, n: int, _: Phase) -> None:
        pair = n // 2 % len(self.customers)
        if n % 2:
            await self._csr(pair).ask("GET", "/csr/tickets?assigned_to=me&sort=-updated_at")
        else:
            await self.customers[pair].ask("GET", "/users/tickets")

    async def _timeline(self, n: int, _: Phase) -> None:
        pair = n % len(self.customers)
        client = self._csr(pair) if n % 2 else self.customers[pair]
        await client.ask("GET", f"/tickets/{self.tickets[pair]}/timeline?limit=50")

    async def _open(self, n: int, phase: Phase) -> None:
        title = f"Opened {next(self._numbers)}"
        self._opened[title] = time.perf_counter(), phase
        customer = self.customers[n % len(self.customers)]
        try:
            await customer.ask("POST", "/users/tickets", json=NEW | {"title": title})
        except BaseException:
            self._opened.pop(title, None)
            raise

    async def _log_in(self, n: int, _: Phase) -> None:
        customer = self.customers[n % len(self.customers)]
        given = {"email": customer.person.email, "password": PASSWORD}
        await customer.ask("POST", "/auth/login", anonymously=True, json=given)

    async def close(self) -> None:
        for client in (*self.customers, *self.csrs):
            await client.close()


@asynccontextmanager
async def honest(
    urls: list[str], customers: list[Person], csrs: list[Person]
) -> AsyncIterator[Honest]:
    """All connected, half of them to each process."""
    clients = [
        Client(urls[n // 2 % len(urls)], person, f"127.0.1.{n + 1}")
        for n, person in enumerate((*customers, *csrs))
    ]
    found = Honest(clients[: len(customers)], clients[len(customers) :])
    await found.connect()
    try:
        yield found
    finally:
        await found.close()
