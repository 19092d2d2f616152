"""REST: the own list, one ticket, opening a ticket; against FastAPI and against the bare SQL."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg

from bench import pgbench, wrk
from bench.house import CONSTANT, FASTAPI, FLOOR, House, Kind, Subject
from bench.peers.floor_sql import LIST as LIST_SQL
from bench.peers.floor_sql import ONE as ONE_SQL
from bench.people import Customers, customers, share, staff, tokens
from bench.rounds import Refused, Sample, Work, interleaved
from bench.wrk import Load, Request

LIST = "/api/v1/users/tickets"
CUSTOMERS = 50
TICKETS_EACH = 40
WARM_SECONDS = 1
NEW = {
    "title": "It does not work",
    "description": "I pressed the button and nothing happened. " * 5,
    "category": "billing",
    "type": "bug",
}


def works(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    [csr] = staff(house, 1)
    ours = customers(house, CUSTOMERS, TICKETS_EACH, csr)
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
    yield _opening(house, Work("open a ticket", "ticket"), ours, rounds, seconds)


def _reading(
    house: House,
    work: Work,
    requests: list[Request],
    scripts: list[str],
    rounds: int,
    seconds: float,
) -> Work:
    with ExitStack() as stack:
        subjects = _start(house, stack, FASTAPI, FLOOR, CONSTANT)
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


def _opening(house: House, work: Work, ours: Customers, rounds: int, seconds: float) -> Work:
    """Nobody assigns meanwhile: the wake-ups are sent, and the machine is the servers'."""
    body = json.dumps(NEW)
    requests = [Request(LIST, token, "POST", body) for token in tokens(ours.people)]
    marks = [f'~"title":"{NEW["title"]}"', '~"status":"open"', '~"assigned_to_id":null']
    with ExitStack() as stack:
        subjects = _start(house, stack, FASTAPI)
        load = Load(requests, {subject.name: marks for subject in subjects}, status=201)
        before = {subject.name: _stored(subject) for subject in subjects}
        _warm(house, subjects, load)
        work.samples += interleaved(
            subjects, rounds, lambda subject: wrk.run(house, subject, load, seconds)
        )
        for subject in subjects:
            acknowledged = sum(sample.done for sample in work.of(subject.name))
            if _stored(subject) - before[subject.name] < acknowledged:
                raise Refused(f"{work.name}: {subject.name} stored less than it acknowledged")
    return work


def _start(house: House, stack: ExitStack, *kinds: Kind) -> list[Subject]:
    peers = [stack.enter_context(house.peer(kind)) for kind in kinds]
    return [stack.enter_context(house.product()), *peers]


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
        return [_without_times(ticket) for ticket in answer]
    return {name: value for name, value in answer.items() if not name.endswith("_at")}


def _stored(subject: Subject) -> int:
    with psycopg.connect(subject.database) as connection:
        [[count]] = connection.execute("select count(*) from tickets").fetchall()
        return int(count)
