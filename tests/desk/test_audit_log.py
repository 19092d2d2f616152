"""What admins read of the audit log: by each filter a page takes few rows, from an index."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from desk import audit, audit_log
from desk.accounts import sessions
from desk.accounts.sessions import Client
from desk.audit_log import Wanted
from models import Role
from tests.factories import an_actor, now
from tests.statements import plans, statements

LIMIT = 11
ROWS = 12_000
# Few are of somebody, of one thing, or of one action; half a year back, in the default partition.
FILL = """
    insert into audit (at, id, actor_id, action, subject_type, subject_id, data)
    select now() - n * interval '20 minutes', gen_random_uuid(), lpad(n % 300 || '', 32, '0')::uuid,
        'action_' || n % 200, 'user', lpad(n % 250 || '', 32, '0')::uuid, '{}'
    from generate_series(1, :rows) n
"""
SOMEBODY = "00000000-0000-0000-0000-000000000007"


CASES = [
    (Wanted(), "pkey"),
    (Wanted(actor_id=UUID(SOMEBODY)), "actor"),
    (Wanted(action="action_7"), "action"),
    (Wanted(subject_id=SOMEBODY), "subject"),
    (Wanted(since=now() - timedelta(days=100)), "pkey"),
    (Wanted(action="action_7", since=now() - timedelta(days=100)), "action"),
]


def test_a_page_takes_few_rows_by_whatever_filter(session: Session) -> None:
    for prepare in (
        "set local session_replication_role = replica",
        "set local random_page_cost = 1.1",
        "set local jit = off",
    ):
        session.execute(text(prepare))
    session.execute(text(FILL), {"rows": ROWS})
    session.execute(text("analyze audit"))
    for wanted, index in CASES:
        before = None
        for _ in range(2):
            read = partial(audit_log.entries, wanted=wanted, limit=LIMIT, before=before)
            page = read(session)
            assert len(page) == LIMIT
            [plan] = plans(session, read)
            assert not plan.seq_scans & {"audit_default"}, plan.steps
            assert plan.rows <= 2 * LIMIT, plan.steps
            assert index in plan.steps
            before = (page[-1].at, page[-1].id)


def test_to_sign_in_takes_one_statement_more(session: Session) -> None:
    customer = an_actor(session, Role.USER)
    with statements(session.connection()) as asked:
        sessions.open_session(session, customer.id, timedelta(days=1), now(), client=Client())
    written = [statement.split()[0:3] for statement, _ in asked]
    assert written == [
        ["SELECT", "users.id,", "users.email,"],
        ["INSERT", "INTO", "auth_sessions"],
        ["INSERT", "INTO", "audit"],
    ]


def test_entries_of_one_time_are_in_one_order(session: Session) -> None:
    """All of one transaction, and nothing twice on two pages."""
    customer = an_actor(session, Role.USER)
    for _ in range(5):
        audit.record_own(session, "tried", customer.id)
    wanted = Wanted(actor_id=customer.id, action="tried")
    whole = audit_log.entries(session, wanted, limit=9, before=None)
    walked, before = list[UUID](), None
    while page := audit_log.entries(session, wanted, limit=2, before=before):
        walked += [entry.id for entry in page]
        before = (page[-1].at, page[-1].id)
    assert walked == [entry.id for entry in whole]
    assert len({*walked}) == 5
