"""Dead letters, from the command line."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from config import settings
from desk.leases import MOST_ATTEMPTS
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from manage.notifications import dead_notifications, retry_notifications
from models import Notification, Outcome, Role
from tests.conftest import Backend
from tests.factories import a_ticket, database, now, people


@pytest.fixture
def dead(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notification]:
    for name, value in backend.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    with database(backend.settings) as session:
        session.execute(delete(Notification))
        ticket = a_ticket(session, customer.actor)
        messages.post(session, csr.actor, ticket.id, NewMessage(content="secret words"), now())
        session.flush()
        notification = session.scalars(select(Notification)).one()
        session.execute(
            update(Notification).values(
                mail_id=Notification.id,
                attempts=MOST_ATTEMPTS,
                done_at=now(),
                outcome=Outcome.DEAD,
                last_error="SMTPServerDisconnected",
            )
        )
    yield notification
    settings.cache_clear()


def test_the_dead_are_listed_by_ids_alone_and_revived(backend: Backend, dead: Notification) -> None:
    listed = CliRunner().invoke(dead_notifications)
    assert listed.exit_code == 0, listed.output
    assert str(dead.id) in listed.output
    assert "SMTPServerDisconnected" in listed.output
    assert "@" not in listed.output
    assert "secret words" not in listed.output
    revived = CliRunner().invoke(retry_notifications, [str(dead.id)])
    assert revived.output == "1 notifications are due again\n"
    with database(backend.settings) as session:
        row = session.get_one(Notification, dead.id)
        assert (row.done_at, row.outcome, row.attempts) == (None, None, 0)
    assert CliRunner().invoke(dead_notifications).output == "0 dead\n"


def test_all_the_dead_are_revived_at_once(dead: Notification) -> None:
    revived = CliRunner().invoke(retry_notifications, ["--all"])
    assert revived.output == "1 notifications are due again\n"


@pytest.mark.parametrize("wrong", [[], ["--all", "01a20330-9541-75c3-9a45-8f4d6103f96c"], ["x"]])
def test_nothing_is_revived_by_mistake(dead: Notification, wrong: list[str]) -> None:
    assert CliRunner().invoke(retry_notifications, wrong).exit_code == 2
