"""Sessions: rotation, the grace for retries, the end by reuse."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from desk.accounts import sessions
from desk.accounts.sessions import GRACE, KEPT, Issued
from desk.errors import Unauthenticated
from models import AuthSession, Role, User
from tests.factories import an_actor, behind, now

LIFETIME = timedelta(days=7)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def start() -> datetime:
    return now()


@pytest.fixture
def opened(session: Session, start: datetime) -> Issued:
    return sessions.open_session(session, an_actor(session).id, LIFETIME, start)


def refresh(session: Session, issued: Issued, at: datetime) -> Issued | None:
    return sessions.refresh(session, issued.session_id, issued.generation, LIFETIME, at)


def renewed(session: Session, issued: Issued, at: datetime) -> Issued:
    successor = refresh(session, issued, at)
    assert successor is not None
    return successor


def stored(session: Session, issued: Issued) -> AuthSession:
    return session.get_one(AuthSession, issued.session_id)


def test_each_refresh_is_a_generation_on(session: Session, opened: Issued, start: datetime) -> None:
    issued = opened
    for hours in range(1, 4):
        at = start + timedelta(hours=hours)
        issued = renewed(session, issued, at)
        assert (issued.generation, issued.at) == (hours, at)
        assert stored(session, issued).expires_at == at + LIFETIME


@pytest.mark.parametrize("later", [timedelta(0), MOMENT, GRACE])
def test_a_retry_in_time_gets_the_very_same_successor(
    session: Session, opened: Issued, start: datetime, later: timedelta
) -> None:
    first = renewed(session, opened, start)
    assert refresh(session, opened, start + later) == first
    assert stored(session, opened).ended_at is None


def test_a_retry_in_time_gets_the_same_also_two_generations_back(
    session: Session, opened: Issued, start: datetime
) -> None:
    first = renewed(session, opened, start + timedelta(seconds=1))
    second = renewed(session, first, start + timedelta(seconds=2))
    at = start + timedelta(seconds=3)
    assert refresh(session, opened, at) == first
    assert refresh(session, first, at) == second


def test_each_generation_has_its_own_grace(
    session: Session, opened: Issued, start: datetime
) -> None:
    first = renewed(session, opened, start)
    second = renewed(session, first, start + GRACE)
    assert refresh(session, first, start + 2 * GRACE) == second
    assert refresh(session, opened, start + 2 * GRACE) is None


def test_a_spent_token_seen_later_ends_the_session(
    session: Session, opened: Issued, start: datetime
) -> None:
    newest = renewed(session, opened, start)
    assert refresh(session, opened, start + GRACE + MOMENT) is None
    ended = stored(session, opened)
    assert (ended.ended_because, ended.ended_at) == ("token_reused", start + GRACE + MOMENT)
    assert refresh(session, newest, start + GRACE + MOMENT) is None
    assert behind(session, opened.session_id, start) is None


def test_only_so_many_generations_are_remembered(
    session: Session, opened: Issued, start: datetime
) -> None:
    issued = [opened]
    for _ in range(KEPT + 1):
        issued.append(renewed(session, issued[-1], start))
    assert len(stored(session, opened).issued) == KEPT
    assert refresh(session, issued[1], start) == issued[2]
    assert refresh(session, opened, start) is None


def test_a_generation_that_was_never_issued_ends_the_session(
    session: Session, opened: Issued, start: datetime
) -> None:
    forged = Issued(opened.session_id, opened.user_id, 5, start)
    assert refresh(session, forged, start) is None
    assert stored(session, opened).ended_because == "token_reused"


def test_a_session_expires_unless_it_is_carried_on(
    session: Session, opened: Issued, start: datetime
) -> None:
    end = start + LIFETIME
    assert behind(session, opened.session_id, end - MOMENT)
    assert behind(session, opened.session_id, end) is None
    assert refresh(session, opened, end) is None
    assert refresh(session, opened, end - MOMENT) is not None
    assert behind(session, opened.session_id, end)


def test_a_logout_ends_it_once(session: Session, opened: Issued, start: datetime) -> None:
    assert sessions.log_out(session, opened.session_id, start)
    assert not sessions.log_out(session, opened.session_id, start)
    assert behind(session, opened.session_id, start) is None
    assert refresh(session, opened, start) is None


def test_sessions_of_one_person_do_not_end_each_other(
    session: Session, opened: Issued, start: datetime
) -> None:
    other = sessions.open_session(session, opened.user_id, LIFETIME, start)
    sessions.log_out(session, opened.session_id, start)
    assert behind(session, other.session_id, start)


def test_an_unknown_session_is_nobodys(session: Session, start: datetime) -> None:
    assert behind(session, uuid4(), start) is None
    assert not sessions.log_out(session, uuid4(), start)
    assert sessions.refresh(session, uuid4(), 0, LIFETIME, start) is None


def test_a_deactivated_account_is_nobody_and_opens_no_session(
    session: Session, opened: Issued, start: datetime
) -> None:
    session.get_one(User, opened.user_id).is_active = False
    assert behind(session, opened.session_id, start) is None
    with pytest.raises(Unauthenticated):
        sessions.open_session(session, opened.user_id, LIFETIME, start)


def test_the_actor_has_the_role_of_this_moment(
    session: Session, opened: Issued, start: datetime
) -> None:
    session.get_one(User, opened.user_id).role = Role.CSR
    actor = behind(session, opened.session_id, start)
    assert actor is not None
    assert (actor.role, actor.session_id) == (Role.CSR, opened.session_id)


def test_a_refresh_token_that_names_another_account_spends_nothing(
    session: Session, opened: Issued, start: datetime
) -> None:
    def refreshed_by(user_id: UUID) -> Issued | None:
        return sessions.refresh(session, opened.session_id, 0, LIFETIME, start, user_id=user_id)

    assert refreshed_by(uuid4()) is None
    good = refreshed_by(opened.user_id)
    assert good is not None
    assert good.generation == 1


def test_sessions_are_locked_in_one_order(session: Session) -> None:
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    sessions.end_all(session, an_actor(session).id, "logged_out", now())
    locking = [said for said in statements if "FOR NO KEY UPDATE" in said and "auth_" in said]
    assert locking
    assert all("ORDER BY auth_sessions.id" in said for said in locking)


def holder(session: Session, issued: Issued, at: datetime, **other: UUID) -> UUID | None:
    user_id = other.get("user_id", issued.user_id)
    actor = sessions.holder(session, issued.session_id, user_id, issued.generation, at)
    return actor.id if actor else None


def test_who_holds_the_newest_token_is_known_and_spends_nothing(
    session: Session, opened: Issued, start: datetime
) -> None:
    assert holder(session, opened, start) == opened.user_id
    assert stored(session, opened).generation == 0
    first = renewed(session, opened, start)
    assert holder(session, opened, start + GRACE) == opened.user_id
    assert holder(session, opened, start + GRACE + MOMENT) is None
    # Unlike a refresh, that is no theft.
    assert stored(session, opened).ended_at is None
    assert holder(session, first, start + LIFETIME - MOMENT) == opened.user_id
    assert holder(session, first, start + LIFETIME) is None


def test_who_holds_an_older_token_than_is_remembered_is_nobody(
    session: Session, opened: Issued, start: datetime
) -> None:
    issued = opened
    for _ in range(KEPT + 1):
        issued = renewed(session, issued, start)
    assert holder(session, opened, start) is None
    assert holder(session, issued, start) == opened.user_id


def test_a_token_of_another_or_of_nobody_holds_nothing(
    session: Session, opened: Issued, start: datetime
) -> None:
    assert holder(session, opened, start, user_id=uuid4()) is None
    unborn = Issued(opened.session_id, opened.user_id, 1, start)
    assert holder(session, unborn, start) is None
    session.get_one(User, opened.user_id).is_active = False
    session.flush()
    assert holder(session, opened, start) is None
    session.get_one(User, opened.user_id).is_active = True
    sessions.log_out(session, opened.session_id, start)
    session.flush()
    assert holder(session, opened, start) is None
