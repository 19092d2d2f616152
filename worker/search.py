"""Adds what was said to the documents that searches look in."""

import time

from desk.jobs import Job
from desk.tickets import search
from worker.app import task
from worker.transaction import run

# After this the rest is left to the next time, well before the time limit.
INDEX_SECONDS = 20.0


@task(Job.INDEX_WORDS)
def index() -> None:
    until = time.monotonic() + INDEX_SECONDS
    while run(search.index) and time.monotonic() < until:
        pass
