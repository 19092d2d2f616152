"""Erasures, while others do something on real connections."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, identities
from desk.accounts.accounts import ProfileChange
from desk.accounts.identities import Identity
from desk.errors import Unauthenticated
from desk.merging import merges
from desk.merging.merges import Merging
from models import Role, User
from tests.desk.erasing import LATER, NAME_BEFORE, ask, found, go_on
from tests.desk.races import committing, overlapping
from tests.factories import a_ticket, an_actor, now


def test_of_two_who_ask_at_once_the_second_finds_what_the_first_did(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        person, *admins = (an_actor(session, role) for role in (Role.USER, *[Role.ADMIN] * 2))
    asking = [partial(ask, admin=admin, person=person) for admin in admins]
    first, second = overlapping(own_engine, *asking)
    assert second.result() == first
    assert first.asked_by_id == admins[0].id


def test_what_is_merged_while_it_is_looked_at_is_erased_where_it_went(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        person, admin, csr = (an_actor(session, role) for role in (Role.USER, Role.ADMIN, Role.CSR))
        part = a_ticket(session, person, title="Xylophonkasten").id
        target = a_ticket(session, an_actor(session)).id
        ask(session, admin, person)
    asked = Merging(into=target, share=True)
    overlapping(own_engine, lambda s: merges.merge(s, csr, part, asked, None), go_on)
    with committing(own_engine) as session:
        assert found(session, "xylophonkasten") == {}


def by_themselves(session: Session, person: Actor) -> None:
    change = ProfileChange(full_name=NAME_BEFORE)
    accounts.change_profile(session, person, change, "Desk")


def by_the_site(session: Session, person: Actor) -> None:
    identity = Identity("shop-1", "token-2", now() + LATER, None, NAME_BEFORE)
    identities.identify(session, identity, None, LATER, now())


@pytest.mark.parametrize("named", [by_themselves, by_the_site])
def test_whoever_is_erased_meanwhile_gets_no_name_again(
    own_engine: Engine, named: Callable[[Session, Actor], None]
) -> None:
    with committing(own_engine) as session:
        identity = Identity("shop-1", "token-1", now() + LATER, None, "Ann")
        issued = identities.identify(session, identity, None, LATER, now())
        person, admin = Actor(issued.user_id, Role.USER), an_actor(session, Role.ADMIN)

    def named_late(session: Session) -> None:
        before = session.get_one(User, person.id)
        assert before.is_active
        named(session, person)

    _, refused = overlapping(own_engine, lambda s: ask(s, admin, person), named_late)
    assert isinstance(refused.exception(), Unauthenticated)
    with committing(own_engine) as session:
        assert found(session, NAME_BEFORE) == {}
