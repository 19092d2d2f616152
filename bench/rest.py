"""REST: the own list, one ticket, opening one, a message; against Fastify and the bare SQL."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import psycopg
from psycopg import sql

from bench import pgbench, wrk
from bench.house import CONSTANT, FASTIFY, FLOOR, House, Kind, Subject
from bench.peers.floor_sql import LIST as LIST_SQL
from bench.peers.floor_sql import ONE as ONE_SQL
from bench.people import Customers, customers, share, staff, tokens
from bench.rounds import Refused, Sample, Work, interleaved
from bench.wrk import Load, Request
from tests.factories import Person

LIST = "/api/v1/users/tickets"
MESSAGES = "/api/v1/tickets/{}/messages"
CUSTOMERS = 50
TICKETS_EACH = 40
# Who writes in one round, from addresses of their own; others do in the next, so that nobody comes
# to a limit, which are on.
WRITERS = 100
WRITERS_TICKETS = 10
FIRST_ADDRESS = ip_address("10.0.0.1")
WARM_SECONDS = 1
SAID = "It happened again this morning, and a restart did not help. Could you look at it?"
NEW = {
    "title": "It does not work",
    "description": "I pressed the button and nothing happened. " * 5,
    "category": "billing",
    "type": "bug",
}


def works(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    [csr] = staff(house, 1)
    ours = customers(house, CUSTOMERS, TICKETS_EACH, csr)
    writers = customers(house, WRITERS * (1 + rounds), WRITERS_TICKETS, csr)
    share(house)
    lists = [Request(LIST, token) for token in tokens(ours.people)]
    ones = [
        Request(f"{LIST}/{ours.tickets[str(person.id)][n]}", person.token)
        for person in ours.people
        for n in range(4)
    ]
    list_sql = [pgbench.script(LIST_SQL, user=person.id) for person in ours.people]
    one_sql = [
        pgbench.script(ONE_SQL, user=person.id, ticket=ours.tickets[str(person.id)][0])
        for person in ours.people
    ]
    work = Work("list of own 20 tickets", "answer")
    yield _reading(house, work, lists, list_sql, rounds, seconds)
    yield _reading(house, Work("one ticket", "answer"), ones, one_sql, rounds, seconds)
    yield _writing(house, _opening(writers), rounds, seconds)
    yield _writing(house, _posting(writers), rounds, seconds)


def _reading(
    house: House,
    work: Work,
    requests: list[Request],
    scripts: list[str],
    rounds: int,
    seconds: float,
) -> Work:
    with ExitStack() as stack:
        subjects = _start(house, stack, FASTIFY, FLOOR, CONSTANT)
        said = {subject.name: answers(subject, requests) for subject in subjects}
        _require_same(work, said)
        load = Load(requests, said)
        _warm(house, subjects, load)

        def measure(subject: Subject) -> Sample:
            if subject.name == pgbench.NAME:
                return pgbench.run(house, subject, scripts, seconds)
            return wrk.run(house, subject, load, seconds)

        work.samples += interleaved([*subjects, pgbench.subject(house)], rounds, measure)
    return work


@dataclass(frozen=True)
class Writing:
    """Requests that write a row each of ``table``, those of the warm-up and of each round;
    ``marks``: what the right answers have.
    """

    work: Work
    table: str
    turns: list[list[Request]]
    marks: list[str]


def _opening(writers: Customers) -> Writing:
    body = json.dumps(NEW)
    turns = [
        [Request(LIST, person.token, "POST", body, address) for person, address in turn]
        for turn in _turns(writers.people)
    ]
    marks = [f'~"title":"{NEW["title"]}"', '~"status":"open"', '~"assigned_to_id":null']
    return Writing(Work("open a ticket", "ticket"), "tickets", turns, marks)


def _posting(writers: Customers) -> Writing:
    body = json.dumps({"content": SAID})
    turns = [
        [
            Request(MESSAGES.format(ticket_id), person.token, "POST", body, address)
            for person, address in turn
            for ticket_id in writers.tickets[str(person.id)]
        ]
        for turn in _turns(writers.people)
    ]
    marks = [f'~"content":"{SAID}"', '~"kind":"message_posted"']
    return Writing(Work("post a message", "message"), "events", turns, marks)


def _turns(people: list[Person]) -> list[list[tuple[Person, str]]]:
    """Who writes in the warm-up and in each round, and from where."""
    come = [(person, str(FIRST_ADDRESS + n)) for n, person in enumerate(people)]
    return [come[n : n + WRITERS] for n in range(0, len(come), WRITERS)]


def _writing(house: House, writing: Writing, rounds: int, seconds: float) -> Work:
    """Nobody assigns meanwhile: the wake-ups are sent, and the machine is the servers'."""
    work, table = writing.work, writing.table
    with ExitStack() as stack:
        subjects = _start(house, stack, FASTIFY)
        marks = {subject.name: writing.marks for subject in subjects}
        warm, *loads = [Load(requests, marks, status=201) for requests in writing.turns]
        left = {subject.name: iter(loads) for subject in subjects}
        before = {subject.name: _stored(subject, table) for subject in subjects}
        _warm(house, subjects, warm)

        def measure(subject: Subject) -> Sample:
            return wrk.run(house, subject, next(left[subject.name]), seconds)

        work.samples += interleaved(subjects, rounds, measure)
        for subject in subjects:
            acknowledged = sum(sample.done for sample in work.of(subject.name))
            if _stored(subject, table) - before[subject.name] < acknowledged:
                raise Refused(f"{work.name}: {subject.name} stored less than it acknowledged")
    return work


def _start(house: House, stack: ExitStack, *kinds: Kind) -> list[Subject]:
    peers = [stack.enter_context(house.peer(kind)) for kind in kinds]
    # Fastify writes its log, too.
    return [stack.enter_context(house.product(log_level="INFO")), *peers]


def _warm(house: House, subjects: list[Subject], load: Load) -> None:
    for subject in subjects:
        wrk.run(house, subject, load, WARM_SECONDS)


def answers(subject: Subject, requests: list[Request]) -> list[str]:
    found = []
    for request in requests:
        headers = {"Authorization": f"Bearer {request.token}"}
        asked = urllib.request.Request(subject.url + request.path, headers=headers)
        with urllib.request.urlopen(asked) as response:
            found.append(response.read().decode())
    return found


def _require_same(work: Work, said: dict[str, list[str]]) -> None:
    """All subjects say the same of the same tickets, whatever the spelling of times."""
    read = {name: [_without_times(json.loads(a)) for a in found] for name, found in said.items()}
    first, *others = read
    for other in others:
        if read[other] != read[first]:
            raise Refused(f"{work.name}: {other} answers otherwise than {first}")


def _without_times(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_without_times(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: _without_times(value)
        for name, value in answer.items()
        if not name.endswith("_at") and name != "at"
    }


def _stored(subject: Subject, table: str) -> int:
    with psycopg.connect(subject.database) as connection:
        counted = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        [[count]] = connection.execute(counted).fetchall()
        return int(count)
