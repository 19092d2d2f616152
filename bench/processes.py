"""Two web processes beside one.

A machine of four cores or more gives the servers a core each. On a smaller one the second process
shares its core with the load, and only the CPU that a unit takes can be compared.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import sockets, wrk
from bench.house import House, Subject
from bench.people import customers, share, staff, tokens
from bench.rest import CUSTOMERS, LIST, TICKETS_EACH, WARM_SECONDS, answers
from bench.rounds import Sample, Work, interleaved
from bench.wrk import Load, Request


def works(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    [csr] = staff(house, 1)
    ours = customers(house, CUSTOMERS, TICKETS_EACH, csr)
    talk = sockets.CHATS[0]
    crowd = sockets.desk_crowd(house, talk)
    talking = sockets.Load(crowd, "chat", talk.rate, seconds)
    share(house)
    requests = [Request(LIST, token) for token in tokens(ours.people)]
    with ExitStack() as stack:
        subjects = [stack.enter_context(house.product(processes=n)) for n in (1, 2)]
        load = Load(requests, {subject.name: answers(subject, requests) for subject in subjects})
        for subject in subjects:
            wrk.run(house, subject, load, WARM_SECONDS)

        def lists(subject: Subject) -> Sample:
            return wrk.run(house, subject, load, seconds)

        def chats(subject: Subject) -> Sample:
            return sockets.run(house, subject, talking)

        work = Work("list, two processes", "answer")
        work.samples += interleaved(subjects, rounds, lists)
        yield work
        work = Work("chat, two processes", "delivery")
        work.samples += interleaved(subjects, rounds, chats)
        yield work
