"""Files on a ticket: who may take them with a message, who reads them, and when they are gone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor
from desk.deadline_kinds import KINDS
from desk.errors import Busy, Conflict, DeskError, NotFound
from desk.files import loose_files
from desk.tickets import attachments, lists, messages, tickets
from desk.tickets.attachments import AttachmentView, Stored
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import Attachment, Deadline, LooseFile, Scan, Status
from tests.factories import a_ticket, an_actor, an_attachment, index, now


def upload(
    session: Session, actor: Actor, ticket: TicketView, content: str = "hello", **more: Any
) -> AttachmentView:
    return an_attachment(session, actor, ticket.id, content, **more)


def post(
    session: Session, actor: Actor, ticket: TicketView, ids: Sequence[UUID], **fields: Any
) -> messages.Posted:
    new = NewMessage(content="See this", attachment_ids=tuple(ids), **fields)
    return messages.post(session, actor, ticket.id, new, now())


def may_read(session: Session, actor: Actor, attachment_id: UUID) -> bool:
    try:
        attachments.for_reading(session, actor, attachment_id)
    except NotFound:
        return False
    return True


@pytest.fixture
def stranger(session: Session) -> Actor:
    return an_actor(session)


def test_an_upload_is_its_uploaders_until_a_message_has_it(
    session: Session, customer: Actor, csr: Actor, stranger: Actor, ticket: TicketView
) -> None:
    file = upload(session, customer, ticket)
    assert may_read(session, customer, file.id)
    assert not may_read(session, csr, file.id)
    posted = post(session, customer, ticket, [file.id])
    shown = {"id": str(file.id), "name": "hello.txt", "size": 5, "type": "text/plain"}
    assert posted.event.data == {"attachments": [shown | {"width": None, "height": None}]}
    assert may_read(session, csr, file.id)
    assert not may_read(session, stranger, file.id)


def test_the_file_of_a_note_is_the_staffs(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = upload(session, csr, ticket)
    post(session, csr, ticket, [file.id], internal=True)
    assert may_read(session, csr, file.id)
    assert not may_read(session, customer, file.id)


def test_files_are_taken_once_and_all_of_them_or_none(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    mine, other = upload(session, customer, ticket), upload(session, customer, ticket, "more")
    theirs = upload(session, csr, ticket, "theirs")
    elsewhere = upload(session, customer, a_ticket(session, customer))
    post(session, customer, ticket, [mine.id])
    for one in (mine.id, theirs.id, elsewhere.id, uuid4()):
        with pytest.raises(Conflict, match="taken already"):
            post(session, customer, ticket, [other.id, one])
    assert post(session, customer, ticket, [other.id]).is_new


def test_a_repeated_message_finds_its_files(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    ids = [upload(session, customer, ticket, text).id for text in ("one", "two")]
    first = post(session, customer, ticket, ids, client_id="x")
    again = post(session, customer, ticket, ids, client_id="x")
    assert (again.is_new, again.event.seq) == (False, first.event.seq)
    # As a form that was sent twice.
    same = [upload(session, customer, ticket, text).id for text in ("two", "one")]
    assert not post(session, customer, ticket, same, client_id="x").is_new
    for others in ([], [upload(session, customer, ticket, "three").id]):
        with pytest.raises(Conflict) as refused:
            post(session, customer, ticket, others, client_id="x")
        assert refused.value.code == "client_id_reused"


def test_equal_bytes_are_kept_once_on_a_ticket(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    first = upload(session, customer, ticket)
    twin = upload(session, csr, ticket)
    elsewhere = upload(session, customer, a_ticket(session, customer))
    ids = (first.id, twin.id, elsewhere.id)
    files = {each: session.get_one(Attachment, each).file_id for each in ids}
    assert files[first.id] == files[twin.id] != files[elsewhere.id]
    assert len(loose_files.due(session)) == 1
    # Of two that have them, the last one's end is that of the bytes.
    attachments.discard(session, customer, first.id)
    assert files[twin.id] not in loose_files.due(session)
    attachments.discard(session, csr, twin.id)
    assert files[twin.id] in loose_files.due(session)


def test_an_upload_that_took_too_long_is_refused(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    file_id = attachments.begin(session, customer, ticket.id)
    assert session.get_one(LooseFile, file_id).due_at > now() + timedelta(minutes=20)
    loose_files.forget(session, [file_id])
    stored = Stored(name="x", size=1, type="text/plain", sha256="00" * 32, picture=None)
    with pytest.raises(Busy):
        attachments.add(session, customer, ticket.id, file_id, stored)


def test_what_no_message_has_after_a_day_is_deleted(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    taken, left = upload(session, customer, ticket), upload(session, customer, ticket, "left")
    post(session, customer, ticket, [taken.id])
    armed = session.scalars(select(Deadline).where(Deadline.kind == attachments.DEADLINE)).all()
    assert [deadline.subject_id for deadline in armed] == [left.id]
    file_id = session.get_one(Attachment, left.id).file_id
    deadlines.drain(session, KINDS, now() + timedelta(hours=23))
    assert session.get(Attachment, left.id, populate_existing=True)
    deadlines.drain(session, KINDS, now() + timedelta(hours=25))
    assert session.get(Attachment, left.id, populate_existing=True) is None
    assert loose_files.due(session) == [file_id]
    assert session.get(Attachment, taken.id, populate_existing=True)


def test_what_a_message_has_is_not_removed(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = upload(session, customer, ticket)
    post(session, customer, ticket, [file.id])
    for actor in (customer, csr):
        with pytest.raises(Conflict, match="A message has the file"):
            attachments.discard(session, actor, file.id)


def test_a_stranger_uploads_nothing_and_a_closed_ticket_takes_nothing(
    session: Session, customer: Actor, stranger: Actor, ticket: TicketView
) -> None:
    with pytest.raises(NotFound):
        attachments.begin(session, stranger, ticket.id)
    tickets.close(session, customer, ticket.id)
    assert tickets.get(session, customer, ticket.id).status is Status.CLOSED
    with pytest.raises(DeskError, match="The ticket is closed"):
        attachments.begin(session, customer, ticket.id)


def test_who_leaves_the_staff_loses_the_notes_files(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    file = upload(session, csr, ticket)
    post(session, csr, ticket, [file.id], internal=True)
    leaver = Actor(csr.id, an_actor(session).role)
    assert not may_read(session, leaver, file.id)


def test_nobody_gets_what_is_not_scanned_yet(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = upload(session, customer, ticket, is_scanned=True)
    assert file.scan is Scan.PENDING
    post(session, customer, ticket, [file.id])
    for actor in (customer, csr):
        with pytest.raises(Conflict) as refused:
            attachments.for_reading(session, actor, file.id)
        assert refused.value.code == "scan_pending"


def test_a_ticket_is_found_by_the_name_of_a_file(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = upload(session, customer, ticket)
    post(session, customer, ticket, [file.id])
    index(session)
    page = lists.ticket_list(session, csr, Filters(q="hello.txt"), Sort(), 20, None)
    assert [found.id for found in page.tickets] == [ticket.id]


MANY = [uuid4() for _ in range(11)]


@pytest.mark.parametrize("ids", [MANY[:1] * 2, MANY, ["x"], "x", 5, [None]])
def test_ids_are_at_most_ten_different_ones(ids: object) -> None:
    with pytest.raises(ValidationError):
        NewMessage.model_validate({"content": "x", "attachment_ids": ids})
