"""``manage sweep``."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, select

from desk.files import loose_files
from desk.tickets.tickets import WAITING
from models import AuthSession, Role, Ticket, User
from tests.conftest import Backend
from tests.factories import a_ticket, database, now, people
from tests.manage.conftest import Manage


def test_it_does_at_once_what_beat_has_the_workers_do(
    manage: Manage, make_backend: Callable[[], Backend]
) -> None:
    backend = make_backend()
    gone, csr, customer = people(backend.settings, Role.CSR, Role.CSR, Role.USER, capacity=31)
    with database(backend.settings) as session:
        for _ in range(32):
            ticket_id = a_ticket(session, customer.actor).id
        session.flush()
        session.get_one(Ticket, ticket_id).assigned_to_id = gone.id
        session.get_one(User, gone.id).is_active = False
        old = session.scalars(select(AuthSession).where(AuthSession.user_id == gone.id)).one()
        old.expires_at = now() - timedelta(days=365)
        for _ in range(2):
            loose_files.drop(session, uuid4())

    done = manage("sweep", DATABASE_URL=backend.database_url)
    assert done.returncode == 0, done.stderr
    counts = [int(line.split()[0]) for line in done.stdout.splitlines()]
    # A leaver, 31 tickets in two batches, what 32 say, a session, two files; and one ticket has to
    # wait.
    assert counts == [1, 31, 32, 1, 0, 0, 0, 0, 0, 0, 2, 1]
    with database(backend.settings) as session:
        held = select(func.count()).where(Ticket.assigned_to_id == csr.id)
        assert session.scalar(held) == 31
        assert session.scalar(select(func.count()).where(WAITING)) == 1

    again = manage("sweep", DATABASE_URL=backend.database_url)
    counts = [int(line.split()[0]) for line in again.stdout.splitlines()]
    assert counts == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
