"""A ticket of its own for messages of another."""

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing, teams
from desk.assignment.teams import NewTeam
from desk.errors import Invalid, NotFound
from desk.events import TicketCreated
from desk.merging import splits
from desk.merging.splits import Splitting
from desk.tickets import attachments, messages
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import Attachment, Event, LooseFile
from tests.factories import a_field, an_actor, an_attachment, now


def say(session: Session, actor: Actor, ticket: TicketView, **fields: object) -> Event:
    new = NewMessage.model_validate({"content": "And the door squeaks"} | fields)
    posted = messages.post(session, actor, ticket.id, new, now())
    assert isinstance(posted.event, Event)
    return posted.event


def split(session: Session, csr: Actor, ticket: TicketView, *seqs: int) -> TicketView:
    asked = Splitting(seqs=list(seqs), title="The door")
    return splits.split(session, csr, ticket.id, asked, now())


def timeline(session: Session, ticket: TicketView) -> list[Event]:
    session.flush()
    query = select(Event).where(Event.ticket_id == ticket.id).order_by(Event.seq)
    return list(session.scalars(query))


def test_a_message_becomes_a_ticket_of_its_author(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    said = say(session, customer, ticket)
    asked = Splitting(from_seq=said.seq, title="The door")
    opened = splits.split(session, csr, ticket.id, asked, now())
    assert (opened.title, opened.description) == ("The door", "And the door squeaks")
    assert (opened.user_id, opened.category, opened.type) == (customer.id, "billing", "bug")
    created, split_from = timeline(session, opened)
    assert (created.kind, created.actor_id) == (TicketCreated.kind, customer.id)
    assert created.at >= said.at
    origin = {"ticket_id": str(ticket.id), "number": ticket.number, "seqs": [said.seq]}
    assert (split_from.kind, split_from.data) == ("split_from", origin)
    assert split_from.public_seq is None
    *_, kept, split_to = timeline(session, ticket)
    assert kept is said
    assert (split_to.kind, split_to.public_seq) == ("split_to", None)
    assert split_to.data == {
        "ticket_id": str(opened.id),
        "number": opened.number,
        "title": "The door",
        "seqs": [said.seq],
    }


def test_several_messages_go_together_with_their_files(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = an_attachment(session, customer, ticket.id)
    first = say(session, customer, ticket, attachment_ids=(str(file.id),))
    say(session, csr, ticket, content="Which door?")
    second = say(session, customer, ticket, content="The blue one")
    opened = split(session, csr, ticket, second.seq, first.seq)
    created, with_file, without, _ = timeline(session, opened)
    assert [each.content for each in (created, with_file, without)] == [
        None,
        first.content,
        "The blue one",
    ]
    assert {each.actor_id for each in (with_file, without)} == {customer.id}
    [copy] = with_file.data["attachments"]
    assert copy["id"] != str(file.id)
    stored = session.scalars(select(Attachment).where(Attachment.ticket_id == opened.id)).one()
    assert attachments.readable(session, customer, stored.id).file_id == (
        session.get_one(Attachment, file.id).file_id
    )
    assert opened.waiting_on == "staff"


def test_bytes_stay_as_long_as_a_ticket_has_them(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    file = an_attachment(session, customer, ticket.id)
    said = say(session, customer, ticket, attachment_ids=(str(file.id),))
    opened = split(session, csr, ticket, said.seq)
    twin = an_attachment(session, customer, opened.id)
    file_id = session.get_one(Attachment, twin.id).file_id
    attachments.discard(session, customer, twin.id)
    session.flush()
    assert file_id == session.get_one(Attachment, file.id).file_id
    assert session.get(LooseFile, file_id) is None


def test_it_waits_in_the_same_queue_and_is_asked_for_no_fields(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    a_field(session, required="to_open", customers="write")
    team = teams.add(session, NewTeam(name="Doors", members=[csr.id]))
    routing.change(session, csr, ticket.id, routing.Change(team_id=team.id), now())
    opened = split(session, csr, ticket, say(session, customer, ticket).seq)
    assert (opened.team_id, opened.assigned_to_id) == (team.id, None)


def test_what_is_no_message_of_one_customer_is_refused(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    said = say(session, customer, ticket)
    answer = say(session, csr, ticket)
    note = say(session, csr, ticket, internal=True)
    for seqs in ([1], [answer.seq], [note.seq], [said.seq, answer.seq], [said.seq, 99]):
        with pytest.raises(Invalid) as refused:
            split(session, csr, ticket, *seqs)
        assert refused.value.code == "not_a_message"
    with pytest.raises(NotFound):
        split(session, an_actor(session), ticket, said.seq)


@pytest.mark.parametrize(
    "sent",
    [
        {"title": "x"},
        {"title": "x", "from_seq": 2, "seqs": [2]},
        {"title": "x", "seqs": []},
        {"title": "x", "seqs": list(range(51))},
        {"from_seq": 2},
    ],
)
def test_a_split_names_its_messages_once(sent: dict[str, object]) -> None:
    with pytest.raises((Invalid, ValidationError)):
        Splitting.model_validate(sent)
