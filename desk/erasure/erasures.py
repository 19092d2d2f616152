"""Erasures: asked for by an admin, and done ticket by ticket by whoever does what is due.

At once the account is nobody's: its sessions end, and nothing new is written by it. Then all
tickets are looked at in the order of their ids, some in a transaction, with how far it is: wherever
a process dies, the next goes on from there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field, with_config
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import audit, deadlines
from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import absences
from desk.assignment.cursors import lock_all
from desk.database import clock
from desk.deadlines import Due
from desk.erasure import copies, people, words
from desk.errors import NotFound
from desk.text import Input
from models import Deadline, Erasure, Role, Ticket, User

DEADLINE = "erasure"
# What the person asked for before their sessions ended is over by then: no statement lasts longer.
GRACE = timedelta(seconds=20)
# Tickets that are looked at in one transaction, and those of them that are held in it.
PAGE, BATCH = 2_000, 25
FIRST = UUID(int=0)


class Erasing(Input):
    keep_tickets: bool = Field(
        description="Whether what they wrote on tickets stays, without their name and their files"
    )


class ErasureState(StrEnum):
    RUNNING = "running"
    # It was tried too often. Who asks for it again has it tried again.
    FAILED = "failed"
    DONE = "done"


@with_config(title="Erasure")
@dataclass(frozen=True, slots=True)
class ErasureShown:
    """How far it is. ``done``: of the desk's tickets (``total``), how many were looked at."""

    user_id: UUID
    state: ErasureState
    keep_tickets: bool
    asked_by_id: UUID
    asked_at: datetime
    done: int
    total: int
    done_at: datetime | None

    @classmethod
    def of(cls, erasure: Erasure, state: ErasureState) -> Self:
        return cls(
            erasure.user_id,
            state,
            erasure.keep_tickets,
            erasure.asked_by_id,
            erasure.asked_at,
            erasure.done,
            erasure.total,
            erasure.done_at,
        )


def ask(
    session: Session, actor: Actor, user_id: UUID, asked: Erasing, now: datetime
) -> ErasureShown:
    """Makes the account nobody's at once, and has the rest erased. A repeat changes nothing, but
    for one that is not to keep the tickets any more.

    Raises `NotFound`, and as `administration.change` (``last_admin``, ``program``).
    """
    # Two who ask for it at once come one after the other; and nobody's role changes meanwhile.
    lock_all(session)
    if session.get(Erasure, user_id) is not None:
        return _ask_again(session, actor, user_id, asked)
    user = session.get(User, user_id, populate_existing=True)
    if user is None:
        raise NotFound("user_not_found", "User not found")
    was_staff = user.role is not Role.USER
    if was_staff:
        absences.end(session, user_id)
    leaving = UserChange(role=Role.USER, is_active=False)
    administration.change(session, actor, user_id, leaving, now)
    if user.address is not None:
        people.delete_mails(session, user.address)
    people.empty_account(user, now)
    # Whose sockets are open is told by the sessions' rows why they are closed.
    people.delete_rows(session, user_id, but=people.SESSIONS)
    erasure = Erasure(
        user_id=user_id,
        asked_by_id=actor.id,
        asked_at=now,
        keep_tickets=asked.keep_tickets,
        was_staff=was_staff,
        total=session.scalar(select(func.count()).select_from(Ticket)) or 0,
        done=0,
    )
    session.add(erasure)
    session.flush()
    deadlines.arm(session, DEADLINE, user_id, clock(session) + GRACE)
    _note(session, "erasure_asked", erasure, actor.id)
    return ErasureShown.of(erasure, ErasureState.RUNNING)


def _ask_again(session: Session, actor: Actor, user_id: UUID, asked: Erasing) -> ErasureShown:
    shown = show(session, user_id)
    is_more = shown.keep_tickets and not asked.keep_tickets
    if shown.state is ErasureState.FAILED or is_more:
        # First: whoever is at it has locked its deadline before its row.
        deadlines.arm(session, DEADLINE, user_id, clock(session))
        erasure = _held(session, user_id)
        if is_more:
            erasure.keep_tickets, erasure.done_at = False, None
            erasure.done, erasure.last_id = 0, None
            _note(session, "erasure_asked", erasure, actor.id)
        session.flush()
        return ErasureShown.of(erasure, ErasureState.RUNNING)
    return shown


def show(session: Session, user_id: UUID) -> ErasureShown:
    """Raises `NotFound`."""
    found = session.execute(
        select(Erasure, Deadline.dead_at)
        .outerjoin(Deadline, (Deadline.kind == DEADLINE) & (Deadline.subject_id == user_id))
        .where(Erasure.user_id == user_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("erasure_not_found", "Nobody asked for their erasure")
    erasure, dead_at = found
    unfinished = ErasureState.RUNNING if dead_at is None else ErasureState.FAILED
    return ErasureShown.of(erasure, unfinished if erasure.done_at is None else ErasureState.DONE)


def go_on(session: Session, due: Due, now: datetime) -> None:
    """Erases some more, and comes back for the rest at once."""
    erasure = _held(session, due.subject_id)
    if erasure.done_at is not None:
        return
    if _erase_page(session, erasure):
        deadlines.arm(session, DEADLINE, due.subject_id, now)
    else:
        _finish(session, erasure, now)


def _held(session: Session, user_id: UUID) -> Erasure:
    return session.get_one(Erasure, user_id, with_for_update=True, populate_existing=True)


def _erase_page(session: Session, erasure: Erasure) -> bool:
    """Looks at the next tickets, as many as are held at once; False if there are no more."""
    first = erasure.last_id or FIRST
    after = select(Ticket.id).where(Ticket.id > first).order_by(Ticket.id).limit(PAGE)
    page = session.scalars(after).all()
    if not page:
        return False
    found = words.concerned(session, erasure.user_id, first, page[-1], BATCH)
    # Of a full batch nobody knows whether it was all.
    last = found[-1] if len(found) == BATCH else page[-1]
    if found:
        words.erase(session, erasure, found)
    erasure.last_id = last
    erasure.done = min(erasure.done + sum(each <= last for each in page), erasure.total)
    return True


def _finish(session: Session, erasure: Erasure, now: datetime) -> None:
    people.delete_rows(session, erasure.user_id)
    copies.forget_answers(session, erasure.user_id)
    if not erasure.keep_tickets:
        copies.erase_titles(session, erasure.user_id)
    audit.forget_addresses(session, erasure.user_id)
    erasure.done, erasure.done_at = erasure.total, now
    _note(session, "erasure_done", erasure, None)


def _note(session: Session, action: str, erasure: Erasure, by: UUID | None) -> None:
    kept = {"keep_tickets": erasure.keep_tickets}
    user_id = erasure.user_id
    audit.record(session, action, actor_id=by, subject_type="user", subject_id=user_id, data=kept)
