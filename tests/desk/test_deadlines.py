"""What is due by the clock: each effect once, in the order of the clock, whatever fails."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from desk import deadlines, retention
from desk.accounts import sessions
from desk.deadlines import DESK, Due, Kinds
from desk.leases import MOST_ATTEMPTS
from desk.outbox import outbox
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import Deadline, SocketTicket, Ticket
from tests.conftest import Backend, engine_of
from tests.factories import a_ticket, an_actor, now

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def done() -> list[str]:
    """What the rules have done, in order."""
    return []


@pytest.fixture
def kinds(done: list[str]) -> Kinds:
    def note(_: Session, deadline: Due, __: datetime) -> None:
        done.append(deadline.data["name"])

    return {"remind": note}


@pytest.fixture
def armed(session: Session) -> Callable[..., UUID]:
    """``armed("name", at, ticket_id=…)``: of the kind ``remind``, about something new."""

    def arm(name: str, at: datetime, kind: str = "remind", **more: Any) -> UUID:
        subject_id = uuid4()
        deadlines.arm(session, kind, subject_id, at, data={"name": name}, **more)
        return subject_id

    return arm


def test_what_is_due_is_done_once_in_its_order_and_the_rest_waits(
    session: Session, kinds: Kinds, armed: Callable[..., UUID], done: list[str]
) -> None:
    ticket_id, at = a_ticket(session, an_actor(session)).id, now()
    for name, later in (("second", 2), ("third", 3), ("first", 1)):
        armed(name, at + later * SECOND, ticket_id=ticket_id)
    armed("of the desk", at)
    assert deadlines.drain(session, kinds, at + 2 * SECOND).tried == 2
    assert deadlines.drain(session, kinds, at + 2 * SECOND).tried == 0
    assert done == ["first", "second"]
    assert deadlines.drain_other(session, kinds, at) == 1
    assert deadlines.drain_other(session, kinds, at) == 0
    assert done[2:] == ["of the desk"]


def test_what_is_armed_again_is_moved(
    session: Session, kinds: Kinds, armed: Callable[..., UUID], done: list[str]
) -> None:
    subject_id, at = armed("early", now()), now()
    deadlines.arm(session, "remind", subject_id, at + SECOND, data={"name": "late"})
    assert deadlines.drain_other(session, kinds, at) == 0
    assert deadlines.drain_other(session, kinds, at + SECOND) == 1
    assert done == ["late"]


def test_one_that_fails_leaves_nothing_and_holds_up_nothing(
    session: Session, kinds: Kinds, armed: Callable[..., UUID], done: list[str]
) -> None:
    customer = an_actor(session)
    ticket_id, at = a_ticket(session, customer).id, now()
    told = len(outbox(session).events)

    def fail(session: Session, *_: object) -> None:
        messages.post(session, customer, ticket_id, NewMessage(content="never said"), None)
        raise LookupError("with somebody's words")

    armed("poisoned", at, "fail", ticket_id=ticket_id)
    armed("sound", at + SECOND, ticket_id=ticket_id)
    assert deadlines.drain(session, {**kinds, "fail": fail}, at + SECOND).tried == 2
    assert done == ["sound"]
    assert len(outbox(session).events) == told
    (row,) = session.scalars(select(Deadline).where(Deadline.kind == "fail"))
    assert (row.attempts, row.last_error) == (1, "LookupError")
    assert row.due_at == at + 6 * SECOND


def test_one_that_fails_ten_times_is_dead_until_somebody_has_it_tried_again(
    session: Session, armed: Callable[..., UUID], done: list[str]
) -> None:
    def fail(*_: object) -> None:
        done.append("tried")
        raise LookupError

    at = now()
    armed("poisoned", at, "fail")
    waits = []
    for _ in range(MOST_ATTEMPTS):
        assert deadlines.drain_other(session, {"fail": fail}, at) == 1
        (row,) = session.scalars(select(Deadline).where(Deadline.kind == "fail"))
        waits.append((row.due_at - at) // SECOND)
        at = row.due_at
    assert waits[:4] == [5, 15, 45, 135]
    assert deadlines.drain_other(session, {"fail": fail}, at) == 0
    assert [dead.id for dead in deadlines.dead(session, 10)] == [row.id]
    assert deadlines.retry(session, [row.id], at) == 1
    assert deadlines.retry(session, None, at) == 0
    assert deadlines.drain_other(session, {"fail": fail}, at) == 1
    assert len(done) == MOST_ATTEMPTS + 1


def test_what_the_desk_does_again_and_again_is_never_given_up(session: Session) -> None:
    def fail(*_: object) -> None:
        raise LookupError

    deadlines.arm(session, "fail", DESK, now())
    for _ in range(2 * MOST_ATTEMPTS):
        (row,) = session.scalars(select(Deadline).where(Deadline.kind == "fail"))
        assert deadlines.drain_other(session, {"fail": fail}, row.due_at) == 1
    (row,) = session.scalars(select(Deadline).where(Deadline.kind == "fail"))
    assert (row.attempts, row.dead_at) == (MOST_ATTEMPTS - 1, None)


def test_a_kind_of_a_newer_process_is_left_to_it(
    session: Session, kinds: Kinds, armed: Callable[..., UUID], done: list[str]
) -> None:
    ticket_id, at = a_ticket(session, an_actor(session)).id, now()
    for _ in range(deadlines.BATCH):
        armed("unknown", at - SECOND, "newer", ticket_id=ticket_id)
    armed("known", at, ticket_id=ticket_id)
    assert deadlines.drain(session, kinds, at).tried == 1
    assert done == ["known"]
    left = deadlines.seconds_left(session, kinds)
    assert left is None


def test_a_rule_may_disarm_what_is_due_after_it_and_arm_itself_anew(
    session: Session, done: list[str]
) -> None:
    ticket_id, at = a_ticket(session, an_actor(session)).id, now()
    other = uuid4()

    def settle(session: Session, deadline: Due, at: datetime) -> None:
        done.append("settled")
        deadlines.disarm(session, "remind", other)
        deadlines.arm(session, "settle", deadline.subject_id, at + SECOND, ticket_id=ticket_id)

    kinds: Kinds = {"settle": settle, "remind": lambda *_: done.append("reminded")}
    deadlines.arm(session, "settle", ticket_id, at, ticket_id=ticket_id)
    deadlines.arm(session, "remind", other, at, ticket_id=ticket_id)
    deadlines.drain(session, kinds, at)
    deadlines.drain(session, kinds, at + SECOND)
    assert done == ["settled", "settled"]


steps = st.one_of(
    st.tuples(st.just("arm"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("disarm"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("drain"), st.just(0), st.integers(0, 9)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=20))
def test_any_order_of_arming_disarming_and_draining_does_what_a_list_would(
    session: Session, kinds: Kinds, done: list[str], taken: list[tuple[str, int, int]]
) -> None:
    began, subjects = now(), [uuid4() for _ in range(4)]
    ticket_id = a_ticket(session, an_actor(session)).id
    model: dict[int, int] = {}
    expected: list[str] = []
    done.clear()
    for step, subject, second in taken:
        if step == "arm":
            at, data = began + second * SECOND, {"name": str(subject)}
            deadlines.arm(session, "remind", subjects[subject], at, ticket_id=ticket_id, data=data)
            model[subject] = second
        elif step == "disarm":
            deadlines.disarm(session, "remind", subjects[subject])
            model.pop(subject, None)
        else:
            deadlines.drain(session, kinds, began + second * SECOND)
            late = sorted((at, each) for each, at in model.items() if at <= second)
            # What is due at the same moment is in no order.
            done[len(expected) :] = sorted(
                done[len(expected) :], key=lambda name: (model[int(name)], int(name))
            )
            for _, each in late:
                expected.append(str(each))
                del model[each]
    assert done == expected
    deadlines.drain(session, kinds, began + 100 * SECOND)


@pytest.fixture
def two(make_backend: Callable[[], Backend]) -> Iterator[tuple[Session, Session]]:
    with engine_of(make_backend()) as engine, Session(engine) as one, Session(engine) as other:
        yield one, other


def test_a_ticket_that_is_locked_is_skipped_and_waited_for_once_it_is_late(
    two: tuple[Session, Session], kinds: Kinds, done: list[str]
) -> None:
    holder, drainer = two
    with Session(holder.get_bind()) as session, session.begin():
        customer = an_actor(session)
        busy, free = (a_ticket(session, customer).id for _ in range(2))
        at = now()
        for _ in range(deadlines.BATCH):
            deadlines.arm(session, "remind", uuid4(), at, ticket_id=busy, data={"name": "busy"})
        deadlines.arm(session, "remind", free, at + SECOND, ticket_id=free, data={"name": "free"})
    holder.get(Ticket, busy, with_for_update={"key_share": True})
    assert deadlines.drain(drainer, kinds, at + SECOND) == (1, None)
    assert deadlines.drain(drainer, kinds, at + deadlines.PATIENCE + SECOND) == (0, busy)
    with pytest.raises(OperationalError):
        deadlines.drain_ticket(drainer, kinds, busy, at)
    assert done == ["free"]
    drainer.rollback()
    for deadline in holder.scalars(select(Deadline).where(Deadline.kind == "remind")):
        deadlines.disarm(holder, "remind", deadline.subject_id)
    holder.commit()
    assert deadlines.drain_ticket(drainer, kinds, busy, at) == 0
    assert done == ["free"]


def test_retention_is_armed_by_the_migrations_and_recurs(
    make_backend: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    kind = "retention_socket_tickets"
    kinds: Kinds = {kind: retention.prune}
    with engine_of(make_backend()) as engine, Session(engine) as session:
        assert set(session.scalars(select(Deadline.kind))) == set(retention.PRUNES)
        session.execute(delete(Deadline).where(Deadline.kind != kind))
        actor = an_actor(session)
        ticket_id, at = a_ticket(session, actor).id, now()
        issued = sessions.open_session(session, actor.id, timedelta(days=1), at)
        for name in (b"one", b"two"):
            session.add(
                SocketTicket(
                    hash=name,
                    user_id=actor.id,
                    session_id=issued.session_id,
                    ticket_id=ticket_id,
                    expires_at=at - SECOND,
                    socket_until=at,
                )
            )
        session.flush()
        # Two full batches, and one that finds nothing.
        assert [deadlines.drain_other(session, kinds, at) for _ in range(4)] == [1, 1, 1, 0]
        assert session.scalars(select(SocketTicket)).all() == []
        (again,) = session.scalars(select(Deadline))
        assert (again.subject_id, again.due_at) == (DESK, at + retention.EVERY)
