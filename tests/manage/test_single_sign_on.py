"""Links to the identity provider, from the command line."""

from sqlalchemy import delete

from models import LinkedIdentity, Role
from tests.conftest import Backend
from tests.factories import database, now, people
from tests.manage.conftest import Manage


def test_a_link_is_taken_off(manage: Manage, backend: Backend) -> None:
    (csr,) = people(backend.settings, Role.CSR)
    with database(backend.settings) as session:
        session.add(
            LinkedIdentity(
                issuer="https://login.desk.test", subject="1", user_id=csr.id, linked_at=now()
            )
        )
    done = manage("unlink-identity", csr.email, DATABASE_URL=backend.database_url)
    assert done.stdout == "1 identities unlinked\n"
    with database(backend.settings) as session:
        gone = delete(LinkedIdentity).returning(LinkedIdentity.user_id)
        assert csr.id not in session.scalars(gone).all()
