"""Files over HTTP: taken as they come, read by right, in parts and by link, never run."""

import asyncio
import io
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

import logs
from desk.files.content_types import SHOWN
from desk.outbox import AttachmentChanged
from models import Attachment, LooseFile, Role, Scan
from server.identity import attachment_links
from server.services import SERVICES
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, database, people
from tests.sockets import Client
from tests.waiting import until

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\0\0\0\0" + b"<script>alert(1)</script>"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


async def upload(
    api: Api, person: Person, ticket_id: str, content: bytes = b"hello", name: str = "hello.txt"
) -> Any:
    answer = await send(api, person, ticket_id, content, name)
    assert answer.status == 201, answer
    return answer.json


async def send(
    api: Api, person: Person, ticket_id: str, content: Any, name: str = "hello.txt", **more: Any
) -> Answer:
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    headers |= more.pop("headers", {})
    path = f"/tickets/{ticket_id}/attachments"
    return await api.post(path, person, data=content, headers=headers, **more)


async def post(api: Api, person: Person, ticket_id: str, *ids: str, **fields: Any) -> Any:
    sent = {"content": "See this", "attachment_ids": ids, **fields}
    answer = await api.post(f"/tickets/{ticket_id}/messages", person, json=sent)
    assert answer.status == 201, answer
    return answer.json


def get(api: Api, person: Person | None, file_id: str, **headers: str) -> Any:
    return api.get(f"/attachments/{file_id}", person, headers=headers)


@pytest.fixture
async def ticket_id(api: Api, customer: Person) -> str:
    ticket_id: str = (await api.a_ticket(customer))["id"]
    return ticket_id


async def test_a_file_goes_with_a_message_and_comes_back(
    api: Api, customer: Person, csr: Person, stranger: Person, ticket_id: str
) -> None:
    file = await upload(api, customer, ticket_id, PNG, "../photo.html")
    shown = {"id": file["id"], "name": "photo.html", "size": len(PNG), "type": "image/png"}
    shown |= {"width": 3, "height": 2}
    assert file == shown | {"sha256": file["sha256"], "scan": "clean"}
    assert (await get(api, csr, file["id"])).code == "attachment_not_found"
    event = await post(api, customer, ticket_id, file["id"])
    assert event["data"]["attachments"] == [shown]
    timeline = (await api.get(f"/tickets/{ticket_id}/timeline", csr)).json
    assert timeline[-1]["data"]["attachments"] == [shown]
    for person in (customer, csr):
        answer = await get(api, person, file["id"])
        assert (answer.status, answer.body) == (200, PNG)
    for other in (stranger, None):
        assert (await get(api, other, file["id"])).status in {401, 404}


async def test_a_form_brings_a_file_too(api: Api, customer: Person, ticket_id: str) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", b"a,b\n1,2\n", filename="Tabelle ä.csv", content_type="text/html")
    path = f"/api/v1/tickets/{ticket_id}/attachments"
    headers = {"Authorization": f"Bearer {customer.token}"}
    async with api.http.post(path, data=form, headers=headers) as answer:
        file = await answer.json()
    assert (file["name"], file["type"], file["size"]) == ("Tabelle ä.csv", "text/plain", 8)
    answer = await get(api, customer, file["id"])
    assert answer.headers["Content-Disposition"] == (
        "inline; filename=\"Tabelle _.csv\"; filename*=UTF-8''Tabelle%20%C3%A4.csv"
    )


@pytest.mark.parametrize(
    ("content", "kind", "is_shown"),
    [
        (PNG, "image/png", True),
        (b"GIF89a;<script>alert(1)</script>", "text/plain; charset=utf-8", True),
        (SVG, "application/octet-stream", False),
        (b"<!doctype html><script>alert(1)</script>", "application/octet-stream", False),
        (b"%PDF-1.7 \xff", "application/octet-stream", False),
        (b"MZ\x90\0\3", "application/octet-stream", False),
    ],
)
async def test_nothing_runs_in_our_origin(
    api: Api, customer: Person, ticket_id: str, content: bytes, kind: str, is_shown: bool
) -> None:
    file = await upload(api, customer, ticket_id, content, "innocent.png")
    headers = (await get(api, customer, file["id"])).headers
    assert headers["Content-Type"] == kind
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert {"default-src 'none'", "sandbox"} <= {*headers["Content-Security-Policy"].split("; ")}
    assert headers["Content-Disposition"].startswith("inline" if is_shown else "attachment")
    assert (file["type"] in SHOWN) == is_shown


