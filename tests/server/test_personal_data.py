"""Taking what there is of a person along, and erasing it, over HTTP."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import aiohttp
import orjson
import pytest
from aiohttp import web

from desk import deadlines
from desk.erasure import erasures
from desk.errors import Unavailable
from models import Role, User
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, database, now, people
from tests.sockets import Client

# A system takes 255 bytes for a name: the file has 304.
IN_ZIP = f"1-{'ä' * 97}.txt"
SAID = "The mondscheintarif is too high"


@pytest.fixture
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


async def a_past(api: Api, customer: Person, csr: Person) -> dict[str, Any]:
    """A ticket with a message, a file and an answer, and a note that the customer does not see."""
    ticket: dict[str, Any] = await api.a_ticket(customer)
    path = f"/tickets/{ticket['id']}"
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote('ä' * 150)}.txt",
    }
    file = await api.post(f"{path}/attachments", customer, data=b"a pass", headers=headers)
    said = {"content": SAID, "attachment_ids": [file.json["id"]]}
    for person, sent in (
        (customer, said),
        (csr, {"content": "We look"}),
        (csr, {"content": "A secret", "internal": True}),
    ):
        assert (await api.post(f"{path}/messages", person, json=sent)).status == 201
    return ticket


def opened(body: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_admin_takes_along_all_that_is_a_persons(
    api: Api, admin: Person, customer: Person, csr: Person, stranger: Person
) -> None:
    ticket = await a_past(api, customer, csr)
    await api.a_ticket(stranger)
    path = f"/admin/users/{customer.id}/export"
    answer = await api.get(path, admin)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    found = opened(answer.body)
    number = ticket["number"]
    assert found.keys() == {
        *("profile.json", "sessions.json", f"tickets/{number}.json"),
        f"attachments/{number}/{IN_ZIP}",
    }
    assert orjson.loads(found["profile.json"])["email"] == customer.email
    [session] = orjson.loads(found["sessions.json"])
    assert session["id"] == str(customer.actor.session_id)
    shown = orjson.loads(found[f"tickets/{number}.json"])
    assert shown["ticket"]["description"] == ticket["description"]
    # As they see it: there is no note, and no gap where it stands.
    assert shown["timeline"] == (await api.get(f"/tickets/{number}/timeline", customer)).json
    assert found[f"attachments/{number}/{IN_ZIP}"] == b"a pass"
    assert (await api.get(path, csr)).code == "admin_required"
    assert (await api.get(f"/admin/users/{UUID(int=1)}/export", admin)).code == "user_not_found"


async def fetched(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.read()


async def test_a_link_is_for_one_person_and_good_as_long_as_its_admin_is_one(
    api: Api, backend: Backend, customer: Person, stranger: Person
) -> None:
    admin, another = people(backend.settings, Role.ADMIN, Role.ADMIN)
    made = await api.post(f"/admin/users/{customer.id}/export/link", admin)
    url: str = made.json["url"]
    status, body = await fetched(url)
    assert (status, "profile.json" in opened(body)) == (200, True)
    for wrong in (url.replace(str(customer.id), str(stranger.id)), url[:-4] + "AAAA"):
        assert (await fetched(wrong))[0] == 403
    await api.patch(f"/admin/users/{admin.id}", another, json={"role": "csr"})
    assert (await fetched(url))[0] == 401


async def test_what_breaks_off_is_no_archive_and_a_file_that_is_gone_is_named(
    application: tuple[web.Application, Api],
    admin: Person,
    customer: Person,
    csr: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, api = application
    ticket = await a_past(api, customer, csr)

    async def breaks(*_: object) -> AsyncIterator[bytes]:
        yield b"a p"
        raise Unavailable("files_unavailable", "Files are out of reach; try again")

    async def is_gone(*_: object) -> AsyncIterator[bytes]:
        raise FileNotFoundError
        yield b""

    url = f"{api.url}/api/v1/admin/users/{customer.id}/export"
    headers = {"Authorization": f"Bearer {admin.token}"}
    monkeypatch.setattr(app[SERVICES].files, "read", breaks)
    sent = b""
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        try:
            async for chunk in answer.content.iter_any():
                sent += chunk
        except aiohttp.ClientPayloadError:
            sent += b"and no end"
    assert sent.endswith(b"and no end")
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(sent))
    monkeypatch.setattr(app[SERVICES].files, "read", is_gone)
    found = opened((await api.get(f"/admin/users/{customer.id}/export", admin)).body)
    name = f"attachments/{ticket['number']}/{IN_ZIP}"
    assert orjson.loads(found["missing_files.json"]) == [name]


async def test_whoever_is_erased_is_signed_out_and_their_words_go(
    api: Api,
    backend: Backend,
    admin: Person,
    customer: Person,
    csr: Person,
) -> None:
    ticket = await a_past(api, customer, csr)
    path = f"/admin/users/{customer.id}"
    assert (await api.get(f"{path}/erasure", admin)).code == "erasure_not_found"
    async with Client(api.url, customer) as client:
        asked = await api.post(f"{path}/erase", admin, json={"keep_tickets": False})
        assert (asked.status, asked.json["state"]) == (202, "running")
        await client.until(lambda: not client.sio.connected)
    assert (await api.get("/auth/me", customer)).status == 401
    kinds = {erasures.DEADLINE: erasures.go_on}
    while (shown := (await api.get(f"{path}/erasure", admin)).json)["state"] != "done":
        with database(backend.settings) as session:
            deadlines.drain_other(session, kinds, now() + timedelta(minutes=1))
    assert shown["done"] == shown["total"] > 0
    account = (await api.get(path, admin)).json
    assert (account["email"], account["full_name"]) == (None, "Erased person")
    timeline = (await api.get(f"/tickets/{ticket['id']}/timeline", csr)).json
    assert timeline[-1]["kind"] == "erased"
    message = next(event for event in timeline if event["kind"] == "message_posted")
    assert message["data"]["content"] == ""
    assert message["data"]["erased"] is True
    again = await api.post(f"{path}/erase", admin, json={"keep_tickets": True})
    assert again.json == shown
    refused = await api.patch(path, admin, json={"is_active": True})
    assert refused.code == "erased"


async def test_visitors_are_found_by_their_address(
    api: Api, backend: Backend, admin: Person
) -> None:
    address = f"{UUID(int=2)}@visitor.test"
    with database(backend.settings) as session:
        visitor = User(full_name="A visitor", visitor_email=address, role=Role.USER)
        session.add(visitor)
        session.flush()
        visitor_id = str(visitor.id)
    for params in (f"email={address}", f"q={address[:30]}"):
        found = await api.get(f"/admin/users?is_visitor=true&{params}", admin)
        assert [(one["id"], one["is_visitor"]) for one in found.json] == [(visitor_id, True)]
        assert (await api.get(f"/admin/users?{params}", admin)).json == []
    asked = await api.post(f"/admin/users/{visitor_id}/erase", admin, json={"keep_tickets": True})
    assert asked.status == 202
    assert (await api.get(f"/admin/users?is_visitor=true&email={address}", admin)).json == []
