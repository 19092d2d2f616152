"""The rules' tests have a database that no other test writes to: they count what is in it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.tickets.views import TicketView
from models import Role
from tests.conftest import Backend, engine_of
from tests.factories import a_ticket, an_actor


@pytest.fixture(scope="session")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    return make_backend()


@pytest.fixture(scope="session")
def engine(backend: Backend) -> Iterator[Engine]:
    with engine_of(backend) as engine:
        yield engine


@pytest.fixture
def own_engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    """For who commits: of a database of the test's own."""
    with engine_of(make_backend()) as engine:
        yield engine


@pytest.fixture
def customer(session: Session) -> Actor:
    return an_actor(session)


@pytest.fixture
def csr(session: Session) -> Actor:
    return an_actor(session, Role.CSR)


@pytest.fixture
def ticket(session: Session, customer: Actor) -> TicketView:
    return a_ticket(session, customer)
