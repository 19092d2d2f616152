"""Where somebody is signed in: the list, the end of one, the longest time, who is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from desk.accounts import own_sessions, sessions
from desk.accounts.sessions import GRACE, Client, Issued
from desk.errors import NotFound
from desk.outbox import outbox
from models import AccountMail, User
from tests.desk.mailed import mails
from tests.factories import an_actor, behind, now

LIFETIME = timedelta(days=7)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def start() -> datetime:
    return now()


def refresh(
    session: Session, issued: Issued, at: datetime, longest: timedelta = sessions.LONGEST
) -> Issued | None:
    return sessions.refresh(
        session, issued.session_id, issued.generation, LIFETIME, at, longest=longest
    )


def test_somebody_sees_where_they_are_signed_in_and_ends_one(
    session: Session, start: datetime
) -> None:
    ann, bob = an_actor(session), an_actor(session)
    firefox = Client("Firefox on Linux", "192.0.2.0/24")
    first = sessions.open_session(session, ann.id, LIFETIME, start, client=firefox)
    second = sessions.open_session(session, ann.id, LIFETIME, start + MOMENT)
    theirs = sessions.open_session(session, bob.id, LIFETIME, start)
    refresh(session, first, start + 2 * MOMENT)
    me = replace(ann, session_id=second.session_id)
    shown = own_sessions.show_all(session, me, start + GRACE)
    assert [(one.id, one.is_current) for one in shown] == [
        (first.session_id, False),
        (second.session_id, True),
    ]
    assert (shown[0].browser, shown[0].address) == ("Firefox on Linux", "192.0.2.0/24")
    assert (shown[0].created_at, shown[0].last_used_at) == (start, start + 2 * MOMENT)
    for not_mine in (theirs.session_id, uuid4()):
        with pytest.raises(NotFound):
            own_sessions.end(session, me, not_mine, start)
    own_sessions.end(session, me, first.session_id, start)
    assert outbox(session).ended == {first.session_id: "logged_out"}
    with pytest.raises(NotFound):
        own_sessions.end(session, me, first.session_id, start)
    assert [one.id for one in own_sessions.show_all(session, me, start + GRACE)] == [
        second.session_id
    ]
    assert own_sessions.show_all(session, me, start + 2 * LIFETIME) == []


def test_no_session_outlives_its_longest_time_however_often_it_is_refreshed(
    session: Session, start: datetime
) -> None:
    longest = 3 * LIFETIME
    issued = sessions.open_session(session, an_actor(session).id, LIFETIME, start)
    for days in (6, 12, 18, 20):
        at = start + timedelta(days=days)
        successor = refresh(session, issued, at, longest)
        assert successor is not None
        issued = successor
    assert behind(session, issued.session_id, start + longest - MOMENT) is not None
    assert behind(session, issued.session_id, start + longest) is None
    assert refresh(session, issued, start + longest) is None


def test_a_new_browser_is_told_once_and_not_the_one_that_came_first(
    session: Session, start: datetime
) -> None:
    ann = an_actor(session)

    def sign_in(browser: str, later: timedelta = timedelta(0), *, is_new: bool = True) -> None:
        client = Client(browser, "192.0.2.0/24", is_new=is_new)
        sessions.open_session(session, ann.id, LIFETIME, now() + later, client=client)

    sign_in("Firefox on Linux")
    assert mails(session) == []
    for _ in range(2):
        sign_in("Safari on iPhone")
    sign_in("Chrome on Mac", is_new=False)
    told = mails(session)
    assert [(mail.kind, mail.data["browser"]) for mail in told] == [
        ("new_sign_in", "Safari on iPhone")
    ]
    session.execute(update(AccountMail).values(created_at=now() - sessions.TOLD_AGAIN))
    sign_in("Safari on iPhone")
    assert len(mails(session)) == 1
    session.get_one(User, ann.id).email_verified_at = None
    sign_in("Opera on Windows")
    assert mails(session) == []
