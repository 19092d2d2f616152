"""Opening a session, with an entry of what it was opened with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from desk import audit
from desk.accounts import sessions
from desk.accounts.sessions import Client, Issued


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody signs in. ``network``: for the audit, where it is to have one.

    ``needs_factor``: whether a password alone is not enough for the staff.
    """

    lifetime: timedelta
    client: Client = sessions.UNKNOWN
    network: str | None = None
    needs_factor: bool = False


def opened(
    session: Session,
    user_id: UUID,
    verified_hash: str | None,
    how: SignIn,
    factor: str | None,
    now: datetime,
) -> Issued:
    """As `sessions.open_session`. ``factor``: none, or what was proven besides the password."""
    issued = sessions.open_session(session, user_id, how.lifetime, now, verified_hash, how.client)
    audit.record(
        session,
        "logged_in",
        actor_id=user_id,
        subject_type="user",
        subject_id=user_id,
        data={"session_id": str(issued.session_id)} | ({"factor": factor} if factor else {}),
        address=how.network,
    )
    return issued
