"""Passkeys: what a challenge is good for, and what a key that was found good opens."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import Conflict, Forbidden, NotFound, Unauthenticated
from desk.factors import passkeys
from desk.factors.passkeys import FRESH, LIFETIME, MOST_PASSKEYS, NewPasskey
from models import User
from tests.factories import an_actor, now

DAY = timedelta(days=1)


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
    return passkeys.sign_in(session, known, count, DAY, now())


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
        passkeys.remove(session, signed_in(session), shown.id)
    passkeys.remove(session, ann, shown.id)
    assert passkeys.known(session, new.credential_id) is None
    with pytest.raises(Unauthenticated) as refused:
        passkeys.sign_in(session, known, 0, DAY, now())
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
        passkeys.require_account(session, Actor(visitor.id, visitor.role))
