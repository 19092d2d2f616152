"""Sessions: opened by a login, carried on by refreshing, ended by a logout or a theft."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, delete, exists, literal, select
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.errors import Unauthenticated
from desk.notifications import account_mails
from desk.outbox import outbox
from desk.statements import Statement, in_array, param
from models import AuthSession, LoginChallenge, Passkey, Role, Totp, User

# A spent refresh token is honoured this long: a retry, or a second tab.
GRACE = timedelta(seconds=10)
# For questions about a theft.
KEPT_AFTER_EXPIRY = timedelta(days=7)
# No session lasts longer, however often it is refreshed, where the settings do not say otherwise.
LONGEST = timedelta(days=30)
# Why a session ended that its own person has ended.
LOGGED_OUT = "logged_out"
# So long after it was made an account's first sign-in is its owner's.
NEW_ACCOUNT = timedelta(days=1)
# Of a browser and a network that one was told of.
TOLD_AGAIN = timedelta(days=1)
# Issue times kept: as many refreshes as a client may make within the grace time and be forgiven.
KEPT = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """One generation of a session: all that its pair of tokens is made from."""

    session_id: UUID
    user_id: UUID
    generation: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """What somebody signs in with, as they read it in the list of their sessions.

    ``browser``: as "Firefox on Linux". ``network``: a /24 or /48. ``signed_in_by``: an open word:
    ``password``, ``visitor`` … ``is_new``: whether it never signed the account in before, as far
    as it can tell; then the account's owner is told.
    """

    browser: str = ""
    network: str = ""
    signed_in_by: str = "password"
    is_new: bool = False


UNKNOWN = Client()


def open_session(
    session: Session,
    user_id: UUID,
    lifetime: timedelta,
    now: datetime,
    verified_hash: str | None = None,
    client: Client = UNKNOWN,
) -> Issued:
    """Signs an account in.

    Raises `Unauthenticated` if it was deactivated, or got another password, since the password
    was checked. The lock waits for such a change, and makes one that comes now wait for us: it
    ends this session with the others.
    """
    user = session.get(User, user_id, with_for_update={"read": True}, populate_existing=True)
    if user is None or not user.is_active or verified_hash not in (None, user.password_hash):
        raise Unauthenticated("invalid_credentials", "Invalid credentials")
    opened = AuthSession(
        user_id=user_id,
        generation=0,
        issued=[now],
        created_at=now,
        expires_at=now + lifetime,
        browser=client.browser,
        network=client.network,
        signed_in_by=client.signed_in_by,
    )
    if client.is_new and user.email is not None:
        _tell(session, user, user.email, client, now)
    session.add(opened)
    session.flush()  # Its id goes into the tokens.
    audit.record(
        session,
        "logged_in",
        actor_id=user_id,
        subject_type="user",
        subject_id=user_id,
        data={"session_id": str(opened.id), "signed_in_by": client.signed_in_by},
        address=client.network or None,
    )
    return Issued(opened.id, user_id, 0, now)


def _tell(session: Session, user: User, email: str, client: Client, now: datetime) -> None:
    """Mails the owner of a sign-in by a new browser: not the one that made the account, and no
    program once and again that keeps no cookie. An address that nobody has confirmed may be a
    stranger's, and is told once, whatever it is.
    """
    live = exists().where(AuthSession.user_id == user.id, AuthSession.ended_at.is_(None))
    if user.created_at > now - NEW_ACCOUNT and not session.scalar(select(live)):
        return
    data = {"browser": client.browser, "network": client.network}
    same = data if user.email_verified_at is not None else None
    if not account_mails.was_sent(session, user.id, "new_sign_in", now - TOLD_AGAIN, same):
        account_mails.send(session, user.id, email, "new_sign_in", data, now)


def refresh(
    session: Session,
    session_id: UUID,
    generation: int,
    lifetime: timedelta,
    now: datetime,
    *,
    user_id: UUID | None = None,
    longest: timedelta = LONGEST,
) -> Issued | None:
    """The successor of a generation; None if the session is over, or ends by this very call.

    None, too, where it is not that of ``user_id``, whom the token names. ``longest``: how long
    after its opening it ends in any case.

    The newest generation gets a new successor. A spent one gets the successor it got before, if
    that was within `GRACE`; later somebody else must have spent it, and the session ends.
    """
    auth_session = session.scalar(
        select(AuthSession).where(AuthSession.id == session_id).with_for_update(key_share=True)
    )
    if auth_session is None or auth_session.ended_at is not None or auth_session.expires_at <= now:
        return None
    end = auth_session.created_at + longest
    if end <= now:
        return None
    if user_id not in (None, auth_session.user_id):
        return None
    if generation == auth_session.generation:
        auth_session.generation += 1
        auth_session.issued = [now, *auth_session.issued[: KEPT - 1]]
        auth_session.expires_at = min(now + lifetime, end)
        return Issued(auth_session.id, auth_session.user_id, auth_session.generation, now)
    behind = auth_session.generation - generation
    if 0 < behind <= len(auth_session.issued) and now - auth_session.issued[behind - 1] <= GRACE:
        return Issued(
            auth_session.id, auth_session.user_id, generation + 1, auth_session.issued[behind - 1]
        )
    _end(session, auth_session, "token_reused", now)
    return None


def holder(
    session: Session,
    session_id: UUID,
    user_id: UUID,
    generation: int,
    now: datetime,
    *,
    needs_factor: bool = False,
) -> Actor | None:
    """Who has a refresh token, without spending it: the newest, or one spent within `GRACE`.

    ``needs_factor``: see `lacks_factor`.
    """
    row = session.execute(
        select(AuthSession, User, lacks_factor(literal(needs_factor))).where(
            AuthSession.id == session_id,
            AuthSession.user_id == user_id,
            User.id == AuthSession.user_id,
            User.is_active,
            AuthSession.ended_at.is_(None),
            AuthSession.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        return None
    auth_session, user, must_set_up = row
    behind = auth_session.generation - generation
    is_late = behind > 0 and now - auth_session.issued[min(behind, KEPT) - 1] > GRACE
    if behind < 0 or behind > KEPT or is_late:
        return None
    return Actor(user.id, user.role, session_id, user.full_name, must_set_up)


def log_out(session: Session, session_id: UUID, now: datetime) -> bool:
    """Ends a session; False if it was over already."""
    auth_session = session.scalar(
        select(AuthSession).where(AuthSession.id == session_id).with_for_update(key_share=True)
    )
    if auth_session is None or auth_session.ended_at is not None:
        return False
    _end(session, auth_session, LOGGED_OUT, now)
    return True


def end_all(
    session: Session, user_id: UUID, because: str, now: datetime, *, but: UUID | None = None
) -> None:
    """Ends all sessions of an account, perhaps but one, and log-ins that wait for a code."""
    query = (
        select(AuthSession)
        .where(AuthSession.user_id == user_id, AuthSession.ended_at.is_(None))
        # In one order, so that two who end them all wait for each other, and not both for ever.
        .order_by(AuthSession.id)
    )
    for auth_session in session.scalars(query.with_for_update(key_share=True)):
        if auth_session.id != but:
            _end(session, auth_session, because, now)
    session.execute(delete(LoginChallenge).where(LoginChallenge.user_id == user_id))


def _end(session: Session, auth_session: AuthSession, because: str, now: datetime) -> None:
    auth_session.ended_at = now
    auth_session.ended_because = because
    audit.record(
        session,
        "session_ended",
        actor_id=auth_session.user_id if because == LOGGED_OUT else None,
        subject_type="user",
        subject_id=auth_session.user_id,
        data={"session_id": str(auth_session.id), "code": because},
    )
    outbox(session).ended[auth_session.id] = because


def over(session: Session, session_ids: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """Which of the sessions are over, and why."""
    query = (
        select(AuthSession, User.is_active)
        .join(User, User.id == AuthSession.user_id)
        .where(AuthSession.id.in_(session_ids))
    )
    why = dict.fromkeys(session_ids, "session_expired")
    for auth_session, is_active in session.execute(query):
        if auth_session.ended_at is not None:
            why[auth_session.id] = auth_session.ended_because or "session_ended"
        elif not is_active:
            why[auth_session.id] = "deactivated"
        elif auth_session.expires_at > now:
            del why[auth_session.id]
    return why


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what has been over for a while; the number of sessions deleted."""
    old = select(AuthSession.id).where(AuthSession.expires_at < now - KEPT_AFTER_EXPIRY)
    gone = delete(AuthSession).where(AuthSession.id.in_(old.limit(limit)))
    return len(session.scalars(gone.returning(AuthSession.id)).all())


