"""Files of tickets of which one becomes a part of the other, or is made of it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.tickets import attachments
from models import Attachment, Deadline, Event


def move_untaken(session: Session, from_id: UUID, to_id: UUID) -> None:
    """What no message has yet is on the other ticket from now on. Both are locked."""
    untaken = (Attachment.ticket_id == from_id, Attachment.event_seq.is_(None))
    session.execute(update(Attachment).where(*untaken).values(ticket_id=to_id))
    armed = (Deadline.ticket_id == from_id, Deadline.kind == attachments.DEADLINE)
    session.execute(update(Deadline).where(*armed).values(ticket_id=to_id))


def copy_of(session: Session, event: Event, ticket_id: UUID) -> Sequence[Attachment]:
    """The files of a message once more, for a message on another ticket: of the same bytes."""
    came_with = select(Attachment).where(
        Attachment.ticket_id == event.ticket_id, Attachment.event_seq == event.seq
    )
    by_id = {file.id: file for file in session.scalars(came_with)}
    kept = [column.key for column in Attachment.__mapper__.columns if column.key != "id"]
    copies = []
    for each in event.data.get("attachments", ()):
        values = {key: getattr(by_id[UUID(each["id"])], key) for key in kept}
        copies.append(Attachment(**values | {"ticket_id": ticket_id, "event_seq": None}))
    session.add_all(copies)
    session.flush()  # Their ids are among the words of the message.
    return copies
