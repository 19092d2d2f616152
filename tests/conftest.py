"""Real servers for the tests: one PostgreSQL and one Valkey, a fresh database for who needs one."""

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from config import Settings
from embedded.servers import Embedded
from tests.browser import FAILED

TESTS = Path(__file__).parent
ROOT = TESTS.parent
# The files that take longest, from the longest on.
LONGEST = (
    "dev/test_launcher.py",
    "cluster/test_worker_kills.py",
    "desk/test_plans.py",
    "cluster/test_js_client.py",
    "cluster/test_delivery.py",
    "server/test_bad_input.py",
    "dev/test_embedded.py",
    "server/test_fuzz.py",
    "manage/test_bulk.py",
    "server/test_long_history.py",
    "manage/test_create_user.py",
    "manage/test_migrate.py",
    "cluster/test_conversation_js.py",
    "cluster/test_presence.py",
    "cluster/test_broker_gone.py",
    "server/test_walks.py",
    "server/test_docs.py",
    "web/test_customer.py",
    "cluster/test_slow_clients.py",
    "test_documents.py",
)
SECRET = "0b3c9f6d52a14e7f8890c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c"
REDIS_DATABASES = 16

# What a developer has set for `make run` is not what the tests run with.
for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "JWT_SECRET_KEY", "HOST", "PORT"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They begin first, so that no worker is left alone with one of them at the end."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tells the test's fixtures that it has failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@dataclass(frozen=True)
class Backend:
    """A database with the schema and a Redis database, both empty, for one test or module."""

    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "BROKER_URL": self.redis_url,
            "JWT_SECRET_KEY": SECRET,
            "RATE_LIMITS": "off",
            "FILES_URL": "memory:///",
        }

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(
            {name.lower(): value for name, value in self.environment.items()}
        )


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("servers"), fast=True) as servers:
        yield servers


def migrated(database_url: str) -> str:
    config = Config(ROOT / "alembic.ini")
    engine = create_engine(database_url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    return database_url


@pytest.fixture(scope="session")
def empty_database(embedded: Embedded) -> Callable[[], str]:
    """Makes databases; by default as copies of the one that is migrated once."""
    numbers = itertools.count(1)

    def make(template: str = "template0") -> str:
        name = f"test_{next(numbers)}"
        admin = embedded.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}")
        return make_url(embedded.database_url).set(database=name).render_as_string(False)

    return make


@pytest.fixture(scope="session")
def make_backend(embedded: Embedded, empty_database: Callable[..., str]) -> Callable[[], Backend]:
    template = migrated(empty_database())
    numbers = itertools.cycle(range(1, REDIS_DATABASES))

    def make() -> Backend:
        redis_url = embedded.redis_url.rpartition("/")[0] + f"/{next(numbers)}"
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
        return Backend(empty_database(make_url(template).database), redis_url)

    return make


@pytest.fixture(scope="session")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    """The backend that tests share who do not mind what others store."""
    return make_backend()


@contextmanager
def engine_of(backend: Backend, pool_size: int = 5) -> Iterator[Engine]:
    engine = create_engine(
        backend.database_url,
        pool_size=pool_size,
        connect_args={"options": "-c timezone=UTC"},
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def engine(backend: Backend) -> Iterator[Engine]:
    with engine_of(backend) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is rolled back at the end of the test."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        outer.rollback()
