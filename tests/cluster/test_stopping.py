"""Processes that are told to stop."""

from collections.abc import Callable

from tests.cluster.conftest import Cluster


def test_a_web_process_stops_without_a_complaint(start_cluster: Callable[..., Cluster]) -> None:
    cluster = start_cluster()
    assert cluster.webs[0].end() == 0
    assert not any("Traceback" in log.read_text() for log in cluster.logs.glob("*.log"))
