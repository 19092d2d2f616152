"""The audit log: an entry a change, in its transaction, and nobody changes one."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import accounts
from desk.accounts.accounts import ProfileChange
from desk.outbox import Audited, outbox
from models import AuditEntry


def entries(session: Session, subject_id: object) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.subject_id == str(subject_id))))


def an_entry(session: Session, address: str | None = "192.0.2.0/24") -> UUID:
    subject_id = uuid4()
    audit.record(
        session,
        "webhook_changed",
        actor_id=uuid4(),
        subject_type="webhook",
        subject_id=subject_id,
        data={"is_active": True},
        address=address,
    )
    return subject_id


def test_an_entry_says_who_did_what_to_whom(session: Session, csr: Actor) -> None:
    subject_id = uuid4()
    audit.record(
        session,
        "team_changed",
        actor_id=csr.id,
        subject_type="team",
        subject_id=subject_id,
        data={"added": [str(csr.id)]},
        address="2001:db8::/48",
    )
    [entry] = entries(session, subject_id)
    assert (entry.action, entry.actor_id, entry.subject_type) == ("team_changed", csr.id, "team")
    assert (entry.data, entry.address) == ({"added": [str(csr.id)]}, "2001:db8::/48")
    assert (entry.chain, entry.hash) == (None, None)
    [line] = outbox(session).audited
    ids = {"by": csr.id, "team_id": str(subject_id), "added": [str(csr.id)]}
    assert line == Audited("team_changed", ids, "2001:db8::/48")


def test_an_entry_of_nobody_about_nothing_is_one_too(session: Session) -> None:
    audit.record(session, "audit_pruned", actor_id=None)
    assert [(line.action, line.address) for line in outbox(session).audited] == [
        ("audit_pruned", None)
    ]


@pytest.mark.parametrize(
    "change",
    [
        "delete from audit",
        "truncate audit",
        "truncate audit_default",
        "update audit set action = 'x'",
        "update audit set address = '198.51.100.0/24'",
        "update audit set address_salt = '\\x00'",
        "update audit set address_hash = null",
        "update audit set at = at + interval '1 second'",
        "insert into audit (id, action, subject_type, data, chain, hash) "
        "values (gen_random_uuid(), 'x', '', '{}', 1, '\\x00')",
        # Once it is sealed.
        "update audit set chain = 8, hash = '\\x01'",
        "update audit set chain = null, hash = null",
    ],
)
def test_no_entry_is_changed_or_taken_out(session: Session, change: str) -> None:
    an_entry(session)
    session.execute(text("update audit set chain = 7, hash = '\\x00' where chain is null"))
    with pytest.raises(ProgrammingError, match="only ever added to"), session.begin_nested():
        session.execute(text(change))


def test_a_month_s_partition_cannot_be_emptied_either(session: Session) -> None:
    name = session.scalar(text("select 'audit_' || to_char(now() at time zone 'UTC', 'YYYY_MM')"))
    subject_id = an_entry(session)
    assert session.scalar(text(f"select count(*) from {name} where subject_id = '{subject_id}'"))
    for change in (f"truncate {name}", f"delete from {name}"):
        with pytest.raises(ProgrammingError, match="only ever added to"), session.begin_nested():
            session.execute(text(change))


def test_where_somebody_came_from_is_forgotten_and_nothing_else(session: Session) -> None:
    subject_id, other = an_entry(session), an_entry(session)
    [before] = entries(session, subject_id)
    audit.forget_addresses(session, subject_id)
    session.expire_all()
    [entry] = entries(session, subject_id)
    assert (entry.address, entry.address_salt) == (None, None)
    assert (entry.address_hash, entry.data) == (before.address_hash, before.data)
    assert [entry.address for entry in entries(session, other)] == ["192.0.2.0/24"]


def test_months_are_made_ahead_and_made_once(session: Session) -> None:
    def partitions() -> set[str]:
        found = text("select relname from pg_class where relname ~ '^audit_[0-9]{4}_[0-9]{2}$'")
        return set(session.scalars(found))

    before = partitions()
    assert len(before) == 3
    session.execute(text("select add_audit_partitions()"))
    assert partitions() == before
    session.execute(text(f"drop table {max(before)}"))
    session.execute(text("select add_audit_partitions()"))
    assert partitions() == before


def test_a_month_that_the_default_partition_has_rows_of_stays_there(session: Session) -> None:
    last = session.scalar(
        text("select max(relname) from pg_class where relname ~ '^audit_[0-9_]+$'")
    )
    session.execute(text(f"drop table {last}"))
    session.execute(text("set local session_replication_role = replica"))  # Nothing is refused.
    stored = "insert into audit (at, id, action, subject_type, data) values (%s, %s, 'x', '', '{}')"
    at = f"to_date('{str(last)[6:]}', 'YYYY_MM') + interval '3 days'"
    session.execute(text(stored.replace("%s", at, 1).replace("%s", "gen_random_uuid()")))
    session.execute(text("select add_audit_partitions()"))
    assert session.scalar(text("select count(*) from audit_default")) == 1
    assert session.scalar(text(f"select to_regclass('{last}')")) is None


def test_what_changes_nothing_of_an_account_has_no_entry(session: Session, customer: Actor) -> None:
    """Whoever does it again and again fills no table."""
    name = accounts.profile(session, customer.id).full_name
    for _ in range(2):
        accounts.end_mails(session, customer.id)
        same = ProfileChange(full_name=name, notify_email=False)
        accounts.change_profile(session, customer, same, "Desk")
    accounts.change_profile(session, customer, ProfileChange(full_name="Bob"), "Desk")
    found = [(entry.action, entry.data) for entry in entries(session, customer.id)]
    assert sorted(found, key=str) == [
        ("profile_changed", {"fields": ["full_name"]}),
        ("unsubscribed", {}),
    ]
