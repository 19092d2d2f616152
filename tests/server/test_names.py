"""Names on their ways in."""

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.server.conftest import serving


async def test_whose_name_hides_something_is_told_where(
    api: Api, backend: Backend, customer: Person
) -> None:
    (admin,) = people(backend.settings, Role.ADMIN)
    name = {"full_name": "Ann\u202eeeL"}
    new = {"email": "hidden@desk.test", "password": PASSWORD} | name
    for refused in (
        await api.post("/auth/signup", json=new),
        await api.patch("/auth/me", customer, json=name),
        await api.post("/admin/users", admin, json=new | {"role": "user"}),
        await api.patch(f"/admin/users/{customer.id}", admin, json=name),
    ):
        assert (refused.status, refused.code) == (422, "invalid")
        assert [error["pointer"] for error in refused.json["errors"]] == ["/full_name"]


async def test_a_customer_takes_no_name_of_the_desk_and_staff_may(
    backend: Backend, customer: Person, csr: Person
) -> None:
    (admin,) = people(backend.settings, Role.ADMIN)
    named = {"mail_from": "Acme <help@acme.test>"}
    name = {"full_name": "Acme Support"}
    new = {"email": "acme.support@desk.test", "password": PASSWORD} | name
    async with serving(backend.settings.model_copy(update=named)) as (_, api):
        for refused in (
            await api.post("/auth/signup", json=new),
            await api.patch("/auth/me", customer, json=name),
        ):
            assert (refused.status, refused.code) == (422, "name_reserved")
            assert [error["pointer"] for error in refused.json["errors"]] == ["/full_name"]
        # Nobody is asked for a name who changes something else.
        assert (await api.patch("/auth/me", customer, json={"notify_email": False})).status == 200
        assert (await api.patch("/auth/me", csr, json=name)).status == 200
        made = await api.post("/admin/users", admin, json=new | {"role": "csr"})
        assert made.status == 201
        # A colleague's name may be a customer's, too: the role tells them apart.
        same = {"full_name": csr.full_name}
        assert (await api.patch("/auth/me", customer, json=same)).status == 200
