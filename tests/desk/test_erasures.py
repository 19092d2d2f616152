"""Erasing a person: nothing of them is found any more, and everything else stays as it was."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from desk import audit, deadlines
from desk.access import Actor, Audience
from desk.accounts import administration, one_time_tokens, sessions
from desk.accounts.administration import UserChange
from desk.assignment import assignment
from desk.assignment.assignment import Assign
from desk.erasure import erasures
from desk.erasure.erasures import ErasureState
from desk.erasure.people import NAME
from desk.errors import Conflict, NotFound
from desk.merging import merges, splits
from desk.merging.merges import Merging
from desk.merging.splits import Splitting
from desk.notifications import account_mails, confirmations, reminders
from desk.notifications.reminders import Remind
from desk.tickets import drafts, messages, participants, ratings, tickets, timeline
from desk.tickets.drafts import NewDraft
from desk.tickets.messages import NewMessage
from desk.tickets.ratings import Rate
from desk.tickets.tickets import OwnChange
from desk.tickets.views import TicketView
from desk.webhooks import webhooks
from desk.webhooks.webhooks import NewWebhook
from models import (
    Attachment,
    Deadline,
    DraftKind,
    Event,
    IdempotencyKey,
    LooseFile,
    Role,
    Status,
    Ticket,
    User,
)
from tests.desk.erasing import (
    ADDRESS_BEFORE,
    LATER,
    MAILED,
    NAME_BEFORE,
    ask,
    erase,
    found,
    go_on,
)
from tests.factories import a_field, a_ticket, an_actor, an_attachment, behind, index, now


def say(session: Session, actor: Actor, ticket_id: UUID, content: str, **more: Any) -> Event:
    new = NewMessage.model_validate({"content": content} | more)
    event = messages.post(session, actor, ticket_id, new, now()).event
    assert isinstance(event, Event)
    return event


def events(session: Session, ticket_id: UUID) -> Sequence[Event]:
    query = select(Event).where(Event.ticket_id == ticket_id).order_by(Event.seq)
    return session.scalars(query.execution_options(populate_existing=True)).all()


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


@pytest.fixture
def person(session: Session) -> Actor:
    return an_actor(session, full_name=NAME_BEFORE, email=ADDRESS_BEFORE)


@pytest.fixture
def past(session: Session, person: Actor, csr: Actor, admin: Actor) -> SimpleNamespace:
    """A person who did on tickets what customers can do, with a rare word in each place."""
    a_field(session, "place", customers="write")
    new = NewWebhook.model_validate(
        {"url": "https://hook.test/", "events": ["message_posted", "status_changed"]}
    )
    webhooks.add(session, admin, new, "secret", now())
    own = a_ticket(session, person, title="Mein Xylophonkasten", description="Brennesselsuppe!")
    tickets.change_own(session, person, own.id, OwnChange(fields={"place": "Zwiebelturm"}), now())
    file = an_attachment(session, person, own.id, "a pass", "käsekrainer.txt")
    said = say(session, person, own.id, "Mondscheintarif?", attachment_ids=(file.id,))
    an_attachment(session, person, own.id, "untaken", "zwiebelturm.txt")
    answered = say(session, csr, own.id, "We look into it")
    draft = NewDraft(kind=DraftKind.REPLY, content="zwiebelturm", base_seq=1)
    drafts.keep(session, person, own.id, draft)
    reminder = Remind(at=now() + LATER, note="zwiebelturm")
    reminders.set_reminder(session, person, own.id, reminder, now())
    confirmations.ask(session, person.id, ADDRESS_BEFORE, "secret", now())
    other = a_ticket(session, an_actor(session), title="Not theirs")
    participants.put(session, csr, other.id, person.id, now())
    on_copy = say(session, person, other.id, "käsekrainer")
    taken_off = a_ticket(session, an_actor(session))
    participants.put(session, csr, taken_off.id, person.id, now())
    say(session, person, taken_off.id, "käsekrainer")
    participants.take_off(session, csr, taken_off.id, person.id, now())
    part = a_ticket(session, person, title="zwiebelturm", description="mondscheintarif")
    merges.merge(session, csr, part.id, Merging(into=other.id, share=True), now())
    split = splits.split(
        session, csr, own.id, Splitting(seqs=[said.seq], title="Käsekrainer"), now()
    )
    held = session.get_one(Ticket, own.id)
    assignment.assign(session, csr, own.id, Assign(assignee_id=csr.id), now())
    tickets.set_status(session, csr, held, Status.RESOLVED, now())
    session.flush()
    ratings.rate(session, person, own.id, Rate(score=2, comment="brennesselsuppe"), now())
    account_mails.send(session, None, ADDRESS_BEFORE, "email_taken", {}, now())
    one_time_tokens.issue(session, "sign_up", None, "secret", now(), LATER, key=ADDRESS_BEFORE)
    audit.record(session, "signed_in", actor_id=person.id, address="203.0.113.0/24")
    key = {"actor_id": csr.id, "key": "k", "route": "r", "body_hash": b"", "status": 200}
    answer = f'{{"user_id":"{person.id}","title":"Xylophonkasten, käsekrainer"}}'
    session.execute(
        insert(IdempotencyKey).values(**key, headers={}, answer=answer.encode(), created_at=now())
    )
    index(session)
    return SimpleNamespace(
        own=own.id,
        other=other.id,
        split=split.id,
        file=file,
        said=said.seq,
        on_copy=on_copy.seq,
        answered=answered.seq,
    )


def test_nothing_of_a_person_is_left_anywhere(
    session: Session, past: SimpleNamespace, person: Actor, admin: Actor
) -> None:
    before = {table: n for table, n in found(session).items() if "audit_" not in table}
    everywhere = {"users", "tickets", "events", "notifications", "ticket_search", "attachments"}
    beside = {"audit", "drafts", "reminders", "ratings", "field_values", "webhook_deliveries"}
    assert before.keys() == everywhere | beside | {
        "email_confirmations",
        "idempotency_keys",
        *MAILED,
    }
    erase(session, admin, person)
    assert found(session) == {}
    index(session)
    assert found(session) == {}


def shape(session: Session, ticket_id: UUID) -> list[tuple[Any, ...]]:
    return [
        (e.seq, e.public_seq, e.id, e.kind, e.actor_id, e.at) for e in events(session, ticket_id)
    ]


def test_the_events_stay_with_their_numbers_and_others_keep_their_words(
    session: Session, past: SimpleNamespace, person: Actor, admin: Actor
) -> None:
    before = {each: shape(session, each) for each in (past.own, past.other, past.split)}
    erase(session, admin, person)
    for ticket_id, known in before.items():
        assert shape(session, ticket_id)[: len(known)] == known
        erased = events(session, ticket_id)[-1]
        assert (erased.kind, erased.actor_id) == ("erased", admin.id)
        assert erased.data == {"user_id": str(person.id), "files_only": False}
    said, answered = (events(session, past.own)[seq - 1] for seq in (past.said, past.answered))
    assert (said.content, said.data) == ("", {"erased": True})
    assert answered.content == "We look into it"
    assert session.get_one(Ticket, past.other).title == "Not theirs"
    numbers = [e.public_seq for e in timeline.after(session, past.own, 0, 100, Audience.CUSTOMER)]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_files_are_deleted_whether_a_message_has_them_or_not(
    session: Session, past: SimpleNamespace, person: Actor, admin: Actor
) -> None:
    files = set(session.scalars(select(Attachment.file_id)))
    erase(session, admin, person)
    assert session.scalar(select(func.count()).select_from(Attachment)) == 0
    assert set(session.scalars(select(LooseFile.id))) == files


def test_tickets_that_are_kept_lose_their_files_and_the_name_alone(
    session: Session, past: SimpleNamespace, person: Actor, admin: Actor
) -> None:
    erase(session, admin, person, keep=True)
    assert found(session, "wilhelmina", "quastenflosser", ADDRESS_BEFORE) == {}
    assert session.scalar(select(func.count()).select_from(Attachment)) == 0
    ticket, said = session.get_one(Ticket, past.own), events(session, past.own)[past.said - 1]
    assert (ticket.title, ticket.fields) == ("Mein Xylophonkasten", {"place": "Zwiebelturm"})
    assert (said.content, said.data) == ("Mondscheintarif?", {})
    assert events(session, past.own)[-1].data["files_only"] is True
    # What is still there is found as before.
    assert found(session, "xylophonkasten")["ticket_search"]
    erase(session, admin, person)
    assert found(session) == {}


def test_a_second_time_changes_nothing(
    session: Session, past: SimpleNamespace, person: Actor, admin: Actor
) -> None:
    erase(session, admin, person)
    done = erasures.show(session, person.id)
    heads = session.execute(select(Ticket.id, Ticket.last_seq).order_by(Ticket.id)).all()
    for keep in (False, True):
        assert ask(session, admin, person, keep=keep) == done
    assert go_on(session) == 0
    assert session.execute(select(Ticket.id, Ticket.last_seq).order_by(Ticket.id)).all() == heads


def test_whoever_dies_between_two_batches_is_gone_on_for(
    session: Session,
    past: SimpleNamespace,
    person: Actor,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(erasures, "BATCH", 1)
    asked = ask(session, admin, person)
    steps = [asked.done]
    while True:
        with session.begin_nested() as killed:
            go_on(session)
            killed.rollback()
        session.expire_all()
        shown = erasures.show(session, person.id)
        assert (shown.state, shown.done) == (ErasureState.RUNNING, steps[-1])
        go_on(session)
        if (shown := erasures.show(session, person.id)).state is ErasureState.DONE:
            break
        steps.append(shown.done)
    assert steps == [*range(shown.total + 1)]
    assert found(session) == {}
    assert [e.kind for e in events(session, past.split)].count("erased") == 1


def test_the_account_is_nobodys_at_once(session: Session, admin: Actor, person: Actor) -> None:
    issued = sessions.open_session(session, person.id, LATER, now())
    shown = ask(session, admin, person)
    assert (shown.state, shown.done) == (ErasureState.RUNNING, 0)
    assert behind(session, issued.session_id, now()) is None
    assert sessions.over(session, [issued.session_id], now()) == {issued.session_id: "deactivated"}
    account = administration.show(session, person.id)
    assert (account.full_name, account.email, account.is_active) == (NAME, None, False)
    assert account.erased_at is not None
    assert not account.is_visitor
    with pytest.raises(Conflict, match="erased"):
        administration.change(session, admin, person.id, UserChange(is_active=True), now())
    # What they asked for a moment ago is over before their words are looked for.
    assert deadlines.drain_other(session, {erasures.DEADLINE: erasures.go_on}, now()) == 0


def test_the_last_admin_and_who_is_not_there_are_refused(
    session: Session, admin: Actor, person: Actor
) -> None:
    with pytest.raises(Conflict) as refused:
        ask(session, admin, admin)
    assert refused.value.code == "last_admin"
    with pytest.raises(NotFound):
        ask(session, admin, SimpleNamespace(id=UUID(int=1)))  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        erasures.show(session, person.id)


def test_what_somebody_of_the_staff_wrote_on_others_tickets_is_the_desks(
    session: Session, admin: Actor, csr: Actor, ticket: TicketView
) -> None:
    say(session, csr, ticket.id, "Turn it off and on")
    assignment.assign(session, admin, ticket.id, Assign(assignee_id=csr.id), now())
    own = a_ticket(session, csr, description="brennesselsuppe")
    erase(session, admin, csr)
    said = events(session, ticket.id)[1]
    assert (said.content, said.actor_id) == ("Turn it off and on", csr.id)
    assert session.get_one(Ticket, ticket.id).assigned_to_id is None
    assert session.get_one(User, csr.id).full_name == NAME
    assert session.get_one(Ticket, own.id).description == ""


def test_one_that_was_given_up_is_tried_again_by_who_asks_again(
    session: Session, admin: Actor, person: Actor
) -> None:
    ask(session, admin, person)
    deadline = session.scalars(select(Deadline).where(Deadline.subject_id == person.id)).one()
    deadline.dead_at = now()
    session.flush()
    assert erasures.show(session, person.id).state is ErasureState.FAILED
    assert ask(session, admin, person).state is ErasureState.RUNNING
    assert go_on(session) == 1
