"""Routing: whose queue a ticket is in; and the one rule by which the staff change a ticket."""

from collections.abc import Container
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, pool
from desk.assignment.assignment import Decision
from desk.assignment.decisions import ByHand
from desk.errors import Invalid
from desk.events import SkillsRequired, TeamChanged
from desk.text import Id, Skills
from desk.tickets import tickets, timeline
from desk.tickets.views import TicketView
from models import Team, Ticket


class Change(tickets.Change):
    """Only the fields that were sent count; null clears a field, or puts the ticket back into its
    queue.
    """

    model_config = ConfigDict(title="TicketChange")

    team_id: Annotated[Id | None, Field()] | MISSING = MISSING
    assignee_id: Annotated[Id | None, Field()] | MISSING = MISSING
    required_skills: Skills | MISSING = MISSING


def change(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    changes: Change,
    now: datetime | None,
    versions: Container[int] | None = None,
) -> TicketView:
    """Applies what was sent, each as an event of its own; what is so already is left alone.

    Raises `NotFound`, `Stale`, `Conflict` (``ticket_closed``), `Invalid` (``no_such_team``,
    ``not_assignable``), and what `tickets.apply` does.
    """
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(session, actor, ticket, versions)
    apply(session, actor, ticket, changes, now)
    return tickets.view(session, actor, ticket)


def apply(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    changes: Change,
    now: datetime | None,
    *,
    keeps_assignee: bool = False,
) -> None:
    """As `change`, by who holds the ticket.

    ``keeps_assignee``: whoever has it keeps it in another team, too, unless it is given on.
    """
    tickets.apply(session, actor, ticket, changes, now)
    if changes.team_id is not MISSING:
        keeps = keeps_assignee or changes.assignee_id is not MISSING
        set_team(session, actor, ticket, changes.team_id, now, keeps_assignee=keeps)
    if changes.assignee_id is not MISSING:
        assignment.assign_held(session, actor, ticket, changes.assignee_id, now)
    if changes.required_skills is not MISSING:
        require_skills(session, actor, ticket, changes.required_skills, now)


def set_team(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    to: UUID | None,
    now: datetime | None,
    *,
    keeps_assignee: bool = False,
) -> None:
    """Moves a ticket that is held to a team's queue; None: to the one without a team.

    Who has it and is not in the team loses it. ``keeps_assignee``: not by this.
    """
    if to == ticket.team_id:
        return
    if to is not None:
        require_team(session, to)
    event = TeamChanged(from_=ticket.team_id, to=to)
    ticket.team_id, ticket.offered_to = to, []
    timeline.record(session, ticket, event, actor.id, now)
    holder = ticket.assigned_to_id
    if holder is None or to is None or keeps_assignee or not tickets.is_active(ticket):
        return
    if not pool.is_member(session, to, holder):
        assignment.put_back(session, ticket, Decision(ByHand.MANUAL, actor.id), now)


def require_team(session: Session, team_id: UUID) -> None:
    """Refuses (`Invalid`, ``no_such_team``) unless there is one, which stays until the commit."""
    team = select(Team.id).where(Team.id == team_id).with_for_update(read=True, key_share=True)
    if session.scalar(team) is None:
        raise Invalid("no_such_team", "There is no such team", pointer="/team_id")


def require_skills(
    session: Session, actor: Actor, ticket: Ticket, to: list[str], now: datetime | None
) -> None:
    """Who has the ticket keeps it; whoever is given it next has all of the skills."""
    if set(to) == set(ticket.required_skills):
        return
    event = SkillsRequired(from_=ticket.required_skills, to=to)
    ticket.required_skills = to
    timeline.record(session, ticket, event, actor.id, now)
