"""The checker finds what it is there for: each violation is planted in a good history."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tools.chaos.checker import Fault, check
from tools.chaos.history import Arrival, History, Row, Said, Sent, Stored, View

TICKET = "t"


def said(n: int, kind: str = "message_posted") -> Said:
    return Said(kind, "ann", f"c{n}", f"hello {n}")


def a_history() -> History:
    """Ann says three things and the staff note one; she and a CSR see it all on two connections."""
    rows = [
        Row(1, 1, said(1)),
        Row(2, 2, said(2)),
        Row(3, None, Said("note_posted", "bob", "n1", "psst")),
        Row(4, 3, said(3)),
    ]
    stored = Stored(4, 3, rows)
    views = []
    for name, is_staff in (("customer", False), ("staff", True)):
        view = View(name, TICKET, is_staff, taken=stored.timeline(is_staff=is_staff))
        for seq, what in view.taken:
            connection, after = (1, 0) if seq <= 2 else (2, 2)
            view.arrivals.append(Arrival(connection, after, seq, what))
        views.append(view)
    sent = [Sent("customer", TICKET, f"c{n}", f"hello {n}", seq=n) for n in (1, 2, 3)]
    sent.append(Sent("staff", TICKET, "n1", "psst", internal=True, seq=3))
    actors = {"customer": "ann", "staff": "bob"}
    return History(sent, views, {TICKET: stored}, actors)


def faults(history: History) -> set[Fault]:
    return {violation.fault for violation in check(history)}


def rows(history: History, change: Callable[[list[Row]], list[Row]]) -> None:
    stored = history.stored[TICKET]
    history.stored[TICKET] = replace(stored, rows=change(list(stored.rows)))


def acknowledged_and_not_stored(history: History) -> None:
    history.sent.append(Sent("customer", TICKET, "c9", "hello 9", seq=5))


def stored_with_another_content(history: History) -> None:
    history.sent[0].content = "goodbye"


def acknowledged_with_another_number(history: History) -> None:
    history.sent[2].seq = 9


def a_note_stored_for_all(history: History) -> None:
    history.sent[3].internal = False


def one_client_id_stored_twice(history: History) -> None:
    rows(history, lambda kept: [*kept, Row(5, 4, said(3))])


def one_content_stored_under_two_client_ids(history: History) -> None:
    again = said(3)._replace(client_id="other")
    rows(history, lambda kept: [*kept, Row(5, 4, again)])


def later_message_with_an_earlier_number(history: History) -> None:
    history.sent[0], history.sent[1] = history.sent[1], history.sent[0]


def a_hole_in_the_staff_numbers(history: History) -> None:
    rows(history, lambda kept: [*kept[:3], kept[3]._replace(seq=5)])


def a_hole_in_the_customers_numbers(history: History) -> None:
    rows(history, lambda kept: [*kept[:3], kept[3]._replace(public_seq=4)])


def numberings_in_different_orders(history: History) -> None:
    rows(
        history,
        lambda kept: [kept[0]._replace(public_seq=2), kept[1]._replace(public_seq=1), *kept[2:]],
    )


def a_ticket_that_says_it_stands_further_on(history: History) -> None:
    history.stored[TICKET] = replace(history.stored[TICKET], last_seq=5)


def an_arrival_missing(history: History) -> None:
    del history.views[1].arrivals[0]


def an_arrival_twice(history: History) -> None:
    arrivals = history.views[1].arrivals
    arrivals.insert(2, arrivals[1])


def arrivals_swapped(history: History) -> None:
    arrivals = history.views[1].arrivals
    arrivals[2], arrivals[3] = arrivals[3], arrivals[2]


def an_old_arrival_again(history: History) -> None:
    arrivals = history.views[1].arrivals
    arrivals.append(replace(arrivals[0], connection=2))


def history_on_a_new_connection_from_too_far_back(history: History) -> None:
    arrivals = history.views[1].arrivals
    arrivals.insert(2, replace(arrivals[2], seq=2))


def the_last_event_never_seen(history: History) -> None:
    history.views[0].taken.pop()
    history.views[0].arrivals.pop()


def an_event_taken_twice(history: History) -> None:
    history.views[0].taken.append(history.views[0].taken[-1])


def taken_out_of_order(history: History) -> None:
    history.views[0].taken.reverse()


def another_event_under_the_number(history: History) -> None:
    history.views[0].taken[1] = (2, said(1))


def a_note_shown_to_a_customer(history: History) -> None:
    history.views[0].taken.append((4, Said("note_posted", "bob", "n1", "psst")))


def no_answer(history: History) -> None:
    history.sent[1].seq = None


def a_refusal(history: History) -> None:
    history.sent[1].seq, history.sent[1].refused = None, "ticket_not_found"


def test_a_good_history_passes() -> None:
    assert check(a_history()) == []


def test_what_a_rejoin_from_within_the_room_shows_again_is_no_fault() -> None:
    history = a_history()
    arrivals = history.views[1].arrivals
    arrivals.insert(1, replace(arrivals[0], rejoining=True))
    assert check(history) == []


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (acknowledged_and_not_stored, Fault.LOST),
        (stored_with_another_content, Fault.LOST),
        (acknowledged_with_another_number, Fault.LOST),
        (a_note_stored_for_all, Fault.LOST),
        (one_client_id_stored_twice, Fault.DOUBLED),
        (one_content_stored_under_two_client_ids, Fault.DOUBLED),
        (an_arrival_twice, Fault.DOUBLED),
        (history_on_a_new_connection_from_too_far_back, Fault.DOUBLED),
        (an_event_taken_twice, Fault.DOUBLED),
        (later_message_with_an_earlier_number, Fault.OUT_OF_ORDER),
        (arrivals_swapped, Fault.OUT_OF_ORDER),
        (an_old_arrival_again, Fault.OUT_OF_ORDER),
        (taken_out_of_order, Fault.OUT_OF_ORDER),
        (a_hole_in_the_staff_numbers, Fault.HOLE),
        (a_hole_in_the_customers_numbers, Fault.HOLE),
        (numberings_in_different_orders, Fault.HOLE),
        (a_ticket_that_says_it_stands_further_on, Fault.HOLE),
        (an_arrival_missing, Fault.HOLE),
        (the_last_event_never_seen, Fault.HOLE),
        (another_event_under_the_number, Fault.INVENTED),
        (a_note_shown_to_a_customer, Fault.INVENTED),
        (no_answer, Fault.UNANSWERED),
        (a_refusal, Fault.REFUSED),
    ],
)
def test_a_planted_violation_is_found(plant: Callable[[History], None], fault: Fault) -> None:
    history = a_history()
    plant(history)
    assert fault in faults(history)
