"""Macros that are used, changed and removed at the same moment."""

from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions import undo
from desk.actions.batches import Done
from desk.actions.undo import Undo, Undone
from desk.errors import NotFound
from desk.macros import macros
from desk.macros.macros import MacroShown
from desk.tickets.views import TicketView
from models import Event, MacroCount, Role
from tests.desk.races import overlapping, run
from tests.desk.using_macros import a_macro, apply
from tests.factories import a_ticket, an_actor

Committed = tuple[Actor, TicketView, MacroShown]


@pytest.fixture
def committed(own_engine: Engine) -> Committed:
    def made(session: Session) -> Committed:
        csr = an_actor(session, Role.CSR)
        macro = a_macro(session, csr, set={"status": "resolved", "assignee": "me"})
        return csr, a_ticket(session, an_actor(session)), macro

    return run(own_engine, made)


def test_a_double_click_does_it_once(own_engine: Engine, committed: Committed) -> None:
    csr, ticket, macro = committed

    def use(session: Session) -> Done:
        return apply(session, csr, ticket, macro, client_id="once")

    mine, theirs = overlapping(own_engine, use, use)
    assert theirs.result().events == mine.events
    assert [event.kind for event in mine.events] == ["message_posted", "status_changed", "assigned"]
    events = select(func.count()).select_from(Event).where(Event.ticket_id == ticket.id)
    assert run(own_engine, lambda s: s.scalar(events)) == 4
    assert run(own_engine, lambda s: s.scalar(select(MacroCount.uses))) == 1


@pytest.mark.parametrize("is_first_used", [True, False])
def test_a_macro_is_used_while_it_is_removed(
    own_engine: Engine, committed: Committed, *, is_first_used: bool
) -> None:
    csr, ticket, macro = committed

    def use(session: Session) -> int:
        return len(apply(session, csr, ticket, macro).events)

    def remove(session: Session) -> int:
        macros.remove(session, csr, macro.id)
        return 0

    first, second = (use, remove) if is_first_used else (remove, use)
    mine, theirs = overlapping(own_engine, first, second)
    assert mine + theirs.result() == 3
    with pytest.raises(NotFound):
        run(own_engine, use)
    assert run(own_engine, lambda s: s.scalar(select(func.sum(MacroCount.uses)))) is None


def test_two_undo_it_once(own_engine: Engine, committed: Committed) -> None:
    csr, ticket, macro = committed
    done = run(own_engine, lambda s: apply(s, csr, ticket, macro))
    cause = done.events[0].cause
    assert cause
    wanted = Undo(batch=UUID(cause["batch"]))

    def take_back(session: Session) -> Undone:
        return undo.undo(session, csr, ticket.id, wanted, None)

    mine, theirs = overlapping(own_engine, take_back, take_back)
    assert theirs.result().done.events == mine.done.events
    assert [event.kind for event in mine.done.events] == ["status_changed", "assigned"]
