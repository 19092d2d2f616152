"""Full text: what is found, by whom, and that no text is an error."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import lists, messages, search, tickets
from desk.lists import Filters
from desk.messages import NewMessage
from desk.tickets import NewTicket
from desk.walk import Sort
from models import Role, TicketSearch
from tests.api import Api
from tests.factories import Person, a_ticket, an_actor, now


def a_word() -> str:
    """A word that nobody else uses."""
    return f"w{uuid4().hex}"


async def found(api: Api, person: Person, q: str, **more: str) -> list[int]:
    """Numbers of the tickets that the person finds, through all pages."""
    side = "csr" if person.actor.is_staff else "users"
    answer = await api.get(f"/{side}/tickets", person, params={"q": q, "limit": "2", **more})
    numbers = []
    while True:
        assert answer.status == 200, answer
        numbers += [ticket["number"] for ticket in answer.json]
        link = answer.headers.get("Link")
        if link is None:
            return numbers
        answer = await api.get(link.partition(">")[0].removeprefix("</api/v1"), person)


async def test_a_ticket_is_found_by_all_that_is_said_on_it(
    api: Api, customer: Person, csr: Person
) -> None:
    title, description, message = a_word(), a_word(), a_word()
    ticket = await api.a_ticket(customer, title=f"The {title}!", description=f"{description}.")
    await api.post(f"/tickets/{ticket['id']}/messages", csr, json={"content": message.upper()})
    for person in (customer, csr):
        for words in (title, description, message, f"{title} {message}", str(ticket["number"])):
            assert ticket["number"] in await found(api, person, words)
        assert await found(api, person, f'"the {title}"') == [ticket["number"]]
        assert await found(api, person, f"{title} -{message}") == []
        assert await found(api, person, f"{title} or {a_word()}") == [ticket["number"]]


async def test_a_customer_never_finds_by_a_note(api: Api, customer: Person, csr: Person) -> None:
    ticket, note = await api.a_ticket(customer), a_word()
    path = f"/tickets/{ticket['id']}/messages"
    await api.post(path, csr, json={"content": f"fraud {note}", "internal": True})
    assert await found(api, csr, note) == [ticket["number"]]
    assert await found(api, customer, note) == []
    # Nor by what is left out because of it.
    assert ticket["number"] in await found(api, customer, f"{ticket['number']} -{note}")


@pytest.mark.parametrize("many", [0, 10])
@pytest.mark.parametrize("reach", [(0, 0), (0, 1), (1, 2), (0, 4_000), (4_000, 64_000)])
async def test_words_near_by_and_far_away_find_the_same(
    api: Api,
    customer: Person,
    csr: Person,
    monkeypatch: pytest.MonkeyPatch,
    reach: tuple[int, int],
    many: int,
) -> None:
    for name, value in (("NEAR", reach[0]), ("FAR", reach[1]), ("MANY", many)):
        monkeypatch.setattr(lists, name, value)
    word = a_word()
    numbers = [(await api.a_ticket(customer, title=word))["number"] for _ in range(3)]
    assert await found(api, csr, word, sort="number") == numbers


async def test_nobody_finds_what_is_somebody_elses(
    api: Api, customer: Person, stranger: Person
) -> None:
    word = a_word()
    await api.a_ticket(customer, title=word)
    assert await found(api, stranger, word) == []


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "priority", "-number"])
async def test_searching_goes_with_filters_sorts_and_pages(
    api: Api, customer: Person, csr: Person, sort: str
) -> None:
    word = a_word()
    made = [
        (await api.a_ticket(customer, title=f"{word} {i}", category=f"c{i % 2}"))["number"]
        for i in range(6)
    ]
    await api.a_ticket(customer, category="c0")
    numbers = await found(api, csr, word, sort=sort, category="c0")
    expected = made[::2] if not sort.startswith("-") else made[::2][::-1]
    assert numbers == expected
    params = {"q": word, "count": "true", "limit": "1"}
    counted = await api.get("/csr/tickets", csr, params=params)
    assert counted.headers["X-Total-Count"] == "6"


@pytest.mark.parametrize("q", ["", "  ", "a\0b", "x" * 201, "a\nb"])
async def test_what_is_no_search_is_refused(api: Api, customer: Person, q: str) -> None:
    answer = await api.get("/users/tickets", customer, params={"q": q})
    assert (answer.status, answer.code) == (422, "invalid")


@given(q=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_is_an_error(session: Session, q: str) -> None:
    csr = an_actor(session, Role.CSR)
    lists.ticket_list(session, csr, Filters(q=q), Sort(), 20, None)


@pytest.mark.parametrize("q", ["' or 1=1 --", "a & | !", ":*", "((", '"', "-", "<->", "\\", "a:b*"])
def test_signs_are_only_text(session: Session, q: str) -> None:
    csr = an_actor(session, Role.CSR)
    lists.ticket_list(session, csr, Filters(q=q), Sort(), 20, None)


def test_a_document_made_anew_is_the_one_that_grew(session: Session) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer, title="One two", description="three\nfour")
    for content, internal in (("five", False), ("six", True), ("seven five", False)):
        new = NewMessage(content=content, internal=internal)
        messages.post(session, csr, ticket.id, new, now())

    def words() -> list[list[str]]:
        row = session.execute(
            select(TicketSearch.public, TicketSearch.staff).where(
                TicketSearch.ticket_id == ticket.id
            )
        ).one()
        return [sorted(part.split(":")[0] for part in document.split()) for document in row]

    session.flush()
    grown = words()
    search.rebuild(session)
    assert words() == grown
    assert "'six'" not in grown[0]


def test_a_ticket_that_never_ends_takes_every_message(session: Session) -> None:
    customer = an_actor(session)
    title = a_word()
    new = NewTicket(title=title, description="x", category="c", type="t")
    ticket = tickets.open_ticket(session, customer, new, now())
    for number in range(40):
        # Letters of four bytes: forty kilobytes of words that are not there yet.
        text = " ".join(f"{number}n{i}" + "\U00010428" * 24 for i in range(310))
        messages.post(session, customer, ticket.id, NewMessage(content=text), now())
    page = lists.ticket_list(session, customer, Filters(q=title), Sort(), 20, None)
    assert [found.id for found in page.tickets] == [ticket.id]
