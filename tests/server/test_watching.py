"""Who is told of which tickets: found by what lists ask for, as if all were looked through."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from desk.access import Actor
from desk.tickets.matching import Facts, may_hold
from desk.tickets.saved_views import Named, ViewQuery
from models import RANKS, Priority, Role, Status
from server.live.watching import Watching

PERSONS = [UUID(int=n) for n in range(1, 4)]
WORDS = ("a", "b")


def some(values: Any) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), min_size=1)


FACTS = st.fixed_dictionaries(
    {
        "user_id": some(PERSONS),
        "assigned_to": some([None, *PERSONS]),
        "unassigned": some([True, False]),
        "tag": st.frozensets(st.sampled_from(WORDS)),
        "team": some([None, *PERSONS]),
        "no_team": some([True, False]),
        "type": some(WORDS),
        "category": some(WORDS),
        "priority": some([0, *RANKS.values()]),
        "status": some([*Status]),
        "waiting_on": some([None, "staff", "customer"]),
        "snoozed": some([True, False]),
        "unread": st.just(frozenset({True, False})),
    }
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from([*Status]), max_size=3),
        "category": st.sampled_from(WORDS),
        "type": st.sampled_from(WORDS),
        "tag": st.sampled_from(WORDS),
        "team": st.sampled_from(["none", "mine", *PERSONS]),
        "priority": st.sampled_from([*Priority]),
        "unassigned": st.booleans(),
        "assigned_to": st.just("me") | st.sampled_from(PERSONS),
        "user_id": st.sampled_from(PERSONS),
        "waiting_on": st.sampled_from(["staff", "customer"]),
        "snoozed": st.booleans(),
        "unread": st.booleans(),
        "q": st.just("printer"),
    },
)


def named(number: int, asked: dict[str, Any]) -> Named:
    query = ViewQuery.model_validate(asked)
    return Named(str(number), "A view", query.parameters(), query, shared=False)


@given(st.lists(st.lists(QUERIES, max_size=4), max_size=4), st.lists(FACTS, max_size=5))
def test_those_are_told_whose_lists_may_hold_the_ticket_and_nobody_else(
    watched: list[list[dict[str, Any]]], tickets: list[Facts]
) -> None:
    watching, ticket_id = Watching(), UUID(int=99)
    views = {
        f"socket {n}": [named(m, asked) for m, asked in enumerate(queries)]
        for n, queries in enumerate(watched)
    }
    for n, key in enumerate(views):
        watching.arrived(key, Actor(PERSONS[n % len(PERSONS)], Role.CSR))
        watching.watch(key, [named(7, {}), *views[key]], [ticket_id])
        watching.watch(key, views[key], [])
    for facts in tickets:
        expected = {
            key
            for key, mine in views.items()
            for view in mine
            if view.query and may_hold(view.query.asked_by(watching.person(key)), facts)
        }
        assert watching.told_of(ticket_id, watching.lists_of(facts)) == expected
    for key in views:
        watching.left(key)
    assert not watching.lists_of(None)
    assert not watching.people
    assert all(not watching.lists_of(facts) for facts in tickets)


def test_who_has_said_nothing_is_told_of_everything_and_who_watches_nothing_of_nothing() -> None:
    watching, ticket_id = Watching(), UUID(int=99)
    for key, person in (("silent", PERSONS[0]), ("choosy", PERSONS[1]), ("names it", PERSONS[0])):
        watching.arrived(key, Actor(person, Role.CSR))
    watching.watch("choosy", [], [])
    watching.watch("names it", [], [ticket_id])
    assert watching.told_of(ticket_id, []) == {"silent", "names it"}
    assert watching.told_of(UUID(int=98), []) == {"silent"}
    assert set(watching.sockets_of(PERSONS[0])) == {"silent", "names it"}
