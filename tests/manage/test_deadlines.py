"""Dead deadlines, from the command line."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import update

from models import Deadline
from tests.conftest import Backend
from tests.factories import database, now
from tests.manage.conftest import Manage


def test_the_dead_are_listed_and_revived(
    manage: Manage, make_backend: Callable[[], Backend]
) -> None:
    backend = make_backend()
    with database(backend.settings) as session:
        dead = {"dead_at": now(), "attempts": 10, "last_error": "LookupError"}
        mine = Deadline.kind == "retention_sessions"
        (dead_id,) = session.scalars(
            update(Deadline).where(mine).values(**dead).returning(Deadline.id)
        )
    listed = manage("dead-deadlines", DATABASE_URL=backend.database_url).stdout.split()
    assert UUID(listed[0]) == dead_id
    assert listed[-1] == "LookupError"
    revived = manage("retry-deadlines", str(dead_id), DATABASE_URL=backend.database_url)
    assert revived.stdout == "1 deadlines are due again\n"
    assert manage("retry-deadlines", DATABASE_URL=backend.database_url).returncode == 2
    assert manage("dead-deadlines", DATABASE_URL=backend.database_url).stdout == ""
