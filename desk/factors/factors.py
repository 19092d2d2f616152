"""What an account has to sign in with besides its password."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.access import Actor
from desk.factors import passkeys, recovery_codes, totp
from desk.factors.passkeys import PasskeyView
from models import User


@dataclass(frozen=True, slots=True)
class Factors:
    """``is_fresh``: whether who asks has signed in a moment ago. ``has_account``: is no visitor."""

    has_account: bool
    is_fresh: bool
    has_totp: bool
    codes_left: int
    passkeys: Sequence[PasskeyView]


def of_account(session: Session, actor: Actor, now: datetime) -> Factors:
    return Factors(
        not session.get_one(User, actor.id).is_visitor,
        passkeys.is_fresh(session, actor, now),
        totp.is_on(session, actor.id),
        recovery_codes.count(session, actor.id),
        passkeys.listed(session, actor),
    )
