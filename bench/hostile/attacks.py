"""``python -m bench.hostile.attacks``: one attack, in a process of its own.

Takes `Orders` as a line of JSON, says that it is ready, waits for the word, attacks for the time
that it was given, and writes its `Toll` as a line of JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from bench.hostile import frames, requests
from bench.hostile.attacker import Attacker, Orders

NICE = 19
REFUSED = ("refused invalid", "refused invalid_json")


@dataclass(frozen=True)
class Attack:
    """``aims``: answers of which some show that it came as far as it was meant to.

    ``kind``: of the honest's doings, one that is judged by itself.
    """

    what: str
    run: Callable[[Attacker], Awaitable[None]]
    aims: tuple[str, ...]
    accounts: int = 1
    kind: str | None = None
    # Whether the accounts' tickets have a long past.
    is_long: bool = False


ATTACKS = {
    "bombs": Attack("deflate bombs, 2/s", requests.bombs, ("415",), accounts=0),
    "members": Attack(
        "28,000 unknown members, 6/s and 6/s",
        requests.unknown_members,
        ("400 invalid_json", "422 invalid"),
    ),
    "frames": Attack("refused frames of 57 kB, 6/s", frames.refused_frames, REFUSED),
    "paths": Attack("paths of 2,690 eyJ, 7/s", requests.long_paths, ("404 not_found",), 0),
    "passwords": Attack(
        "password changes in a loop",
        requests.password_changes,
        ("204",),
        accounts=4,
        kind="log-in",
    ),
    "log-ins": Attack(
        "log-ins of unknown addresses",
        requests.log_ins,
        ("401 invalid_credentials",),
        accounts=0,
        kind="log-in",
    ),
    "searches": Attack("28 exclusions, 24 at once", requests.searches, ("200", "hung up")),
    "unread": Attack(
        "60 unread answers", requests.unread_answers, ("200",), accounts=6, is_long=True
    ),
    "unread-sockets": Attack(
        "60 unread sockets", frames.unread_sockets, ("history begun",), accounts=6, is_long=True
    ),
    "openings": Attack(
        "an account opens tickets, 20/s", requests.openings, ("201",), kind="assigned"
    ),
    "metrics": Attack("/metrics from 40 connections", requests.metrics, ("200",), accounts=0),
    "crowd": Attack("240 sockets of one account", frames.crowd, ("connected",)),
    "binary": Attack("binary frames, 20/s", frames.binary_frames, ("ended",), accounts=5),
}


async def main() -> None:
    orders = Orders.read(sys.stdin.readline())
    connector = aiohttp.TCPConnector(limit=0, local_addr=(orders.address, 0))
    async with aiohttp.ClientSession(connector=connector) as http:
        attacker = Attacker(orders, http)
        await ATTACKS[orders.name].run(attacker)
    attacker.toll.cpu += time.process_time()
    sys.stdout.write(json.dumps(vars(attacker.toll)) + "\n")


if __name__ == "__main__":
    os.nice(NICE)
    asyncio.run(main())
