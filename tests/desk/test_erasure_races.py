"""Erasures, while others do something on real connections."""

from functools import partial

from sqlalchemy import Engine

from desk.merging import merges
from desk.merging.merges import Merging
from models import Role
from tests.desk.erasing import ask, found, go_on
from tests.desk.races import committing, overlapping
from tests.factories import a_ticket, an_actor


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
