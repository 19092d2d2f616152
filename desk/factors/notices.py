"""What changes how somebody signs in is written to the audit log, and mailed to them."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.orm import Session

from desk import audit
from desk.notifications import account_mails
from models import User


def tell(
    session: Session,
    user_id: UUID,
    kind: str,
    now: datetime,
    *,
    actor_id: UUID | None,
    subject: tuple[str, UUID] | None = None,
) -> None:
    """``kind``: the action, and the mail of that name. ``subject``: what it was done to, if not to
    the account.
    """
    subject_type, subject_id = subject or ("user", user_id)
    data: dict[str, JsonValue] = {} if subject is None else {"user_id": str(user_id)}
    audit.record(
        session,
        kind,
        actor_id=actor_id,
        subject_type=subject_type,
        subject_id=subject_id,
        data=data,
    )
    if address := session.get_one(User, user_id).address:
        account_mails.send(session, user_id, address, kind, {}, now)
