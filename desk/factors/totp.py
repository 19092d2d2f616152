"""Codes of an app (TOTP, RFC 6238): switched on, checked, switched off.

All that looks at an account's codes holds the lock of its row in `totp`, and before that the one
of its user: so a code is good once, and wrong ones are counted, however many come at once.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import pyotp
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import accounts, sessions
from desk.errors import Conflict, Invalid, RateLimited
from desk.factors import recovery_codes
from desk.factors.notices import tell
from desk.factors.recovery_codes import normal
from desk.factors.sealing import is_current, seal, unseal
from desk.text import Input, Text
from models import LoginChallenge, RecoveryCode, Totp, User

STEP_SECONDS = 30
DIGITS = 6
# Clocks may be so many steps apart.
DRIFT = (0, -1, 1)
# Wrong codes of an account, from wherever they come.
MOST_FAILURES = 10
FAILURES_WINDOW = timedelta(hours=1)
ISSUER = "Ticket Desk"

Code = Annotated[str, Text(64, shortest=0)]


class Confirmation(Input):
    code: Code


@dataclass(frozen=True, slots=True)
class NewSecret:
    """``uri``: the ``otpauth:`` address that an app reads from a QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Shown once: the desk keeps their hashes alone."""

    recovery_codes: list[str]


def start(
    session: Session,
    actor: Actor,
    verified_hash: str,
    keys: Sequence[str],
    issuer: str,
    now: datetime,
) -> NewSecret:
    """A new secret, not in force before `confirm`; one that was not confirmed is void.

    ``verified_hash``: of the password that was given. Raises `Forbidden` if it is another by now,
    and `Conflict` (``totp_enabled``).
    """
    user = _locked_user(session, actor.id)
    if user.password_hash != verified_hash:
        raise accounts.wrong_password()
    totp = session.get(Totp, actor.id, with_for_update=True)
    if totp is None:
        totp = Totp(user_id=actor.id, last_step=0, failed=0)
        session.add(totp)
    elif totp.confirmed_at is not None:
        raise Conflict("totp_enabled", "The second factor is on already")
    secret = pyotp.random_base32()
    totp.secret, totp.created_at = seal(keys, secret, actor.id), now
    return NewSecret(secret, uri(secret, user.address, issuer))


def uri(secret: str, name: str | None, issuer: str) -> str:
    """The address by which an app takes the secret, under a name."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer or ISSUER)


def confirm(
    session: Session, actor: Actor, confirmation: Confirmation, keys: Sequence[str], now: datetime
) -> RecoveryCodes:
    """Puts the new secret in force and ends the account's other sessions, which have only given a
    password. Raises `Conflict` (``totp_enabled``) and `Invalid` (``invalid_code``).
    """
    _locked_user(session, actor.id)
    totp = session.get(Totp, actor.id, with_for_update=True)
    if totp is not None and totp.confirmed_at is not None:
        raise Conflict("totp_enabled", "The second factor is on already")
    # Whoever asks was shown the secret: there is nothing to be guessed, and to be counted.
    if totp is None or not _takes(totp, normal(confirmation.code), keys, now):
        raise invalid_code()
    totp.confirmed_at = now
    sessions.end_all(session, actor.id, "second_factor_added", now, but=actor.session_id)
    tell(session, actor.id, "second_factor_added", now, actor_id=actor.id)
    return RecoveryCodes(recovery_codes.renew(session, actor.id))


def is_on(session: Session, user_id: UUID) -> bool:
    totp = session.get(Totp, user_id)
    return totp is not None and totp.confirmed_at is not None


def renew_codes(
    session: Session, actor: Actor, confirmation: Confirmation, keys: Sequence[str], now: datetime
) -> RecoveryCodes | Invalid:
    """New recovery codes, for who has the app. A refusal is returned, so that it is counted."""
    _locked_user(session, actor.id)
    if not check(session, actor.id, confirmation.code, keys, now, takes_recovery=False):
        return invalid_code()
    tell(session, actor.id, "recovery_codes_renewed", now, actor_id=actor.id)
    return RecoveryCodes(recovery_codes.renew(session, actor.id))


