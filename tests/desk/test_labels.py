"""What tickets are labelled with: counted where they are work, and named wherever they are."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desk.assignment import routing
from desk.assignment.routing import Change
from desk.tickets import labels
from desk.tickets.labels import LabelCount
from models import Role, Status
from tests.conftest import Backend, engine_of
from tests.factories import a_ticket, an_actor, now


@pytest.fixture(scope="module")
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    """A desk without the tickets of other tests."""
    with engine_of(make_backend()) as engine:
        yield engine


def test_a_desk_without_tickets_has_no_labels(session: Session) -> None:
    assert labels.labels(session) == labels.Labels([], [], [])


def test_the_most_frequent_come_first_and_those_of_no_work_last(session: Session) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    for category, type_, tags, status in (
        ("billing", "bug", ["vip", "late"], Status.OPEN),
        ("billing", "question", ["late"], Status.IN_PROGRESS),
        ("account", "bug", [], Status.OPEN),
        ("zebra", "bug", ["old"], Status.CLOSED),
        ("account", "praise", ["late", "vip"], Status.RESOLVED),
        ("another", "bug", ["late"], Status.CLOSED),
    ):
        ticket = a_ticket(session, customer, category=category, type=type_)
        routing.change(session, csr, ticket.id, Change(tags=tags, status=status), now())
    session.flush()
    found = labels.labels(session)

    def counts(listed: object) -> list[tuple[str, int]]:
        assert isinstance(listed, list)
        return [(each.name, each.count) for each in listed if isinstance(each, LabelCount)]

    assert counts(found.categories) == [
        ("billing", 2),
        ("account", 1),
        ("another", 0),
        ("zebra", 0),
    ]
    assert counts(found.types) == [("bug", 2), ("question", 1), ("praise", 0)]
    assert counts(found.tags) == [("late", 2), ("vip", 1), ("old", 0)]


def test_no_list_is_endless(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = an_actor(session)
    for number in range(labels.MOST + 20):
        a_ticket(session, customer, category=f"only {number}")
    found = labels.labels(session)
    assert len(found.categories) == labels.MOST
