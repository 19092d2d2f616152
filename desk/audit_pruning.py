"""The months of the audit log: made ahead by anybody, dropped by the tables' owner alone."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session, aliased

from desk import audit, audit_chain
from desk.audit_chain import IS_UNSEALED, PRUNED, seal_after
from desk.errors import Conflict
from models import AuditEntry, AuditHead

MONTHS = text(
    "select relname from pg_inherits join pg_class on oid = inhrelid "
    "where inhparent = 'audit'::regclass and relname ~ '^audit_[0-9]{4}_[0-9]{2}$' "
    "order by relname"
)
IS_OWNER = text(
    "select pg_has_role(current_user, relowner, 'usage') from pg_class "
    "where oid = 'audit'::regclass"
)
# Whoever waits for the table has every log-in wait behind.
LOCK_TIMEOUT = text("set local lock_timeout = '2s'")


class Pruned(NamedTuple):
    entries: int
    before: datetime


def add_partitions(session: Session) -> None:
    """Those of this month and the next ones. What finds none is kept in the default partition."""
    session.execute(text("select add_audit_partitions()"))


def may_prune(session: Session) -> bool:
    return bool(session.scalar(IS_OWNER))


def prune(session: Session, days: int, now: datetime) -> Pruned:
    """Drops the months that ended more than so many days ago, and says so in the log.

    The seals of dropped entries whose successors are kept stay in the entry that says so, which
    is sealed at once: the chain goes on from there. Raises `Conflict` (``audit_unsealed``), and as
    `audit_chain.head`.
    """
    before = (now.astimezone(UTC) - timedelta(days=days)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    is_old = AuditEntry.at < before
    session.execute(LOCK_TIMEOUT)
    head = audit_chain.head(session, lock=True)
    dropped = session.scalars(select(func.count()).select_from(AuditEntry).where(is_old)).one()
    if session.scalar(select(AuditEntry.id).where(is_old, IS_UNSEALED).limit(1)) is not None:
        raise Conflict("audit_unsealed", "Old entries are not sealed yet: is a worker running?")
    seals = [[seal.chain, seal.hash.hex()] for seal in _seals_to_keep(session, before, head)]
    _drop(session, before)
    if dropped:
        data = {"before": before.isoformat(), "entries": dropped, "seals": seals}
        audit.record(session, PRUNED, actor_id=None, data=data)
        while seal_after(session, head):
            pass
    return Pruned(dropped, before)


def _seals_to_keep(
    session: Session, before: datetime, head: AuditHead
) -> list[Row[tuple[int | None, bytes | None]]]:
    """Of dropped entries, those before one that is kept; and the head's, if nothing is."""
    kept = aliased(AuditEntry)
    has_successor = (
        select(kept.id).where(kept.chain == AuditEntry.chain + 1, kept.at >= before).exists()
    )
    query = select(AuditEntry.chain, AuditEntry.hash).where(
        AuditEntry.at < before, has_successor | (AuditEntry.chain == head.chain)
    )
    return list(session.execute(query.order_by(AuditEntry.chain)))


def _drop(session: Session, before: datetime) -> None:
    for name in session.scalars(MONTHS).all():
        if name < f"audit_{before:%Y_%m}":
            session.execute(text(f"drop table {name}"))
    old = {"before": before}
    if session.scalar(text("select exists (select from audit_default where at < :before)"), old):
        switch = "alter table audit_default {} trigger audit_only_added_to"
        session.execute(text(switch.format("disable")))
        session.execute(text("delete from audit_default where at < :before"), old)
        session.execute(text(switch.format("enable")))
