"""Full text: what is found, by whom, whatever of it is indexed."""

from uuid import uuid4

import pytest

from desk.tickets import lists, search
from desk.tickets.keyset import SORTS as FIELDS
from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, people

SORTS = [sign + field for field in FIELDS for sign in ("", "-")]


def a_word() -> str:
    """A word that nobody else uses."""
    return f"w{uuid4().hex}"


def index(backend: Backend) -> None:
    """What the worker does all the time."""
    with database(backend.settings) as session:
        while search.index(session):
            pass


async def found(api: Api, person: Person, q: str, **more: str) -> list[int]:
    """Numbers of the tickets that the person finds, through all pages."""
    side = "csr" if person.actor.is_staff else "users"
    params = {"q": q, "limit": "2"} | more
    answer = await api.get(f"/{side}/tickets", person, params=params)
    numbers = []
    while True:
        assert answer.status == 200, answer
        numbers += [ticket["number"] for ticket in answer.json]
        link = answer.headers.get("Link")
        if link is None:
            return numbers
        answer = await api.get(link.partition(">")[0].removeprefix("</api/v1"), person)


# When the worker comes along: never, in between, at the end.
@pytest.mark.parametrize("indexed", [set(), {1}, {2}, {1, 2}], ids=str)
async def test_a_ticket_is_found_by_all_that_is_said_on_it(
    api: Api, backend: Backend, customer: Person, csr: Person, indexed: set[int]
) -> None:
    title, description, message = a_word(), a_word(), a_word()
    ticket = await api.a_ticket(customer, title=f"The {title}!", description=f"{description}.")
    if 1 in indexed:
        index(backend)
    await api.post(f"/tickets/{ticket['id']}/messages", csr, json={"content": message.upper()})
    if 2 in indexed:
        index(backend)
    for person in (customer, csr):
        for words in (title, description, message, f"{title} {message}", str(ticket["number"])):
            assert ticket["number"] in await found(api, person, words)
        assert await found(api, person, f'"the {title}"') == [ticket["number"]]
        assert await found(api, person, f"{title} -{message}") == []
        assert await found(api, person, f"{title} or {a_word()}") == [ticket["number"]]


@pytest.mark.parametrize("indexed", [False, True])
async def test_a_customer_never_finds_by_a_note(
    api: Api, backend: Backend, customer: Person, csr: Person, indexed: bool
) -> None:
    ticket, note = await api.a_ticket(customer), a_word()
    path = f"/tickets/{ticket['id']}/messages"
    await api.post(path, csr, json={"content": f"fraud {note}", "internal": True})
    if indexed:
        index(backend)
    assert await found(api, csr, note) == [ticket["number"]]
    assert await found(api, customer, note) == []
    # Nor by what is left out because of it.
    assert ticket["number"] in await found(api, customer, f"{ticket['number']} -{note}")


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("many", [0, 10])
@pytest.mark.parametrize("reach", [(0, 0), (0, 1), (1, 2), (1, 2, 4), (0, 4_000), (4_000, 64_000)])
async def test_words_near_by_and_far_away_find_the_same(
    api: Api,
    customer: Person,
    csr: Person,
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    reach: tuple[int, ...],
    many: int,
    indexed: bool,
) -> None:
    monkeypatch.setattr(lists, "REACHES", reach)
    monkeypatch.setattr(lists, "MANY", many)
    word = a_word()
    numbers = [(await api.a_ticket(customer, title=word))["number"] for _ in range(3)]
    if indexed:
        index(backend)
    assert await found(api, csr, word, sort="number") == numbers


async def test_staff_find_tickets_by_their_customer_and_customers_do_not(
    api: Api, backend: Backend, csr: Person
) -> None:
    word = a_word()
    (ann,) = people(backend.settings, Role.USER, full_name=f"Zoë {word}")
    numbers = [(await api.a_ticket(ann))["number"] for _ in range(3)]
    for q in (word, word[:8].upper(), f"zoe {word}", ann.email):
        assert await found(api, csr, q, sort="number") == numbers, q
        assert await found(api, ann, q) == []
        params = {"q": q, "count": "true", "limit": "1"}
        counted = await api.get("/csr/tickets", csr, params=params)
        assert counted.headers["X-Total-Count"] == "3"
    assert await found(api, csr, word, user_id=str(ann.id), sort="-number") == numbers[::-1]
    assert await found(api, csr, f"{word} {a_word()}") == []
    # By the name of today.
    await api.patch("/auth/me", ann, json={"full_name": "Another"})
    assert await found(api, csr, word) == []


@pytest.mark.parametrize("limit", ["1", "2", "100"])
@pytest.mark.parametrize("sort", [*SORTS])
async def test_the_ticket_of_the_number_comes_first_and_once(
    api: Api, customer: Person, csr: Person, sort: str, limit: str
) -> None:
    exact = await api.a_ticket(customer)
    number = exact["number"]
    others = [(await api.a_ticket(customer, title=f"As in {number}"))["number"] for _ in range(4)]
    # Others' words may be that number, too.
    theirs = {"user_id": str(customer.id)}
    for person, only in ((customer, {}), (csr, theirs)):
        for q in (str(number), f"#{number}"):
            first, *rest = await found(api, person, q, sort=sort, limit=limit, **only)
            assert first == number
            assert sorted(rest) == others
            if "number" in sort:
                assert rest == sorted(others, reverse=sort.startswith("-"))
        filtered = await found(api, person, str(number), status="closed", limit=limit, **only)
        assert filtered == []
    several = await api.get(
        f"/csr/tickets?q={number}&status=open&status=closed&limit=1&count=true"
        f"&user_id={customer.id}",
        csr,
    )
    assert [ticket["number"] for ticket in several.json] == [number]
    assert several.headers["X-Total-Count"] == "5"


async def test_a_number_of_somebody_elses_finds_nothing(
    api: Api, customer: Person, stranger: Person
) -> None:
    number = (await api.a_ticket(customer))["number"]
    assert await found(api, stranger, f"#{number}") == []
    assert await found(api, stranger, "9" * 18) == []


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
