"""Agents, availability and the explanation of an assignment, over HTTP."""

import pytest
from sqlalchemy import update

from models import Role, User
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, people


async def test_a_csr_says_whether_they_take_tickets(api: Api, csr: Person) -> None:
    answer = await api.call("PUT", "/csr/me/availability", csr, json={"available": False})
    assert answer.status == 200
    assert answer.json == {
        "user_id": str(csr.id),
        "full_name": csr.full_name,
        "role": "csr",
        "available": False,
        "capacity": 50,
        "open_tickets": 0,
        "last_assigned_at": None,
        "skills": [],
        "away_until": None,
    }
    wanted = {"available": True, "capacity": 7}
    answer = await api.call("PUT", "/csr/me/availability", csr, json=wanted)
    assert (answer.json["available"], answer.json["capacity"]) == (True, 7)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"capacity": 5},
        {"available": "yes"},
        {"available": None},
        {"available": True, "capacity": -1},
        {"available": True, "capacity": 10_001},
        {"available": True, "capacity": None},
        {"available": True, "turn": 0},
    ],
)
async def test_a_wrong_availability_is_refused(
    api: Api, csr: Person, wanted: dict[str, object]
) -> None:
    answer = await api.call("PUT", "/csr/me/availability", csr, json=wanted)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_the_list_of_agents_is_walked_to_its_end(
    api: Api, backend: Backend, csr: Person
) -> None:
    made = {str(person.id) for person in people(backend.settings, Role.CSR, Role.ADMIN)}
    path, seen, totals = "/csr/agents?limit=2&count=true", list[str](), set[str]()
    while path:
        answer = await api.get(path, csr)
        seen += [agent["user_id"] for agent in answer.json]
        totals.add(answer.headers["X-Total-Count"])
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("</api/v1")
    assert totals == {str(len(seen))} == {str(len(set(seen)))}
    assert {*made, str(csr.id)} <= set(seen)


@pytest.mark.parametrize("asked", ["cursor=x", "limit=0", "limit=101", "role=csr"])
async def test_a_wrong_question_about_agents_is_refused(api: Api, csr: Person, asked: str) -> None:
    assert (await api.get(f"/csr/agents?{asked}", csr)).status == 422


async def test_the_explanation_has_the_shape_of_the_contract(
    api: Api, backend: Backend, customer: Person
) -> None:
    with database(backend.settings) as session:
        session.execute(update(User).values(is_active=False).where(User.role == Role.CSR))
    csr, away = people(backend.settings, Role.CSR, Role.CSR)
    await api.call("PUT", "/csr/me/availability", away, json={"available": False})
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/csr/tickets/{ticket_id}/assignment"
    assert (await api.get(path, csr)).code == "not_assigned_yet"
    await api.post(f"/csr/tickets/{ticket_id}/claim", csr)
    answer = await api.get(path, csr)
    told = answer.json
    assert told.pop("at").endswith("Z")
    assert told == {
        "ticket_id": ticket_id,
        "strategy": "claim",
        "assigned_to_id": str(csr.id),
        "by": str(csr.id),
        "candidates": [
            {
                "user_id": str(person.id),
                "available": person is csr,
                "open_tickets": 0,
                "capacity": 50,
                "turn": 0,
                "outcome": "chosen" if person is csr else "unavailable",
            }
            for person in (csr, away)
        ],
    }
    assert (await api.get(f"/csr/tickets/{csr.id}/assignment", csr)).code == "ticket_not_found"


async def test_a_new_csr_begins_with_the_capacity_of_the_settings(
    api: Api, backend: Backend
) -> None:
    (admin,) = people(backend.settings, Role.ADMIN)
    new = {"email": "agent@desk.test", "full_name": "A", "role": "csr", "password": "not a common"}
    made = await api.post("/admin/users", admin, json=new)
    assert made.json["capacity"] == backend.settings.default_capacity
