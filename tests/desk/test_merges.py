"""A ticket that becomes a part of another: what both are then, who is led where, and undoing it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor
from desk.assignment import assignment, routing
from desk.assignment.assignment import Assign
from desk.errors import Conflict, Merged, NotFound
from desk.merging import merges
from desk.merging.merges import Merging
from desk.tickets import attachments, drafts, history, links, messages, tickets
from desk.tickets.drafts import NewDraft
from desk.tickets.links import NewLink
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import OwnChange
from desk.tickets.views import TicketView
from models import (
    Attachment,
    Deadline,
    DraftKind,
    Event,
    LinkKind,
    Notification,
    NotificationKind,
    Status,
    Ticket,
)
from tests.factories import a_ticket, an_actor, an_attachment, now


@pytest.fixture
def target(session: Session, customer: Actor) -> TicketView:
    return a_ticket(session, customer, title="The printer burns")


def merge(session: Session, csr: Actor, source: TicketView, into: TicketView) -> TicketView:
    return merges.merge(session, csr, source.id, Merging(into=into.id), now())


def say(session: Session, actor: Actor, ticket: TicketView, content: str = "Hello") -> Event:
    posted = messages.post(session, actor, ticket.id, NewMessage(content=content), now())
    assert isinstance(posted.event, Event)
    return posted.event


def last(session: Session, ticket: TicketView) -> Event:
    newest = select(Event).where(Event.ticket_id == ticket.id).order_by(Event.seq.desc())
    return session.scalars(newest.limit(1)).one()


def stored(session: Session, ticket: TicketView) -> Ticket:
    session.flush()
    return session.get_one(Ticket, ticket.id, populate_existing=True)


def test_the_source_is_closed_and_the_target_says_what_it_got(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    say(session, customer, ticket)
    messages.post(session, csr, ticket.id, NewMessage(content="Twice", internal=True), now())
    merged = merge(session, csr, ticket, target)
    assert merged.id == target.id
    source = stored(session, ticket)
    assert (source.status, source.merged_into_id) == (Status.CLOSED, target.id)
    assert source.closed_at is not None
    into = last(session, ticket)
    assert (into.kind, into.actor_id) == ("merged_into", csr.id)
    assert into.data == {"ticket_id": str(target.id), "number": target.number}
    assert last(session, target).data == {
        "ticket_id": str(ticket.id),
        "number": ticket.number,
        "title": ticket.title,
        "description": ticket.description,
        "messages": 1,
    }


WRITES: dict[str, Callable[[Session, Actor, Actor, UUID], object]] = {
    "message": lambda s, ann, csr, id_: messages.post(s, ann, id_, NewMessage(content="?"), now()),
    "status": lambda s, ann, csr, id_: routing.change(
        s, csr, id_, routing.Change(status=Status.OPEN), now()
    ),
    "assign": lambda s, ann, csr, id_: assignment.assign(
        s, csr, id_, Assign(assignee_id=None), now()
    ),
    "claim": lambda s, ann, csr, id_: assignment.claim(s, csr, id_, now()),
    "close": lambda s, ann, csr, id_: tickets.close(s, ann, id_),
    "own fields": lambda s, ann, csr, id_: tickets.change_own(s, ann, id_, OwnChange(), now()),
    "upload": lambda s, ann, csr, id_: attachments.begin(s, ann, id_),
    "draft": lambda s, ann, csr, id_: drafts.keep(
        s, ann, id_, NewDraft(kind=DraftKind.REPLY, content="?", base_seq=1)
    ),
}


def test_whatever_is_written_to_the_source_is_led_to_the_target(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    merge(session, csr, ticket, target)
    for name, write in WRITES.items():
        with pytest.raises(Merged) as refused:
            write(session, customer, csr, ticket.id)
        assert refused.value.members == {"into": target.id}, name
    assert history.read(session, customer, ticket.id, 0, 10).events[-1].kind == "merged_into"


def test_a_repeated_message_is_found_where_it_was_stored(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    new = NewMessage(content="Hello", client_id="one")
    first = messages.post(session, customer, ticket.id, new, now())
    merge(session, csr, ticket, target)
    again = messages.post(session, customer, ticket.id, new, now())
    assert (again.event, again.is_new) == (first.event, False)


def test_a_chain_ends_at_its_last_target_and_is_no_circle(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    end = a_ticket(session, customer)
    merge(session, csr, ticket, target)
    merge(session, csr, target, end)
    assert stored(session, ticket).merged_into_id == end.id
    # Into what is a part of another is into that one.
    fourth = a_ticket(session, customer)
    assert merge(session, csr, fourth, ticket).id == end.id
    for source, into in ((end, ticket), (end, end), (end, target)):
        with pytest.raises(Conflict) as refused:
            merge(session, csr, source, into)
        assert refused.value.code == "merge_circle"
    with pytest.raises(Conflict) as refused:
        merge(session, csr, ticket, end)
    assert refused.value.code == "already_merged"


def test_what_is_no_pair_is_refused(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    other = a_ticket(session, an_actor(session))
    with pytest.raises(Conflict) as refused:
        merge(session, csr, ticket, other)
    assert refused.value.code == "different_customers"
    with pytest.raises(NotFound):
        merges.merge(session, csr, ticket.id, Merging(into=uuid4()), now())
    tickets.close(session, customer, target.id)
    with pytest.raises(Conflict) as refused:
        merge(session, csr, ticket, target)
    assert refused.value.code == "ticket_closed"


def test_whose_reading_would_grow_is_said_before(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    on_copy = an_actor(session)
    for one in (ticket, target):
        stored(session, one).participant_ids = [on_copy.id]
        with pytest.raises(Conflict) as refused:
            merge(session, csr, ticket, target)
        assert refused.value.code == "different_customers"
        stored(session, one).participant_ids = []
    stored(session, ticket).participant_ids = [on_copy.id]
    stored(session, target).participant_ids = [on_copy.id]
    assert merge(session, csr, ticket, target).id == target.id


def test_the_people_of_the_source_are_the_targets_until_it_is_undone(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    other, on_copy, assigned = an_actor(session), an_actor(session), an_actor(session, csr.role)
    target = a_ticket(session, other)
    source = stored(session, ticket)
    source.participant_ids, source.follower_ids = [on_copy.id], [csr.id]
    assignment.assign(session, csr, ticket.id, Assign(assignee_id=assigned.id), now())
    assignment.assign(session, csr, target.id, Assign(assignee_id=csr.id), now())
    file = an_attachment(session, customer, ticket.id)
    new = NewMessage(content="See", attachment_ids=(file.id,))
    messages.post(session, customer, ticket.id, new, now())
    merges.merge(session, csr, ticket.id, Merging(into=target.id, share=True), now())
    merged = stored(session, target)
    assert {*merged.participant_ids} == {customer.id, on_copy.id}
    assert merged.follower_ids == [assigned.id]
    for reader in (customer, other, on_copy):
        assert history.read(session, reader, ticket.id, 0, 10).events
        assert attachments.readable(session, reader, file.id).id == file.id
        assert say(session, reader, target)
        with pytest.raises(Merged):
            say(session, reader, ticket)
    with pytest.raises(NotFound):
        history.read(session, an_actor(session), ticket.id, 0, 10)


def test_what_two_merges_brought_stays_until_both_are_undone(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    target, second = a_ticket(session, an_actor(session)), a_ticket(session, customer)
    answer = say(session, csr, second)
    linked_with = a_ticket(session, customer)
    for one in (ticket, second):
        stored(session, one).follower_ids = [csr.id]
        new = NewLink(kind=LinkKind.RELATED)
        links.link(session, csr, one.id, linked_with.id, new, now())
        merges.merge(session, csr, one.id, Merging(into=target.id, share=True), now())
    for one, is_left in ((ticket, True), (second, False)):
        merges.unmerge(session, csr, one.id, now())
        left = stored(session, target)
        assert left.participant_ids == ([customer.id] if is_left else [])
        assert left.follower_ids == ([csr.id] if is_left else [])
        assert left.first_response_at == (answer.at if is_left else None)
        assert bool(links.links(session, csr, target.id)) == is_left


def test_what_was_begun_on_the_source_goes_on_with_the_target(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    for one, kind in ((ticket, "reply"), (ticket, "note"), (target, "note")):
        new = NewDraft(kind=DraftKind(kind), content=f"{kind} of #{one.number}", base_seq=1)
        drafts.keep(session, csr, one.id, new)
    merge(session, csr, ticket, target)
    session.expire_all()
    assert {draft.content for draft in drafts.of_ticket(session, csr, target.id)} == {
        f"reply of #{ticket.number}",
        f"note of #{target.number}",
    }


def test_links_are_the_targets_until_it_is_undone(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    def of(one: TicketView) -> set[tuple[UUID, str, bool]]:
        return {(each.id, each.kind, each.is_source) for each in links.links(session, csr, one.id)}

    other, both = [a_ticket(session, customer) for _ in range(2)]
    for one, there, kind in (
        (ticket, other, "blocks"),
        (ticket, both, "related"),
        (both, target, "related"),
        (ticket, target, "duplicate"),
    ):
        links.link(session, csr, one.id, there.id, NewLink(kind=LinkKind(kind)), now())
    merge(session, csr, ticket, target)
    assert of(target) == {(other.id, "blocks", True), (both.id, "related", False)}
    assert of(other) == {(target.id, "blocks", False)}
    assert of(both) == {(target.id, "related", True)}
    with pytest.raises(Merged):
        links.link(session, csr, ticket.id, both.id, NewLink(kind=LinkKind.BLOCKS), now())
    # Of the other one it is what has become of it.
    links.link(session, csr, other.id, ticket.id, NewLink(kind=LinkKind.RELATED), now())
    assert (other.id, "related", False) in of(target)
    merges.unmerge(session, csr, ticket.id, now())
    assert of(other) == {(ticket.id, "blocks", False), (target.id, "related", True)}
    assert (ticket.id, "duplicate", False) in of(target)


def test_undoing_it_parts_their_people(session: Session, csr: Actor, ticket: TicketView) -> None:
    other = an_actor(session)
    target = a_ticket(session, other)
    merges.merge(session, csr, ticket.id, Merging(into=target.id, share=True), now())
    merges.unmerge(session, csr, ticket.id, now())
    assert stored(session, target).participant_ids == []
    changes = select(Event.data).where(
        Event.ticket_id == target.id, Event.kind == "participants_changed"
    )
    assert session.scalars(changes.order_by(Event.seq)).all() == [
        {"added": [str(ticket.user_id)], "removed": []},
        {"added": [], "removed": [str(ticket.user_id)]},
    ]
    with pytest.raises(NotFound):
        history.read(session, other, ticket.id, 0, 10)


def test_the_target_has_the_first_answer_and_the_assignee_of_both(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    assignment.assign(session, csr, ticket.id, Assign(assignee_id=csr.id), now())
    answer = say(session, csr, ticket)
    say(session, csr, target)
    merged = merge(session, csr, ticket, target)
    assert merged.first_response_at == answer.at
    assert merged.assigned_to_id == csr.id
    colleague = an_actor(session, csr.role)
    third = a_ticket(session, customer)
    assignment.assign(session, csr, third.id, Assign(assignee_id=colleague.id), now())
    assert merge(session, csr, third, target).assigned_to_id == csr.id


def test_the_customer_is_told_of_no_end(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    merge(session, csr, ticket, target)
    merges.unmerge(session, csr, ticket.id, now())
    told = session.scalars(select(Notification).where(Notification.user_id == customer.id))
    assert told.all() == []


def test_who_has_the_target_and_who_follows_it_are_told(
    session: Session, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    assigned, follower = [an_actor(session, csr.role) for _ in range(2)]
    assignment.assign(session, csr, target.id, Assign(assignee_id=assigned.id), now())
    stored(session, target).follower_ids = [follower.id, csr.id]
    merge(session, csr, ticket, target)
    told = select(Notification.user_id).where(Notification.kind == NotificationKind.MERGED)
    assert {*session.scalars(told)} == {assigned.id, follower.id}


def test_nothing_falls_due_on_the_source_and_uploads_go_on_with_the_target(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    file = an_attachment(session, customer, ticket.id)
    deadlines.arm(session, "offer", ticket.id, now(), ticket_id=ticket.id)
    merge(session, csr, ticket, target)
    due = select(Deadline.kind, Deadline.ticket_id).where(
        Deadline.ticket_id.in_((ticket.id, target.id))
    )
    assert session.execute(due).all() == [("upload", target.id)]
    new = NewMessage(content="See", attachment_ids=(file.id,))
    posted = messages.post(session, customer, target.id, new, now())
    assert session.get_one(Attachment, file.id, populate_existing=True).event_seq == (
        posted.event.seq
    )


def test_a_merge_is_undone_with_all_that_it_changed(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    first = a_ticket(session, customer)
    say(session, csr, ticket)
    tickets.set_status(session, csr, stored(session, ticket), Status.RESOLVED, now())
    before = stored(session, ticket).resolved_at
    merge(session, csr, first, ticket)
    merge(session, csr, ticket, target)
    assert stored(session, first).merged_into_id == target.id
    undone = merges.unmerge(session, csr, ticket.id, now())
    assert (undone.id, undone.status, undone.merged_into_id) == (ticket.id, Status.RESOLVED, None)
    assert (undone.resolved_at, undone.closed_at) == (before, None)
    assert stored(session, first).merged_into_id == ticket.id
    assert stored(session, target).first_response_at is None
    for one, other in ((ticket, target), (target, ticket)):
        event = last(session, one)
        assert event.kind == "unmerged"
        assert event.data == {"ticket_id": str(other.id), "number": other.number}
    assert say(session, customer, ticket).ticket_id == ticket.id
    with pytest.raises(Conflict) as refused:
        merges.unmerge(session, csr, ticket.id, now())
    assert refused.value.code == "not_merged"


def test_what_went_on_since_is_not_undone(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, target: TicketView
) -> None:
    def refusal(at: timedelta = timedelta(0)) -> str:
        with pytest.raises(Conflict) as refused:
            merges.unmerge(session, csr, ticket.id, now() + at)
        return refused.value.code

    merge(session, csr, ticket, target)
    assert refusal(merges.UNDONE_WITHIN + timedelta(minutes=1)) == "cannot_undo"
    end = a_ticket(session, customer)
    merge(session, csr, target, end)
    assert refusal() == "changed_since"
    merges.unmerge(session, csr, target.id, now())
    say(session, customer, target)
    assert refusal() == "changed_since"
