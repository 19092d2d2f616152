"""The second step of a log-in: who knew the password is asked for a code, five times at most."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from desk.accounts.accounts import StoredPassword
from desk.accounts.sessions import Issued
from desk.crypto import base64url, token_hash
from desk.errors import Unauthenticated
from desk.factors import passkeys, totp
from desk.factors.sign_in import SignIn, opened
from desk.factors.totp import Code
from desk.text import Input
from models import LoginChallenge, PasskeyChallenge, Role, User

TOKEN_BYTES = 32
LIFETIME = timedelta(minutes=5)
MOST_TRIES = 5


class SecondFactor(Input):
    challenge: Annotated[str, StringConstraints(max_length=200)]
    code: Code


@dataclass(frozen=True, slots=True)
class Challenged:
    """What a code is asked for with."""

    token: str


def log_in(
    session: Session, stored: StoredPassword, how: SignIn, now: datetime
) -> Issued | Challenged:
    """A session for who knew the password; where the account has a second factor, a challenge.

    Raises as `sessions.open_session`, and `Unauthenticated` (``passkey_required``). Its lock is
    taken before the question, and the one who puts a second factor in force waits for it: a session
    that is opened without one is ended by that.
    """
    locked = {"read": True}
    user = session.get(User, stored.user_id, with_for_update=locked, populate_existing=True)
    if user is None or not user.is_active:
        raise Unauthenticated("invalid_credentials", "Invalid credentials")
    if not totp.is_on(session, stored.user_id):
        is_staff = user.role is not Role.USER
        if how.needs_factor and is_staff and passkeys.has_some(session, stored.user_id):
            raise Unauthenticated("passkey_required", "Sign in with your passkey")
        return opened(session, stored.user_id, stored.password_hash, how, "password", now)
    token = base64url(secrets.token_bytes(TOKEN_BYTES))
    session.add(
        LoginChallenge(
            hash=token_hash(token),
            user_id=stored.user_id,
            password=token_hash(stored.password_hash),
            expires_at=now + LIFETIME,
            is_new=how.client.is_new,
            tries=0,
        )
    )
    return Challenged(token)


def answer(
    session: Session,
    sent: SecondFactor,
    keys: Sequence[str],
    how: SignIn,
    now: datetime,
) -> tuple[Issued, StoredPassword] | Unauthenticated:
    """The session. A refusal is returned, not raised, so that the try is counted.

    A challenge opens one session, and is void once its account has another password or is
    deactivated. Raises `RateLimited`.
    """
    hashed = token_hash(sent.challenge)
    user_id = session.scalar(select(LoginChallenge.user_id).where(LoginChallenge.hash == hashed))
    if user_id is None:
        return challenge_over()
    # In the order of the locks: the user, then the codes, as `totp.confirm` has it.
    user = session.get(User, user_id, with_for_update={"read": True}, populate_existing=True)
    tried = (
        update(LoginChallenge)
        .where(
            LoginChallenge.hash == hashed,
            LoginChallenge.expires_at > now,
            LoginChallenge.tries < MOST_TRIES,
        )
        .values(tries=LoginChallenge.tries + 1)
    )
    returned = tried.returning(LoginChallenge.password, LoginChallenge.is_new)
    password, is_new = session.execute(returned).one_or_none() or (None, False)
    if user is None or not user.is_active or user.password_hash is None:
        return challenge_over()
    if password is None or password != token_hash(user.password_hash):
        return challenge_over()
    factor = totp.check(session, user.id, sent.code, keys, now)
    if factor is None:
        return Unauthenticated("invalid_code", "The code is not right, or was used")
    session.execute(delete(LoginChallenge).where(LoginChallenge.hash == hashed))
    how = replace(how, client=replace(how.client, is_new=is_new))
    issued = opened(session, user.id, user.password_hash, how, factor, now)
    return issued, StoredPassword(user.id, user.password_hash)


def required(challenge: Challenged) -> Unauthenticated:
    refused = Unauthenticated("second_factor_required", "Send a code of your app, too")
    refused.members["challenge"] = challenge.token
    return refused


def challenge_over() -> Unauthenticated:
    return Unauthenticated("challenge_over", "That took too long; sign in again")


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes challenges that are over, of log-ins and of passkeys; the number deleted."""
    deleted = 0
    for model in (LoginChallenge, PasskeyChallenge):
        old = select(model.hash).where(model.expires_at <= now).limit(limit - deleted)
        gone = delete(model).where(model.hash.in_(old)).returning(model.hash)
        deleted += len(session.scalars(gone).all())
    return deleted
