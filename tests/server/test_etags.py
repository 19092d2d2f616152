"""A ticket's tag: for a copy that is still the same, and for a change that overwrites nothing."""

import pytest

from tests.api import Api
from tests.factories import Person


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*", "gzip"])
async def test_a_copy_that_is_the_same_is_not_sent_again(
    api: Api, customer: Person, csr: Person, form: str
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    for person, path in (
        (customer, f"/users/tickets/{ticket_id}"),
        (csr, f"/csr/tickets/{ticket_id}"),
    ):
        tag = (await api.get(path, person)).headers["ETag"]
        sent = f'W/{tag[:-1]}-gzip"' if form == "gzip" else form.format(tag)
        again = await api.get(path, person, headers={"If-None-Match": sent})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)


async def test_reading_makes_another_copy_but_no_other_version(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/csr/tickets/{ticket_id}"
    await api.post(f"/tickets/{ticket_id}/messages", customer, json={"content": "hello?"})
    unread = await api.get(path, csr)
    await api.post(f"/tickets/{ticket_id}/read", csr, json={"seq": unread.json["seq"]})
    tag = unread.headers["ETag"]
    read = await api.get(path, csr, headers={"If-None-Match": tag})
    assert (read.status, read.json["unread"]) == (200, 0)
    assert read.headers["ETag"] != tag
    changed = await api.patch(path, csr, json={"priority": "high"}, headers={"If-Match": tag})
    assert changed.status == 200
    late = await api.patch(path, csr, json={"priority": "low"}, headers={"If-Match": tag})
    assert (late.status, late.code) == (412, "version_mismatch")


async def test_another_name_makes_another_copy_but_no_other_version(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    path = f"/csr/tickets/{ticket_id}"
    tag = (await api.get(path, csr)).headers["ETag"]
    assert (await api.patch("/auth/me", customer, json={"full_name": "Ann Newname"})).status == 200
    shown = await api.get(path, csr, headers={"If-None-Match": tag})
    assert (shown.status, shown.json["customer"]["full_name"]) == (200, "Ann Newname")
    changed = await api.patch(path, csr, json={"priority": "high"}, headers={"If-Match": tag})
    assert changed.status == 200
