"""The documents of words: how they grow, and that no text is an error."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from desk.tickets import lists, messages, search, tickets
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import NewTicket
from models import Role, TicketSearch
from tests.factories import a_ticket, an_actor, index, now


def words_of(session: Session, ticket_id: UUID) -> list[list[str]]:
    """Of the public document, and of the staff's."""
    row = session.execute(
        select(TicketSearch.public, TicketSearch.staff).where(TicketSearch.ticket_id == ticket_id)
    ).one()
    return [sorted(part.split(":")[0] for part in document.split()) for document in row]


@given(q=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_is_an_error(session: Session, q: str) -> None:
    csr = an_actor(session, Role.CSR)
    try:
        filters = Filters(q=q)
    except ValidationError:  # It shows nothing.
        reject()
    lists.ticket_list(session, csr, filters, Sort(), 20, None)


@pytest.mark.parametrize("q", ["' or 1=1 --", "a & | !", ":*", "((", '"', "-", "<->", "\\", "a:b*"])
def test_signs_are_only_text(session: Session, q: str) -> None:
    csr = an_actor(session, Role.CSR)
    lists.ticket_list(session, csr, Filters(q=q), Sort(), 20, None)


def test_a_document_made_at_once_is_the_one_that_grew(session: Session) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer, title="One two", description="three\nfour")
    for content, internal in (("five", False), ("six", True), ("seven five", False)):
        new = NewMessage(content=content, internal=internal)
        messages.post(session, csr, ticket.id, new, now())
        index(session)
    grown = words_of(session, ticket.id)
    session.execute(delete(TicketSearch).where(TicketSearch.ticket_id == ticket.id))
    search.complete(session, ticket.id, ticket.id)
    assert words_of(session, ticket.id) == grown
    assert "'six'" in grown[1]
    assert "'six'" not in grown[0]


@pytest.mark.parametrize("indexed", [False, True])
def test_a_ticket_that_never_ends_takes_every_message(session: Session, indexed: bool) -> None:
    customer, title = an_actor(session), "endless"
    new = NewTicket(title=title, description="x", category="c", type="t")
    ticket = tickets.open_ticket(session, customer, new, now())
    rare = "\U00010428" * 11

    def word(number: int, i: int) -> str:
        """Of letters of four bytes, filed as a whole and in parts."""
        return f"{number}n{i}{rare}-{number}m{i}{rare}"

    for number in range(40):
        # Sixty kilobytes of words that are not there yet; the document stays just below its end.
        text = " ".join(word(number, i) for i in range(280))
        messages.post(session, customer, ticket.id, NewMessage(content=text), now())
        if number < 8:
            index(session)
    if indexed:
        index(session)
    for words in (title, word(1, 1)):
        page = lists.ticket_list(session, customer, Filters(q=words), Sort(), 20, None)
        assert [found.id for found in page.tickets] == [ticket.id]


def test_more_of_one_ticket_than_is_indexed_at_once_is_indexed_in_turns(session: Session) -> None:
    index(session)
    customer = an_actor(session)
    ticket = a_ticket(session, customer)
    for number in range(12):
        content = f"word{number} " + "".join(map(chr, range(0x4E00, 0x4E00 + 3_500)))
        messages.post(session, customer, ticket.id, NewMessage(content=content), now())
    turns = []
    while done := search.index(session):
        turns.append(done)
    assert len(turns) > 1
    assert sum(turns) == 13
    assert "'word11'" in words_of(session, ticket.id)[0]
