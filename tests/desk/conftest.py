"""The rules' tests have a database that no other test writes to: they count what is in it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from tests.conftest import Backend


@pytest.fixture(scope="session")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    return make_backend()


@pytest.fixture(scope="session")
def engine(backend: Backend) -> Iterator[Engine]:
    engine = create_engine(backend.database_url, connect_args={"options": "-c timezone=UTC"})
    yield engine
    engine.dispose()
