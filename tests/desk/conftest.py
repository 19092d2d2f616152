"""The rules' tests have a database that no other test writes to: they count what is in it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from tests.conftest import Backend, engine_of


@pytest.fixture(scope="session")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    return make_backend()


@pytest.fixture(scope="session")
def engine(backend: Backend) -> Iterator[Engine]:
    with engine_of(backend) as engine:
        yield engine