async def test_a_part_is_given_and_a_copy_is_kept(
    api: Api, customer: Person, ticket_id: str
) -> None:
    content = bytes(range(256)) * 1000
    file = await upload(api, customer, ticket_id, content)
    whole = await get(api, customer, file["id"])
    tag = whole.headers["ETag"]
    assert (whole.body, whole.headers["Accept-Ranges"]) == (content, "bytes")
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=255990-", 255_990, 256_000),
        ("bytes=-5", 255_995, 256_000),
        ("bytes=255999-999999", 255_999, 256_000),
    ):
        part = await get(api, customer, file["id"], Range=asked)
        assert (part.status, part.body) == (206, content[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/256000"
    beyond = await get(api, customer, file["id"], Range="bytes=256000-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, "bytes */256000")
    for headers in (
        {"Range": "bytes=9-1"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-1,4-5"},
        {"Range": "bytes=0-1", "If-Range": '"another"'},
    ):
        assert (await get(api, customer, file["id"], **headers)).body == content
    again = await get(api, customer, file["id"], **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


async def test_a_reader_who_goes_away_is_no_fault(
    api: Api, customer: Person, ticket_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = (await send(api, customer, ticket_id, BytesIO(bytes(8 << 20)))).json
    url = await link(api, customer, file["id"])
    ended: list[object] = []
    monkeypatch.setattr(logs, "request", lambda *said: ended.append(said))
    with capture_logs() as logged:
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            await answer.content.read(10)
            answer.close()
        await until(lambda: ended)
    assert [line for line in logged if line["log_level"] == "error"] == []


async def test_a_link_is_of_one_file_and_one_session_and_ends(
    api: Api,
    backend: Backend,
    customer: Person,
    csr: Person,
    ticket_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = await upload(api, csr, ticket_id)
    note = await upload(api, csr, ticket_id, b"a secret")
    await post(api, csr, ticket_id, file["id"])
    await post(api, csr, ticket_id, note["id"], internal=True)
    assert (await api.post(f"/attachments/{note['id']}/link", customer)).status == 404
    [reader] = people(backend.settings, Role.CSR)
    url = await link(api, reader, file["id"])
    assert await fetched(api, url) == (200, b"hello")
    for wrong in (
        url.replace(file["id"], note["id"]),
        url[:-4] + "AAAA",
        url.partition("?")[0] + "?token=",
        url.partition("?")[0] + "?token=%F0%9F%A6%86",
    ):
        assert (await fetched(api, wrong))[0] == 403
    await api.post("/auth/logout_all", reader)
    assert (await fetched(api, url))[0] == 401
    with monkeypatch.context() as patch:
        patch.setattr(attachment_links, "LIFETIME", -attachment_links.LIFETIME)
        url = await link(api, customer, file["id"])
    assert (await fetched(api, url))[0] == 403


async def link(api: Api, person: Person, file_id: str) -> str:
    made = await api.post(f"/attachments/{file_id}/link", person)
    assert made.status == 200, made
    url: str = made.json["url"]
    return url


async def fetched(api: Api, url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.read()


async def test_what_is_too_large_or_empty_is_refused_and_nothing_is_left(
    api: Api, backend: Backend, customer: Person, ticket_id: str
) -> None:
    async def endless() -> Any:
        while True:
            yield bytes(1 << 16)

    too_large = await send(api, customer, ticket_id, endless())
    assert (too_large.status, too_large.code) == (413, "content_too_large")
    assert (await send(api, customer, ticket_id, b"")).code == "invalid"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (
        b"",
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
    ):
        assert (await send(api, customer, ticket_id, body, headers=form)).status in {400, 422}
    with database(backend.settings) as session:
        of_ticket = select(func.count()).where(Attachment.ticket_id == ticket_id)
        assert session.scalar(of_ticket) == 0
        # What may be stored is known, and deleted some time.
        assert session.scalar(select(func.count()).select_from(LooseFile))


@pytest.mark.parametrize(
    "headers",
    [
        b'Content-Disposition: form-data; name="file"; filename="SECRET\x00.txt"',
        b"SECRET",
        b"\r\n".join(b"X-%d: SECRET" % number for number in range(500)),
        b"X: " + b"SECRET" * 4_000,
    ],
    ids=["NUL", "no colon", "many", "long"],
)
async def test_a_part_with_bad_headers_is_refused_and_not_quoted(
    api: Api, customer: Person, ticket_id: str, lines: io.StringIO, headers: bytes
) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    body = b"--x\r\n" + headers + b"\r\n\r\nhello\r\n--x--\r\n"
    answer = await send(api, customer, ticket_id, body, headers=form)
    assert (answer.status, answer.code) == (400, "invalid_body")
    assert "SECRET" not in lines.getvalue()


@pytest.mark.filterwarnings("error")
async def test_a_name_that_is_written_wrongly_is_none_and_not_quoted(
    api: Api, customer: Person, ticket_id: str
) -> None:
    named = {"Content-Disposition": 'attachment; filename="SECRET'}
    answer = await send(api, customer, ticket_id, b"hello", headers=named)
    assert answer.status == 201
    assert "SECRET" not in answer.json["name"]


async def test_who_goes_away_leaves_no_attachment(
    api: Api, backend: Backend, customer: Person, ticket_id: str
) -> None:
    began = asyncio.Event()

    async def halting() -> Any:
        yield bytes(1 << 20)
        began.set()
        await asyncio.Event().wait()

    sending = asyncio.ensure_future(send(api, customer, ticket_id, halting()))
    await began.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    with database(backend.settings) as session:
        of_ticket = select(func.count()).where(Attachment.ticket_id == ticket_id)
        assert session.scalar(of_ticket) == 0


async def test_a_repeated_upload_makes_one(api: Api, customer: Person, ticket_id: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await send(api, customer, ticket_id, b"hello", headers=key)
    again = await send(api, customer, ticket_id, b"hello", headers=key)
    assert (again.status, again.body) == (201, first.body)
    other = await send(api, customer, ticket_id, b"other", headers=key)
    assert other.code == "idempotency_key_reused"


async def test_an_upload_can_be_taken_back(api: Api, customer: Person, ticket_id: str) -> None:
    file = await upload(api, customer, ticket_id)
    assert (await api.call("DELETE", f"/attachments/{file['id']}", customer)).status == 204
    assert (await get(api, customer, file["id"])).status == 404


async def test_a_socket_names_files_too(
    api: Api, web_url: str, customer: Person, ticket_id: str
) -> None:
    file = await upload(api, customer, ticket_id)
    said = {
        "ticket_id": ticket_id,
        "client_id": "1",
        "content": "See",
        "attachment_ids": [file["id"]],
    }
    async with Client(web_url, customer) as client:
        ack = await client.call("post_message", said)
        assert [each["id"] for each in ack["data"]["data"]["attachments"]] == [file["id"]]
        again = await client.call("post_message", said | {"client_id": "2"})
    assert again["error"]["code"] == "attachment_unavailable"


async def test_those_who_may_read_a_file_hear_that_it_was_scanned(
    api: Api, application: Any, customer: Person, csr: Person, ticket_id: str
) -> None:
    app, other = application
    public = await post(api, csr, ticket_id, (await upload(api, csr, ticket_id))["id"])
    hidden = await upload(api, csr, ticket_id, b"hidden")
    await post(api, csr, ticket_id, hidden["id"], internal=True)
    shown = public["data"]["attachments"][0]["id"]
    async with Client(other.url, customer) as theirs, Client(other.url, csr) as mine:
        for client in (theirs, mine):
            await client.join(ticket_id)
        for file_id, is_public in ((hidden["id"], False), (shown, True)):
            changed = AttachmentChanged(
                UUID(ticket_id), UUID(file_id), csr.id, Scan.CLEAN, is_public
            )
            app[SERVICES].bus.publish(changed)
        said = {"ticket_id": ticket_id, "state": "clean"}
        await mine.until(lambda: len(mine.seen["attachment_changed"]) == 2)
        await theirs.until(lambda: theirs.seen["attachment_changed"])
        both = [said | {"id": hidden["id"]}, said | {"id": shown}]
        assert mine.seen["attachment_changed"] == both
        assert theirs.seen["attachment_changed"] == both[1:]
