"""What is no contest of throughput: assignment, a storm of logins, the start, idle sockets."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import aiohttp
import psycopg

from bench import latency, sockets
from bench.house import FASTAPI, FASTIFY, NODE, SOCKETIO, House, Subject
from bench.people import Customers, customers, share, staff
from bench.rest import LIST
from bench.rounds import Refused, Sample, Work, interleaved, metered
from bench.sockets import Crowd, Load
from server.identity import passwords
from tests.factories import PASSWORD

Starting = Callable[[], AbstractContextManager[Subject]]

OPENED_PER_SECOND = 40.0
LOGINS = 50
# Of the other route, while the logins are answered.
ASKED_PER_SECOND = 100.0


def assignment(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    """From sending the POST until the CSR's socket hears of it, with our worker and beat."""
    work = Work("POST to assigned, 40/s", "ticket")
    with house.product() as subject, house.worker():
        for _ in range(rounds + 1):  # The first finds everything cold, and is left out.
            _begin_anew(house)
            work.samples.append(_assigned(house, subject, seconds))
    del work.samples[0]
    yield work


def _assigned(house: House, subject: Subject, seconds: float) -> Sample:
    count = int(OPENED_PER_SECOND * seconds)
    url = subject.url
    opening = latency.opening(house.settings, url, url, count, OPENED_PER_SECOND)
    with metered(house, subject) as meter:
        try:
            took = asyncio.run(opening)
        except TimeoutError as error:
            raise Refused("POST to assigned: some tickets were never assigned") from error
    return meter.sample(subject, took, wrong=count - len(took))


def _begin_anew(house: House) -> None:
    """Nothing waits, and nobody who was here before is given a ticket, for which they are deaf."""
    with psycopg.connect(house.database) as connection:
        connection.execute("update users set available = false")
        connection.execute("update tickets set status = 'closed' where assigned_to_id is null")


def login_storm(house: House, rounds: int) -> Iterator[Work]:
    """One ticket, asked for again and again, while fifty people log in at once."""
    [csr] = staff(house, 1)
    known = customers(house, LOGINS, 1, csr)
    with psycopg.connect(house.database) as connection:
        connection.execute("update users set password_hash = %s", [passwords.hashed(PASSWORD)])
    share(house)
    work = Work("one ticket while 50 log in", "answer")
    with ExitStack() as stack:
        peer = stack.enter_context(house.peer(FASTAPI))
        subjects = [stack.enter_context(house.product()), peer]

        def measure(subject: Subject) -> Sample:
            return asyncio.run(_storm(house, subject, known))

        work.samples += interleaved(subjects, rounds, measure)
    yield work


async def _storm(house: House, subject: Subject, known: Customers) -> Sample:
    took: list[float] = []
    wrong = 0
    asked: set[asyncio.Task[None]] = set()
    person = known.people[0]
    path = f"{LIST}/{known.tickets[str(person.id)][0]}"
    headers = {"Authorization": f"Bearer {person.token}"}

    async def ask() -> None:
        nonlocal wrong
        began = time.perf_counter()
        try:
            async with http.get(path, headers=headers) as response:
                right = response.status == 200 and b'"title"' in await response.read()
        except (aiohttp.ClientError, TimeoutError):
            right = False
        took.append((time.perf_counter() - began) * 1000)
        wrong += not right

    async def log_in(email: str) -> None:
        nonlocal wrong
        given = {"email": email, "password": PASSWORD}
        try:
            async with http.post("/api/v1/auth/login", json=given) as response:
                right = "access_token" in await response.json()
        except (aiohttp.ClientError, TimeoutError):
            right = False
        wrong += not right

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(subject.url, connector=connector) as http:
        for _ in range(10):
            await ask()
        took.clear()
        with metered(house, subject) as meter:
            logins = asyncio.gather(*(log_in(person.email) for person in known.people))
            while not logins.done():
                asked.add(asyncio.create_task(ask()))
                await asyncio.sleep(1 / ASKED_PER_SECOND)
            await asyncio.gather(logins, *asked)
    return meter.sample(subject, took, wrong=wrong, done=max(0, len(took) - wrong))


def start(house: House, rounds: int) -> Iterator[Work]:
    """From the start of the process until it answers that it is ready."""
    work = Work("start to ready", "start")

    def measure(started: Starting) -> Sample:
        with started() as subject, metered(house, subject) as meter:
            pass
        # It is the start that counts, not what came after it.
        meter.seconds, meter.server_cpu = subject.started_in, meter.server_cpu_before
        return meter.sample(subject, [subject.started_in * 1000], wrong=0)

    with house.product():  # What is read from the disk for the first time is no one's fault.
        pass
    peers: list[Starting] = [partial(house.peer, kind) for kind in (FASTIFY, NODE, SOCKETIO)]
    work.samples += interleaved([house.product, *peers], rounds, measure)
    yield work


def idle(house: House, count: int, rounds: int) -> Iterator[Work]:
    """Sockets of as many customers, each in the room of their ticket, that say nothing.

    Each round has a new server: what one has held once it does not give back.
    """
    [csr] = staff(house, 1)
    known = customers(house, count, 1, csr)
    share(house)
    rooms = [
        {"ticket_id": known.tickets[str(person.id)][0], "members": [n]}
        for n, person in enumerate(known.people)
    ]
    work = Work("idle sockets", "socket")
    few, all_of_them = Crowd(known.people[:100], rooms[:100]), Crowd(known.people, rooms)

    def measure(started: Starting) -> Sample:
        with started() as subject:
            sockets.run(house, subject, Load(few, "idle", 0, 1))
            with metered(house, subject) as before:
                pass
            sample = sockets.run(house, subject, Load(all_of_them, "idle", 0, 3))
            sample.more["bytes_per_socket"] = (sample.memory - before.memory) / count
        return sample

    both: list[Starting] = [house.product, partial(house.peer, NODE)]
    work.samples += interleaved(both, rounds, measure)
    yield work
