"""Somebody's own sessions: where they are signed in, and the end of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import with_config
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import NotFound
from models import AuthSession


@with_config(title="Session")
@dataclass(frozen=True, slots=True)
class OwnSession:
    """``browser``: as "Firefox on Linux", or empty. ``address``: a network, /24 or /48.

    ``last_used_at``: when it was opened or refreshed last.
    """

    id: UUID
    created_at: datetime
    last_used_at: datetime
    browser: str
    address: str
    is_current: bool


def show_all(session: Session, actor: Actor, now: datetime) -> Sequence[OwnSession]:
    """Those that go on, the one that was used last first."""
    live = (
        AuthSession.user_id == actor.id,
        AuthSession.ended_at.is_(None),
        AuthSession.expires_at > now,
    )
    # The newest issue time is the first of its array.
    order = (AuthSession.issued[1].desc(), AuthSession.id.desc())
    return [
        OwnSession(
            id=one.id,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
            browser=one.browser,
            address=one.network,
            is_current=one.id == actor.session_id,
        )
        for one in session.scalars(select(AuthSession).where(*live).order_by(*order))
    ]


def end(session: Session, actor: Actor, session_id: UUID, now: datetime) -> None:
    """Raises `NotFound`, also for somebody else's."""
    theirs = select(AuthSession.id).where(
        AuthSession.id == session_id, AuthSession.user_id == actor.id
    )
    if session.scalar(theirs) is None or not sessions.log_out(session, session_id, now):
        raise NotFound("session_not_found", "Session not found")
