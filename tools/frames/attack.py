"""``python -m tools.frames.attack``: the attackers, in a process of their own.

Takes an `Orders` as a line of JSON, attacks until as many frames were sent as wanted, and writes
a `Toll` as a line of JSON.
"""

import asyncio
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson

from tools.frames import families
from tools.frames.families import FAMILIES, NAMESPACE, Family, Target
from tools.frames.wire import Refused, Socket

SOCKET = "/socket.io/?EIO=4&transport=websocket"
POLLING = "/socket.io/?EIO=4&transport=polling"
AT_ONCE = 64
MOST_FRAMES = 30
# Frames of one flood, and of one write.
FLOOD = 2000
BURST = 1000
DEAF_SECONDS = 4.0
DEAF_JOINS = 50
MOST_ERRORS = 20


@dataclass(frozen=True)
class Orders:
    """``accounts``: token and ticket each; ``rooms``: tickets that the honest converse on, which
    the ``staff`` may join.
    """

    urls: list[str]
    seed: int
    frames: int
    # Frames per second, of all attackers together.
    pace: float
    accounts: list[tuple[str, str]]
    rooms: list[str]
    # As ``accounts``; the tickets have a long past.
    staff: list[tuple[str, str]]


@dataclass
class Toll:
    frames: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    # How many of these the server ended.
    hung_up: int = 0
    errors: list[str] = field(default_factory=list)


