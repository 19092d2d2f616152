"""Attacks over sockets."""

import asyncio
import contextlib
import json
import time

from bench.hostile.attacker import Account, Attacker, Wire
from bench.hostile.requests import members
from tools.chaos.connection import NAMESPACE, Connection, Gone, Refused
from tools.frames.wire import BINARY, Frame

SOCKET = "/socket.io/?EIO=4&transport=websocket"
# Fills a frame to some 57 kB.
REFUSED_MEMBERS = 5600
CROWD = 240
UNREAD = 60
JOINED = b"42/tickets"


async def upgraded(attacker: Attacker, n: int, path: str, *, reads: bool = True) -> Wire:
    """A WebSocket. Raises OSError."""
    wire = await attacker.connect(n, reads=reads)
    wire.write(
        f"GET {path} HTTP/1.1\r\nHost: {attacker.host(n)}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    if not await wire.hears(b" 101 "):
        attacker.count(f"handshake {wire.seen[9:12].decode() or 'unanswered'}")
        wire.close()
        raise ConnectionResetError
    return wire


async def signed_in(attacker: Attacker, n: int, account: Account, *, reads: bool = True) -> Wire:
    """A socket in the namespace. Raises OSError."""
    wire = await upgraded(attacker, n, SOCKET, reads=reads)
    wire.send(f"40{NAMESPACE}," + json.dumps({"token": account.token}))
    if not await wire.hears(b"40/tickets,", b"44/tickets,") or b"44/tickets," in wire.seen:
        code = wire.seen.partition(b'"code":"')[2].partition(b'"')[0].decode()
        attacker.count(f"connect {code or 'unanswered'}")
        wire.close()
        raise ConnectionResetError
    return wire


async def refused_frames(attacker: Attacker) -> None:
    """Messages of 57 kB whose members nobody knows, six a second on two sockets."""
    unknown = json.loads(members(REFUSED_MEMBERS))
    await attacker.go()

    async def talk(n: int) -> None:
        token = attacker.account(n).token
        try:
            socket = await Connection.open(attacker.http, attacker.url(n), token, _deaf)
        except (Gone, Refused) as error:
            attacker.count(f"connect {type(error).__name__}")
            await asyncio.sleep(0.5)
            return
        with contextlib.suppress(Gone):
            while not attacker.is_over:
                attacker.toll.sent += 1
                began = time.monotonic()
                try:
                    await socket.call("post_message", unknown)
                except Refused as refused:
                    attacker.count(f"refused {refused.code}")
                await asyncio.sleep(max(0, began + 1 / 3 - time.monotonic()))
        attacker.count("socket over")
        await socket.close()

    await attacker.at_once(2, talk)


def _deaf(_: str, __: object) -> None:
    """Hears nothing."""


async def unread_sockets(attacker: Attacker) -> None:
    """Sixty, a third of them plain, that join what is long and do not read."""
    await attacker.go()

    async def join(n: int) -> None:
        account = attacker.account(n)
        attacker.toll.sent += 1
        path = f"/ws/tickets/{account.ticket_id}?after=0&token={account.token}"
        try:
            if n % 3 == 0:
                wire = await upgraded(attacker, n, path, reads=False)
            else:
                wire = await signed_in(attacker, n, account, reads=False)
                said = json.dumps(["join_ticket", {"ticket_id": account.ticket_id}])
                wire.send(f"42{NAMESPACE},1{said}")
            heard = await wire.hears(JOINED, b'"sender_id"')
            attacker.count("history begun" if heard else "nothing heard")
            await attacker.rest()
            attacker.count("cut off" if wire.is_over else "kept to the end")
            wire.close()
        except (OSError, TimeoutError) as error:
            attacker.count(type(error).__name__)

    await asyncio.gather(*map(join, range(UNREAD)))


async def crowd(attacker: Attacker) -> None:
    """One account's sockets, all in one room, each typing once a second."""
    await attacker.go()
    account = attacker.account(0)
    wires: list[Wire] = []
    ticket = {"ticket_id": account.ticket_id}

    async def enter(n: int) -> None:
        if n >= CROWD:
            return
        attacker.toll.sent += 1
        try:
            wire = await signed_in(attacker, n, account)
        except (OSError, TimeoutError):
            return
        wires.append(wire)
        attacker.count("connected")
        wire.send(f"42{NAMESPACE},1" + json.dumps(["join_ticket", ticket]))
        typing = json.dumps(["typing", ticket | {"active": True}])
        while not (attacker.is_over or wire.is_over):
            await asyncio.sleep(1)
            wire.send(f"42{NAMESPACE},{typing}")
            attacker.toll.answers["typed"] += 1
        if wire.is_over:
            attacker.count("hung up on")

    await attacker.at_rate(100, enter)
    for wire in wires:
        wire.close()


async def binary_frames(attacker: Attacker) -> None:
    """Frames and events that are binary, signed in and not, each on a connection of its own."""
    await attacker.go()
    blob = Frame(bytes(60_000), BINARY).encode()
    attached = f'451-{NAMESPACE},1["post_message",{{"_placeholder":true,"num":0}}]'

    async def send(n: int) -> None:
        attacker.toll.sent += 1
        try:
            if n % 2:
                wire = await upgraded(attacker, n // 2, SOCKET)
            else:
                wire = await signed_in(attacker, n // 2, attacker.account(n // 2))
                wire.send(attached)
            wire.write(blob)
            attacker.count("ended" if await wire.ends() else "kept")
            wire.close()
        except (OSError, TimeoutError) as error:
            attacker.count(type(error).__name__)

    await attacker.at_rate(20, send)
