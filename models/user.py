"""People: customers, and the staff with their availability for assignment.

A visitor is a customer without a log-in, who wrote from the widget on another site: a person of
their own, whoever else has the address that they gave. A program acts by a key (`ApiKey`): it has
no log-in either, has a role of the staff's, and is nobody who works here.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, and_, func, or_, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of

DEFAULT_CAPACITY = 50
# What people are found by, for `person_words`.
CALLED = "full_name, coalesce(email, visitor_email, '')"


class Role(StrEnum):
    USER = "user"
    CSR = "csr"
    ADMIN = "admin"


class UserKind(StrEnum):
    PERSON = "person"
    PROGRAM = "program"


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        # One account whatever the case: the rules store addresses in lower case.
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        # Who has a password has an address to log in by; a visitor has neither. Who comes by single
        # sign-on alone has no password.
        CheckConstraint("email is not null or password_hash is null", name="login_whole"),
        CheckConstraint(
            "kind = 'program' or (email is null and erased_at is null) = "
            "(visitor_email is not null or identity_subject is not null)",
            name="visitor_known",
        ),
        CheckConstraint("visitor_email = lower(visitor_email)", name="visitor_email_lower"),
        CheckConstraint(
            "erased_at is null or (email is null and not is_active)", name="erased_is_nobody"
        ),
        # Nobody is of the staff without a log-in.
        CheckConstraint(
            "kind = 'program' or email is not null or role = 'user'", name="visitor_is_customer"
        ),
        # Nobody logs in as a program, and no mail reaches it.
        CheckConstraint(
            "kind <> 'program' or (role <> 'user' and "
            "coalesce(email, password_hash, visitor_email, identity_subject) is null)",
            name="program_has_key_alone",
        ),
        # Of two first messages with one key, one makes a visitor.
        Index(
            "uq_users_visitor_key",
            "visitor_key",
            unique=True,
            postgresql_where="visitor_key is not null",
        ),
        # The site's own people, each once.
        Index(
            "uq_users_identity_subject",
            "identity_subject",
            unique=True,
            postgresql_where="identity_subject is not null",
        ),
        # How many visitors gave an address of late.
        Index(
            "ix_users_visitor_email",
            "visitor_email",
            "created_at",
            postgresql_where="visitor_email is not null",
        ),
        # The candidates of an assignment, and the list of agents.
        Index("ix_users_staff", "role", "id", postgresql_where="role <> 'user'"),
        # The admins' list of accounts, and its filters.
        Index("ix_users_created", "created_at", "id"),
        Index("ix_users_role_created", "role", "created_at", "id"),
        Index("ix_users_active_created", "is_active", "created_at", "id"),
        # How the words of a name and an address begin; the function is our own.
        Index("ix_users_called", text(f"person_words({CALLED})"), postgresql_using="gin"),
    )

    id: Mapped[Key]
    # What an account logs in by. Null: a visitor, whom no address finds.
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    # What a visitor gave: perhaps somebody else's, and perhaps that of an account.
    visitor_email: Mapped[str | None] = mapped_column(String(254))
    # By what a site knows the visitor whom it has named to us.
    identity_subject: Mapped[str | None] = mapped_column(String(255))
    # Of the Idempotency-Key of a visitor's first message, its hash.
    visitor_key: Mapped[bytes | None]
    # Null until it is confirmed, or where an admin named it, that the address is theirs: see
    # `desk.notifications.confirmations`.
    email_verified_at: Mapped[datetime | None]
    full_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(100))
    role: Mapped[Role] = mapped_column(one_of(Role, "role", is_closed=True), default=Role.USER)
    kind: Mapped[UserKind] = mapped_column(
        one_of(UserKind, "kind"), default=UserKind.PERSON, server_default=text("'person'")
    )
    is_active: Mapped[bool] = mapped_column(default=True)
    notify_email: Mapped[bool] = mapped_column(default=True)

    # What they can: a ticket that requires some is given to who has all of them.
    skills: Mapped[list[str]] = mapped_column(
        ARRAY(String(32)), default=list, server_default=text("'{}'")
    )

    # Used for CSRs only. The one with the lowest turn is next in a round robin.
    available: Mapped[bool] = mapped_column(default=True)
    capacity: Mapped[int] = mapped_column(default=DEFAULT_CAPACITY)
    turn: Mapped[int] = mapped_column(default=0)
    # Came, came back or got room for more, and has fewer tickets than the others for that reason
    # alone. Least loaded does not make up for it: see docs/decisions.
    catching_up: Mapped[bool] = mapped_column(default=True)
    last_assigned_at: Mapped[datetime | None]

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Since when nobody knows who they were: see `desk.erasure`.
    erased_at: Mapped[datetime | None]

    @property
    def address(self) -> str | None:
        """Where mails to the person go; None: a site has named them without one, or it is none."""
        return self.email or self.visitor_email

    @property
    def is_visitor(self) -> bool:
        has_no_login = self.email is None and self.kind is UserKind.PERSON
        return has_no_login and self.erased_at is None

    @property
    def works_here(self) -> bool:
        """Whether it is one of the people of the staff, active or not."""
        return self.role is not Role.USER and self.kind is UserKind.PERSON


# As `User.address`, in a query.
ADDRESS = func.coalesce(User.email, User.visitor_email)
IS_PERSON = User.kind == UserKind.PERSON
# As `User.works_here`: what is asked wherever somebody is to be given, shown or told something.
WORKS_HERE = and_(User.role != Role.USER, IS_PERSON)
# Who has answered a mail, or for whom an admin or a site answers.
IS_VERIFIED = or_(User.email_verified_at.is_not(None), User.identity_subject.is_not(None))
