"""People, customers and labels over HTTP."""

from uuid import uuid4

import pytest

from models import Role
from tests.api import Api, next_path
from tests.conftest import Backend
from tests.factories import Person, people


async def test_people_are_named_to_who_may_meet_them(
    api: Api, customer: Person, stranger: Person, csr: Person
) -> None:
    ids = f"{csr.id},{customer.id},{uuid4()}"
    shown = {person.id: person.full_name for person in (csr, customer)}
    for person, meets in ((csr, {csr, customer}), (customer, {customer}), (stranger, set())):
        answer = await api.get(f"/people?ids={ids}", person)
        expected = {str(each.id): shown[each.id] for each in meets}
        assert {each["id"]: each["full_name"] for each in answer.json} == expected
    ticket = await api.a_ticket(customer)
    await api.post(f"/tickets/{ticket['id']}/messages", csr, json={"content": "hello"})
    answer = await api.get(f"/people?ids={csr.id}&ids={customer.id}", customer)
    assert {each["role"] for each in answer.json} == {"csr", "user"}
    of_ticket = await api.get(f"/tickets/{ticket['number']}/people", customer)
    assert of_ticket.json == answer.json


@pytest.mark.parametrize("count", [0, 100, 101])
async def test_at_most_a_hundred_people_are_asked_for(api: Api, csr: Person, count: int) -> None:
    ids = [str(uuid4()) for _ in range(count)]
    for query in (f"ids={','.join(ids)}", "&".join(f"ids={each}" for each in ids)):
        answer = await api.get(f"/people?{query}", csr)
        assert answer.status == (200 if count == 100 else 422), answer


async def test_a_walk_through_customers_meets_each_once(api: Api, backend: Backend) -> None:
    word = f"w{uuid4().hex}"
    made = people(backend.settings, *[Role.USER] * 5, full_name=f"Ann {word}")
    (csr,) = people(backend.settings, Role.CSR, full_name=f"Staff {word}")
    path: str | None = f"/csr/customers?q={word[:12].upper()}&limit=2&count=true"
    seen = []
    while path is not None:
        answer = await api.get(path, csr)
        assert answer.headers["X-Total-Count"] == "5"
        seen += answer.json
        path = next_path(answer)
    assert [each["id"] for each in seen] == [str(person.id) for person in reversed(made)]
    assert seen[0].keys() == {"id", "full_name", "email", "is_verified", "created_at"}
    shown = await api.get(f"/csr/customers/{made[0].id}", csr)
    assert shown.json == {**seen[-1], "tickets": {"open": 0, "total": 0}}
    for nobody in (csr.id, uuid4(), "nonsense"):
        assert (await api.get(f"/csr/customers/{nobody}", csr)).code == "customer_not_found"


async def test_what_is_offered_is_what_the_settings_say(
    api: Api, customer: Person, csr: Person
) -> None:
    """No other customer's words."""
    await api.a_ticket(customer, category="my secret", type="a rumour")
    offered = await api.get("/form", customer)
    assert offered.json["categories"][0] == "account"
    assert offered.json["types"][0] == "question"
    assert b"my secret" not in offered.body
    labels = (await api.get("/csr/labels", csr)).json
    assert {"name": "my secret", "count": 1} in labels["categories"]
    assert labels.keys() == {"categories", "types", "tags"}
