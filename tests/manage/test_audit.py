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
