"""Teams of CSRs, each with a queue of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Team(Base):
    """Whoever holds the lock of the row assigns from the team's queue."""

    __tablename__ = "teams"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(default="")
    # A strategy; null: the desk's.
    strategy: Mapped[str | None] = mapped_column(String(32))
    # An assignee who has neither read nor answered by then loses the ticket to the next.
    answer_within_minutes: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # As in `AssignmentCursor`.
    turn: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[UUID | None]


# One name whatever the case.
Index("uq_teams_name", func.lower(Team.name), unique=True)


class TeamMember(Base):
    """A member, with their place in the team's round. Written under the user's lock."""

    __tablename__ = "team_members"
    # The teams of a person.
    __table_args__ = (Index("ix_team_members_user", "user_id"),)

    team_id: Mapped[UUID] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    # As in `User`, within the team.
    turn: Mapped[int] = mapped_column(default=0)
    catching_up: Mapped[bool] = mapped_column(default=True)
