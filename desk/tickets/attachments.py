"""Files on a ticket: uploaded by somebody, taken by a message or note of theirs, read by whoever
reads that.

The bytes are elsewhere: `desk.files.loose_files` says what is to be deleted of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, with_config
from pydantic_core import PydanticCustomError
from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from desk import access, deadlines
from desk.access import Actor, numbered
from desk.database import clock
from desk.deadlines import Due
from desk.errors import Busy, Conflict, NotFound
from desk.events import AttachmentInfo
from desk.files import loose_files
from desk.files.picture_sizes import Size
from desk.jobs import Job
from desk.outbox import AttachmentChanged, outbox
from desk.text import Id
from desk.tickets import tickets
from models import Attachment, Deadline, Event, Scan, Status, Ticket

# Of one message.
MOST = 10
# An upload that no message has taken by then is deleted.
UNTAKEN_FOR = timedelta(days=1)
DEADLINE = "upload"


def _unique(ids: Sequence[UUID]) -> Sequence[UUID]:
    if len({*ids}) < len(ids):
        raise PydanticCustomError("twice", "must not have one of them twice")
    return ids


AttachmentIds = Annotated[
    tuple[Id, ...],
    Field(max_length=MOST, strict=False, description="Uploads of your own on this ticket."),
    AfterValidator(_unique),
]


class Stored(BaseModel):
    """A file whose bytes are in the store by now, as an upload is known by."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: int
    type: str
    sha256: str
    picture: Size | None