class Attack:
    def __init__(self, orders: Orders, http: aiohttp.ClientSession) -> None:
        self.toll = Toll()
        self._orders = orders
        self._http = http
        self._began = time.monotonic()
        self._numbers = iter(range(sys.maxsize))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._sessions())

    async def _sessions(self) -> None:
        """One after the other; each is made from the seed and its number alone."""
        while self.toll.frames.total() < self._orders.frames:
            chance = Random(f"{self._orders.seed}/{next(self._numbers)}")
            session = chance.choices(list(SESSIONS), list(SESSIONS.values()))[0]
            self.toll.connections += 1
            try:
                await session(self, chance, chance.choice(self._orders.urls))
            except (Refused, aiohttp.ClientError, OSError, TimeoutError) as error:
                if len(self.toll.errors) < MOST_ERRORS:
                    self.toll.errors.append(f"{session.__name__}: {error!r}"[:200])

    async def _sent(self, name: str, count: int = 1) -> None:
        """Counts, and waits as the pace demands."""
        self.toll.frames[name] += count
        due = self._began + self.toll.frames.total() / self._orders.pace
        await asyncio.sleep(max(0, due - time.monotonic()))

    def _target(self, chance: Random, *, is_plain: bool = False) -> Target:
        token, ticket_id = chance.choice(self._orders.accounts)
        return Target(token, ticket_id, is_plain)

    # Over a WebSocket, each frame after the one before was handled

    async def stranger(self, chance: Random, url: str) -> None:
        """Socket.IO, before the connect."""
        socket = await Socket.open(url, SOCKET)
        await self._frames(chance, socket, self._target(chance))

    async def member(self, chance: Random, url: str) -> None:
        """Socket.IO, signed in."""
        target = self._target(chance)
        socket = await self._connected(url, target)
        await self._frames(chance, socket, target)

    async def plain(self, chance: Random, url: str) -> None:
        """The plain WebSocket of a ticket."""
        target = self._target(chance, is_plain=True)
        socket = await Socket.open(url, f"/ws/tickets/{target.ticket_id}?token={target.token}")
        await self._frames(chance, socket, target)

    async def _connected(self, url: str, target: Target, *, is_deaf: bool = False) -> Socket:
        socket = await Socket.open(url, SOCKET, is_deaf=is_deaf)
        await socket.write(families.text(connect(target))[0].encode())
        if not (is_deaf or await socket.said(f"40{NAMESPACE}".encode())):
            await socket.close()
            raise Refused("no connect")
        return socket

    async def _frames(self, chance: Random, socket: Socket, target: Target) -> None:
        try:
            for _ in range(chance.randrange(1, MOST_FRAMES)):
                family = family_of(chance)
                frames = family(chance, target)
                if not await socket.write(b"".join(frame.encode() for frame in frames)):
                    break
                await self._sent(family.__name__, len(frames))
                if not await socket.is_handled():
                    self.toll.hung_up += 1
                    break
        finally:
            await socket.close(abruptly=chance.random() < 0.2)

    # Without waiting for anything

    async def flood(self, chance: Random, url: str) -> None:
        """Thousands of small frames, of which no answer is read before the end."""
        target = self._target(chance, is_plain=chance.random() < 0.3)
        if target.is_plain:
            path = f"/ws/tickets/{target.ticket_id}?token={target.token}"
            socket = await Socket.open(url, path, is_deaf=True)
        else:
            socket = await self._connected(url, target, is_deaf=True)
        frame = families.floods(chance, target)
        try:
            for _ in range(FLOOD // BURST):
                if not await socket.write(frame * BURST):
                    break
                await self._sent("floods", BURST)
            socket.listen()
            await socket.is_handled()
        finally:
            await socket.close(abruptly=chance.random() < 0.5)

    async def deaf(self, chance: Random, url: str) -> None:
        """Joins what is long and what is lively, over and over, and reads nothing."""
        target = Target(*chance.choice(self._orders.staff))
        socket = await self._connected(url, target, is_deaf=True)
        try:
            for n in range(DEAF_JOINS):
                ticket_id = target.ticket_id if n % 2 else chance.choice(self._orders.rooms)
                said = f'["join_ticket",{{"ticket_id":"{ticket_id}"}}]'
                (frame,) = families.text(families.packet(target, said, n))
                if not await socket.write(frame.encode()):
                    break
                await self._sent("deaf")
            await asyncio.sleep(DEAF_SECONDS)
        finally:
            await socket.close(abruptly=chance.random() < 0.5)

    # Over HTTP

    async def polling(self, chance: Random, url: str) -> None:
        """Bodies of long polling, and upgrades that go wrong."""
        target = self._target(chance)
        async with self._http.get(f"{url}{POLLING}") as answer:
            sid = orjson.loads((await answer.read())[1:])["sid"]
        address = f"{url}{POLLING}&sid={sid}"
        if chance.random() < 0.8:
            await self._post(address, connect(target).encode())
        for _ in range(chance.randrange(1, MOST_FRAMES)):
            family = family_of(chance)
            body = b"\x1e".join(frame.payload for frame in family(chance, target))
            status = await self._post(address, body)
            await self._sent(f"polling: {family.__name__}")
            if status not in {200, 413}:
                self.toll.hung_up += 1
                return
        if chance.random() < 0.5:
            try:
                socket = await Socket.open(url, f"{SOCKET}&sid={sid}")
            except Refused:  # What was posted last has ended the session.
                self.toll.hung_up += 1
                return
            await self._frames(chance, socket, target)
        else:
            await self._post(address, b"1")

    async def _post(self, address: str, body: bytes) -> int:
        async with self._http.post(address, data=body) as answer:
            await answer.read()
            assert answer.status < 500, answer
            return answer.status


def connect(target: Target) -> str:
    return f"40{NAMESPACE}," + orjson.dumps({"token": target.token}).decode()


def family_of(chance: Random) -> Family:
    return chance.choices(list(FAMILIES), list(FAMILIES.values()))[0]


# How often each comes.
SESSIONS: dict[Any, int] = {
    Attack.member: 800,
    Attack.plain: 400,
    Attack.stranger: 300,
    Attack.polling: 300,
    Attack.flood: 2,
    Attack.deaf: 8,
}


async def main() -> None:
    orders = Orders(**orjson.loads(sys.stdin.readline()))
    async with aiohttp.ClientSession() as http:
        attack = Attack(orders, http)
        await attack.run()
    sys.stdout.write(orjson.dumps(attack.toll).decode() + "\n")


if __name__ == "__main__":
    asyncio.run(main())
