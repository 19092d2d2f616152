"""Sessions against changes at the same moment, and their end by age."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, administration, sessions
from desk.errors import Forbidden, Unauthenticated
from models import AuthSession, Role, User
from tests.conftest import Backend
from tests.factories import PASSWORD_HASH, an_actor, behind, now

WEEK = timedelta(days=7)


def opened(session: Session, user_id: UUID) -> sessions.Issued:
    return sessions.open_session(session, user_id, WEEK, now(), PASSWORD_HASH)


def change_password(session: Session, actor: Actor) -> None:
    accounts.change_password(session, actor, PASSWORD_HASH, "another hash", now())


def deactivate(session: Session, actor: Actor) -> None:
    admin = an_actor(session, Role.ADMIN)
    administration.change(
        session, admin, actor.id, administration.UserChange(is_active=False), now()
    )


@pytest.fixture(scope="module")
def own_engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    """For what has to be committed: other tests count the accounts of the shared database."""
    engine = create_engine(make_backend().database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("change", [change_password, deactivate])
@pytest.mark.parametrize("login_first", [True, False])
def test_a_login_and_a_change_at_once_leave_no_session_of_before(
    own_engine: Engine, change: Callable[[Session, Actor], None], login_first: bool
) -> None:
    """Two connections: the second waits for the first, whichever it is."""
    with Session(own_engine) as session, session.begin():
        actor = an_actor(session)

    def log_in(session: Session, actor: Actor) -> None:
        opened(session, actor.id)

    first, second = (log_in, change) if login_first else (change, log_in)
    failed: list[Exception] = []

    def run_second() -> None:
        try:
            with Session(own_engine) as session, session.begin():
                second(session, actor)
        except Unauthenticated as error:
            failed.append(error)

    with Session(own_engine) as session, session.begin():
        first(session, actor)
        session.flush()
        thread = threading.Thread(target=run_second)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it did not wait"
    thread.join(5)
    with Session(own_engine) as session:
        query = select(AuthSession.ended_at).where(AuthSession.user_id == actor.id)
        assert all(session.scalars(query))
    assert bool(failed) is not login_first


def test_who_is_no_admin_any_more_changes_nobody(session: Session) -> None:
    demoted, user = an_actor(session, Role.USER), an_actor(session)
    stale = Actor(demoted.id, Role.ADMIN)
    with pytest.raises(Forbidden):
        administration.change(
            session, stale, user.id, administration.UserChange(role=Role.CSR), now()
        )


def test_an_expired_session_is_over_everywhere(session: Session) -> None:
    actor = an_actor(session)
    issued = opened(session, actor.id)
    later = now() + WEEK
    assert behind(session, issued.session_id, later) is None
    assert sessions.over(session, [issued.session_id], later) == {
        issued.session_id: "session_expired"
    }
    assert sessions.refresh(session, issued.session_id, 0, WEEK, later) is None


def test_sessions_are_pruned_a_week_after_their_end_by_age(session: Session) -> None:
    actor = an_actor(session)
    kept, pruned = opened(session, actor.id), opened(session, actor.id)
    session.get_one(AuthSession, pruned.session_id).expires_at -= WEEK
    session.flush()
    assert sessions.prune(session, now() + timedelta(seconds=1) + WEEK, 1_000) == 1
    assert session.scalars(select(AuthSession.id).where(AuthSession.user_id == actor.id)).all() == [
        kept.session_id
    ]
    assert session.get(User, actor.id)
