"""Whom the staff's identity provider names: linked once, and what it says they are."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from desk.accounts import accounts, administration, sessions, single_sign_on
from desk.accounts.administration import UserChange
from desk.accounts.sessions import Client, Issued
from desk.accounts.single_sign_on import Named, Terms, TurnedAway
from models import AuditEntry, AuthSession, LinkedIdentity, Role, User
from tests.conftest import Backend, engine_of
from tests.desk.races import overlapping
from tests.factories import an_actor, behind, now

ISSUER = "https://login.desk.test"
CLIENT = Client("Firefox on Linux", "192.0.2.0/24", "oidc")
TERMS = Terms(timedelta(days=7), 5, links_admins=False, client=CLIENT)
states = count()


def named(
    subject: str = "1", email: str | None = "ann@desk.test", role: str | None = "csr"
) -> Named:
    return Named(ISSUER, subject, email, "Ann Lee", Role(role) if role else None)


def sign_in(session: Session, who: Named, terms: Terms = TERMS) -> Issued | TurnedAway:
    return single_sign_on.sign_in(session, f"state {next(states)}", who, terms, now())


def let_in(session: Session, who: Named, terms: Terms = TERMS) -> User:
    issued = sign_in(session, who, terms)
    assert isinstance(issued, Issued), issued
    return session.get_one(User, issued.user_id)


def refusal(session: Session, who: Named, terms: Terms = TERMS) -> str:
    refused = sign_in(session, who, terms)
    assert isinstance(refused, TurnedAway), refused
    return refused.why.code


def test_who_is_new_gets_an_account_without_a_password(session: Session) -> None:
    ann = let_in(session, named())
    assert (ann.email, ann.full_name, ann.role) == ("ann@desk.test", "Ann Lee", Role.CSR)
    assert (ann.password_hash, ann.capacity) == (None, 5)
    assert ann.email_verified_at is not None
    assert accounts.credentials(session, "ann@desk.test") is None
    assert accounts.stored_hash(session, ann.id) is None


def test_who_came_before_is_known_by_the_subject_whatever_else_is_said(session: Session) -> None:
    ann = let_in(session, named())
    other = an_actor(session)
    other_email = session.get_one(User, other.id).email
    for email in (None, "ann.new@desk.test", other_email):
        assert let_in(session, named(email=email)).id == ann.id
    assert ann.email == "ann@desk.test"
    assert session.scalar(select(func.count()).select_from(LinkedIdentity)) == 1


def test_a_subject_of_another_provider_is_somebody_else(session: Session) -> None:
    let_in(session, named())
    elsewhere = Named("https://evil.desk.test", "1", None, None, Role.CSR)
    assert refusal(session, elsewhere) == "address_not_verified"


def test_an_account_is_linked_by_an_address_that_both_have_verified(session: Session) -> None:
    bob = an_actor(session, Role.USER)
    email = session.get_one(User, bob.id).email
    assert refusal(session, named(email=None)) == "address_not_verified"
    session.execute(update(User).where(User.id == bob.id).values(email_verified_at=None))
    assert refusal(session, named(email=email)) == "account_not_confirmed"
    session.execute(update(User).where(User.id == bob.id).values(email_verified_at=now()))
    linked = let_in(session, named(email=email))
    assert (linked.id, linked.role) == (bob.id, Role.CSR)
    assert linked.full_name.startswith("Person")


def test_an_account_is_linked_once(session: Session) -> None:
    let_in(session, named())
    assert refusal(session, named("2")) == "linked_already"
    moved = Named("https://new.desk.test", "9", "ann@desk.test", None, Role.CSR)
    assert let_in(session, moved).id == let_in(session, named()).id


def test_who_was_made_anew_at_the_provider_is_linked_once_the_old_link_is_off(
    session: Session,
) -> None:
    ann = let_in(session, named())
    assert single_sign_on.unlink(session, "Ann@desk.test") == 1
    assert single_sign_on.unlink(session, "ann@desk.test") == 0
    assert let_in(session, named("2")).id == ann.id
    assert refusal(session, named("1")) == "linked_already"


def test_an_admins_account_is_linked_only_where_that_is_wanted(session: Session) -> None:
    boss = an_actor(session, Role.ADMIN)
    email = session.get_one(User, boss.id).email
    who = named(email=email, role="admin")
    assert refusal(session, who) == "admin_not_linked"
    assert let_in(session, who, replace(TERMS, links_admins=True)).id == boss.id
    assert let_in(session, who).id == boss.id


def test_a_role_is_what_the_provider_says_at_each_sign_in(session: Session) -> None:
    an_actor(session, Role.ADMIN)
    first = sign_in(session, named())
    assert isinstance(first, Issued)
    ann = let_in(session, named(role="admin"))
    assert ann.role is Role.ADMIN
    assert behind(session, first.session_id, now()) is None
    assert let_in(session, named()).role is Role.CSR


def test_the_last_admin_stays_one(session: Session) -> None:
    session.execute(update(User).where(User.role == Role.ADMIN).values(role=Role.CSR))
    let_in(session, named(role="admin"))
    assert refusal(session, named()) == "last_admin"
    assert let_in(session, named(role="admin")).role is Role.ADMIN


def test_who_has_no_role_any_more_stays_out_and_their_sessions_end(session: Session) -> None:
    assert refusal(session, named(role=None)) == "no_role"
    issued = sign_in(session, named())
    assert isinstance(issued, Issued)
    assert refusal(session, named(role=None)) == "no_role"
    assert behind(session, issued.session_id, now()) is None
    over = sessions.over(session, [issued.session_id], now())
    assert over == {issued.session_id: "role_lost"}


def test_who_is_deactivated_stays_out_whatever_the_role(session: Session) -> None:
    boss = an_actor(session, Role.ADMIN)
    ann = let_in(session, named())
    administration.change(session, boss, ann.id, UserChange(is_active=False), now())
    for role in ("csr", "admin"):
        assert refusal(session, named(role=role)) == "deactivated"
    assert ann.role is Role.CSR
    bob = an_actor(session, Role.CSR, is_active=False)
    email = session.get_one(User, bob.id).email
    assert refusal(session, named("2", email=email)) == "deactivated"
    assert session.scalar(select(func.count()).select_from(LinkedIdentity)) == 1


def test_a_sign_in_ends_once(session: Session) -> None:
    first = single_sign_on.sign_in(session, "state", named(), TERMS, now())
    assert isinstance(first, Issued)
    again = single_sign_on.sign_in(session, "state", named(), TERMS, now())
    assert isinstance(again, TurnedAway)
    assert again.why.code == "sign_in_over"


def test_two_first_sign_ins_at_once_make_one_account(make_backend: Callable[[], Backend]) -> None:
    with engine_of(make_backend()) as engine:
        mine, theirs = overlapping(
            engine, lambda session: sign_in(session, named()), lambda s: sign_in(s, named())
        )
        second = theirs.result()
        assert isinstance(mine, Issued)
        assert isinstance(second, Issued)
        assert mine.user_id == second.user_id


def test_all_of_it_is_written_down_without_a_word_of_who_they_are(session: Session) -> None:
    an_actor(session, Role.ADMIN)
    for role in ("csr", "admin", None):
        sign_in(session, named(role=role))
    ann = session.scalars(select(User).where(User.email == "ann@desk.test")).one()
    written = select(AuditEntry.action, AuditEntry.subject_id, AuditEntry.data, AuditEntry.address)
    found = session.execute(written.order_by(AuditEntry.id)).all()
    whose = str(ann.id)
    opened = select(AuthSession.id).where(AuthSession.user_id == ann.id).order_by(AuthSession.id)
    first, second = (str(session_id) for session_id in session.scalars(opened))
    by = {"signed_in_by": "oidc"}
    ended = {"session_id": first, "code": "role_changed"}
    assert [tuple(row) for row in found if row.subject_id == whose] == [
        ("user_added", whose, by | {"role": "csr"}, None),
        ("identity_linked", whose, by, None),
        ("logged_in", whose, by | {"session_id": first}, "192.0.2.0/24"),
        ("session_ended", whose, ended, None),
        ("user_changed", whose, by | {"role": "admin"}, None),
        ("logged_in", whose, by | {"session_id": second}, "192.0.2.0/24"),
        ("session_ended", whose, {"session_id": second, "code": "role_lost"}, None),
    ]
    ways = select(AuthSession.signed_in_by, AuthSession.browser).where(
        AuthSession.user_id == ann.id
    )
    assert {tuple(row) for row in session.execute(ways)} == {("oidc", "Firefox on Linux")}