def lacks_factor(is_needed: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the session is of somebody of the staff who has to set up a second factor first.

    ``is_needed``: as the settings have it; else nothing is looked up. Who came by OpenID Connect
    has one there, or does not need it.
    """
    return and_(
        is_needed,
        User.role != Role.USER,
        AuthSession.signed_in_by != "oidc",
        ~exists().where(Totp.user_id == User.id, Totp.confirmed_at.is_not(None)),
        ~exists().where(Passkey.user_id == User.id),
    )


def _actor(user_id: UUID, role: str, session_id: UUID, full_name: str, must_set_up: bool) -> Actor:
    return Actor(user_id, Role(role), session_id, full_name, must_set_up)


IS_GOOD = and_(
    AuthSession.user_id == User.id,
    AuthSession.ended_at.is_(None),
    AuthSession.expires_at > param("now"),
    User.is_active,
)
LACKS_FACTOR = lacks_factor(bindparam("needs_factor", False, Boolean))
# Who is behind a session: nobody if it is over or the account is not active.
ACTOR = Statement.of(
    select(User.id, User.role, AuthSession.id, User.full_name, LACKS_FACTOR).where(
        AuthSession.id == param("session_id"), IS_GOOD
    ),
    _actor,
)
# Who is behind those of the sessions that have somebody behind them.
ACTORS = Statement.of(
    select(User.id, User.role, AuthSession.id, User.full_name, LACKS_FACTOR).where(
        in_array(AuthSession.id, "session_ids"), IS_GOOD
    ),
    _actor,
)
