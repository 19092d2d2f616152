"""What an admin does for who has lost what they sign in with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import Conflict, NotFound
from desk.factors import totp
from desk.factors.notices import tell
from models import Passkey, User


def take_away(session: Session, actor: Actor, user_id: UUID, now: datetime) -> None:
    """Deletes an account's second factor and passkeys and ends its sessions; harmless to repeat.

    Raises `NotFound`, and `Conflict` for one's own: whoever has an admin's session is not to be rid
    of their codes by that.
    """
    if actor.id == user_id:
        raise Conflict("own_factors", "Switch off your own with a code, or ask another admin")
    remove(session, user_id, now, actor_id=actor.id)


def remove(session: Session, user_id: UUID, now: datetime, *, actor_id: UUID | None) -> None:
    """``actor_id``: None where the operator does it."""
    if session.get(User, user_id, with_for_update={"key_share": True}) is None:
        raise NotFound("user_not_found", "User not found")
    totp.forget(session, user_id)
    session.execute(delete(Passkey).where(Passkey.user_id == user_id))
    sessions.end_all(session, user_id, "factors_removed", now)
    tell(session, user_id, "factors_removed", now, actor_id=actor_id)
