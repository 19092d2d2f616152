"""Macros that are used, changed and removed at the same moment."""

from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions.batches import Done
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


def test_a_macro_is_not_removed_while_it_is_used(own_engine: Engine, committed: Committed) -> None:
    csr, ticket, macro = committed
    done, _ = overlapping(
        own_engine,
        lambda s: apply(s, csr, ticket, macro),
        lambda s: macros.remove(s, csr, macro.id),
    )
    assert done is not None
    with pytest.raises(NotFound):
        run(own_engine, partial(apply, actor=csr, ticket=ticket, macro=macro))
