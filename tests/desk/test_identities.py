"""Whom a site names: its own people, each token good once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, identities, visitors
from desk.accounts.accounts import ProfileChange
from desk.accounts.identities import LONGEST_LIFE, NO_NAME, Generation, Identity
from desk.accounts.sessions import Issued
from desk.errors import Unauthenticated
from desk.notifications import mail_queue
from desk.notifications.inbox import MAIL_WINDOW
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import Notification, Outcome, Role, SpentIdentityToken, User
from tests.conftest import SECRET, Backend, engine_of
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD_HASH, a_ticket, an_actor, behind, now

LIFETIME = timedelta(days=7)
ANN = "ann@desk.test"


def named(token_id: str, subject: str = "shop-1", **said: str) -> Identity:
    until = now() + timedelta(minutes=5)
    return Identity(subject, token_id, until, said.get("email"), said.get("name"))


def identify(session: Session, identity: Identity, brought: Generation | None = None) -> Issued:
    return identities.identify(session, identity, brought, LIFETIME, now())


def carrying(issued: Issued) -> Generation:
    return Generation(issued.session_id, issued.user_id, issued.generation)


def test_a_person_is_known_by_the_sites_id_and_never_by_an_address(session: Session) -> None:
    owner = accounts.create(session, ANN, "Ann Owner", PASSWORD_HASH)
    first = identify(session, named("1", name="Ann", email=ANN))
    assert first.user_id != owner.id
    assert identify(session, named("2", "shop-2", email=ANN)).user_id not in (
        *(owner.id, first.user_id),
    )
    again = identify(session, named("3", name="Ann Lee"))
    assert again.user_id == first.user_id
    profile = accounts.profile(session, first.user_id)
    assert (profile.full_name, profile.email, profile.role) == ("Ann Lee", ANN, Role.USER)
    assert profile.email_verified_at is not None
    assert accounts.profile(session, owner.id).full_name == "Ann Owner"


def test_who_is_named_without_a_name_or_address_has_none(session: Session) -> None:
    issued = identify(session, named("1"))
    profile = accounts.profile(session, issued.user_id)
    assert (profile.full_name, profile.email) == (NO_NAME, None)
    actor = Actor(issued.user_id, Role.USER)
    ticket = a_ticket(session, actor)
    reply = NewMessage(content="Yes?")
    messages.post(session, an_actor(session, Role.CSR), ticket.id, reply, now())
    mail_queue.settle(session, now() + MAIL_WINDOW * 2)
    told = select(Notification.outcome).where(Notification.user_id == actor.id)
    assert session.scalars(told).all() == [Outcome.UNWANTED]
    assert mail_queue.lease(session, now() + MAIL_WINDOW * 2, SECRET) is None
    change = ProfileChange(full_name="Ann")
    assert accounts.change_profile(session, actor, change, "Support").full_name == "Ann"


def test_a_token_is_good_once(session: Session) -> None:
    identify(session, named("1"))
    with pytest.raises(Unauthenticated) as refused:
        identify(session, named("1", "shop-2"))
    assert refused.value.code == "invalid_identity"
    assert identities.prune(session, now() + timedelta(minutes=1), 10) == 0
    assert identities.prune(session, now() + LONGEST_LIFE * 2, 10) == 1
    assert session.scalar(select(func.count()).select_from(SpentIdentityToken)) == 0


def test_a_session_of_theirs_goes_on_and_one_of_anothers_ends(session: Session) -> None:
    ann = identify(session, named("1"))
    same = identify(session, named("2"), carrying(ann))
    assert (same.session_id, same.generation) == (ann.session_id, 1)
    bob = identify(session, named("3", "shop-2"), carrying(same))
    assert bob.user_id != ann.user_id
    assert behind(session, ann.session_id, now()) is None
    assert behind(session, bob.session_id, now()) is not None
    # What was spent long ago is no session of theirs: they get another one.
    assert identify(session, named("4"), carrying(ann)).session_id != ann.session_id


def test_who_was_shut_out_stays_out(session: Session) -> None:
    issued = identify(session, named("1"))
    session.get_one(User, issued.user_id).is_active = False
    with pytest.raises(Unauthenticated) as refused:
        identify(session, named("2"))
    assert refused.value.code == "invalid_identity"


def test_two_at_once_are_one_person_and_of_one_token_one_is_good(
    make_backend: Callable[[], Backend],
) -> None:
    with engine_of(make_backend()) as engine:
        first, done = overlapping(
            engine,
            lambda session: identify(session, named("1", name="Ann")),
            lambda session: identify(session, named("2", name="Ann")),
        )
        assert done.result().user_id == first.user_id
        _, refused = overlapping(
            engine,
            lambda session: identify(session, named("3")),
            lambda session: identify(session, named("3")),
        )
        assert isinstance(refused.exception(), Unauthenticated)
        count = run(engine, lambda session: session.scalar(select(func.count(User.id))))
        assert count == 1
        assert run(engine, lambda session: visitors.newest(session, first.user_id)) is None
