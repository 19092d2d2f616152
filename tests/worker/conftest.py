"""The worker's tasks inside the test process, on the backend that the tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from config import settings
from models import AccountMail, EmailConfirmation, Notification, Role
from tests.conftest import SECRET, Backend
from tests.factories import Person, database, people
from tests.mailbox import Mailbox

# The worker's application is made at its import, with whatever is set then; it connects later.
with pytest.MonkeyPatch.context() as patch:
    patch.setenv("DATABASE_URL", "postgresql://localhost/none")
    patch.setenv("REDIS_URL", "redis://localhost/0")
    patch.setenv("JWT_SECRET_KEY", SECRET)
    from worker import delivery, files, transaction
    from worker.mail import drain
settings.cache_clear()

CACHES = (
    settings,
    delivery._redis,
    delivery._seal,
    transaction._prefix,
    drain._redis,
    files.store,
)


@pytest.fixture
def configure(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., None]]:
    """``configure(SMTP_URL=…)``: the worker has these settings too. It works in ``tmp_path``."""

    def configure(**more: str) -> None:
        for name, value in (backend.environment | more).items():
            monkeypatch.setenv(name, value)
        for cached in CACHES:
            cached.cache_clear()

    monkeypatch.chdir(tmp_path)
    configure()
    with database(backend.settings) as session:
        session.execute(delete(Notification))
        session.execute(delete(EmailConfirmation))
        session.execute(delete(AccountMail))
    yield configure
    transaction._engine().dispose()
    transaction._engine.cache_clear()
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def mailbox(configure: Callable[..., None]) -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        configure(SMTP_URL=mailbox.url, PUBLIC_URL="https://desk.test")
        yield mailbox


@pytest.fixture
def pair(backend: Backend) -> tuple[Person, Person]:
    """A customer and a CSR."""
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    return customer, csr
