"""Macros and teams for the tests of what is done to tickets at once."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions.batches import Done
from desk.assignment import teams
from desk.assignment.teams import NewTeam
from desk.macros import macros, use
from desk.macros.macros import MacroShown, NewMacro
from desk.macros.use import Use
from desk.tickets.views import TicketView
from models import Ticket
from tests.factories import now

DESK = "The desk"


def a_macro(session: Session, actor: Actor, name: str = "Refund", **sent: Any) -> MacroShown:
    new = {"name": name, "message": {"content": "Hello {{customer.full_name}}"}} | sent
    return macros.add(session, actor, NewMacro.model_validate(new), now())


def a_team(session: Session, *members: Actor) -> UUID:
    ids = [member.id for member in members]
    return teams.add(session, NewTeam.model_validate({"name": str(uuid4()), "members": ids})).id


def apply(
    session: Session,
    actor: Actor,
    ticket: TicketView,
    macro: MacroShown,
    versions: set[int] | None = None,
    **sent: Any,
) -> Done:
    wanted = Use.model_validate({"client_id": str(uuid4())} | sent)
    return use.apply(session, actor, ticket.id, macro.id, wanted, DESK, versions, None)


def version(session: Session, ticket: TicketView) -> int:
    session.expire_all()
    return session.get_one(Ticket, ticket.id).last_seq
