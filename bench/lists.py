"""``python -m bench.lists --tickets 10000 --tickets 1000000``: lists and search as the desk grows.

For each size a database is filled as ``manage demo`` fills it (once, where ``--folder`` is kept)
and served by one web process on embedded servers with their production settings. Of each list,
filter, sort and search it measures the first page and the 10,000th (or, of a shorter list, one at
nine tenths of it), and prints medians in milliseconds: of the request, and of its statements alone.
The sizes take turns, so that what else the machine does meets them alike.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import click
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from embedded.servers import Embedded
from manage import bulk
from models import Role
from server.database.transaction import OPTIONS
from server.identity.tokens import Tokens
from tests.cluster.conftest import Cluster
from tests.conftest import Backend, migrated
from tests.factories import PASSWORD_HASH, an_actor, database, now
from tests.pages import COPY, LABEL, Case, People, cases, people
from tests.statements import Statement, statements

WARM_UP = 6
Milliseconds = float


@dataclass(frozen=True)
class Desk:
    """One size of the desk: its web process, its database, and who asks."""

    tickets: int
    url: str
    connection: Connection
    people: People
    tokens: dict[Actor, str]


@dataclass(frozen=True)
class Page:
    """One page of a desk, ready to be asked for."""

    url: str
    params: dict[str, str]
    token: str
    connection: Connection
    statements: list[Statement]


@contextmanager
def desks(folder: Path, sizes: Sequence[int]) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        servers = stack.enter_context(Embedded(folder))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = []
        for size in sizes:
            backend = Backend(filled(servers.database_url, size), servers.redis_url)
            engine = create_engine(
                backend.database_url,
                isolation_level="AUTOCOMMIT",
                connect_args={"options": OPTIONS},
            )
            connection = stack.enter_context(engine.connect())
            with database(backend.settings) as session:
                found = people(session)
                tokens = {
                    actor: signed_in(session, backend, actor)
                    for actor in (found.customer, found.csr, found.admin)
                }
            url = Cluster(backend, logs, stack).start_web()
            made.append(Desk(size, url, connection, found, tokens))
        yield made


def signed_in(session: Session, backend: Backend, actor: Actor) -> str:
    settings = backend.settings.model_copy(update={"access_token_expire_minutes": 1440})
    issued = sessions.open_session(session, actor.id, timedelta(days=1), now())
    return Tokens(settings).pair(issued, now()).access_token


def filled(admin_url: str, size: int) -> str:
    """The database with so many tickets, made unless it is there."""
    name = f"lists_{size}"
    url = make_url(admin_url).set(database=name).render_as_string(False)
    admin = create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        known = text("select 1 from pg_database where datname = :name")
        if connection.scalar(known, {"name": name}) is None:
            connection.execute(text(f"create database {name}"))
    admin.dispose()
    migrated(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        if connection.scalar(text("select 1 from users where role = 'admin'")) is None:
            fill(connection, size)
    engine.dispose()
    return url


def fill(connection: Connection, size: int) -> None:
    began = time.monotonic()
    with Session(connection) as session:
        with click.progressbar(length=size, label=f"{size:,} tickets") as bar:
            bulk.fill(session, size, now(), PASSWORD_HASH, bar.update)
        session.execute(LABEL)
        an_actor(session, Role.ADMIN)
        session.execute(COPY, {"who": people(session).customer.id})
        session.commit()
    bulk.settle(connection)
    click.echo(f"Made in {time.monotonic() - began:.0f} s")


def pages(desk: Desk, case: Case, *, with_count: bool) -> Iterator[tuple[str, Page]]:
    """The case's pages by name: the first, a late one, and the first with its total."""
    with Session(desk.connection) as session:
        later = case.later(session)
        asked = {"first": {}, **({"later": {"cursor": later}} if later else {})}
        for name, more in asked.items():
            with statements(desk.connection) as seen:
                case.run(session, more.get("cursor"))
            params = {**case.params, **more}
            yield name, _page(desk, case, params, seen)
        if with_count:
            with statements(desk.connection) as seen:
                case.count(session)
            yield "count", _page(desk, case, {**case.params, "count": "true", "limit": "1"}, seen)


def _page(desk: Desk, case: Case, params: dict[str, str], seen: list[Statement]) -> Page:
    url = f"{desk.url}/api/v1{case.path}"
    return Page(url, params, desk.tokens[case.actor], desk.connection, list(seen))


async def requested(http: aiohttp.ClientSession, page: Page) -> Milliseconds:
    headers = {"Authorization": f"Bearer {page.token}"}
    began = time.perf_counter()
    async with http.get(page.url, params=page.params, headers=headers) as answer:
        await answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise click.ClickException(f"{page.url} {page.params}: {answer.status}")
    return took


def alone(page: Page) -> Milliseconds:
    began = time.perf_counter()
    for statement, parameters in page.statements:
        page.connection.exec_driver_sql(statement, dict(parameters)).all()
    return (time.perf_counter() - began) * 1000


async def measured(found: Sequence[Page], rounds: int) -> list[tuple[Milliseconds, Milliseconds]]:
    """Of each page the median of the request and of its statements."""
    whole: list[list[Milliseconds]] = [[] for _ in found]
    parts: list[list[Milliseconds]] = [[] for _ in found]
    async with aiohttp.ClientSession() as http:
        for n in range(WARM_UP + rounds):
            for page, requests, statements_ in zip(found, whole, parts, strict=True):
                took = await requested(http, page), alone(page)
                if n >= WARM_UP:
                    requests.append(took[0])
                    statements_.append(took[1])
    return [(statistics.median(w), statistics.median(p)) for w, p in zip(whole, parts, strict=True)]


async def run(found: Sequence[Desk], rounds: int, only: str, *, with_count: bool) -> None:
    sizes = "".join(f"{f'{desk.tickets:,}':>20}" for desk in found)
    click.echo(f"{'request (statements), p50 in ms':64}{sizes}{'ratio':>8}")
    for same in zip(*(cases(desk.people, desk.tickets) for desk in found), strict=True):
        if only not in same[0].label:
            continue
        asked = [
            dict(pages(desk, case, with_count=with_count))
            for desk, case in zip(found, same, strict=True)
        ]
        for name in asked[0]:
            took = await measured([pages_[name] for pages_ in asked if name in pages_], rounds)
            shown = "".join(f"{whole:11.1f} ({part:6.2f})" for whole, part in took)
            ratio = took[-1][0] / took[0][0]
            click.echo(f"{f'{same[0].label}, {name}':64}{shown}{ratio:8.2f}")


@click.command()
@click.option("--tickets", "sizes", type=int, multiple=True, default=(10_000, 1_000_000))
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keeps the databases for next time."
)
@click.option("--rounds", default=21, show_default=True)
@click.option("--only", default="", help="The lists whose name has this in it.")
@click.option("--count", "with_count", is_flag=True, help="Each first page with count=true, too.")
def main(
    sizes: tuple[int, ...], folder: Path | None, rounds: int, only: str, with_count: bool
) -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        desks(folder or Path(temporary), sizes) as found,
    ):
        asyncio.run(run(found, rounds, only, with_count=with_count))


if __name__ == "__main__":
    sys.exit(main())
