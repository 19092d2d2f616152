"""What the tests of the worker let people do, past the web process."""

from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import update

from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import Notification
from tests.conftest import Backend
from tests.factories import Person, a_ticket, database, now


def opened(backend: Backend, customer: Person, **fields: str) -> UUID:
    with database(backend.settings) as session:
        return a_ticket(session, customer.actor, **fields).id


def say(backend: Backend, ticket_id: UUID, person: Person, *contents: str) -> None:
    """Posts, and lets the window of the mails pass."""
    with database(backend.settings) as session:
        for content in contents:
            messages.post(session, person.actor, ticket_id, NewMessage(content=content), now())
    let_time_pass(backend)


def let_time_pass(backend: Backend) -> None:
    """As if the window, the waits and the leases were over."""
    with database(backend.settings) as session:
        session.execute(
            update(Notification)
            .where(Notification.done_at.is_(None))
            .values(due_at=now() - timedelta(seconds=1), leased_until=None)
        )


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()
