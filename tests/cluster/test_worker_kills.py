"""Workers that die at the worst moment: every ticket is assigned, once."""

import json
import os
import signal
from collections.abc import Callable

import pytest
import redis
from sqlalchemy import select, text

from desk.jobs import Job
from embedded.servers import Embedded
from models import Role, Ticket, User
from tests import ledger
from tests.cluster.conftest import Cluster
from tests.cluster.jobs import assigned_once, open_ticket, send, stopped
from tests.cluster.storm import FULL, kill_pool, pool, ready, storm, supervised, unassigned
from tests.factories import a_ticket, database, people
from tests.locks import locked, until_one_waits
from tests.waiting import block_until

# A message of some other program: no body that we take, but what the transport itself needs.
JUNK = json.dumps(
    {
        "body": "gASVBQAAAAAAAABLAS4=",
        "content-type": "application/x-python-serialize",
        "content-encoding": "binary",
        "headers": {"task": Job.DRAIN_ASSIGNMENT.value, "id": "junk"},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": "junk",
            "delivery_info": {"exchange": "", "routing_key": Job.DRAIN_ASSIGNMENT.queue},
        },
    }
)
CURSOR = "select 1 from assignment_cursor for update"
CSRS = "select 1 from users where role = 'csr' for no key update"

Start = Callable[..., Cluster]


@pytest.mark.parametrize("lock", [CURSOR, CSRS], ids=["before", "in"])
def test_a_worker_that_is_killed_before_or_in_its_transaction_has_its_task_done_by_another(
    start_cluster: Start, lock: str
) -> None:
    """Without beat: the broker itself gives the task to another process."""
    cluster = start_cluster(webs=0, workers=1)
    csr, customer = people(cluster.settings, Role.CSR, Role.USER)
    block_until(lambda: ready(cluster))
    with locked(cluster.settings.database_url, lock):
        open_ticket(cluster, customer)
        until_one_waits(cluster.settings.database_url)
        kill_pool(cluster)
        assert unassigned(cluster) == 1
    block_until(lambda: unassigned(cluster) == 0)
    assigned_once(cluster)
    with database(cluster.settings) as session:
        assert session.scalars(select(Ticket.assigned_to_id)).all() == [csr.id]


def test_a_worker_that_is_killed_just_after_its_commit_has_not_assigned_twice(
    start_cluster: Start, broker: Embedded
) -> None:
    cluster = start_cluster(webs=0, workers=1, environment={"REDIS_URL": broker.redis_url})
    _, _, customer = people(cluster.settings, Role.CSR, Role.CSR, Role.USER)
    block_until(lambda: ready(cluster))
    with stopped(broker):  # Where its hints go: it cannot get past telling them.
        open_ticket(cluster, customer)
        block_until(lambda: unassigned(cluster) == 0)
        kill_pool(cluster)
    open_ticket(cluster, customer)
    block_until(lambda: unassigned(cluster) == 0)
    assigned_once(cluster, 2)


def test_a_worker_that_freezes_in_its_transaction_does_not_stop_the_desk(
    start_cluster: Start,
) -> None:
    """It is alive for the database and the broker, and holds the cursor's lock."""
    cluster = start_cluster(webs=0, workers=1)
    _, customer = people(cluster.settings, Role.CSR, Role.USER)
    block_until(lambda: ready(cluster))
    frozen = pool(cluster.workers[0].pid)
    with locked(cluster.settings.database_url, CSRS):
        open_ticket(cluster, customer)
        until_one_waits(cluster.settings.database_url)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
    cluster.start_worker()
    cluster.start_beat()  # Some of what is sent goes to the frozen one.
    open_ticket(cluster, customer, woken=False)
    block_until(lambda: unassigned(cluster) == 0)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    assigned_once(cluster, 2)


def test_what_cannot_be_assigned_does_not_hold_up_what_is_behind_it(
    start_cluster: Start,
) -> None:
    """More tickets than a batch that break a constraint, a message of an unknown task, and junk."""
    cluster = start_cluster(webs=0, workers=1)
    csr, customer = people(cluster.settings, Role.CSR, Role.USER)
    with database(cluster.settings) as session:
        poison = [a_ticket(session, customer.actor).id for _ in range(30)]
        # The number of their next event is taken already.
        session.execute(
            text(
                "insert into events (ticket_id, seq, public_seq, id, kind, at, data) "
                "select id, last_seq + 1, last_seq + 1, gen_random_uuid(), 'assigned', now(), '{}' "
                "from tickets"
            )
        )
        good = a_ticket(session, customer.actor).id
    send(cluster, "no.such.task")
    send(cluster, Job.DRAIN_ASSIGNMENT, "an argument that it does not take")
    with redis.Redis.from_url(cluster.settings.broker_url) as client:
        client.lpush(Job.DRAIN_ASSIGNMENT.queue, JUNK)
    send(cluster, Job.DRAIN_ASSIGNMENT)

    def holder() -> object:
        with database(cluster.settings) as session:
            return session.scalar(select(Ticket.assigned_to_id).where(Ticket.id == good))

    block_until(lambda: holder() == csr.id)
    assert unassigned(cluster) == len(poison)


@pytest.fixture(scope="module")
def stormy(start_shared_cluster: Start) -> Cluster:
    cluster = start_shared_cluster(workers=2, environment={"RATE_LIMITS": "off"})
    cluster.start_beat()
    with database(cluster.settings) as session:
        ledger.keep(session)
    return cluster


def test_what_somebody_holds_who_left_is_given_to_another(stormy: Cluster) -> None:
    """By beat alone, as after a ticket was reopened in the moment when its holder left."""
    gone, csr, customer = people(stormy.settings, Role.CSR, Role.CSR, Role.USER)
    with supervised(stormy):
        with database(stormy.settings) as session:
            session.get_one(User, gone.id).is_active = False
            ticket_id = a_ticket(session, customer.actor).id
            session.flush()
            session.get_one(Ticket, ticket_id).assigned_to_id = gone.id

        def holder() -> object:
            with database(stormy.settings) as session:
                return session.get_one(Ticket, ticket_id).assigned_to_id

        block_until(lambda: holder() == csr.id)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("csrs", "tickets", "kills"), [(10, 100, 2), (7, 100, 1)])
async def test_in_a_storm_of_kills_every_ticket_is_assigned_once_and_evenly(
    stormy: Cluster, embedded: Embedded, csrs: int, tickets: int, kills: int
) -> None:
    if FULL:
        tickets, kills = 1000, 20
    log = embedded.postgres.log
    began = log.stat().st_size
    with supervised(stormy):
        found = await storm(stormy, tickets=tickets, csrs=csrs, kills=kills)
    assert found.unassigned == 0
    assert found.decisions == tickets
    assert set(found.counts) <= {tickets // csrs, -(-tickets // csrs)}
    assert b"deadlock" not in log.read_bytes()[began:]


async def test_no_capacity_is_exceeded_at_any_moment_of_a_storm(stormy: Cluster) -> None:
    """Tickets are resolved while more come, so that room is made all the time."""
    with supervised(stormy):
        found = await storm(stormy, tickets=60, csrs=4, kills=1, capacity=5)
    assert found.unassigned == 0
    assert found.most_held == 5
