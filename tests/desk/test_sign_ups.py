"""Accounts that are there once the link was used."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.accounts import accounts, addresses, sign_ups
from desk.accounts.accounts import Signup
from desk.accounts.addresses import Verification
from desk.accounts.sign_ups import LIFETIME, PURPOSE
from desk.errors import Conflict, Malformed
from models import AuditEntry, User
from tests.conftest import SECRET
from tests.desk.mailed import kinds, token
from tests.factories import PASSWORD, an_actor, now
from tests.statements import statements

SIGNUP = Signup(email="ann@desk.test", password=PASSWORD, full_name="Ann")


def ask(session: Session, new: Signup = SIGNUP) -> None:
    sign_ups.ask(session, new, "hash", SECRET, now())


def confirm(session: Session, given: str, later: timedelta = timedelta(0)) -> None:
    addresses.verify(session, Verification(token=given), now() + later)


def people(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(User)) or 0


def test_the_account_exists_once_the_link_is_used(session: Session) -> None:
    before = people(session)
    ask(session)
    assert people(session) == before
    assert accounts.credentials(session, SIGNUP.email) is None
    assert kinds(session) == [(SIGNUP.email, PURPOSE)]
    given = token(session, PURPOSE)
    for later in (LIFETIME, timedelta(0)):
        if later:
            with pytest.raises(Malformed):
                confirm(session, given, later)
        else:
            confirm(session, given)
    stored = accounts.credentials(session, SIGNUP.email)
    assert stored is not None
    profile = accounts.profile(session, stored.user_id)
    assert (profile.full_name, stored.password_hash) == (SIGNUP.full_name, "hash")
    assert profile.email_verified_at is not None
    with pytest.raises(Malformed):
        confirm(session, given)
    assert session.scalars(select(AuditEntry.action)).all() == ["signed_up"]


def test_a_taken_address_is_told_and_whoever_asks_is_not(session: Session) -> None:
    taken = session.get_one(User, an_actor(session).id).email
    assert taken is not None
    with statements(session.connection()) as of_taken:
        ask(session, SIGNUP.model_copy(update={"email": taken}))
    assert kinds(session) == [(taken, "email_taken")]
    with statements(session.connection()) as of_free:
        ask(session)
    assert [text for text, _ in of_free] == [text for text, _ in of_taken]


def test_a_newer_link_makes_the_older_void_and_an_account_of_meanwhile_both(
    session: Session,
) -> None:
    ask(session)
    older = token(session, PURPOSE)
    ask(session)
    newer = token(session, PURPOSE)
    with pytest.raises(Malformed):
        confirm(session, older)
    accounts.create(session, SIGNUP.email, "Somebody", "another hash")
    with pytest.raises(Conflict):
        confirm(session, newer)
