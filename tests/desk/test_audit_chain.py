"""The audit log's chain: whatever is edited, put in or taken out after it was sealed is found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from desk import audit, audit_chain, audit_pruning
from desk.audit_chain import Broken, Head, Verified
from desk.errors import Conflict
from models import AuditEntry, AuditHead
from tests.factories import now

ENTRIES = 5
DAYS = 400
# The trigger would refuse it: as whoever owns the table can.
AS_OWNER = text("set local session_replication_role = replica")
PLANTED = text(
    "insert into audit (at, id, action, subject_type, data, chain, hash) "
    "values (:at, gen_random_uuid(), 'x', '', '{}', :chain, :hash)"
)


def write(session: Session, number: int = ENTRIES) -> None:
    for n in range(number):
        audit.record(
            session,
            "tried",
            actor_id=uuid4(),
            subject_type="user",
            subject_id=uuid4(),
            data={"role": "csr", "n": n, "was": None, "é": [True]},
            address="::/48",
        )


@pytest.fixture
def sealed(session: Session) -> Head:
    """So many entries in a chain; where it ends."""
    write(session)
    assert audit_chain.seal(session) == ENTRIES
    session.flush()
    return verify(session).head


def verify(session: Session, *known: Head) -> Verified:
    session.flush()
    session.expire_all()
    seals = {head.chain: head.hash for head in known}
    return audit_chain.verify(session, seals, now() + timedelta(minutes=2))


def place(session: Session, chain: int) -> AuditEntry:
    return session.scalars(select(AuditEntry).where(AuditEntry.chain == chain)).one()


def change(session: Session, statement: str, **values: object) -> None:
    session.execute(AS_OWNER)
    session.execute(text(statement), values)
    session.execute(text("set local session_replication_role = origin"))


def test_a_chain_that_nobody_touched_is_well(session: Session, sealed: Head) -> None:
    last = place(session, ENTRIES).at
    found = verify(session, sealed)
    assert found == Verified(sealed, sealed=ENTRIES, until=last)
    assert found.is_well
    assert sealed.chain == ENTRIES


def test_entries_are_sealed_in_batches_and_as_they_become_visible(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    monkeypatch.setattr(audit_chain, "VERIFIED_AT_ONCE", 2)
    write(session, 3)
    hour = timedelta(hours=1)
    assert [audit_chain.seal(session) for _ in range(3)] == [2, 1, 0]
    # Its transaction was slow: it is older than what is sealed.
    values = "'00000000-0000-7000-8000-000000000000', 'late', '', '{}'"
    late = f"insert into audit (at, id, action, subject_type, data) values (:at, {values})"
    change(session, late, at=now() - hour)
    assert audit_chain.has_unsealed(session)
    assert audit_chain.seal(session) == 1
    assert not audit_chain.has_unsealed(session)
    assert place(session, 4).action == "late"
    walked: list[tuple[int, int]] = []
    assert audit_chain.verify(session, {}, now(), lambda *at: walked.append(at)).is_well
    assert walked == [(2, 4), (4, 4)]


EDITS = {
    "at": "at + interval '1 microsecond'",
    "id": "gen_random_uuid()",
    "actor_id": "null",
    "action": "'other'",
    "subject_type": "'team'",
    "subject_id": "null",
    "data": 'data || \'{"role": "admin"}\'',
    "address": "'192.0.2.0/24'",
    "address_salt": "'\\x00'",
    "address_hash": "null",
    "hash": "set_byte(hash, 31, get_byte(hash, 31) # 1)",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_any_column_is_found(session: Session, sealed: Head, column: str) -> None:
    assert {*EDITS, "chain"} == {each.name for each in AuditEntry.__table__.columns}
    change(session, f"update audit set {column} = {EDITS[column]} where chain = 3")
    found = verify(session)
    assert found.broken == Broken("edited", 3, place(session, 3).id)
    assert (found.sealed, found.until) == (2, place(session, 2).at)


@pytest.mark.parametrize("chain", [1, 3, ENTRIES])
def test_what_was_taken_out_is_missed(session: Session, sealed: Head, chain: int) -> None:
    change(session, f"delete from audit where chain = {chain}")
    assert verify(session).broken == Broken("taken out", chain)


def test_an_entry_in_another_place_is_missed_in_its_own(session: Session, sealed: Head) -> None:
    change(session, "update audit set chain = 90 where chain = 3")
    assert verify(session).broken == Broken("taken out", 3)


@pytest.mark.parametrize(("chain", "before"), [(3, True), (3, False), (0, True)])
def test_what_was_put_in_is_found(session: Session, sealed: Head, chain: int, before: bool) -> None:
    at = now() + timedelta(hours=-1 if before else 1)
    session.execute(AS_OWNER)
    session.execute(PLANTED, {"at": at, "chain": chain, "hash": bytes(32)})
    found = verify(session).broken
    assert found is not None
    assert (found.what, found.chain) == ("put in", chain)


def test_an_entry_after_the_head_was_put_in(session: Session, sealed: Head) -> None:
    session.execute(AS_OWNER)
    entry = AuditEntry(id=uuid4(), at=now(), action="x", subject_type="", data={})
    entry.chain, entry.hash = 6, audit_chain.seal_of(entry, 6, sealed.hash)
    session.add(entry)
    session.flush()
    assert verify(session).broken == Broken("put in", 6)


def test_a_tail_cut_off_with_its_head_shows_against_a_seal_kept_elsewhere(
    session: Session, sealed: Head
) -> None:
    change(session, "delete from audit where chain > 3")
    cut = Head(3, place(session, 3).hash or b"")
    change(session, "update audit_head set chain = 3, hash = :hash", hash=cut.hash)
    assert verify(session, cut).is_well
    assert verify(session, sealed).broken == Broken("taken out", 4)


def test_a_chain_made_anew_shows_against_a_seal_kept_elsewhere(
    session: Session, sealed: Head
) -> None:
    before = Head(2, place(session, 2).hash or b"")
    change(session, "update audit set action = 'other' where chain = 4")
    change(session, "update audit set chain = null, hash = null where chain > 2")
    change(session, "update audit_head set chain = 2, hash = :hash", hash=before.hash)
    session.expire_all()
    audit_chain.seal(session)
    assert verify(session, before).is_well
    assert verify(session, sealed).broken == Broken("edited", 5, place(session, 5).id)


def test_an_address_may_be_forgotten(session: Session, sealed: Head) -> None:
    audit.forget_addresses(session, place(session, 3).actor_id or uuid4())
    assert place(session, 3).address is None
    assert verify(session, sealed).is_well


def test_what_nobody_seals_is_told_after_a_minute(session: Session, sealed: Head) -> None:
    write(session, 1)
    assert audit_chain.verify(session, {}, now()).is_well
    found = verify(session)
    assert (found.broken, found.unsealed, found.is_well) == (None, 1, False)
    assert found.unsealed_since is not None


def test_many_write_and_seal_at_once_and_there_is_one_chain(own_engine: Engine) -> None:
    def work(n: int) -> None:
        with Session(own_engine) as session, session.begin():
            write(session, 2)
        with Session(own_engine) as session, session.begin():
            audit_chain.seal(session)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(25)))
    with Session(own_engine) as session:
        audit_chain.seal(session)
        session.flush()
        found = verify(session)
    assert (found.is_well, found.sealed, found.head.chain) == (True, 50, 50)


def test_who_writes_waits_for_no_sealer(own_engine: Engine) -> None:
    with Session(own_engine) as sealer, Session(own_engine) as writer:
        write(sealer, 1)
        sealer.commit()
        audit_chain.seal(sealer)
        sealer.flush()
        writer.execute(text("set local lock_timeout = '1ms'"))
        write(writer, 1)
        assert audit_chain.seal(writer) == 0


@pytest.fixture
def years(session: Session) -> datetime:
    """Entries of 40 months ago, across the end of a month, sealed in another order than written;
    then of today. That month's end.
    """
    middle = (now().astimezone(UTC) - timedelta(days=40 * 30)).replace(day=1, hour=0)
    end = middle.replace(minute=0, second=0, microsecond=0)
    session.execute(
        text(
            f"create table audit_{end:%Y_%m} partition of audit for values from "
            f"('{end.isoformat()}') to ('{(end + timedelta(days=25)).isoformat()}')"
        )
    )
    session.execute(AS_OWNER)
    for hours in (-3, -1, 1, -2, 2):
        at = {"at": end + timedelta(hours=hours), "chain": None, "hash": None}
        session.execute(PLANTED, at)
        audit_chain.seal(session)
    session.execute(text("set local session_replication_role = origin"))
    write(session, 1)
    audit_chain.seal(session)
    session.flush()
    return end


def prune(session: Session, at: datetime) -> audit_pruning.Pruned:
    session.flush()
    return audit_pruning.prune(session, DAYS, at + timedelta(days=DAYS + 2))


def test_after_a_prune_the_rest_is_verified(session: Session, years: datetime) -> None:
    before = verify(session).head
    assert prune(session, years) == (3, years)
    found = verify(session, before)
    assert found.is_well
    assert (found.sealed, found.pruned_before, found.head.chain) == (4, years, 7)
    [said] = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "audit_pruned"))
    assert [chain for chain, _ in said["seals"]] == [2, 4]
    # Nothing more to drop; then the month whose partition there is, and the day of the prune.
    assert prune(session, years).entries == 0
    assert prune(session, years + timedelta(days=31)).entries == 2
    assert session.scalar(text(f"select to_regclass('audit_{years:%Y_%m}')")) is None
    assert verify(session, before).is_well
    assert verify(session).head.chain == 8


def test_a_log_that_was_pruned_whole_goes_on_from_its_head(
    session: Session, years: datetime
) -> None:
    change(session, "delete from audit where chain = 6")
    of_the_fifth = "(select hash from audit where chain = 5)"
    change(session, f"update audit_head set chain = 5, hash = {of_the_fifth}")
    session.expire_all()
    assert prune(session, years + timedelta(days=31)).entries == 5
    found = verify(session)
    assert (found.is_well, found.sealed, found.head.chain) == (True, 1, 6)


def test_a_prune_waits_until_all_of_it_is_sealed(session: Session, years: datetime) -> None:
    session.execute(AS_OWNER)
    session.execute(PLANTED, {"at": years - timedelta(days=1), "chain": None, "hash": None})
    with pytest.raises(Conflict, match="not sealed"):
        prune(session, years)


def test_a_prune_that_was_none_hides_nothing(session: Session, years: datetime) -> None:
    """Who takes an entry out of the middle says it was old; older ones are there."""
    gone = place(session, 3)
    assert gone.hash
    change(session, "delete from audit where chain = 3")
    seals = [[3, gone.hash.hex()]]
    data = {"before": (gone.at + timedelta(seconds=1)).isoformat(), "entries": 1, "seals": seals}
    audit.record(session, "audit_pruned", actor_id=None, data=data)
    audit_chain.seal(session)
    session.flush()
    assert verify(session).broken == Broken("put in", 1, place(session, 1).id)


def test_only_a_seal_of_the_chain_counts(session: Session, sealed: Head) -> None:
    """What claims to be a prune and is not sealed is none."""
    assert sealed.chain == session.scalars(select(AuditHead.chain)).one()
    gone = place(session, 1)
    assert gone.hash
    change(session, "delete from audit where chain = 1")
    data = {"before": gone.at.isoformat(), "entries": 1, "seals": [[1, gone.hash.hex()]]}
    audit.record(session, "audit_pruned", actor_id=None, data=data)
    assert verify(session).broken == Broken("taken out", 1)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from audit_head",
        "truncate audit_head",
        "update audit_head set hash = '\\x00'",
        "update audit_head set chain = chain - 1",
    ],
)
def test_the_head_only_goes_forward(session: Session, sealed: Head, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="only ever added to"), session.begin_nested():
        session.execute(text(statement))
    assert verify(session).head == sealed


def test_a_head_that_is_gone_is_told_until_it_is_put_back(session: Session, sealed: Head) -> None:
    write(session, 1)
    change(session, "delete from audit_head")
    session.expunge_all()
    for work in (audit_chain.seal, verify, lambda session: prune(session, now())):
        with pytest.raises(Conflict, match="audit_head has no row"):
            work(session)
    # As docs/audit.md has it.
    last = "select 1, chain, hash from audit where chain is not null order by chain desc limit 1"
    session.execute(text(f"insert into audit_head (id, chain, hash) {last}"))
    assert audit_chain.seal(session) == 1
    assert verify(session, sealed).is_well


SEAL = "0" * 64
WHEN = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"before": WHEN, "seals": None},
        {"before": WHEN, "seals": [[1]]},
        {"before": WHEN, "seals": [["1", SEAL]]},
        {"before": WHEN, "seals": [[1, "no seal"]]},
        {"before": "2026-01-01", "seals": [[1, SEAL]]},
        {"before": "9999-12-31T23:59:59-14:00", "seals": []},
        {"before": 5, "seals": []},
    ],
)
def test_what_only_calls_itself_a_prune_is_named(session: Session, data: dict[str, Any]) -> None:
    audit.record(session, "audit_pruned", actor_id=None, data=data)
    audit_chain.seal(session)
    session.flush()
    found = verify(session)
    assert (found.no_prune, found.is_well) == (place(session, 1).id, False)
    assert (found.broken, found.sealed, found.pruned_before) == (None, 1, None)
