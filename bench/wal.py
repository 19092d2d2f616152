"""``python -m bench.wal``: what a message makes PostgreSQL write, and how long it works for it.

Customers and CSRs talk in turn on tickets of a desk of ``--tickets``, over REST, 60 bytes at a
time, each with one notification. Then the worker has its turn: it indexes the words and sends the
mails. The bytes of each record of the write-ahead log, without full-page images, are counted by
table and divided by the messages. ``--folder`` keeps the database. The same in another checkout,
with a folder of its own, measures that one.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import click
import psycopg
from psycopg.rows import dict_row

from bench.house import US, Subject
from bench.lists import filled, signed_in
from bench.machine import cpu_seconds
from bench.rounds import Meter, Sample, Spread, Work
from desk.access import Actor
from embedded.postgres import Postgres
from embedded.servers import Embedded
from models import Role
from tests.cluster.conftest import Cluster
from tests.conftest import Backend
from tests.factories import database
from tests.mailbox import Mailbox

TITLE = "What a message writes"
POSTING, WORKING = "posting", "worker"
# So many tickets are talked on at a time, by so many requests at once.
TALKS, AT_ONCE = 200, 4
PATIENCE = 120.0
TEXT = "It does still not print, the light is on and paper is there."
SIZE, MESSAGES = 10_000, 4_000
RECORD = re.compile(
    r"rmgr: (?P<manager>\S+) +len \(rec/tot\): +(?P<size>\d+)/ *(?P<whole>\d+),.*?"
    r"desc: (?P<what>\w+)(?:.*?blkref #0: rel \d+/(?P<database>\d+)/(?P<file>\d+))?"
)
TALKING = f"""
    select id, user_id, assigned_to_id from tickets
    where assigned_to_id is not null and status in ('open', 'in_progress')
    order by created_at desc, id limit {TALKS}
"""
# A table's, its indexes' and its toast's records are told apart.
RELATIONS = """
    select pg_relation_filenode(c.oid) as file, case c.relkind
        when 'i' then coalesce(owner.relname, t.relname) || ' indexes'
        when 't' then owner.relname || ' toast' else c.relname end as name
    from pg_class c
    left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
    left join pg_class owner on owner.reltoastrelid in (c.oid, i.indrelid) and c.relkind <> 'r'
    where c.relkind in ('r', 'i', 't')
"""
UPDATES = """
    select relname, n_tup_upd as updates, n_tup_hot_upd as hot, n_tup_ins as inserts
    from pg_stat_user_tables
"""
# All is done that a message leaves to the worker.
IS_QUIET = """
    select not exists (select from unindexed_events)
        and not exists (select from notifications where done_at is null)
"""
Row = Mapping[str, int]


@dataclass(frozen=True)
class Message:
    ticket_id: UUID
    token: str


class Log:
    """The write-ahead log of an embedded PostgreSQL, from a moment on."""

    def __init__(self, postgres: Postgres, connection: psycopg.Connection) -> None:
        self._postgres, self._connection = postgres, connection
        self._began, self._cpu = self._position(), cpu_seconds(postgres.pid)

    def bytes_by_table(self, messages: int) -> dict[str, float]:
        """Bytes a message since then, and microseconds of CPU; `Sample.more`."""
        cpu = cpu_seconds(self._postgres.pid) - self._cpu
        ended = self._position()
        names: dict[int, str] = dict(self._connection.execute(RELATIONS).fetchall())
        found: Counter[str] = Counter()
        for record in self._records(ended):
            name = names.get(int(record["file"] or 0), str(record["manager"]))
            if record["what"] == "LOCK":
                name += " locks"
            found[name] += int(record["size"])
            found["full-page images"] += int(record["whole"]) - int(record["size"])
        images = found.pop("full-page images", 0)
        each = {name: count / messages for name, count in found.most_common()}
        total = sum(each.values())
        return {
            "in all": total,
            **each,
            "full-page images": images / messages,
            "CPU µs": 1e6 * cpu / messages,
        }

    def _position(self) -> str:
        row = self._connection.execute("select pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        return str(row[0])

    def _records(self, ended: str) -> Iterator[re.Match[str]]:
        folder = self._postgres.data / "pg_wal"
        dump = self._postgres.binaries / "pg_waldump"
        argv: list[str | Path] = [dump, "--path", folder, "--start", self._began, "--end", ended]
        shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        return (match for line in shown.splitlines() if (match := RECORD.match(line)))


def talk(connection: psycopg.Connection, backend: Backend, count: int) -> list[Message]:
    """The messages in their order: on each ticket in turn, the customer's first."""
    with database(backend.settings) as session:
        tokens: dict[UUID, str] = {}

        def token(person: UUID, role: Role) -> str:
            if person not in tokens:
                tokens[person] = signed_in(session, backend, Actor(person, role))
            return tokens[person]

        talks = [
            (Message(ticket, token(customer, Role.USER)), Message(ticket, token(csr, Role.CSR)))
            for ticket, customer, csr in connection.execute(TALKING).fetchall()
        ]
    turns = [[pair[side] for pair in talks] for side in (0, 1)]
    return list(islice(cycle([message for turn in turns for message in turn]), count))


