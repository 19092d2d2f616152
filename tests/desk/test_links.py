"""Links between tickets."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.errors import Conflict, Invalid, NotFound
from desk.tickets import links, timeline
from desk.tickets.links import NewLink
from desk.tickets.views import TicketView
from models import LinkKind, Role
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, now


@pytest.fixture
def other(session: Session, customer: Actor) -> TicketView:
    return a_ticket(session, customer)


def link(session: Session, actor: Actor, one: TicketView, other: TicketView, kind: str) -> None:
    links.link(session, actor, one.id, other.id, NewLink.model_validate({"kind": kind}), now())


def kept(session: Session, actor: Actor, ticket: TicketView) -> list[tuple[str, bool, UUID]]:
    found = links.links(session, actor, ticket.id)
    return [(each.kind.value, each.is_source, each.id) for each in found]


def happened(session: Session, ticket: TicketView) -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind, event.data) for event in timeline.after(session, ticket.id, 1, 20)]


def test_both_tickets_know_of_a_link(
    session: Session, ticket: TicketView, other: TicketView, csr: Actor
) -> None:
    for _ in range(2):
        link(session, csr, ticket, other, "blocks")
        link(session, csr, ticket, other, "related")
        link(session, csr, other, ticket, "related")
    assert kept(session, csr, ticket) == [
        ("blocks", True, other.id),
        ("related", True, other.id),
    ]
    assert kept(session, csr, other) == [
        ("blocks", False, ticket.id),
        ("related", False, ticket.id),
    ]
    about = {"kind": "blocks", "ticket_id": str(ticket.id), "number": ticket.number}
    assert happened(session, other)[0] == ("linked", about | {"is_source": False})
    assert [kind for kind, _ in happened(session, ticket)] == ["linked", "linked"]
    assert not timeline.after(session, ticket.id, 1, 9, Audience.CUSTOMER)


def test_a_link_turned_round_is_another(
    session: Session, ticket: TicketView, other: TicketView, csr: Actor
) -> None:
    link(session, csr, ticket, other, "duplicate")
    link(session, csr, other, ticket, "duplicate")
    assert kept(session, csr, ticket) == [("duplicate", False, other.id)]
    assert [kind for kind, _ in happened(session, ticket)] == ["linked", "unlinked", "linked"]


@pytest.mark.parametrize("kind", [LinkKind.BLOCKS, None])
def test_a_link_is_taken_away_from_either_side(
    session: Session, ticket: TicketView, other: TicketView, csr: Actor, kind: LinkKind | None
) -> None:
    link(session, csr, ticket, other, "blocks")
    for _ in range(2):
        links.unlink(session, csr, other.id, ticket.id, kind, now())
    assert kept(session, csr, ticket) == []
    assert [kind for kind, _ in happened(session, ticket)] == ["linked", "unlinked"]


def test_what_cannot_be_linked_is_refused(
    session: Session,
    ticket: TicketView,
    other: TicketView,
    csr: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = NewLink(kind=LinkKind.RELATED)
    with pytest.raises(Invalid):
        links.link(session, csr, ticket.id, ticket.id, new, now())
    with pytest.raises(NotFound):
        links.link(session, csr, ticket.id, uuid4(), new, now())
    monkeypatch.setattr(links, "MOST_LINKS", 0)
    with pytest.raises(Conflict):
        links.link(session, csr, ticket.id, other.id, new, now())


def test_two_who_link_two_tickets_at_once_make_one_link(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        csr = an_actor(session, Role.CSR)
        one, other = (a_ticket(session, an_actor(session)) for _ in range(2))
    overlapping(
        own_engine,
        lambda session: link(session, csr, one, other, "blocks"),
        lambda session: link(session, csr, other, one, "blocks"),
    )
    assert run(own_engine, lambda session: len(links.links(session, csr, one.id))) == 1
