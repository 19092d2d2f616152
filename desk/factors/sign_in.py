"""Opening a session by more than a password, or by something else."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from desk.accounts import sessions
from desk.accounts.sessions import Client, Issued


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody signs in. ``needs_factor``: whether a password alone is too little for staff."""

    lifetime: timedelta
    client: Client = sessions.UNKNOWN
    needs_factor: bool = False


def opened(
    session: Session,
    user_id: UUID,
    verified_hash: str | None,
    how: SignIn,
    signed_in_by: str,
    now: datetime,
) -> Issued:
    """As `sessions.open_session`, by what was proven."""
    client = replace(how.client, signed_in_by=signed_in_by)
    return sessions.open_session(session, user_id, how.lifetime, now, verified_hash, client)
