"""Drafts: what a person has written on a ticket and not sent, for all of their devices.

They are in no timeline, search, webhook or notification: nobody but their person is shown them.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Strict, with_config
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    cast,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from desk.access import Actor, visible
from desk.errors import Forbidden, Stale
from desk.outbox import DraftChanged, outbox
from desk.text import Content, Input, Seq
from desk.tickets import tickets
from models import Draft, DraftKind, Ticket

# The version of a draft that is not there.
NONE = 0


class NewDraft(Input):
    """``base_seq``: the newest number that the writer had seen when they began."""

    kind: Annotated[DraftKind, Strict(False)]
    content: Content
    base_seq: Seq


@with_config(title="Draft")
@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as its person sees it."""

    ticket_id: UUID
    kind: DraftKind
    content: str
    base_seq: int
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, draft: Draft) -> Self:
        return cls(
            draft.ticket_id,
            draft.kind,
            draft.content,
            draft.base_seq,
            draft.version,
            draft.updated_at,
        )


def keep(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    new: NewDraft,
    versions: Container[int] | None = None,
) -> DraftView:
    """Keeps what the actor has written, if their draft is still one of the versions.

    Raises `NotFound`, `Merged`, `Forbidden` (a note by a customer), `Stale` (``draft_changed``).
    """
    tickets.unmerged(tickets.get(session, actor, ticket_id))
    if new.kind is DraftKind.NOTE and not actor.is_staff:
        raise Forbidden("csr_required", "Only staff write internal notes")
    while True:
        before = _held(session, actor, ticket_id, new.kind)
        _require(before, versions)
        kept = (
            _rewritten(session, before, new)
            if before
            else _begun(session, actor.id, ticket_id, new)
        )
        if kept is not None:
            _tell(session, kept, kept.version)
            return DraftView.of(kept)
        # Another device has begun it at the same moment: it is there now.


def of_ticket(session: Session, actor: Actor, ticket_id: UUID) -> Sequence[DraftView]:
    """The actor's drafts on a ticket: none, a reply, a note, or both."""
    tickets.get(session, actor, ticket_id)
    query = select(Draft).where(_shown_to(actor), Draft.ticket_id == ticket_id)
    return [DraftView.of(draft) for draft in session.scalars(query.order_by(Draft.kind.desc()))]


def discard(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    kind: DraftKind | None,
    versions: Container[int] | None = None,
) -> None:
    """Removes a draft of the actor's, or both, where it is still one of the versions.

    What is gone already is no mistake. Raises `NotFound`, `Stale` (``draft_changed``).
    """
    tickets.get(session, actor, ticket_id)
    for each in DraftKind if kind is None else (kind,):
        if (draft := _held(session, actor, ticket_id, each)) is not None:
            _require(draft, versions)
            remove(session, actor, ticket_id, each)


def remove(session: Session, actor: Actor, ticket_id: UUID, kind: DraftKind) -> None:
    """Removes a draft of the actor's, if there is one, on a ticket that they see."""
    removed = delete(Draft).where(
        Draft.user_id == actor.id, Draft.ticket_id == ticket_id, Draft.kind == kind
    )
    for draft in session.scalars(removed.returning(Draft)).all():
        _tell(session, draft, NONE)


def move(session: Session, from_id: UUID, to_id: UUID) -> None:
    """What was begun on a ticket is on another from now on, but where its writer has begun there.

    Nobody has seen what was said there by these numbers.
    """
    there = aliased(Draft)
    same = (there.ticket_id == to_id, there.user_id == Draft.user_id, there.kind == Draft.kind)
    moved = update(Draft).where(Draft.ticket_id == from_id, ~exists().where(*same))
    moved = moved.values(ticket_id=to_id, base_seq=0)
    for draft in session.scalars(moved.returning(Draft)).all():
        gone = DraftChanged(draft.user_id, from_id, draft.kind, NONE)
        outbox(session).drafts.append(gone)
        _tell(session, draft, draft.version)


def page(
    session: Session, actor: Actor, limit: int, before: tuple[datetime, UUID, DraftKind] | None
) -> Sequence[DraftView]:
    """The actor's drafts on all tickets, those first that were written last."""
    keys = (Draft.updated_at, Draft.ticket_id, Draft.kind)
    query = select(Draft).where(_shown_to(actor)).order_by(*(key.desc() for key in keys))
    if before is not None:
        query = query.where(tuple_(*keys) < tuple_(*before))
    return [DraftView.of(draft) for draft in session.scalars(query.limit(limit))]


def count(session: Session, actor: Actor) -> int:
    query = select(func.count()).select_from(Draft).where(_shown_to(actor))
    return session.scalar(query) or 0


def _shown_to(actor: Actor) -> ColumnElement[bool]:
    """The actor's own, as long as they may see the ticket and, for a note, write one."""
    theirs = and_(
        Draft.user_id == actor.id, Draft.ticket_id.in_(select(Ticket.id).where(visible(actor)))
    )
    return theirs if actor.is_staff else and_(theirs, Draft.kind == DraftKind.REPLY)


def _held(session: Session, actor: Actor, ticket_id: UUID, kind: DraftKind) -> Draft | None:
    """The draft, locked until the commit."""
    query = select(Draft).where(
        Draft.user_id == actor.id, Draft.ticket_id == ticket_id, Draft.kind == kind
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def _require(draft: Draft | None, versions: Container[int] | None) -> None:
    """Refuses to overwrite what another device has written meanwhile; it is shown that."""
    if versions is not None and (draft.version if draft else NONE) not in versions:
        stale = Stale("draft_changed", "The draft was changed in the meantime")
        stale.members["current"] = DraftView.of(draft) if draft else None
        raise stale


# By a clock, so that a draft that is begun anew has no version that one before it had.
_NOW = cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)


def _begun(session: Session, user_id: UUID, ticket_id: UUID, new: NewDraft) -> Draft | None:
    """The draft, made now; None if it is there already."""
    values = {**new.model_dump(), "user_id": user_id, "ticket_id": ticket_id}
    times = {"version": _NOW, "updated_at": func.clock_timestamp()}
    draft = insert(Draft).values({**values, **times}).on_conflict_do_nothing()
    return session.scalar(draft.returning(Draft))


def _rewritten(session: Session, draft: Draft, new: NewDraft) -> Draft:
    draft.content, draft.base_seq = new.content, new.base_seq
    later = select(func.greatest(draft.version + 1, _NOW), func.clock_timestamp())
    draft.version, draft.updated_at = session.execute(later).one()
    return draft


def _tell(session: Session, draft: Draft, version: int) -> None:
    changed = DraftChanged(draft.user_id, draft.ticket_id, draft.kind, version)
    outbox(session).drafts.append(changed)
