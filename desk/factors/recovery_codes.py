"""Recovery codes: ten for who has lost the app, each good once."""

import base64
import secrets
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from desk.crypto import token_hash
from models import RecoveryCode

COUNT = 10
# 80 bits: 16 letters in four groups.
CODE_BYTES = 10
GROUP = 4


def renew(session: Session, user_id: UUID) -> list[str]:
    """New ones, as they are shown once; those before are void."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(COUNT)]
    rows = [{"user_id": user_id, "hash": token_hash(code)} for code in codes]
    session.execute(insert(RecoveryCode), rows)
    return ["-".join(code[n : n + GROUP] for n in range(0, len(code), GROUP)) for code in codes]


def spend(session: Session, user_id: UUID, code: str) -> bool:
    """Whether it is one of the account's; then it is none any more. ``code``: as `normal` makes."""
    spent = delete(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.hash == token_hash(code)
    )
    return session.scalar(spent.returning(RecoveryCode.user_id)) is not None


def count(session: Session, user_id: UUID) -> int:
    """How many are left."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return session.scalar(left) or 0


def normal(code: str) -> str:
    """A code as it was typed, without what people put between its letters."""
    return code.replace(" ", "").replace("-", "").upper()
