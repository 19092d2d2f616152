"""Another address for an account: who makes the change, who takes it back, what is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import (
    accounts,
    addresses,
    customers,
    email_changes,
    one_time_tokens,
    password_resets,
    sessions,
    sign_ups,
)
from desk.accounts.accounts import Signup
from desk.accounts.addresses import Verification
from desk.accounts.email_changes import CHANGE, CHANGE_LIFETIME, UNDO_LIFETIME
from desk.accounts.one_time_tokens import UNDO
from desk.errors import Conflict, Forbidden, Invalid, Malformed
from desk.notifications import account_mails
from desk.outbox import outbox
from models import AuditEntry, OneTimeToken, Role, Ticket, User
from tests.conftest import SECRET
from tests.desk.mailed import kinds, purposes, token
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD, PASSWORD_HASH, a_ticket, an_actor, now
from tests.locks import locked, until_one_waits
from tests.statements import statements

NEW = "ann.new@desk.test"


@pytest.fixture
def ann(session: Session) -> Actor:
    return an_actor(session)


def email_of(session: Session, actor: Actor) -> str | None:
    session.flush()
    session.expire_all()
    return session.get_one(User, actor.id).email


def ask(session: Session, actor: Actor, email: str = NEW) -> None:
    email_changes.ask(session, actor, email, PASSWORD_HASH, SECRET, now())


def confirm(session: Session, given: str, later: timedelta = timedelta(0)) -> None:
    addresses.verify(session, Verification(token=given), now() + later)


def test_the_link_in_the_new_address_makes_the_change_once(session: Session, ann: Actor) -> None:
    old = email_of(session, ann)
    session.get_one(User, ann.id).email_verified_at = None
    ask(session, ann)
    assert email_of(session, ann) == old
    assert kinds(session) == [(NEW, CHANGE), (old, UNDO)]
    given = token(session, CHANGE)
    confirm(session, given)
    assert email_of(session, ann) == NEW
    assert accounts.profile(session, ann.id).email_verified_at is not None
    with pytest.raises(Malformed):
        confirm(session, given)
    audited = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert audited == ["email_change_asked", "email_changed"]


def test_what_is_on_copy_of_the_new_address_is_the_accounts(session: Session, ann: Actor) -> None:
    csr = an_actor(session, Role.CSR)
    ticket = a_ticket(session, an_actor(session))
    customers.put_on_copy(session, csr, ticket.id, NEW, now())
    ask(session, ann)
    confirm(session, token(session, CHANGE))
    session.flush()
    session.expire_all()
    assert session.get_one(Ticket, ticket.id).participant_ids == [ann.id]


def test_a_taken_address_is_told_and_whoever_asks_is_not(session: Session, ann: Actor) -> None:
    old, taken = email_of(session, ann), email_of(session, an_actor(session))
    assert taken is not None
    with statements(session.connection()) as of_taken:
        ask(session, ann, taken)
    assert kinds(session) == [(taken, "email_taken"), (old, UNDO)]
    with statements(session.connection()) as of_free:
        ask(session, ann)
    assert kinds(session) == [(NEW, CHANGE), (old, UNDO)]
    assert [text for text, _ in of_free] == [text for text, _ in of_taken]


def test_the_link_in_the_old_address_takes_it_back_and_ends_all_else(
    session: Session, ann: Actor
) -> None:
    old = email_of(session, ann)
    ask(session, ann)
    confirm(session, token(session, CHANGE))
    opened = sessions.open_session(session, ann.id, UNDO_LIFETIME, now())
    ask(session, ann, "another@desk.test")
    email_changes.undo(session, token(session, UNDO, old), SECRET, now())
    assert email_of(session, ann) == old
    assert outbox(session).ended == {opened.session_id: "email_change_undone"}
    assert purposes(session) == {"password_reset"}
    assert kinds(session)[-1] == (old, "password_reset")


def test_a_thief_who_changes_it_again_and_the_password_does_not_end_the_way_back(
    session: Session, ann: Actor
) -> None:
    old = email_of(session, ann)
    for email in (NEW, "thief@desk.test"):
        ask(session, ann, email)
        confirm(session, token(session, CHANGE))
    accounts.change_password(session, ann, PASSWORD_HASH, "of the thief", now())
    email_changes.undo(session, token(session, UNDO, old), SECRET, now())
    assert email_of(session, ann) == old


def test_before_the_change_the_way_back_keeps_the_address(session: Session, ann: Actor) -> None:
    old = email_of(session, ann)
    ask(session, ann)
    given = token(session, CHANGE)
    email_changes.undo(session, token(session, UNDO), SECRET, now())
    with pytest.raises(Malformed):
        confirm(session, given)
    assert email_of(session, ann) == old


def test_both_links_die_of_age_the_way_back_seven_days_after_the_change(
    session: Session, ann: Actor
) -> None:
    ask(session, ann)
    given, back = token(session, CHANGE), token(session, UNDO)
    with pytest.raises(Malformed):
        confirm(session, given, CHANGE_LIFETIME)
    late = CHANGE_LIFETIME - timedelta(minutes=1)
    confirm(session, given, late)
    with pytest.raises(Malformed):
        email_changes.undo(session, back, SECRET, now() + late + UNDO_LIFETIME)
    at = now() + late + UNDO_LIFETIME - timedelta(minutes=1)
    email_changes.undo(session, back, SECRET, at)


def test_whoever_does_not_know_the_password_or_has_none_changes_nothing(
    session: Session, ann: Actor
) -> None:
    with pytest.raises(Forbidden):
        email_changes.ask(session, ann, NEW, "another hash", SECRET, now())
    own = email_of(session, ann)
    assert own is not None
    with pytest.raises(Invalid):
        ask(session, ann, own)
    ask(session, ann)
    given = token(session, CHANGE)
    session.get_one(User, ann.id).is_active = False
    session.flush()
    with pytest.raises(Malformed):
        confirm(session, given)
    with pytest.raises(Malformed):
        email_changes.undo(session, token(session, UNDO), SECRET, now())


def test_of_two_who_take_an_address_at_once_one_has_it(own_engine: Engine) -> None:
    one, other = (run(own_engine, an_actor) for _ in range(2))

    def asked(session: Session, actor: Actor) -> str:
        ask(session, actor)
        return token(session, CHANGE)

    first, second = (run(own_engine, partial(asked, actor=actor)) for actor in (one, other))
    _, theirs = overlapping(
        own_engine, lambda session: confirm(session, first), lambda s: confirm(s, second)
    )
    with pytest.raises(Conflict) as refused:
        theirs.result()
    assert refused.value.code == "email_taken"
    with Session(own_engine) as session:
        assert email_of(session, one) == NEW


def test_two_links_of_an_account_at_once_wait_for_each_other(own_engine: Engine) -> None:
    url = own_engine.url.render_as_string(hide_password=False)

    def asked(session: Session) -> list[Callable[[Session], object]]:
        ann = an_actor(session)
        old = email_of(session, ann)
        assert old is not None
        ask(session, ann, f"new.{old}")
        password_resets.ask(session, old, SECRET, now())
        change, back = token(session, CHANGE), token(session, UNDO)
        reset = token(session, password_resets.PURPOSE)
        return [
            lambda session: confirm(session, change),
            lambda session: email_changes.undo(session, back, SECRET, now()),
            lambda session: password_resets.reset(session, reset, "another", now()),
        ]

    for pair in permutations(range(3), 2):
        rules = run(own_engine, asked)
        with ThreadPoolExecutor(2) as pool:
            with locked(url, "select from users for update"):
                begun = []
                for waiters, n in enumerate(pair, 1):
                    begun.append(pool.submit(run, own_engine, rules[n]))
                    until_one_waits(url, waiters)
            assert begun[0].exception() is None
            assert begun[1].exception() is None or isinstance(begun[1].exception(), Malformed)


def test_who_signs_up_with_the_old_address_does_not_end_the_way_back(
    session: Session, ann: Actor
) -> None:
    old = email_of(session, ann)
    assert old is not None
    ask(session, ann)
    confirm(session, token(session, CHANGE))
    kinds(session)
    new = Signup(email=old, password=PASSWORD, full_name="Thief")
    sign_ups.ask(session, new, "hash", SECRET, now())
    thief = an_actor(session)
    ask(session, thief, old)
    told = [(old, "email_taken"), (old, "email_taken"), (email_of(session, thief), UNDO)]
    assert kinds(session) == told
    with pytest.raises(Conflict) as refused, session.begin_nested():
        addresses.sign_up(session, new, "hash", SECRET, now())
    assert refused.value.code == "email_taken"
    email_changes.undo(session, token(session, UNDO, old), SECRET, now())
    assert email_of(session, ann) == old


def test_links_of_before_do_not_take_an_address_that_is_kept(session: Session, ann: Actor) -> None:
    old = email_of(session, ann)
    assert old is not None
    ask(session, ann)
    confirm(session, token(session, CHANGE))
    thief = an_actor(session)
    for purpose, user_id in ((sign_ups.PURPOSE, None), (CHANGE, thief.id)):
        data = {"email": old, "full_name": "Thief", "password_hash": "hash"}
        link = one_time_tokens.issue(
            session, purpose, user_id, SECRET, now(), CHANGE_LIFETIME, data=data
        )
        given = account_mails.token(SECRET, purpose, link.nonce)
        with pytest.raises(Conflict), session.begin_nested():
            confirm(session, given)
    session.execute(update(OneTimeToken).values(expires_at=now() - UNDO_LIFETIME))
    assert addresses.sign_up(
        session, Signup(email=old, password=PASSWORD, full_name="New"), "hash", SECRET, now()
    )


def test_the_account_itself_goes_back_to_its_address(session: Session, ann: Actor) -> None:
    old = email_of(session, ann)
    assert old is not None
    for email in (NEW, old):
        ask(session, ann, email)
        confirm(session, token(session, CHANGE))
    assert email_of(session, ann) == old


def test_the_way_back_to_a_newer_address_does_not_end_that_to_an_older(
    session: Session, ann: Actor
) -> None:
    old = email_of(session, ann)
    ask(session, ann)
    confirm(session, token(session, CHANGE))
    ask(session, ann, "thief@desk.test")
    email_changes.undo(session, token(session, UNDO, NEW), SECRET, now())
    email_changes.undo(session, token(session, UNDO, old), SECRET, now())
    assert email_of(session, ann) == old
