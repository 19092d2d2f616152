"""Joins: what one of a long ticket costs, and sockets that come back after their process died."""

import os
import signal
from collections.abc import Iterator

import psycopg

from bench import sockets
from bench.house import House
from bench.people import customers, share, staff
from bench.rounds import Sample, Work, metered
from bench.sockets import Crowd, Generator, Load, Talk

EVENTS = 200
READERS = 20
JOINS_EACH = 25
# Of those who stay on the process that lives, before, while and after the others come.
STAYING = Talk(5, 10, 2.0)
STAYING_SECONDS = 20.0
# After so many seconds a socket that is not back is none.
PATIENCE = 60.0

LENGTHEN = """
insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, content, data)
select t.id, n, n, uuidv7(), 'message_posted', t.user_id, t.updated_at + n * interval '1 second',
    repeat('It does not work, and I tried it twice. ', 5), '{}'
from tickets t, generate_series(t.last_seq + 1, %(events)s) n where t.id = %(ticket)s
"""
COUNT = """
update tickets set last_seq = %(events)s, last_public_seq = %(events)s,
    last_message_seq = %(events)s, last_said_seq = %(events)s where id = %(ticket)s
"""


def joins(house: House, rounds: int) -> Iterator[Work]:
    """Colleagues who look at a ticket of 200 events join again, and are sent all of it."""
    readers = staff(house, READERS)
    known = customers(house, 1, 1, readers[0])
    [[ticket]] = known.tickets.values()
    with psycopg.connect(house.database) as connection:
        given = {"events": EVENTS, "ticket": ticket}
        connection.execute(LENGTHEN, given)
        connection.execute(COUNT, given)
    share(house)
    crowd = Crowd(readers, [{"ticket_id": ticket, "members": [*range(READERS)]}])
    work = Work(f"join of {EVENTS} events", "join")
    with house.product() as subject:
        for _ in range(rounds):
            work.samples.append(sockets.run(house, subject, Load(crowd, "join", JOINS_EACH, 1)))
    yield work


def comeback(house: House, count: int, rounds: int) -> Iterator[Work]:
    """Customers in the rooms of their tickets lose their process, and go to the one beside it,
    where others talk meanwhile.
    """
    [csr] = staff(house, 1)
    known = customers(house, count, 1, csr)
    rooms = [
        {"ticket_id": known.tickets[str(person.id)][0], "members": [n]}
        for n, person in enumerate(known.people)
    ]
    staying = Load(sockets.desk_crowd(house, STAYING), "chat", STAYING.rate, STAYING_SECONDS)
    share(house)
    coming = Load(Crowd(known.people, rooms), "come_back", 0, PATIENCE)
    work = Work("sockets that come back", "socket")
    work.samples += (_come_back(house, coming, staying) for _ in range(rounds))
    yield work


def _come_back(house: House, coming: Load, staying: Load) -> Sample:
    with house.product() as dying, house.product() as living:
        wanted = sockets.wanted(dying, coming) | {"to": sockets.address(living)}
        with (
            Generator(house, wanted) as comers,
            Generator(house, sockets.wanted(living, staying)) as talk,
            metered(house, living) as meter,
        ):
            talk.begin()
            comers.begin()
            os.kill(dying.pid, signal.SIGKILL)
            came, said = comers.end(), talk.end()
    more = {
        "back_in": max(came["took"], default=0.0) / 1000,
        "latest": max(said["took"], default=0.0),
    }
    wrong = came["wrong"] + said["wrong"]
    return meter.sample(living, came["took"], wrong=wrong, generator_cpu=came["cpu"], more=more)
