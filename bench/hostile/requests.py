"""Attacks over HTTP."""

import asyncio
import itertools
import json
import string
import zlib

import aiohttp

from bench.hostile.attacker import API, Attacker
from tests.factories import PASSWORD

MEGABYTE = 1 << 20
INFLATED = 1024
MANY = 28_000
FEW = 450
LONG_PATH = "/" + "eyJ" * 2690
EXCLUSIONS = "+".join(f"-z{n}" for n in range(28))
HANG_UP = aiohttp.ClientTimeout(total=0.1)
TICKET = {"title": "Help", "description": "Help! " * 300, "category": "billing", "type": "bug"}


def bomb() -> bytes:
    """Some 950 kB that inflate to a gigabyte of zeros."""
    packer = zlib.compressobj(9)
    first, *blocks = (
        packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(3)
    )
    return first + blocks[-1] * (INFLATED - 1) + packer.flush()


def members(count: int) -> bytes:
    """An object of so many names that no route knows."""
    letters = string.ascii_lowercase + string.digits
    names = itertools.islice(map("".join, itertools.product(letters, repeat=3)), count)
    return json.dumps(dict.fromkeys(names, 0), separators=(",", ":")).encode()


async def bombs(attacker: Attacker) -> None:
    body = bomb()
    await attacker.go()

    async def send(n: int) -> None:
        head = (
            f"POST {API}/auth/refresh HTTP/1.1\r\nHost: {attacker.host(n)}\r\n"
            "Content-Type: application/json\r\nContent-Encoding: deflate\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        attacker.toll.sent += 1
        try:
            wire = await attacker.connect(n)
            wire.write(head.encode(), body)
            heard = await wire.hears(b"\r\n\r\n")
            attacker.count(wire.seen[9:12].decode() if heard else "reset")
            wire.close()
        except OSError as error:
            attacker.count(type(error).__name__)

    await attacker.at_rate(2, send)


async def unknown_members(attacker: Attacker) -> None:
    """28,000 to routes with and without an account, and what a short body holds."""
    many, few = members(MANY), members(FEW)
    await attacker.go()
    json_body = {"Content-Type": "application/json"}

    async def strangers_many(n: int) -> None:
        path = f"{API}/auth/{('refresh', 'logout')[n % 2]}"
        await attacker.ask(n // 2, "POST", path, data=many, headers=json_body)

    async def strangers_few(n: int) -> None:
        path = f"{API}/auth/{('refresh', 'logout')[n % 2]}"
        await attacker.ask(n // 2, "POST", path, data=few, headers=json_body)

    async def customers_many(n: int) -> None:
        account = attacker.account(n)
        path = f"{API}/tickets/{account.ticket_id}/messages"
        await attacker.ask(n, "POST", path, token=account.token, data=many, headers=json_body)

    await asyncio.gather(
        attacker.at_rate(6, strangers_many),
        attacker.at_rate(16, strangers_few),
        attacker.at_rate(6, customers_many),
    )


async def long_paths(attacker: Attacker) -> None:
    await attacker.go()
    await attacker.at_rate(7, lambda n: attacker.ask(n, "GET", LONG_PATH))


async def password_changes(attacker: Attacker) -> None:
    """Four accounts, each one change after the other, with the right password."""
    await attacker.go()
    body = {"current_password": PASSWORD, "new_password": PASSWORD}

    async def change(n: int) -> None:
        token = attacker.account(n).token
        await attacker.ask(n, "POST", f"{API}/auth/password", token=token, json=body)
        await asyncio.sleep(0.2)

    await attacker.at_once(4, change)


async def log_ins(attacker: Attacker) -> None:
    """Of addresses that nobody has, twelve at once from one network address."""
    await attacker.go()
    numbers = itertools.count()

    async def log_in(n: int) -> None:
        given = {"email": f"nobody{next(numbers)}@desk.test", "password": PASSWORD}
        await attacker.ask(n, "POST", f"{API}/auth/login", json=given)
        await asyncio.sleep(0.2)

    await attacker.at_once(12, log_in)


async def searches(attacker: Attacker) -> None:
    """A customer's, 24 at once, who hangs up after a tenth of a second."""
    await attacker.go()
    token = attacker.account(0).token
    path = f"{API}/users/tickets?q={EXCLUSIONS}&count=true"

    async def search(n: int) -> None:
        await attacker.ask(n, "GET", path, token=token, timeout=HANG_UP)
        await asyncio.sleep(0.4)

    await attacker.at_once(24, search)


async def unread_answers(attacker: Attacker) -> None:
    """Sixty connections that ask for long pages four times each, and read the first lines."""
    await attacker.go()

    async def ask(n: int) -> None:
        account = attacker.account(n)
        request = (
            f"GET {API}/tickets/{account.ticket_id}/timeline?limit=200 HTTP/1.1\r\n"
            f"Host: {attacker.host(n)}\r\nAuthorization: Bearer {account.token}\r\n\r\n"
        )
        attacker.toll.sent += 4
        try:
            wire = await attacker.connect(n, reads=False)
            wire.write(request.encode() * 4)
            heard = await wire.hears(b"\r\n\r\n")
            attacker.count(wire.seen[9:12].decode() if heard else "nothing heard")
            await attacker.rest()
            attacker.count("cut off" if wire.is_over else "kept to the end")
            wire.close()
        except (OSError, TimeoutError) as error:
            attacker.count(type(error).__name__)

    await asyncio.gather(*map(ask, range(60)))


async def openings(attacker: Attacker) -> None:
    """One account opens tickets, each with a key."""
    await attacker.go()
    token = attacker.account(0).token

    async def open_one(n: int) -> None:
        headers = {"Idempotency-Key": f"{attacker.orders.address}-{n}"}
        new = TICKET | {"title": f"Help {n}"}
        await attacker.ask(
            n, "POST", f"{API}/users/tickets", token=token, json=new, headers=headers
        )

    await attacker.at_rate(20, open_one)


async def metrics(attacker: Attacker) -> None:
    """Forty connections, each again a tenth of a second after its answer."""
    await attacker.go()

    async def look(n: int) -> None:
        await attacker.ask(n, "GET", "/metrics")
        await asyncio.sleep(0.1)

    await attacker.at_once(40, look)
