"""Bounds how many sockets may be open in this process, so that nobody fills its memory with theirs.

Each socket takes a place in one or more counts: of its address while it has not signed in, then of
its account and its address. Beyond a bound it is refused as `too_many_sockets`.
"""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from desk.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Most:
    """A bound: how many sockets of one account or address may be open at once, in one process.

    ``name`` tells the counts apart.
    """

    name: str
    count: int


# Each tab has a socket, and a program one for each ticket that it follows on a plain WebSocket.
OF_ACCOUNT = Most("account", 100)
# An idle socket takes some 10 kB: 120 MB. An office of 300 has 40 each.
OF_ADDRESS = Most("address", 12_000)
# Of an address, not signed in yet; that lasts 10 s at most
# (`server.transport.socket_server.CONNECT_SECONDS`).
WAITING = Most("waiting", 2_000)


class OpenSockets:
    """Counts open sockets in this process alone, as it is this process's memory that they take.

    With ``is_bounded`` false (`RATE_LIMITS=off`) it counts and refuses nobody.
    """

    def __init__(self, *, is_bounded: bool) -> None:
        self._is_bounded = is_bounded
        self._open: Counter[tuple[str, str]] = Counter()
        self._places: dict[object, list[tuple[str, str]]] = {}

    def require_waiting(self, address: str) -> None:
        """Raises `RateLimited` (``too_many_sockets``) where one more that has not signed in would
        be too many. Counts nothing.
        """
        self._require(WAITING, address)

    def take_waiting(self, socket: object, address: str) -> None:
        """Takes a place for a socket that has not signed in; `free` gives it back.

        Raises as `require_waiting`.
        """
        self._take(socket, (WAITING, address))

    def take_signed_in(self, socket: object, user_id: UUID, address: str) -> None:
        """Takes a place for a socket among its account's and its address's, or none and raises
        `RateLimited`; `free` gives both back.
        """
        self._take(socket, (OF_ACCOUNT, str(user_id)), (OF_ADDRESS, address))

    def free(self, socket: object) -> None:
        """Gives back the places of a socket; does nothing where it has none any more."""
        for place in self._places.pop(socket, ()):
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    def _take(self, socket: object, *wanted: tuple[Most, str]) -> None:
        for most, who in wanted:
            self._require(most, who)
        places = [(most.name, who) for most, who in wanted]
        self._places[socket] = places
        self._open.update(places)

    def _require(self, most: Most, who: str) -> None:
        if self._is_bounded and self._open[most.name, who] >= most.count:
            raise RateLimited("too_many_sockets", "Too many sockets are open; close one first")