def switch_off(
    session: Session,
    actor: Actor,
    verified_hash: str,
    confirmation: Confirmation,
    keys: Sequence[str],
    now: datetime,
) -> Invalid | None:
    """Takes the second factor away from oneself. A refusal is returned, so that it is counted."""
    if _locked_user(session, actor.id).password_hash != verified_hash:
        raise accounts.wrong_password()
    if not check(session, actor.id, confirmation.code, keys, now):
        return invalid_code()
    forget(session, actor.id)
    tell(session, actor.id, "second_factor_removed", now, actor_id=actor.id)
    return None


def forget(session: Session, user_id: UUID) -> None:
    """Deletes all that there is of the account's codes."""
    for model in (Totp, RecoveryCode, LoginChallenge):
        session.execute(delete(model).where(model.user_id == user_id))


def reseal(session: Session, keys: Sequence[str]) -> tuple[int, int]:
    """Seals each secret under the newest key. How many those were, and how many no key opens."""
    done = lost = 0
    for totp in session.scalars(select(Totp).order_by(Totp.user_id).with_for_update()):
        if is_current(keys, totp.secret):
            continue
        if (secret := unseal(keys, totp.secret, totp.user_id)) is None:
            lost += 1
        else:
            totp.secret = seal(keys, secret, totp.user_id)
            done += 1
    return done, lost


def check(
    session: Session,
    user_id: UUID,
    code: str,
    keys: Sequence[str],
    now: datetime,
    *,
    takes_recovery: bool = True,
) -> str | None:
    """What the code is, ``totp`` or ``recovery_code``; then it is spent. None: neither.

    A wrong one is counted, which the caller commits. Raises `RateLimited` where too many were
    wrong. The caller holds the lock of the account.
    """
    totp = session.get(Totp, user_id, with_for_update=True, populate_existing=True)
    if totp is None or totp.confirmed_at is None:
        return None
    if totp.failed_since is None or totp.failed_since + FAILURES_WINDOW <= now:
        totp.failed, totp.failed_since = 0, now
    if totp.failed >= MOST_FAILURES:
        raise _too_many(totp.failed_since + FAILURES_WINDOW - now)
    given = normal(code)
    if _takes(totp, given, keys, now):
        return "totp"
    if takes_recovery and recovery_codes.spend(session, user_id, given):
        return "recovery_code"
    totp.failed += 1
    _note_failure(session, totp, now)
    return None


def invalid_code() -> Invalid:
    return Invalid("invalid_code", "The code is not right, or was used", "/code")


def _takes(totp: Totp, code: str, keys: Sequence[str], now: datetime) -> bool:
    """Whether it is a code of now that is later than the last one; then that is the last."""
    secret = unseal(keys, totp.secret, totp.user_id)
    if secret is None or len(code) != DIGITS:
        return False
    current, app = int(now.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
    for step in (current + drift for drift in DRIFT):
        is_right = hmac.compare_digest(app.generate_otp(step).encode(), code.encode())
        if is_right and step > totp.last_step:
            totp.last_step = step
            if not is_current(keys, totp.secret):
                totp.secret = seal(keys, secret, totp.user_id)
            return True
    return False


def _note_failure(session: Session, totp: Totp, now: datetime) -> None:
    """Whoever tries codes knows the password, so the last one that is taken is mailed about."""
    user_id = totp.user_id
    audit.record(session, "code_failed", actor_id=None, subject_type="user", subject_id=user_id)
    if totp.failed == MOST_FAILURES:
        tell(session, user_id, "codes_tried", now, actor_id=None)


def _locked_user(session: Session, user_id: UUID) -> User:
    return session.get_one(User, user_id, with_for_update={"key_share": True})


def _too_many(left: timedelta) -> RateLimited:
    refused = RateLimited("rate_limited", "Too many wrong codes; wait and try again")
    refused.headers["Retry-After"] = str(max(1, int(left.total_seconds())))
    return refused
