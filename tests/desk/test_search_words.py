"""Words as people write and paste them: what is found, by the real index."""

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.tickets import lists, search
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.search_queries import MOST_WORDS, parsed
from desk.tickets.search_words import MOST_BYTES, document
from models import Role, TicketSearch
from tests.factories import a_ticket, an_actor, index

PASTED = (
    "https://desk.example.org/a/b?c=d&e=f#g",
    "<NullPointerException>",
    "a<x and y>b",
    "-Xmx512m",
    "java -Xmx512m -jar app.jar",
    "git push -force origin",
    'say "hi" and "bye',
    "-z0 -z1 -z2",
    "E-4012",
    "orla@example.org",
    "返品の手続きについて",
    "C:\\Users\\x\\quarterly_final.pdf",
    "this or",
)
PARTS = (
    ("E-4012 again", "4012"),
    ("E-4012 again", "e4012"),
    ("login/password", "password"),
    ("quarterly_final.pdf", "quarterly"),
    ("from orla@example.org today", "example.org"),
    ("Café crème", "cafe"),
    ("cafe", "CAFÉ"),
    ("Straße \uff17", "strasse 7"),
    ("请帮我退款谢谢", "退款"),
    ("返品の手続き", "手続"),
    ("返品の手続き", "続"),
    ("configuration broken", "broken config"),
    ("disk was full", '"disk was"'),
    ("paid refund", "refund or nothing"),
)


def finds(session: Session, actor: Actor, q: str) -> bool:
    return bool(lists.ticket_list(session, actor, Filters(q=q), Sort(), 20, None).tickets)


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize(("title", "q"), [*((t, t) for t in PASTED), *PARTS])
def test_a_ticket_is_found_by_what_is_pasted_and_by_its_parts(
    session: Session, title: str, q: str, indexed: bool
) -> None:
    customer = an_actor(session)
    a_ticket(session, customer, title=title, description="none")
    if indexed:
        index(session)
    assert finds(session, customer, q)


@pytest.mark.parametrize(
    ("title", "q"),
    [
        ("refund paid", "refund -paid"),
        ("refund was paid", 'refund -"was paid"'),
        ("disk was full", '"disk full"'),
        ("E-4013", "E-4012"),
        ("configuration", "config broken"),
    ],
)
def test_what_is_left_out_or_another_thing_is_not_found(
    session: Session, title: str, q: str
) -> None:
    customer = an_actor(session)
    a_ticket(session, customer, title=title, description="none")
    assert not finds(session, customer, q)
    index(session)
    assert not finds(session, customer, q)


def test_a_document_of_an_older_edition_is_searched_and_then_made_anew(session: Session) -> None:
    customer = an_actor(session, Role.USER)
    ticket = a_ticket(session, customer, title="kettle login/password", description="none")
    index(session)
    old = text("to_tsvector('simple', 'kettle login/password')")
    session.execute(
        update(TicketSearch)
        .where(TicketSearch.ticket_id == ticket.id)
        .values(public=old, staff=old, edition=1)
    )
    assert finds(session, customer, "kettle")
    assert not finds(session, customer, "password")
    while search.index(session):
        pass
    assert finds(session, customer, "password")


def test_words_and_documents_are_bounded() -> None:
    assert parsed(" ".join(f"w{n}" for n in range(100))).count("'") <= 2 * MOST_WORDS
    assert "!" not in parsed("word " + " ".join(f"-z{n}" for n in range(28)))
    endless = " ".join(f"\U00010428{n}" for n in range(100_000))
    assert len(document(endless).encode()) < 2 * MOST_BYTES
