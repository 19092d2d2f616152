"""``doctor``: looks whether everything is in place, and says what to do where it is not."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click
import redis
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from config import Misconfigured, Settings, settings
from desk import audit_chain
from desk.errors import Conflict
from manage import environment
from manage.database import connected
from manage.migrate import newest, revision
from manage.timeouts import within
from wire.broker import celery_app, reach
from wire.workers import alive

OLDEST_POSTGRES = (14,)
OLDEST_REDIS = (6, 2)
PATIENCE = 5.0
# Where CVE-2024-6923 was closed.
PATCHED = {(3, 11): (3, 11, 10), (3, 12): (3, 12, 5)}
PING_SECONDS = 1.0
# As much as the tokens of one host may be ahead of the clock of another (server.identity.tokens).
MOST_SKEW = 2.0


class Report:
    """Prints a line per check and remembers whether all was well."""

    def __init__(self) -> None:
        self.is_well = True

    def check(self, name: str, look: Callable[[], str]) -> None:
        """``look`` returns what it saw, or raises `ClickException` with what to do."""
        try:
            self._line("ok", name, look())
        except click.ClickException as error:
            self.wrong(name, error.message)

    def wrong(self, name: str, advice: str) -> None:
        self.is_well = False
        self._line("!!", name, advice)

    def _line(self, mark: str, name: str, text: str) -> None:
        click.echo(f"{mark}  {name:<8}  {text}")


@click.command()
def doctor() -> None:
    """Check that all is in place; exit 1 if not.

    Looks at the settings and secrets, the database with its schema, clock and audit
    log, Redis, the broker
    and the worker, and says what to do.
    """
    report = Report()
    environment.enter()
    report.check("python", _python)
    found = _settings(report)
    _look_at_the_database(report)
    if found is not None:
        report.check("redis", lambda: _redis(found))
        report.check("broker", lambda: _broker(found))
        report.check("worker", lambda: _worker(found))
    sys.exit(0 if report.is_well else 1)


def _python() -> str:
    version = sys.version_info[:3]
    if PATCHED.get(version[:2], version) > version:
        patched = _dotted(PATCHED[version[:2]])
        return f"{_dotted(version)} has CVE-2024-6923, which our mails avoid; {patched} has not"
    return _dotted(version)


def _settings(report: Report) -> Settings | None:
    try:
        found = settings()
    except Misconfigured as error:
        report.wrong("settings", str(error))
        return None
    kind = "complete, for the embedded database" if environment.is_embedded() else "complete"
    report.check("settings", lambda: kind)
    report.check(
        "secrets", lambda: "JWT_SECRET_KEY is long enough, no known example, no repetition"
    )
    return found


def _look_at_the_database(report: Report) -> None:
    try:
        with connected() as connection:
            report.check("database", lambda: _version(connection))
            report.check("schema", lambda: _schema(connection))
            report.check("clock", lambda: _clock(connection))
            if revision(connection) == newest():
                report.check("audit", lambda: _audit(connection))
    except click.ClickException as error:
        report.wrong("database", error.message)
    except Misconfigured as error:
        report.wrong("database", str(error))


def _version(connection: Connection) -> str:
    version = connection.dialect.server_version_info or ()
    if version < OLDEST_POSTGRES:
        raise click.ClickException(f"PostgreSQL {_dotted(version)} is too old: 14 or newer")
    return f"PostgreSQL {_dotted(version)} answers"


def _schema(connection: Connection) -> str:
    here, wanted = revision(connection), newest()
    if here != wanted:
        raise click.ClickException(
            f"at {here or 'nothing'}, not {wanted}: run `python -m manage migrate`"
        )
    return f"at {here}, the newest revision"


def _clock(connection: Connection) -> str:
    before = datetime.now(UTC)
    theirs = connection.scalars(select(func.clock_timestamp())).one()
    after = datetime.now(UTC)
    skew = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    if skew > MOST_SKEW:
        raise click.ClickException(f"{skew:.1f} s apart from the database's: run NTP on both hosts")
    return "agrees with the database's"


def _audit(connection: Connection) -> str:
    with Session(connection) as session:
        try:
            audit_chain.head(session)
        except Conflict as error:
            raise click.ClickException(error.detail) from None
        count, since = audit_chain.unsealed(session, datetime.now(UTC))
    if since is not None:
        raise click.ClickException(
            f"{count} entries are not sealed, the oldest of {since.isoformat(timespec='seconds')}: "
            "is a worker running, and what does its log say of the audit log?"
        )
    return "its entries are sealed"


def _client(found: Settings) -> redis.Redis:
    options = {"socket_timeout": PING_SECONDS, "socket_connect_timeout": PING_SECONDS}
    client: redis.Redis = redis.Redis.from_url(found.redis_url, **options)
    return client


def _redis(found: Settings) -> str:
    try:
        with _client(found) as client:
            said = str(client.info("server")["redis_version"])
    except redis.RedisError as error:
        raise click.ClickException(
            f"Cannot reach Redis, see REDIS_URL ({type(error).__name__}); until then a web "
            "process delivers live only to its own clients"
        ) from None
    if tuple(map(int, said.split(".")[:2])) < OLDEST_REDIS:
        raise click.ClickException(f"Redis {said} is too old: 6.2 or newer")
    return f"answers, speaks Redis {said}"


def _broker(found: Settings) -> str:
    try:
        within(PATIENCE, lambda: reach(celery_app(found.broker_url)))
    except Exception as error:
        raise click.ClickException(
            f"Cannot reach the broker, see BROKER_URL ({type(error).__name__}); until then "
            "tickets wait for a CSR, and mails are not sent"
        ) from None
    return "answers"


def _worker(found: Settings) -> str:
    try:
        with _client(found) as client:
            names = alive(client, found.key_prefix)
    except redis.RedisError:
        names = []
    if not names:
        raise click.ClickException("No worker lives: start worker and beat, see the Procfile")
    return f"{', '.join(names)}"


def _dotted(version: Sequence[object]) -> str:
    return ".".join(map(str, version))
