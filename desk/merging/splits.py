"""Splitting: a ticket of its own for messages of another, which keeps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.errors import Invalid
from desk.events import MessagePosted
from desk.merge_events import SplitFrom, SplitTo
from desk.merging import files
from desk.merging.people import readers
from desk.text import Input, Seq, Title
from desk.tickets import attachments, tickets, timeline
from desk.tickets.tickets import NewTicket
from desk.tickets.views import TicketView
from models import Event, Role, Ticket, User

MOST_MESSAGES = 50


class Splitting(Input):
    """The messages by their numbers, or the one that is all of them."""

    model_config = ConfigDict(json_schema_extra={"example": {"from_seq": 7, "title": "The door"}})

    from_seq: Seq | MISSING = MISSING
    seqs: Annotated[list[Seq], Field(min_length=1, max_length=MOST_MESSAGES)] | MISSING = MISSING
    title: Title

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.from_seq is MISSING) == (self.seqs is MISSING):
            pointer = "/from_seq" if self.seqs is MISSING else "/seqs"
            raise Invalid("invalid", "Send either from_seq or seqs", pointer=pointer)
        return self

    @property
    def wanted(self) -> Sequence[int]:
        if self.seqs is not MISSING:
            return sorted({*self.seqs})
        assert self.from_seq is not MISSING
        return [self.from_seq]


def split(
    session: Session, actor: Actor, ticket_id: UUID, asked: Splitting, now: datetime | None
) -> TicketView:
    """Opens a ticket of a customer's for messages of theirs. It is in the same queue. The first
    message is its description; that one's files come with it as a message.

    Raises `NotFound`, `Merged`, `Invalid` (``not_a_message``).
    """
    source = tickets.held(session, actor, ticket_id)
    said = _said(session, source, asked)
    first = said[0]
    assert first.content is not None
    new = NewTicket(
        title=asked.title,
        description=first.content,
        category=source.category,
        type=source.type,
    )
    author = Actor(_author(said), Role.USER)
    opened = tickets.open_ticket(session, author, new, now, is_asked=False)
    ticket = session.get_one(Ticket, opened.id)
    for message in said:
        if message is not first or message.data.get("attachments"):
            _copy(session, message, ticket, now)
    seqs = [message.seq for message in said]
    split_from = SplitFrom(ticket_id=source.id, number=source.number, seqs=seqs)
    timeline.record(session, ticket, split_from, actor.id, now)
    routing.set_team(session, actor, ticket, source.team_id, now)
    to = SplitTo(ticket_id=ticket.id, number=ticket.number, title=ticket.title, seqs=seqs)
    timeline.record(session, source, to, actor.id, now)
    return tickets.view(session, actor, ticket)


def _said(session: Session, source: Ticket, asked: Splitting) -> Sequence[Event]:
    """The messages, oldest first. `Invalid` unless they all are messages of one customer."""
    of_customer = select(User.id).where(User.id == Event.actor_id, User.role == Role.USER)
    query = select(Event).where(
        Event.ticket_id == source.id,
        Event.seq.in_(asked.wanted),
        Event.kind == MessagePosted.kind,
        of_customer.exists() | Event.actor_id.in_(readers(source)),
    )
    said = session.scalars(query.order_by(Event.seq)).all()
    if len(said) < len(asked.wanted) or len({event.actor_id for event in said}) > 1:
        raise Invalid("not_a_message", "Only messages of one customer can be split off", "/seqs")
    return said


def _author(said: Sequence[Event]) -> UUID:
    author = said[0].actor_id
    assert author is not None
    return author


def _copy(session: Session, message: Event, ticket: Ticket, now: datetime | None) -> None:
    """The same words and files once more, as said now: nothing is older than its ticket."""
    copies = files.copy_of(session, message, ticket.id)
    copy = MessagePosted(
        client_id=None,
        content=message.content or "",
        attachments=[attachments.info(file) for file in copies],
    )
    event = timeline.record(session, ticket, copy, message.actor_id, now)
    attachments.take(session, copies, event.seq)
