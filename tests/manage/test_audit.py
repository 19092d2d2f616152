"""The audit log, from the command line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from desk import audit, audit_chain
from models import AuditEntry
from tests.conftest import Backend
from tests.factories import database
from tests.manage.conftest import Manage, refusal


@pytest.fixture
def backend(make_backend: Callable[[], Backend]) -> Backend:
    """With three entries that are sealed."""
    backend = make_backend()
    with database(backend.settings) as session:
        for _ in range(3):
            audit.record(session, "tried", actor_id=None)
        audit_chain.seal(session)
    return backend


def test_the_chain_is_verified_and_the_first_broken_entry_named(
    manage: Manage, backend: Backend
) -> None:
    done = manage("verify-audit", DATABASE_URL=backend.database_url)
    first, head = done.stdout.splitlines()
    assert first.startswith("3 entries are as they were sealed, up to 20")
    assert done.returncode == 0
    kept = head.removeprefix("The head is ")
    assert kept.startswith("3:")
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        edited = update(AuditEntry).where(AuditEntry.chain == 2).values(action="other")
        session.execute(edited)
        entry_id = session.scalar(select(AuditEntry.id).where(AuditEntry.chain == 2))
        old = datetime.now(UTC) - timedelta(minutes=2)
        session.add(AuditEntry(at=old, action="x", subject_type="", data={}))
    done = manage("verify-audit", "--head", kept, DATABASE_URL=backend.database_url)
    assert done.returncode == 1
    first, broken, unsealed = done.stdout.splitlines()
    assert first.startswith("1 entries are as they were sealed")
    assert broken == f"Entry 2 ({entry_id}) was edited after it was sealed"
    assert unsealed.startswith("1 entries are not sealed, the oldest of 20")
    done = manage("verify-audit", "--head", "3:abc", DATABASE_URL=backend.database_url)
    assert done.returncode == 2


def test_whatever_is_in_the_log_is_told_in_a_sentence(manage: Manage, backend: Backend) -> None:
    with database(backend.settings) as session:
        audit.record(session, "audit_pruned", actor_id=None)
        audit_chain.seal(session)
    done = manage("verify-audit", DATABASE_URL=backend.database_url)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].endswith("says that it is a prune, and is none")
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        huge = "jsonb_build_object('n', ('1' || repeat('0', 5000))::numeric)"
        session.execute(text(f"update audit set data = {huge} where chain = 2"))
    done = manage("verify-audit", DATABASE_URL=backend.database_url)
    assert "An entry cannot be read" in refusal(done)
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        session.execute(text("delete from audit_head"))
    assert "no row" in refusal(manage("verify-audit", DATABASE_URL=backend.database_url))


def test_old_months_are_dropped(manage: Manage, backend: Backend) -> None:
    at = datetime.now(UTC) - timedelta(days=460)
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        session.add(AuditEntry(at=at, action="x", subject_type="", data={}))
    refused = manage("prune-audit", DATABASE_URL=backend.database_url)
    assert "not sealed yet" in refusal(refused)
    with database(backend.settings) as session:
        audit_chain.seal(session)
    done = manage("prune-audit", DATABASE_URL=backend.database_url, AUDIT_DAYS="400")
    assert done.stdout.startswith("1 entries before ")
    assert done.stdout.endswith("-01: dropped\n")
    done = manage("verify-audit", DATABASE_URL=backend.database_url)
    assert done.returncode == 0, done
    assert done.stdout.startswith("Entries before ")
