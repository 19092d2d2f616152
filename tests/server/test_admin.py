"""Accounts, as admins manage them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import pytest

from models import Role, User
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, people
from tests.server.conftest import serving


@pytest.fixture
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


async def test_an_admin_makes_finds_and_changes_accounts(api: Api, admin: Person) -> None:
    new = {"email": "Made@Desk.test", "full_name": "Made", "role": "csr", "password": PASSWORD}
    made = await api.post("/admin/users", admin, json=new)
    assert made.status == 201
    assert made.json["email"] == "made@desk.test"
    user_id = made.json["id"]
    assert made.headers["Location"].endswith(user_id)
    assert (await api.post("/admin/users", admin, json=new)).code == "email_taken"
    found = await api.get("/admin/users?email=MADE@desk.test&role=csr", admin)
    assert [account["id"] for account in found.json] == [user_id]
    changed = await api.patch(f"/admin/users/{user_id}", admin, json={"capacity": 3})
    assert (changed.json["capacity"], changed.json["role"]) == (3, "csr")
    assert (await api.get(f"/admin/users/{user_id}", admin)).json == changed.json


async def test_the_list_of_accounts_is_walked_to_its_end(
    api: Api, backend: Backend, admin: Person
) -> None:
    made = {str(person.id) for person in people(backend.settings, *[Role.CSR] * 5)}
    path, seen = "/admin/users?limit=2", list[str]()
    while path:
        answer = await api.get(path, admin)
        seen += [account["id"] for account in answer.json]
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("</api/v1")
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


@pytest.mark.parametrize(
    "change",
    [
        {"password": PASSWORD},
        {"email": "a@b.co"},
        {"capacity": -1},
        {"capacity": 10**9},
        {"role": "owner"},
        {"role": None},
        {"is_active": "yes"},
    ],
)
async def test_what_an_admin_may_not_change_is_refused(
    api: Api, admin: Person, customer: Person, change: dict[str, object]
) -> None:
    assert (await api.patch(f"/admin/users/{customer.id}", admin, json=change)).status == 422


@pytest.fixture
async def alone(make_backend: Callable[[], Backend]) -> AsyncIterator[tuple[Api, Backend]]:
    """A desk without other admins."""
    backend = make_backend()
    async with serving(backend.settings) as (_, api):
        yield api, backend


@pytest.mark.parametrize("change", [{"role": "csr"}, {"is_active": False}])
async def test_two_admins_cannot_remove_each_other_at_once(
    alone: tuple[Api, Backend], change: dict[str, object]
) -> None:
    api, backend = alone
    one, other = people(backend.settings, Role.ADMIN, Role.ADMIN)
    answers = await asyncio.gather(
        api.patch(f"/admin/users/{other.id}", one, json=change),
        api.patch(f"/admin/users/{one.id}", other, json=change),
    )
    assert sorted(answer.status for answer in answers) in ([200, 409], [200, 401], [200, 403])
    remaining = one if answers[0].status == 200 else other
    last = await api.patch(f"/admin/users/{remaining.id}", remaining, json=change)
    assert (last.status, last.code) == (409, "last_admin")


async def test_of_two_admins_who_demote_each_other_at_once_one_wins(
    alone: tuple[Api, Backend],
) -> None:
    """With a third, so that neither is the last."""
    api, backend = alone
    one, other, _ = people(backend.settings, *[Role.ADMIN] * 3)
    for _ in range(2):  # Both are known at the door.
        await asyncio.gather(api.get("/auth/me", one), api.get("/auth/me", other))
    answers = await asyncio.gather(
        api.patch(f"/admin/users/{other.id}", one, json={"role": "user"}),
        api.patch(f"/admin/users/{one.id}", other, json={"role": "user"}),
    )
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 403])


async def test_people_are_found_by_how_their_name_or_address_begins(
    api: Api, admin: Person, backend: Backend
) -> None:
    orla, other = people(backend.settings, Role.USER, Role.CSR)
    with database(backend.settings) as session:
        session.get_one(User, orla.id).full_name = "Orla O'Brien-100%"
        session.get_one(User, orla.id).email = f"o.brien_{orla.id.hex}@desk.test"
        session.get_one(User, other.id).full_name = "Bororla Ober"
    for q in ("orla", "ORLA O'B", "o'brien", "o.brien_", "O'Brien-100%"):
        found = await api.get(f"/admin/users?q={quote(q)}&count=true", admin)
        assert [user["id"] for user in found.json] == [str(orla.id)], q
        assert found.headers["X-Total-Count"] == "1"
    assert (await api.get("/admin/users?q=o%25brien", admin)).json == []
    assert (await api.get("/admin/users?q=orla&role=csr", admin)).json == []
