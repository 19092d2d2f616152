"""The audit log: what is written of who did what, in the transaction that does it.

Nobody waits for anybody to write an entry: it is sealed afterwards, by `desk.audit_chain`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, update
from sqlalchemy.orm import Session

from desk.outbox import Audited, outbox
from models import AuditEntry

SALT_BYTES = 16
# The network of the request that is being answered, for entries that do not name one; None: nobody
# asked over the network.
CAME_FROM: ContextVar[str | None] = ContextVar("came_from", default=None)


def record(
    session: Session,
    action: str,
    *,
    actor_id: UUID | None,
    subject_type: str = "",
    subject_id: UUID | str | None = None,
    data: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> None:
    """One entry, and after the commit its line in the operator's log.

    ``actor_id``: None for who is not signed in, and for the desk itself. ``data``: ids and plain
    words, never an address, a name, a token or what people wrote. ``address``: the network alone;
    None: `CAME_FROM`.
    """
    address = address or CAME_FROM.get()
    subject = None if subject_id is None else str(subject_id)
    salt = secrets.token_bytes(SALT_BYTES) if address is not None else None
    session.execute(
        insert(AuditEntry).values(
            actor_id=actor_id,
            action=action,
            subject_type=subject_type,
            subject_id=subject,
            data=dict(data or {}),
            address=address,
            address_salt=salt,
            address_hash=address_hash(salt, address),
        )
    )
    by = None if actor_id is None or str(actor_id) == subject else actor_id
    ids = {"by": by, f"{subject_type}_id": subject, **(data or {})}
    outbox(session).audited.append(Audited(action, ids, address))


def record_own(session: Session, action: str, user_id: UUID, **data: Any) -> None:
    """An entry of what people do with their own account."""
    record(session, action, actor_id=user_id, subject_type="user", subject_id=user_id, data=data)


def address_hash(salt: bytes | None, address: str | None) -> bytes | None:
    """What the seal is over in an address's place, which may have to be forgotten."""
    if salt is None or address is None:
        return None
    return hashlib.sha256(salt + address.encode()).digest()


def forget_addresses(session: Session, user_id: UUID) -> None:
    """Takes away where somebody came from, in all that they did or that was done to them."""
    theirs = or_(AuditEntry.actor_id == user_id, AuditEntry.subject_id == str(user_id))
    forgotten = update(AuditEntry).where(theirs, AuditEntry.address.is_not(None))
    session.execute(forgotten.values(address=None, address_salt=None))
