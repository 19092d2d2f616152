"""Teams: who is in which, for admins; and all of the staff may read them."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, AfterValidator, Field, Strict, with_config
from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.orm import Session

from desk.assignment.cursors import lock_cursor
from desk.assignment.strategies import Strategy
from desk.errors import Conflict, Invalid, NotFound
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Id, Input, Label, Text, unique
from models import Team, TeamMember, Ticket, User

MOST_TEAMS = 200
MOST_MEMBERS = 500
# Minutes: four weeks.
LONGEST_OFFER = 40_320
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"teams")


Description = Annotated[str, Text(500, shortest=0, single_line=False)]
Members = Annotated[list[Id], Field(max_length=MOST_MEMBERS), AfterValidator(unique)]
TeamStrategy = Annotated[Strategy | None, Strict(False)]


Minutes = Annotated[int, Field(ge=1, le=LONGEST_OFFER)]


class NewTeam(Input):
    """``strategy`` null: the desk's. ``answer_within_minutes``: who has neither read nor answered
    a ticket by then loses it to the next; null: nobody does.
    """

    name: Label
    description: Description = ""
    strategy: TeamStrategy = None
    answer_within_minutes: Minutes | None = None
    members: Members = Field(default_factory=list)


class TeamChange(Input):
    """Only the fields that were sent count; ``members`` are all who are in it from then on."""

    name: Label | MISSING = MISSING
    description: Description | MISSING = MISSING
    strategy: TeamStrategy | MISSING = MISSING
    answer_within_minutes: Annotated[Minutes | None, Field()] | MISSING = MISSING
    members: Members | MISSING = MISSING


@with_config(title="Team")
@dataclass(frozen=True, slots=True)
class TeamShown:
    """A team. ``members``: of the staff, in no order that means anything."""

    id: UUID
    name: str
    description: str
    strategy: str | None
    answer_within_minutes: int | None
    members: list[UUID]
    created_at: datetime


def teams(session: Session, *, limit: int, after: UUID | None) -> Sequence[TeamShown]:
    """The teams, the oldest first."""
    query = select(Team).order_by(Team.id).limit(limit)
    if after is not None:
        query = query.where(Team.id > after)
    found = session.scalars(query).all()
    members = _members(session, [team.id for team in found])
    return [_shown(team, members[team.id]) for team in found]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Team)) or 0


def show(session: Session, team_id: UUID) -> TeamShown:
    if (team := session.get(Team, team_id)) is None:
        raise not_found()
    return _shown(team, _members(session, [team_id])[team_id])


def add(session: Session, new: NewTeam) -> TeamShown:
    """Raises `Conflict` (``team_name_taken``, ``too_many_teams``), `Invalid` (``not_staff``)."""
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    if count(session) >= MOST_TEAMS:
        raise Conflict("too_many_teams", f"There are {MOST_TEAMS} teams already")
    _require_free(session, new.name)
    values = new.model_dump(exclude={"members"})
    team = Team(**values)
    session.add(team)
    session.flush()  # It has its id by then.
    _set_members(session, team.id, new.members)
    return show(session, team.id)


def change(session: Session, team_id: UUID, changes: TeamChange) -> TeamShown:
    """Raises `NotFound`, and as `add`.

    Who leaves a team keeps the tickets that they have and gets no more of the team's.
    """
    if changes.name is not MISSING:
        session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    team = lock_cursor(session, team_id)
    if not isinstance(team, Team):
        raise not_found()
    if changes.name is not MISSING:
        _require_free(session, changes.name, but=team_id)
        team.name = changes.name
    if changes.description is not MISSING:
        team.description = changes.description
    if changes.strategy is not MISSING:
        team.strategy = changes.strategy
    if changes.answer_within_minutes is not MISSING:
        team.answer_within_minutes = changes.answer_within_minutes
    if changes.members is not MISSING:
        _set_members(session, team_id, changes.members)
    return show(session, team_id)


def remove(session: Session, team_id: UUID) -> None:
    """Raises `NotFound`, `Conflict` (``team_in_use``: it has tickets, done ones among them)."""
    # Waits for who is moving a ticket into it.
    query = select(Team).where(Team.id == team_id).with_for_update()
    if (team := session.scalar(query)) is None:
        raise not_found()
    if session.scalar(select(exists().where(Ticket.team_id == team_id))):
        raise Conflict("team_in_use", "The team has tickets")
    session.delete(team)


def not_found() -> NotFound:
    return NotFound("team_not_found", "Team not found")


def _require_free(session: Session, name: str, but: UUID | None = None) -> None:
    named = select(Team.id).where(func.lower(Team.name) == func.lower(name), Team.id != but)
    if session.scalar(named) is not None:
        raise Conflict("team_name_taken", "There is a team of this name already")


def _set_members(session: Session, team_id: UUID, wanted: Sequence[UUID]) -> None:
    """Leaves those who stay their place in the round. The caller has locked the cursor."""
    before = set(_members(session, [team_id])[team_id])
    staff = _lock_staff(session, before.symmetric_difference(wanted))
    for place, user_id in enumerate(wanted):
        if user_id not in before and user_id not in staff:
            raise Invalid("not_staff", "Only staff are in teams", pointer=f"/members/{place}")
    left = before.difference(wanted)
    session.execute(
        delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.user_id.in_(left))
    )
    if joined := [user_id for user_id in wanted if user_id not in before]:
        rows = [{"team_id": team_id, "user_id": user_id} for user_id in joined]
        session.execute(insert(TeamMember), rows)
        outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)


def _lock_staff(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Locks all of them; those who work here."""
    query = select(User).where(User.id.in_(ids)).order_by(User.id)
    locking = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {user.id for user in session.scalars(locking) if user.works_here}


def _members(session: Session, team_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    members: dict[UUID, list[UUID]] = {team_id: [] for team_id in team_ids}
    query = select(TeamMember.team_id, TeamMember.user_id).where(TeamMember.team_id.in_(team_ids))
    for team_id, user_id in session.execute(query.order_by(TeamMember.user_id)):
        members[team_id].append(user_id)
    return members


def _shown(team: Team, members: list[UUID]) -> TeamShown:
    return TeamShown(
        team.id,
        team.name,
        team.description,
        team.strategy,
        team.answer_within_minutes,
        members,
        team.created_at,
    )
