"""Single sign-on of the staff: who their identity provider names comes in, as what it says.

An account is known by the provider and its id of them, the subject, for good. An address only
finds an account once, to link it, and only where both sides have verified it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk import audit
from desk.accounts import accounts, administration, sessions
from desk.accounts.full_names import FullName
from desk.accounts.sessions import Client, Issued
from desk.assignment.cursors import lock_all
from desk.crypto import token_hash
from desk.errors import Conflict, DeskError, Forbidden, Unauthenticated
from desk.text import Email
from models import LinkedIdentity, Role, SpentIdentityToken, User

# How sessions and the audit name it.
METHOD = "oidc"
# From the start of a sign-in to its end.
LONGEST = timedelta(minutes=10)
# What people are told who are refused: see the pages' words.
REFUSED = {
    "no_role": "The identity provider gives no role here",
    "deactivated": "The account is deactivated",
    "address_not_verified": "The identity provider vouches for no address",
    "account_not_confirmed": "Nobody has confirmed the address of the account that has it",
    "admin_not_linked": "An admin's account is not linked by its address",
    "linked_already": "The account with this address is linked to somebody else",
}


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a provider names. ``email``: one for which it vouches. ``role``: what they are here."""

    issuer: str
    subject: str
    email: Email | None
    name: FullName | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class Terms:
    """``lifetime``: of the session. ``capacity``: of a new CSR."""

    lifetime: timedelta
    capacity: int
    links_admins: bool
    client: Client


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """``user_id``: whose account it is, where there is one."""

    why: DeskError
    user_id: UUID | None


def sign_in(
    session: Session, state: str, named: Named, terms: Terms, now: datetime
) -> Issued | TurnedAway:
    """The session of whom a provider names. ``state``: of this sign-in, which is good once.

    A refusal is returned and not raised, as what goes with it has to stay: the sessions of who has
    no role any more end.
    """
    if not _spend(session, state, now):
        return TurnedAway(over(), None)
    user = _admitted(session, named, terms, now)
    if isinstance(user, DeskError):
        known = _linked(session, named)
        return TurnedAway(user, known.id if known else None)
    session.flush()  # To open a session reads the row anew.
    return sessions.open_session(session, user.id, terms.lifetime, now, client=terms.client)


def unlink(session: Session, email: str) -> int:
    """Takes the links of the account with an address off it; how many there were."""
    whose = select(User.id).where(User.email == email.lower()).scalar_subquery()
    gone = delete(LinkedIdentity).where(LinkedIdentity.user_id == whose)
    unlinked = session.scalars(gone.returning(LinkedIdentity.user_id)).all()
    if unlinked:
        audit.record(
            session,
            "identity_unlinked",
            actor_id=None,
            subject_type="user",
            subject_id=unlinked[0],
        )
    return len(unlinked)


def over() -> Unauthenticated:
    return Unauthenticated("sign_in_over", "This sign-in is over; begin anew")


def refused(code: str) -> Forbidden:
    return Forbidden(code, REFUSED[code])


def _spend(session: Session, state: str, now: datetime) -> bool:
    """Of two that end the same sign-in, one goes on."""
    spent = insert(SpentIdentityToken).values(
        hash=token_hash(f"single sign-on {state}"), expires_at=now + LONGEST
    )
    spent = spent.on_conflict_do_nothing()
    return session.scalar(spent.returning(SpentIdentityToken.hash)) is not None


def _linked(session: Session, named: Named, *, is_locked: bool = False) -> User | None:
    query = (
        select(User)
        .join(LinkedIdentity, LinkedIdentity.user_id == User.id)
        .where(LinkedIdentity.issuer == named.issuer, LinkedIdentity.subject == named.subject)
    )
    if is_locked:
        query = query.with_for_update(key_share=True, of=User)
    return session.scalar(query.execution_options(populate_existing=True))


def _admitted(session: Session, named: Named, terms: Terms, now: datetime) -> User | DeskError:
    """The account, linked and of the role that they have, if it may come in."""
    user = _linked(session, named)
    if named.role is None:
        if user is not None:
            sessions.end_all(session, user.id, "role_lost", now)
        return refused("no_role")
    if user is None or user.role is not named.role:
        found = _with_role(session, named, named.role, terms, now)
        if isinstance(found, DeskError):
            return found
        user = found
    return user if user.is_active else refused("deactivated")


def _with_role(
    session: Session, named: Named, role: Role, terms: Terms, now: datetime
) -> User | DeskError:
    """Of who is not linked yet, or is of another role. Locks as `administration.change` does.

    Who comes twice at once for the first time waits here for the other, and is linked then.
    """
    lock_all(session)
    admins = administration.lock_admins(session)
    user = _linked(session, named, is_locked=True)
    if user is None:
        found = _found_by_address(session, named, role, terms)
        if isinstance(found, DeskError):
            return found
        user = found
        if not _link(session, named, user, now):
            return refused("linked_already")
    if user.is_active and user.role is not role:
        try:
            administration.set_role(session, user, admins, role, now, terms.capacity)
        except Conflict as last_admin:
            return last_admin
        _note(session, "user_changed", user.id, {"role": role.value})
    return user


def _found_by_address(session: Session, named: Named, role: Role, terms: Terms) -> User | DeskError:
    """The account with the address that both sides have verified; made where there is none."""
    if named.email is None:
        return refused("address_not_verified")
    query = select(User).where(User.email == named.email).with_for_update(key_share=True)
    user = session.scalar(query.execution_options(populate_existing=True))
    if user is None:
        name = named.name or named.email.partition("@")[0]
        made = accounts.create(session, named.email, name, None, role, terms.capacity)
        _note(session, "user_added", made.id, {"role": role.value})
        return session.get_one(User, made.id)
    if not user.is_active:
        return refused("deactivated")
    if user.email_verified_at is None:
        return refused("account_not_confirmed")
    if user.role is Role.ADMIN and not terms.links_admins:
        return refused("admin_not_linked")
    return user


def _link(session: Session, named: Named, user: User, now: datetime) -> bool:
    """False if the account is linked to somebody else there."""
    link = insert(LinkedIdentity).values(
        issuer=named.issuer, subject=named.subject, user_id=user.id, linked_at=now
    )
    link = link.on_conflict_do_nothing()
    if session.scalar(link.returning(LinkedIdentity.user_id)) is None:
        return False
    _note(session, "identity_linked", user.id, {})
    return True


def _note(session: Session, action: str, user_id: UUID, data: dict[str, str]) -> None:
    """What the provider has us do, and nobody here."""
    audit.record(
        session,
        action,
        actor_id=None,
        subject_type="user",
        subject_id=user_id,
        data={"signed_in_by": METHOD, **data},
    )
