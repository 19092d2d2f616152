"""Passkeys: what a challenge is good for, and what a key that was found good opens."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import Conflict, Forbidden, NotFound, Unauthenticated
from desk.factors import administration, passkeys, totp
from desk.factors.passkeys import FRESH, LIFETIME, MOST_PASSKEYS, NewPasskey
from desk.factors.sign_in import SignIn
from models import AccountMail, Role, Totp, User
from tests.conftest import SECRET
from tests.factories import PASSWORD_HASH, an_actor, behind, now

DAY = timedelta(days=1)
HOW = SignIn(DAY)


def signed_in(session: Session) -> Actor:
    actor = an_actor(session)
    issued = sessions.open_session(session, actor.id, DAY, now())
    return Actor(actor.id, actor.role, issued.session_id)


def a_passkey(session: Session, actor: Actor, name: str = "Phone", count: int = 0) -> NewPasskey:
    new = NewPasskey(name, f"{actor.id} {name}".encode(), b"key", count, ["internal"])
    passkeys.add(session, actor, new, now())
    return new


def sign_in(session: Session, new: NewPasskey, count: int = 0) -> sessions.Issued:
    known = passkeys.known(session, new.credential_id)
    assert known is not None
    return passkeys.sign_in(session, known, count, HOW, now())


@pytest.fixture
def ann(session: Session) -> Actor:
    return signed_in(session)


def test_a_challenge_is_signed_once_soon_and_by_whom_it_was_made_for(
    session: Session, ann: Actor
) -> None:
    other = signed_in(session).session_id
    for own, wrong in ((ann.session_id, other), (ann.session_id, None), (None, ann.session_id)):
        made = passkeys.challenge(session, own, now())
        session.flush()
        assert not passkeys.spend(session, made, wrong, now())
        assert passkeys.spend(session, made, own, now())
        assert not passkeys.spend(session, made, own, now())
    late = passkeys.challenge(session, None, now())
    session.flush()
    assert not passkeys.spend(session, late, None, now() + LIFETIME)
    assert not passkeys.spend(session, b"", None, now())


def test_a_passkey_signs_its_account_in_until_it_is_taken_away(
    session: Session, ann: Actor
) -> None:
    new = a_passkey(session, ann)
    assert sign_in(session, new).user_id == ann.id
    known = passkeys.known(session, new.credential_id)
    assert known is not None
    (shown,) = passkeys.listed(session, ann)
    assert (shown.name, shown.last_used_at is None) == ("Phone", False)
    with pytest.raises(NotFound):
        passkeys.remove(session, signed_in(session), shown.id, now())
    passkeys.remove(session, ann, shown.id, now())
    assert passkeys.known(session, new.credential_id) is None
    with pytest.raises(Unauthenticated) as refused:
        passkeys.sign_in(session, known, 0, HOW, now())
    assert refused.value.code == "invalid_passkey"


def test_who_was_shut_out_stays_out(session: Session, ann: Actor) -> None:
    new = a_passkey(session, ann)
    session.get_one(User, ann.id).is_active = False
    session.flush()
    with pytest.raises(Unauthenticated) as refused:
        sign_in(session, new)
    assert refused.value.code == "invalid_passkey"


def test_a_passkey_that_counts_does_not_count_back(session: Session, ann: Actor) -> None:
    new = a_passkey(session, ann, count=5)
    for count in (5, 4, 1):
        with pytest.raises(Unauthenticated):
            sign_in(session, new, count)
    assert sign_in(session, new, 6)
    silent = a_passkey(session, ann, "Key that does not count")
    for _ in range(2):
        assert sign_in(session, silent, 0)


def test_a_passkey_is_of_one_account_and_an_account_has_so_many(
    session: Session, ann: Actor
) -> None:
    new = a_passkey(session, ann)
    for actor in (ann, signed_in(session)):
        with pytest.raises(Conflict) as refused:
            passkeys.add(session, actor, new, now())
        assert refused.value.code == "passkey_known"
    for number in range(1, MOST_PASSKEYS):
        a_passkey(session, ann, f"No. {number}")
    with pytest.raises(Conflict) as refused:
        a_passkey(session, ann, "One more")
    assert refused.value.code == "too_many_passkeys"


def test_an_admin_takes_away_all_but_their_own(session: Session, ann: Actor) -> None:
    admin = an_actor(session, Role.ADMIN)
    new = a_passkey(session, ann)
    totp.start(session, ann, PASSWORD_HASH, [SECRET], "Desk", now())
    with pytest.raises(Conflict):
        administration.take_away(session, admin, admin.id, now())
    with pytest.raises(NotFound):
        administration.take_away(session, admin, uuid4(), now())
    for _ in range(2):
        administration.take_away(session, admin, ann.id, now())
    assert passkeys.known(session, new.credential_id) is None
    assert session.get(Totp, ann.id) is None
    assert ann.session_id is not None
    assert behind(session, ann.session_id, now()) is None
    mail = select(AccountMail.kind).where(AccountMail.user_id == ann.id).order_by(AccountMail.id)
    assert session.scalars(mail).all() == ["passkey_added", *["factors_removed"] * 2]


def test_a_visitor_has_none_and_a_sign_in_is_fresh_for_ten_minutes(
    session: Session, ann: Actor
) -> None:
    assert passkeys.is_fresh(session, ann, now())
    assert not passkeys.is_fresh(session, ann, now() + FRESH)
    assert not passkeys.is_fresh(session, Actor(ann.id, ann.role), now())
    visitor = User(visitor_email="eve@desk.test", full_name="Eve")
    session.add(visitor)
    session.flush()
    with pytest.raises(Forbidden):
        passkeys.owner(session, Actor(visitor.id, visitor.role))
