"""Notifications arrive once, whichever worker dies. ``python -m bench.notifications``: more so."""

from collections.abc import Callable

from tests.cluster.conftest import Cluster
from tests.cluster.kills import Run
from tests.mailbox import Mailbox


def test_150_notifications_with_3_kills_of_the_worker_all_arrive_once(
    start_cluster: Callable[..., Cluster],
) -> None:
    with Mailbox() as mailbox:
        cluster = start_cluster(webs=0)
        Run(cluster, mailbox, lapse=True).go(tickets=150, kills=3).check()
