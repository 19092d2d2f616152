"""Macros, how often each person has used them, and what was written together."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Uuid,
    func,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of

NOBODY = UUID(int=0)


class MacroScope(StrEnum):
    """Whose a macro is."""

    OWN = "own"
    TEAM = "team"
    EVERYONE = "everyone"


class Macro(Base):
    __tablename__ = "macros"
    __table_args__ = (
        CheckConstraint("(scope = 'own') = (owner_id is not null)", name="own_has_owner"),
        CheckConstraint("(scope = 'team') = (team_id is not null)", name="teams_has_team"),
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(64))
    scope: Mapped[MacroScope] = mapped_column(one_of(MacroScope, "scope"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    # ``{content, internal}``; null: it says nothing.
    message: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # As `desk.actions.Actions` has it, without what it leaves alone.
    actions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


# Whose it is: a person, a team, or everyone.
MACRO_HOLDER: ColumnElement[UUID] = func.coalesce(
    Macro.owner_id, Macro.team_id, literal(NOBODY, Uuid())
)
# One name of theirs whatever the case; and by it a person's macros are found.
Index("uq_macros_name", MACRO_HOLDER, func.lower(Macro.name), unique=True)


class MacroCount(Base):
    """How often a person has used a macro. A row each: of many who use one, nobody waits."""

    __tablename__ = "macro_counts"

    macro_id: Mapped[UUID] = mapped_column(
        ForeignKey("macros.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    uses: Mapped[int]
    used_at: Mapped[datetime]


class Batch(Base):
    """Events of one ticket that were written together: those of a range, and no others."""

    __tablename__ = "batches"
    __table_args__ = (
        # What is asked for twice is done once. The index has a ticket's batches, too.
        Index("uq_batches_client_id", "ticket_id", "actor_id", "client_id", unique=True),
        # What is undone is undone once.
        Index("uq_batches_undone", "cause_id", unique=True, postgresql_where="cause_type = 'undo'"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[str | None] = mapped_column(String(64))
    # As in the events' cause. The macro may be gone.
    cause_type: Mapped[str] = mapped_column(String(32))
    cause_id: Mapped[UUID]
    # Where nothing was changed the range is empty: the last before the first.
    first_seq: Mapped[int]
    last_seq: Mapped[int]
