"""A forgotten password: one link, one use, nothing told, everybody out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, one_time_tokens, password_resets, sessions
from desk.accounts.password_resets import LIFETIME, PURPOSE
from desk.errors import DeskError, Malformed
from desk.outbox import outbox
from models import AccountMail, AuditEntry, OneTimeToken, Role, User
from tests.conftest import SECRET
from tests.desk.mailed import kinds, purposes, token
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD_HASH, an_actor, now
from tests.statements import statements

NEW_HASH = "the hash of a new one"


@pytest.fixture
def ann(session: Session) -> Actor:
    return an_actor(session)


def email_of(session: Session, actor: Actor) -> str:
    email = session.get_one(User, actor.id).email
    assert email is not None
    return email


def ask(session: Session, email: str) -> None:
    password_resets.ask(session, email, SECRET, now())


def asked(session: Session, actor: Actor) -> str:
    """The token that somebody is mailed."""
    ask(session, email_of(session, actor))
    return token(session, PURPOSE)


def reset(session: Session, given: str, later: timedelta = timedelta(0)) -> None:
    password_resets.reset(session, given, NEW_HASH, now() + later)


def is_refused(session: Session, given: str, later: timedelta = timedelta(0)) -> bool:
    with pytest.raises(Malformed):
        password_resets.owner(session, given, now() + later)
    with pytest.raises(Malformed) as refused:
        reset(session, given, later)
    return refused.value.code == "invalid_token"


def test_a_link_sets_a_password_once_and_ends_every_session(session: Session, ann: Actor) -> None:
    opened = [sessions.open_session(session, ann.id, LIFETIME, now()) for _ in range(2)]
    email = email_of(session, ann)
    given = asked(session, ann)
    assert password_resets.owner(session, given, now()).email == email
    reset(session, given)
    assert session.get_one(User, ann.id).password_hash == NEW_HASH
    assert outbox(session).ended == {one.session_id: "password_reset" for one in opened}
    assert is_refused(session, given)
    assert kinds(session) == [(email, "password_changed")]


def test_a_newer_link_makes_the_older_void_and_none_outlives_its_half_hour(
    session: Session, ann: Actor
) -> None:
    older, newer = asked(session, ann), asked(session, ann)
    assert is_refused(session, older)
    assert is_refused(session, newer, LIFETIME)
    reset(session, newer, LIFETIME - timedelta(seconds=1))


def test_what_the_tables_hold_is_no_token_and_no_token_is_good_for_anything_else(
    session: Session, ann: Actor
) -> None:
    good = asked(session, ann)
    row = session.scalars(select(OneTimeToken)).one()
    mail = session.scalars(select(AccountMail)).one()
    assert mail.nonce
    other = one_time_tokens.issue(session, "other", ann.id, SECRET, now(), LIFETIME)
    of_other_kind = [row.hash.hex(), mail.nonce.hex(), good[:-1], good + "x", "", "\0", "\ud800"]
    for given in of_other_kind:
        assert is_refused(session, given)
    assert other.hash != row.hash
    with pytest.raises(Malformed):
        one_time_tokens.use(session, "other", good, now())
    reset(session, good)


@pytest.mark.parametrize("is_known", [True, False])
def test_for_whom_there_is_no_account_the_same_is_done_and_nothing_mailed(
    session: Session, ann: Actor, is_known: bool
) -> None:
    email, asked_for = email_of(session, ann), "nobody@desk.test"
    if is_known:
        asked_for = email_of(session, an_actor(session, is_active=False))
    with statements(session.connection()) as of_unknown:
        ask(session, asked_for)
        session.flush()
    assert kinds(session) == []
    with statements(session.connection()) as of_known:
        ask(session, email)
        session.flush()
    assert [text for text, _ in of_known] == [text for text, _ in of_unknown]
    assert kinds(session) == [(email, PURPOSE)]
    audited = session.scalars(select(AuditEntry.action)).all()
    assert audited == ["password_reset_asked"] * 2
    assert not session.scalars(select(AccountMail).where(AccountMail.to_email == asked_for)).all()


def test_whoever_was_deactivated_or_is_a_visitor_gets_nowhere(session: Session, ann: Actor) -> None:
    given = asked(session, ann)
    session.get_one(User, ann.id).is_active = False
    session.flush()
    assert is_refused(session, given)


def test_a_reset_confirms_the_address_and_ends_the_other_links_but_the_one_back(
    session: Session, ann: Actor
) -> None:
    session.get_one(User, ann.id).email_verified_at = None
    for purpose in ("email_change", "email_undo"):
        one_time_tokens.issue(session, purpose, ann.id, SECRET, now(), LIFETIME)
    reset(session, asked(session, ann))
    assert accounts.profile(session, ann.id).email_verified_at is not None
    assert purposes(session) == {"email_undo"}


def test_a_changed_password_ends_the_links_too_and_is_told(session: Session, ann: Actor) -> None:
    given = asked(session, ann)
    accounts.change_password(session, ann, PASSWORD_HASH, "another", now())
    assert is_refused(session, given)
    assert kinds(session) == [(email_of(session, ann), "password_changed")]


def test_of_six_at_once_one_uses_the_link(own_engine: Engine) -> None:
    ann = run(own_engine, an_actor)
    given = run(own_engine, lambda session: asked(session, ann))

    def attempt(n: int) -> str | None:
        def rule(session: Session) -> None:
            password_resets.reset(session, given, f"hash {n}", now())

        try:
            run(own_engine, rule)
        except DeskError as error:
            return error.code
        return None

    with ThreadPoolExecutor(6) as pool:
        became = list(pool.map(attempt, range(6)))
    assert sorted(became, key=str) == [None, *["invalid_token"] * 5]
    with Session(own_engine) as session:
        stored = session.get_one(User, ann.id).password_hash
        assert stored == f"hash {became.index(None)}"
        done = select(func.count()).where(AuditEntry.action == "password_reset")
        assert session.scalar(done) == 1


def changes_address(session: Session, actor: Actor) -> None:
    user = session.get_one(User, actor.id, with_for_update={"key_share": True})
    user.email = f"other.{user.email}"
    one_time_tokens.drop(session, actor.id)


@pytest.mark.parametrize("is_asked_first", [True, False])
def test_no_link_to_an_address_outlives_its_change(
    own_engine: Engine, is_asked_first: bool
) -> None:
    ann = run(own_engine, lambda session: an_actor(session, Role.USER))
    email = run(own_engine, lambda session: email_of(session, ann))
    rules: list[Callable[[Session], None]] = [
        lambda session: ask(session, email),
        lambda session: changes_address(session, ann),
    ]
    first, second = rules if is_asked_first else reversed(rules)
    _, theirs = overlapping(own_engine, first, second)
    theirs.result()
    with Session(own_engine) as session:
        assert purposes(session) == set()