@with_config(title="Attachment")
@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An upload as its uploader is shown it. ``scan``: nobody gets it before it is ``clean``."""

    id: UUID
    name: str
    size: int
    type: str
    sha256: str
    width: int | None
    height: int | None
    scan: Scan

    @classmethod
    def of(cls, file: Attachment) -> Self:
        return cls(
            file.id,
            file.name,
            file.size,
            file.type,
            file.sha256.hex(),
            file.width,
            file.height,
            file.scan,
        )


def info(file: Attachment) -> AttachmentInfo:
    """What a timeline says of it."""
    return AttachmentInfo(file.id, file.name, file.size, file.type, file.width, file.height)


def begin(session: Session, actor: Actor, ticket_id: UUID) -> UUID:
    """The id of the file that the actor is about to upload.

    Raises `NotFound`, `Merged`, `Conflict` (``ticket_closed``).
    """
    if tickets.unmerged(tickets.get(session, actor, ticket_id)).status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")
    return loose_files.begin(session)


def add(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    file_id: UUID,
    stored: Stored,
    *,
    is_scanned: bool = False,
) -> AttachmentView:
    """The attachment of a file that is stored. Where the ticket has the same bytes already, it has
    those, and the file is to be deleted. ``is_scanned``: nobody gets it before it was.

    Raises `NotFound`, `Merged`, `Busy` (``upload_expired``): it took too long.
    """
    sha256 = bytes.fromhex(stored.sha256)
    tickets.held(session, actor, ticket_id)
    if not loose_files.keep(session, file_id):
        raise Busy("upload_expired", "The upload took too long; try it again")
    twin = _twin(session, ticket_id, sha256)
    if twin is not None:
        loose_files.drop(session, file_id)
    now = clock(session)
    file = Attachment(
        ticket_id=ticket_id,
        uploader_id=actor.id,
        file_id=twin.file_id if twin else file_id,
        scan=twin.scan if twin else Scan.PENDING if is_scanned else Scan.CLEAN,
        width=stored.picture.width if stored.picture else None,
        height=stored.picture.height if stored.picture else None,
        created_at=now,
        sha256=sha256,
        **stored.model_dump(include={"name", "size", "type"}),
    )
    session.add(file)
    session.flush()  # Its id is its deadline's.
    deadlines.arm(session, DEADLINE, file.id, now + UNTAKEN_FOR, ticket_id=ticket_id)
    if file.scan is Scan.PENDING:
        outbox(session).wakes.add(Job.SCAN_FILES)
    return AttachmentView.of(file)


def _twin(session: Session, ticket_id: UUID, sha256: bytes) -> Attachment | None:
    """One with the same bytes. The ticket is locked: while it is, none of its files is dropped."""
    same = select(Attachment).where(Attachment.ticket_id == ticket_id, Attachment.sha256 == sha256)
    return session.scalars(same.order_by(Attachment.id)).first()


def found(
    session: Session, actor: Actor, ticket_id: UUID, ids: Sequence[UUID]
) -> Sequence[Attachment]:
    """The actor's uploads that no message has yet, in this order. The ticket is locked.

    Raises `Conflict` (``attachment_unavailable``) unless it is all of them.
    """
    if not ids:
        return ()
    free = select(Attachment).where(
        Attachment.id.in_(ids),
        Attachment.ticket_id == ticket_id,
        Attachment.uploader_id == actor.id,
        Attachment.event_seq.is_(None),
        Attachment.scan != Scan.INFECTED,
    )
    by_id = {file.id: file for file in session.scalars(free)}
    if len(by_id) < len(ids):
        raise Conflict("attachment_unavailable", "An attachment is not there, or taken already")
    return [by_id[each] for each in ids]


def take(session: Session, files: Sequence[Attachment], seq: int) -> None:
    """They belong to an event from now on. The ticket is locked."""
    if not files:
        return
    session.flush()  # The event is there before what refers to it.
    for file in files:
        file.event_seq = seq
    ids = [file.id for file in files]
    armed = delete(Deadline).where(Deadline.kind == DEADLINE, Deadline.subject_id.in_(ids))
    session.execute(armed)


def are_as_posted(session: Session, event: Event, ids: Sequence[UUID]) -> bool:
    """Whether a repeat of a message brings what the message had: the same uploads, or new ones of
    the same bytes and names, as a form that was sent twice.
    """
    posted = [UUID(each["id"]) for each in event.data.get("attachments", ())]
    return posted == [*ids] or _contents(session, posted) == _contents(session, ids)


def _contents(session: Session, ids: Sequence[UUID]) -> list[tuple[str, bytes]]:
    query = select(Attachment.name, Attachment.sha256).where(Attachment.id.in_(ids))
    return sorted((name, sha256) for name, sha256 in session.execute(query))


def readable(session: Session, actor: Actor, attachment_id: UUID) -> Attachment:
    """One that came with an event which the actor may read, or an upload of their own.

    Raises `NotFound`.
    """
    event = exists().where(
        Event.ticket_id == Attachment.ticket_id,
        Event.seq == Attachment.event_seq,
        numbered(actor.audience).is_not(None),
    )
    own = and_(Attachment.event_seq.is_(None), Attachment.uploader_id == actor.id)
    query = select(Attachment).join(Ticket).where(Attachment.id == attachment_id)
    query = query.where(access.readable(actor), or_(event, own))
    file = session.scalar(query.execution_options(populate_existing=True))
    if file is None:
        raise not_found()
    return file


def for_reading(session: Session, actor: Actor, attachment_id: UUID) -> Attachment:
    """As `readable`, and safe. Raises `Conflict` (``scan_pending``, ``attachment_infected``)."""
    file = readable(session, actor, attachment_id)
    if file.scan is Scan.PENDING:
        pending = Conflict("scan_pending", "The file is being looked through for malware")
        pending.headers["Retry-After"] = "5"
        raise pending
    if file.scan is not Scan.CLEAN:
        raise Conflict("attachment_infected", "There is malware in the file")
    return file


def not_found() -> NotFound:
    return NotFound("attachment_not_found", "Attachment not found")


def discard(session: Session, actor: Actor, attachment_id: UUID) -> None:
    """Removes an upload of the actor's that no message has. Raises `NotFound`, `Conflict`
    (``attachment_unavailable``).
    """
    tickets.held(session, actor, readable(session, actor, attachment_id).ticket_id)
    file = readable(session, actor, attachment_id)  # As it is under the lock.
    if file.event_seq is not None or file.uploader_id != actor.id:
        raise Conflict("attachment_unavailable", "A message has the file")
    deadlines.disarm(session, DEADLINE, file.id)
    drop(session, file)


def drop_untaken(session: Session, deadline: Due, now: object) -> None:
    """The rule of the deadline that `add` arms. The ticket is locked."""
    file = session.get(Attachment, deadline.subject_id, populate_existing=True)
    if file is not None and file.event_seq is None:
        drop(session, file)


def drop(session: Session, file: Attachment) -> None:
    """Deletes the row, and has the bytes deleted if no other has them.

    Another ticket's that has them came with a message, and stays.
    """
    session.delete(file)
    session.flush()  # Whether others have them is asked without it.
    others = select(Attachment.id).where(Attachment.file_id == file.file_id)
    if session.scalar(others.limit(1)) is None:
        loose_files.drop(session, file.file_id)


def pending(session: Session, after: UUID | None) -> UUID | None:
    """The first of those that are to be scanned, after one that was tried: the id of its file."""
    query = select(Attachment.file_id).where(Attachment.scan == Scan.PENDING)
    if after is not None:
        query = query.where(Attachment.file_id > after)
    return session.scalar(query.order_by(Attachment.file_id).limit(1))


def scanned(session: Session, file_id: UUID, *, is_infected: bool) -> None:
    """What a scan has found, for all attachments that have the file. Harmless to repeat."""
    found = Scan.INFECTED if is_infected else Scan.CLEAN
    waiting = (Attachment.file_id == file_id, Attachment.scan == Scan.PENDING)
    changed = update(Attachment).where(*waiting).values(scan=found).returning(Attachment)
    for file in session.scalars(changed).all():
        number = select(Event.public_seq).where(
            Event.ticket_id == file.ticket_id, Event.seq == file.event_seq
        )
        is_public = None if file.event_seq is None else session.scalar(number) is not None
        outbox(session).attachments.append(
            AttachmentChanged(file.ticket_id, file.id, file.uploader_id, found, is_public)
        )
