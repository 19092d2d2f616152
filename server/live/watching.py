"""Which of the sockets of the staff here are told of which tickets.

A socket that has said nothing is told of all of them. One that watches is told of the tickets that
it names, and of those that are, or were before they changed, in one of its lists. Equal lists of
many sockets are one here, and a list is looked up by what it asks for: so what a change costs goes
with those who are told of it, and not with all who are signed in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from desk.access import Actor
from desk.tickets.matching import Asked, Facts, Lead, leads, leads_of, may_hold
from desk.tickets.saved_views import Named, query_of


@dataclass(eq=False, slots=True)
class WatchedList:
    """A list that sockets here watch, and by which of their views each of them does."""

    # By which it is known that two ask for the same.
    name: str
    asked: Asked
    sockets: dict[str, set[str]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Watcher:
    """One socket of the staff."""

    key: str
    user_id: UUID
    # False until it has said what it watches.
    is_choosy: bool = False
    lists: dict[str, WatchedList] = field(default_factory=dict)
    ticket_ids: frozenset[UUID] = frozenset()


class Watching:
    """The sockets of the staff here by what they watch."""

    def __init__(self) -> None:
        self._watchers: dict[str, Watcher] = {}
        self._told_of_all: set[str] = set()
        self._by_ticket: defaultdict[UUID, set[str]] = defaultdict(set)
        # Each list by what it asks for, and where it is kept by what its tickets have.
        self._lists: dict[str, WatchedList] = {}
        self._by_lead: defaultdict[Lead, set[WatchedList]] = defaultdict(set)
        # Connections per person's id.
        self._people: defaultdict[UUID, set[str]] = defaultdict(set)

    @property
    def people(self) -> Collection[UUID]:
        return self._people.keys()

    @property
    def sockets(self) -> Collection[str]:
        return self._watchers.keys()

    def sockets_of(self, user_id: UUID) -> Collection[str]:
        return self._people.get(user_id, ())

    def watcher(self, key: str) -> Watcher | None:
        return self._watchers.get(key)

    def person(self, key: str) -> UUID:
        return self._watchers[key].user_id

    def named_by(self, ticket_id: UUID) -> Collection[str]:
        """The sockets that name the ticket."""
        return self._by_ticket.get(ticket_id, ())

    def arrived(self, key: str, actor: Actor) -> None:
        self._watchers[key] = Watcher(key, actor.id)
        self._people[actor.id].add(key)
        self._told_of_all.add(key)

    def left(self, key: str) -> None:
        watcher = self._watchers.pop(key)
        self._told_of_all.discard(key)
        self._forget(watcher)
        self._people[watcher.user_id].discard(key)
        if not self._people[watcher.user_id]:
            del self._people[watcher.user_id]

    def watch(self, key: str, views: Iterable[Named], ticket_ids: Iterable[UUID]) -> None:
        """Has a socket told of these alone, whatever it watched before."""
        watcher = self._watchers[key]
        self._told_of_all.discard(key)
        self._forget(watcher)
        watcher.is_choosy, watcher.ticket_ids = True, frozenset(ticket_ids)
        for ticket_id in watcher.ticket_ids:
            self._by_ticket[ticket_id].add(key)
        for view in views:
            if view.query is not None and view.is_live:
                self._add(watcher, view.id, view.query.asked_by(watcher.user_id))

    def change(
        self, view_id: str, query: Mapping[str, Any] | None, but_for: UUID | None = None
    ) -> set[WatchedList]:
        """Has those who watch a view watch what it asks for now, but for one person.

        Returns what they watch by it.
        """
        asks, changed = query_of(query) if query is not None else None, set()
        for watcher in self._watchers.values():
            if view_id in watcher.lists and watcher.user_id != but_for:
                self._remove(watcher, view_id)
                if asks is not None and asks.is_live:
                    changed.add(self._add(watcher, view_id, asks.asked_by(watcher.user_id)))
        return changed

    def lists_of(self, facts: Facts | None) -> set[WatchedList]:
        """The lists that a ticket is in, or may have been in. ``facts`` None: nobody can say."""
        if facts is None:
            return set(self._lists.values())
        kept = (watched for lead in leads_of(facts) for watched in self._by_lead.get(lead, ()))
        return {watched for watched in kept if may_hold(watched.asked, facts)}

    def told_of(self, ticket_id: UUID, lists: Iterable[WatchedList]) -> set[str]:
        """The sockets that are told of a ticket which is in these lists."""
        return self._told_of_all.union(
            self.named_by(ticket_id), *(watched.sockets for watched in lists)
        )

    def _add(self, watcher: Watcher, view_id: str, asked: Asked) -> WatchedList:
        name = repr(sorted(asked.items()))
        watched = self._lists.get(name)
        if watched is None:
            watched = self._lists[name] = WatchedList(name, asked)
            for lead in leads(asked):
                self._by_lead[lead].add(watched)
        watched.sockets.setdefault(watcher.key, set()).add(view_id)
        watcher.lists[view_id] = watched
        return watched

    def _remove(self, watcher: Watcher, view_id: str) -> None:
        watched = watcher.lists.pop(view_id)
        watched.sockets[watcher.key].discard(view_id)
        if not watched.sockets[watcher.key]:
            del watched.sockets[watcher.key]
        if not watched.sockets:
            del self._lists[watched.name]
            for lead in leads(watched.asked):
                self._by_lead[lead].discard(watched)
                if not self._by_lead[lead]:
                    del self._by_lead[lead]

    def _forget(self, watcher: Watcher) -> None:
        for view_id in list(watcher.lists):
            self._remove(watcher, view_id)
        for ticket_id in watcher.ticket_ids:
            self._by_ticket[ticket_id].discard(watcher.key)
            if not self._by_ticket[ticket_id]:
                del self._by_ticket[ticket_id]
        watcher.ticket_ids = frozenset()