async def posted(url: str, messages: Sequence[Message]) -> list[float]:
    """Posts them; the milliseconds that each took."""
    left, took = iter(messages), []

    async def post(http: aiohttp.ClientSession) -> None:
        for message in left:
            body = {"content": TEXT, "client_id": str(uuid4())}
            headers = {"Authorization": f"Bearer {message.token}"}
            path = f"{url}/api/v1/tickets/{message.ticket_id}/messages"
            began = time.perf_counter()
            async with http.post(path, json=body, headers=headers) as answer:
                await answer.read()
            if answer.status != 201:
                raise click.ClickException(f"{path}: {answer.status}")
            took.append((time.perf_counter() - began) * 1000)

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(post(http) for _ in range(AT_ONCE)))
    return took


def _updates(connection: psycopg.Connection) -> dict[str, Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return {row.pop("relname"): row for row in cursor.execute(UPDATES).fetchall()}


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise click.ClickException(f"{what} after {PATIENCE:.0f} s")
        time.sleep(0.2)


def _hot(before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, float]:
    """Of each table's updates the percentage that moved nothing in an index."""
    made = {name: after[name]["updates"] - before[name]["updates"] for name in after}
    return {
        f"{name} HOT %": 100 * (after[name]["hot"] - before[name]["hot"]) / count
        for name, count in made.items()
        if count
    }


@dataclass(frozen=True)
class Desk:
    """A database with its web process, and what is said on it."""

    postgres: Postgres
    connection: psycopg.Connection
    cluster: Cluster
    messages: Sequence[Message]

    def post(self) -> tuple[list[float], dict[str, float]]:
        """The milliseconds that each message took, and what was written for one."""
        connection, new = self.connection, self.messages[TALKS:]
        # What is prepared, and read for the first time.
        asyncio.run(posted(self.cluster.urls[0], self.messages[:TALKS]))
        connection.execute("checkpoint")
        before, log = _updates(connection), Log(self.postgres, connection)
        took = asyncio.run(posted(self.cluster.urls[0], new))
        written = log.bytes_by_table(len(new))
        all_of_them = before["events"]["inserts"] + len(new)
        _until(
            lambda: _updates(connection)["events"]["inserts"] >= all_of_them,
            "The statistics do not count all messages",
        )
        return took, written | _hot(before, _updates(connection))

    def work(self) -> dict[str, float]:
        """What the worker writes for one of the messages."""
        due = "update notifications set due_at = now() where done_at is null"
        self.connection.execute(due)
        log = Log(self.postgres, self.connection)
        self.cluster.start_worker()
        self.cluster.start_beat()
        _until(
            lambda: self.connection.execute(IS_QUIET).fetchone() == (True,),
            "The worker is not done",
        )
        return log.bytes_by_table(len(self.messages))


def measured(servers: Embedded, size: int, count: int) -> Sample:
    """One round: ``count`` messages on a desk of ``size`` tickets, and the worker's part of it."""
    backend = Backend(filled(servers.database_url, size), servers.redis_url)
    with ExitStack() as stack:
        plain = backend.database_url.replace("postgresql+psycopg", "postgresql")
        connection = stack.enter_context(psycopg.connect(plain, autocommit=True))
        mailbox = stack.enter_context(Mailbox())
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = Cluster(backend, logs, stack, {"SMTP_URL": mailbox.url})
        cluster.start_web()
        messages = talk(connection, backend, TALKS + count)
        desk = Desk(servers.postgres, connection, cluster, messages)
        took, posting = desk.post()
        working = desk.work()
    more = {f"{POSTING} {key}": value for key, value in posting.items()}
    more |= {f"{WORKING} {key}": value for key, value in working.items()}
    cpu = posting["CPU µs"] * count / 1e6
    return Meter(seconds=sum(took) / 1000 / AT_ONCE, database_cpu=cpu).sample(
        Subject(US, "", 0, 0.0, backend.database_url), took, wrong=0, more=more
    )


def works(
    servers: Embedded, rounds: int, size: int = SIZE, count: int = MESSAGES
) -> Iterator[Work]:
    yield Work(TITLE, "message", [measured(servers, size, count) for _ in range(rounds)])


def text(works: Mapping[str, Work]) -> Iterator[str]:
    """The bytes by table: the median of the rounds, and their ends."""
    if (work := works.get(TITLE)) is None:
        return
    yield f"\n{TITLE}: bytes of the log, unless it says what"
    for name in dict.fromkeys(name for sample in work.samples for name in sample.more):
        found = Spread.of([sample.more.get(name, 0.0) for sample in work.samples])
        if "HOT" in name or found.median >= 1:
            yield f"  {name:44}{found}"


@click.command()
@click.option("--tickets", default=SIZE, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keeps the database for next time.")
@click.option("--messages", default=MESSAGES, show_default=True)
@click.option("--rounds", default=1, show_default=True)
def main(tickets: int, folder: Path | None, messages: int, rounds: int) -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        Embedded(folder or Path(temporary)) as servers,
    ):
        [work] = works(servers, rounds, tickets, messages)
    for line in text({TITLE: work}):
        click.echo(line)


if __name__ == "__main__":
    sys.exit(main())
