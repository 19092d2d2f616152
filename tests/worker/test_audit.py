"""The audit log's keeper: it seals what there is, and once a day it says where the chain ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text
from structlog.testing import capture_logs

from desk import audit, audit_chain
from models import AuditEntry, AuditHead
from tests.conftest import Backend
from tests.factories import database

# After the conftest, which sets what the worker is made with.
from worker import audit as keeper

TODAY = datetime.now(UTC)


@pytest.mark.usefixtures("configure")
def test_what_was_written_is_sealed_and_the_head_told_once_a_day(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    long_ago = TODAY - timedelta(days=460)
    with database(backend.settings) as session:
        for _ in range(5):
            audit.record(session, "tried", actor_id=None)
        session.execute(text("set local session_replication_role = replica"))
        session.execute(delete(AuditEntry).where(AuditEntry.at < long_ago))
        session.add(AuditEntry(at=long_ago, action="x", subject_type="", data={}))
        session.execute(text("update audit_head set logged_at = null"))
    keeper.seal()
    with database(backend.settings) as session:
        assert not audit_chain.has_unsealed(session)
        head = session.scalars(select(AuditHead)).one()
        told = str(audit_chain.Head(head.chain, head.hash))
    with capture_logs() as lines:
        keeper.keep(TODAY)
        keeper.keep(TODAY)
    assert [line["event"] for line in lines] == ["audit head", "audit log pruned"]
    assert (lines[0]["head"], lines[1]["entries"]) == (told, 1)
    with database(backend.settings) as session:
        assert audit_chain.verify(session, {head.chain: head.hash}, datetime.now(UTC)).is_well
    with capture_logs() as lines:
        keeper.keep(TODAY + timedelta(days=1))
    assert [line["event"] for line in lines] == ["audit head"]


@pytest.mark.usefixtures("configure")
def test_a_head_that_is_gone_is_an_error_that_says_what_to_do(backend: Backend) -> None:
    with database(backend.settings) as session:
        audit.record(session, "tried", actor_id=None)
        session.execute(text("set local session_replication_role = replica"))
        head = session.execute(delete(AuditHead).returning(AuditHead.chain, AuditHead.hash)).one()
    with capture_logs() as lines:
        keeper.attempt(keeper.seal)
        keeper.attempt(lambda: keeper.keep(TODAY + timedelta(days=9)))
    with database(backend.settings) as session:
        session.add(AuditHead(id=1, chain=head.chain, hash=head.hash))
    said = {(line["log_level"], line["error"]) for line in lines}
    assert said == {("error", "audit_head_missing")}
    assert len(lines) == 2
    assert "docs/audit.md" in lines[0]["what_to_do"]
