"""Files that clamd looks through, spoken with as its own clients do."""

import asyncio
import socketserver
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from struct import unpack
from uuid import UUID

import pytest
from sqlalchemy import delete

from desk.errors import Conflict
from desk.tickets import attachments, messages
from desk.tickets.messages import NewMessage
from models import Attachment, Scan
from tests.conftest import Backend
from tests.factories import Person, an_attachment, database, now
from tests.worker.talk import opened
from wire.files import FileStore
from worker import files
from worker.clamd import ScanFailed, is_infected

BAD = b"X5O!P%@AP"


class Clamd(socketserver.ThreadingTCPServer):
    """Finds what has `BAD` in it. ``answer``: what it says instead."""

    allow_reuse_address = True
    daemon_threads = True
    answer: bytes | None = None

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class Session(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        whole = b""
        while size := unpack(">I", self.rfile.read(4))[0]:
            whole += self.rfile.read(size)
        found = b"stream: Eicar FOUND\0" if BAD in whole else b"stream: OK\0"
        self.wfile.write(found if self.server.answer is None else self.server.answer)


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    with Clamd(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def folder(backend: Backend, configure: Callable[..., None], clamd: Clamd, tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    configure(FILES_URL=folder.as_uri(), CLAMD_URL=clamd.url)
    with database(backend.settings) as session:
        session.execute(delete(Attachment))
    return folder


def uploaded(
    backend: Backend, folder: Path, person: Person, ticket_id: UUID, content: bytes
) -> UUID:
    with database(backend.settings) as session:
        added = an_attachment(session, person.actor, ticket_id, content.decode(), is_scanned=True)
        file_id = session.get_one(Attachment, added.id).file_id

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    asyncio.run(FileStore(folder.as_uri()).put(file_id, chunks()))
    return added.id


def scan_of(backend: Backend, attachment_id: UUID) -> Scan:
    with database(backend.settings) as session:
        return session.get_one(Attachment, attachment_id).scan


def test_a_file_is_clean_or_infected_once_it_was_looked_through(
    backend: Backend, folder: Path, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    good = uploaded(backend, folder, customer, ticket_id, b"fine" * 100_000)
    bad = uploaded(backend, folder, csr, ticket_id, b"see " + BAD)
    with database(backend.settings) as session:
        new = NewMessage(content="x", attachment_ids=(bad,), internal=True)
        messages.post(session, csr.actor, ticket_id, new, now())
    files.scan()
    assert (scan_of(backend, good), scan_of(backend, bad)) == (Scan.CLEAN, Scan.INFECTED)
    # The same bytes once more, on the same ticket.
    again = uploaded(backend, folder, csr, ticket_id, b"see " + BAD)
    assert scan_of(backend, again) is Scan.INFECTED
    with database(backend.settings) as session:
        new = NewMessage(content="x", attachment_ids=(again,))
        with pytest.raises(Conflict):
            messages.post(session, csr.actor, ticket_id, new, now())


def test_nothing_is_let_through_without_a_verdict(
    backend: Backend, folder: Path, clamd: Clamd, pair: tuple[Person, Person]
) -> None:
    ticket_id = opened(backend, pair[0])
    waiting = [
        uploaded(backend, folder, pair[0], ticket_id, text) for text in (b"one", b"two", b"three")
    ]
    for answer in (b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK, or not\0"):
        clamd.answer = answer
        files.scan()
        assert {scan_of(backend, each) for each in waiting} == {Scan.PENDING}
    clamd.answer = None
    files.scan()
    assert {scan_of(backend, each) for each in waiting} == {Scan.CLEAN}


def test_who_is_told_of_a_scan(backend: Backend, pair: tuple[Person, Person]) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        note, reply, left = [
            an_attachment(session, csr.actor, ticket_id, text, is_scanned=True)
            for text in ("note", "reply", "left")
        ]
        for file, is_note in ((note, True), (reply, False)):
            new = NewMessage(content="x", attachment_ids=(file.id,), internal=is_note)
            messages.post(session, csr.actor, ticket_id, new, now())
        for file in (note, reply, left):
            file_id = session.get_one(Attachment, file.id).file_id
            attachments.scanned(session, file_id, is_infected=False)
            attachments.scanned(session, file_id, is_infected=True)
        told = session.info["outbox"].attachments
    assert [(one.attachment_id, one.is_public) for one in told] == [
        (note.id, False),
        (reply.id, True),
        (left.id, None),
    ]
    assert {one.scan for one in told} == {Scan.CLEAN}


def test_a_clamd_that_is_not_there_has_no_verdict(tmp_path: Path) -> None:
    for url in ("tcp://127.0.0.1:1", f"unix://{tmp_path}/none"):
        with pytest.raises(ScanFailed):
            is_infected(url, [b"x"])
