"""Macros: whose they are, what they say, and what they do to a ticket at once."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.errors import Conflict, DeskError, Forbidden, Invalid, NotFound, Stale
from desk.macros import macros, use
from desk.macros.macros import MacroChange, MacroMessage
from desk.macros.use import Preview, Use
from desk.macros.words import WORDS, render
from desk.tickets import drafts
from desk.tickets.drafts import NewDraft
from desk.tickets.views import TicketView
from models import Event, Notification, Priority, Role, Status, User
from tests.desk.using_macros import DESK, a_macro, a_team, apply, version
from tests.factories import a_field, a_ticket, an_actor


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def names(session: Session, actor: Actor) -> set[str]:
    return {macro.name for macro in macros.macros(session, actor, limit=100, after=None)}


def refused(session: Session, *args: Any, **kwargs: Any) -> DeskError:
    """What the macro is refused with, of which then nothing is left."""
    with pytest.raises(DeskError) as error, session.begin_nested():
        apply(session, *args, **kwargs)
    return error.value


def test_who_sees_and_who_changes_a_macro(session: Session, csr: Actor, admin: Actor) -> None:
    member, other = an_actor(session, Role.CSR), an_actor(session, Role.CSR)
    team_id = a_team(session, csr, member)
    a_macro(session, csr, "mine")
    theirs = a_macro(session, csr, "ours", scope="team", team_id=team_id)
    a_macro(session, admin, "all", scope="everyone")
    assert names(session, csr) == {"mine", "ours", "all"}
    assert names(session, member) == names(session, admin) == {"ours", "all"}
    assert names(session, other) == {"all"}
    assert macros.count(session, csr) == 3
    for actor in (member, admin):
        changed = macros.change(session, actor, theirs.id, MacroChange(name="ours too"))
        assert (changed.name, changed.editable) == ("ours too", True)
    with pytest.raises(NotFound):
        macros.remove(session, other, theirs.id)
    [everyones] = macros.macros(session, other, limit=10, after=None)
    assert not everyones.editable
    with pytest.raises(Forbidden):
        macros.change(session, other, everyones.id, MacroChange(name="mine"))
    macros.remove(session, member, theirs.id)
    assert names(session, admin) == {"all"}


@pytest.mark.parametrize("scope", ["team", "everyone"])
def test_nobody_writes_macros_of_others(session: Session, csr: Actor, scope: str) -> None:
    team_id = a_team(session) if scope == "team" else None
    with pytest.raises(Forbidden):
        a_macro(session, csr, scope=scope, team_id=team_id)
    own = a_macro(session, csr)
    wanted = MacroChange.model_validate({"scope": scope, "team_id": team_id})
    with pytest.raises(Forbidden):
        macros.change(session, csr, own.id, wanted)


def test_a_name_is_had_once_by_each(session: Session, csr: Actor, admin: Actor) -> None:
    first = a_macro(session, csr, "Refund")
    a_macro(session, admin, "refund", scope="everyone")
    second = a_macro(session, csr, "Other")
    with pytest.raises(Conflict) as error, session.begin_nested():
        macros.change(session, csr, second.id, MacroChange(name="REFUND"))
    assert (error.value.code, error.value.pointer) == ("macro_name_taken", "/name")
    macros.change(session, csr, first.id, MacroChange(name="REFUND"))


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"message": None}, "/set"),
        ({"scope": "team"}, "/team_id"),
        ({"team_id": str(uuid4())}, "/team_id"),
        ({"set": {"team_id": str(uuid4())}}, "/set/team_id"),
        ({"set": {"assignee": str(uuid4())}}, "/set/assignee"),
        ({"set": {"fields": {"nope": 1}}}, "/set/fields/nope"),
    ],
)
def test_what_no_ticket_could_take_is_not_saved(
    session: Session, csr: Actor, sent: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as error:
        a_macro(session, csr, **sent)
    assert error.value.pointer == pointer


@pytest.mark.parametrize(
    "text",
    [
        "{{ticket.tags}}",
        "{{customer.email}}",
        "{{ }}",
        "{{customer.full_name.__class__}}",
        "{{ticket.title",
        "{{{{ticket.title}}}}",
        "{{ticket.{title}}}",
    ],
)
def test_an_unknown_word_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MacroMessage(content=text)


values = st.fixed_dictionaries({word: st.text() for word in WORDS})


@given(values, st.lists(st.sampled_from(WORDS), max_size=5), st.text(st.characters(codec="utf-8")))
def test_values_are_text_whatever_they_look_like(
    values: dict[str, str], chosen: list[str], between: str
) -> None:
    between = between.replace("{", "").replace("}", "")
    template = between.join(f"{{{{{word}|-}}}}" for word in chosen)
    assert render(template, values).content == between.join(values[w] or "-" for w in chosen)


def test_a_customers_name_is_not_rendered(session: Session, csr: Actor) -> None:
    customer = an_actor(session, full_name="{{agent.full_name}} {{ticket.title}}")
    ticket = a_ticket(session, customer)
    macro = a_macro(session, csr)
    done = apply(session, csr, ticket, macro)
    assert done.events[0].content == "Hello {{agent.full_name}} {{ticket.title}}"
    previewed = use.preview(session, csr, macro.id, Preview(ticket_id=ticket.id), DESK)
    assert (previewed.content, previewed.missing) == (done.events[0].content, [])


def test_each_word_is_put_in(session: Session, csr: Actor, ticket: TicketView) -> None:
    session.get_one(User, csr.id).full_name = "Ada Byron"
    session.get_one(User, ticket.user_id).full_name = "Bo Ek"
    text = "|".join(f"{{{{ {word} }}}}" for word in WORDS)
    done = apply(session, csr, ticket, a_macro(session, csr, message={"content": text}))
    assert done.events[0].content == "|".join(
        (str(ticket.number), ticket.title, "Bo", "Bo Ek", "Ada", "Ada Byron", DESK)
    )


def test_an_empty_word_is_not_sent(session: Session, csr: Actor, ticket: TicketView) -> None:
    macro = a_macro(session, csr, message={"content": "{{desk.name}} {{desk.name|us}}"})
    wanted = Use(client_id="once")
    with pytest.raises(Invalid) as error:
        use.apply(session, csr, ticket.id, macro.id, wanted, "", None, None)
    assert error.value.code == "word_empty"
    previewed = use.preview(session, csr, macro.id, Preview(ticket_id=ticket.id), "")
    assert (previewed.content, previewed.missing) == ("{{desk.name}} us", ["desk.name"])


def test_all_is_done_at_once_and_told_as_one(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    a_field(session, "plan", customers="read")
    team_id = a_team(session, csr)
    macro = a_macro(
        session,
        csr,
        message={"content": "On it", "internal": True},
        set={
            "status": "in_progress",
            "priority": "high",
            "category": "technical",
            "tags_add": ["vip", "refund"],
            "team_id": str(team_id),
            "assignee": "me",
            "required_skills": ["german"],
            "fields": {"plan": "gold"},
        },
    )
    done = apply(session, csr, ticket, macro)
    assert [event.kind for event in done.events] == [
        "note_posted",
        "fields_changed",
        "status_changed",
        "priority_changed",
        "tags_changed",
        "category_changed",
        "team_changed",
        "assigned",
        "skills_required",
    ]
    [batch] = {event.cause and event.cause["batch"] for event in done.events}
    cause = {"type": "macro", "id": str(macro.id), "batch": batch}
    assert [event.cause for event in done.events] == [cause] * 9
    now_is = done.ticket
    assert (now_is.status, now_is.priority, now_is.tags, now_is.assigned_to_id, now_is.fields) == (
        Status.IN_PROGRESS,
        Priority.HIGH,
        ["vip", "refund"],
        csr.id,
        {"plan": "gold"},
    )
    routing.change(session, csr, ticket.id, routing.Change(priority=None), None)
    asked_for_alone = select(Event.cause).order_by(Event.seq.desc()).limit(1)
    assert session.scalar(asked_for_alone.where(Event.ticket_id == ticket.id)) is None
    [shown] = macros.macros(session, csr, limit=10, after=None)
    assert shown.uses == 1


def test_what_is_so_already_is_left_alone(session: Session, csr: Actor, ticket: TicketView) -> None:
    macro = a_macro(session, csr, message=None, set={"status": "open", "tags_remove": ["vip"]})
    assert apply(session, csr, ticket, macro).events == []


def test_once_per_client_id(session: Session, csr: Actor, ticket: TicketView) -> None:
    macro = a_macro(session, csr, set={"status": "resolved"})
    first = apply(session, csr, ticket, macro, client_id="once")
    stands = version(session, ticket)
    again = apply(session, csr, ticket, macro, {1}, client_id="once")
    assert (again.events, version(session, ticket)) == (first.events, stands)
    for other, content in ((a_macro(session, csr, "Other"), None), (macro, "Bye")):
        with pytest.raises(Conflict) as error:
            apply(session, csr, ticket, other, client_id="once", content=content)
        assert error.value.code == "client_id_reused"
    macros.remove(session, csr, macro.id)
    assert apply(session, csr, ticket, macro, client_id="once").events == first.events
    with pytest.raises(NotFound):
        apply(session, csr, ticket, macro)


def test_the_text_may_be_another(session: Session, csr: Actor, ticket: TicketView) -> None:
    reply = NewDraft.model_validate({"kind": "reply", "content": "He", "base_seq": 0})
    drafts.keep(session, csr, ticket.id, reply)
    macro = a_macro(session, csr)
    done = apply(session, csr, ticket, macro, content="{{agent.full_name}} is text", draft=True)
    assert done.events[0].content == "{{agent.full_name}} is text"
    assert drafts.of_ticket(session, csr, ticket.id) == []
    silent = a_macro(session, csr, "Silent", message=None, set={"status": "resolved"})
    assert refused(session, csr, ticket, silent, content="Hello").pointer == "/content"


def test_if_it_is_another_ticket_by_now_nothing_is_done(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    macro = a_macro(session, csr)
    with pytest.raises(Stale):
        apply(session, csr, ticket, macro, {ticket.version + 1})
    assert len(apply(session, csr, ticket, macro, {ticket.version}).events) == 1


@pytest.mark.parametrize(
    ("actions", "code", "pointer"),
    [
        ({"fields": {}, "status": "resolved"}, "field_required", "/set/fields/order"),
        ({"status": "closed", "assignee": "me"}, "ticket_closed", None),
        ({"tags_add": [f"tag {n}" for n in range(20)]}, "too_many_tags", "/set/tags_add"),
    ],
)
def test_what_is_refused_stops_all_of_it(
    session: Session,
    csr: Actor,
    ticket: TicketView,
    actions: dict[str, Any],
    code: str,
    pointer: str | None,
) -> None:
    a_field(session, "order", required="to_resolve")
    routing.change(session, csr, ticket.id, routing.Change(tags=["vip"]), None)
    stands = version(session, ticket)
    macro = a_macro(session, csr, set=actions)
    error = refused(session, csr, ticket, macro)
    assert (error.code, error.pointer) == (code, pointer)
    assert version(session, ticket) == stands
    assert session.scalar(select(func.count()).where(Event.cause.is_not(None))) == 0


def test_customers_are_not_told_the_cause(session: Session, csr: Actor, ticket: TicketView) -> None:
    apply(session, csr, ticket, a_macro(session, csr, set={"status": "resolved"}))
    session.flush()
    told = session.scalars(select(Notification.data).where(Notification.user_id == ticket.user_id))
    assert not any("cause" in data for data in told)
