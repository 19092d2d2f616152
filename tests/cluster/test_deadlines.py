"""What is due by the clock is done by a worker that has PostgreSQL alone."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update

from embedded.server import free_port
from models import Deadline
from tests.cluster.conftest import Cluster
from tests.factories import database, now
from tests.waiting import block_until


def test_without_broker_redis_and_beat_nothing_is_late(
    start_cluster: Callable[..., Cluster],
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    environment = {"REDIS_URL": nowhere, "BROKER_URL": nowhere}
    cluster = start_cluster(webs=0, workers=2, environment=environment)

    def all_done() -> bool:
        with database(cluster.settings) as session:
            return all(at > now() for at in session.scalars(select(Deadline.due_at)))

    block_until(all_done)
    with database(cluster.settings) as session:
        session.execute(update(Deadline).values(due_at=now() - timedelta(hours=1)))
    cluster.restart_worker(0)
    block_until(all_done)
