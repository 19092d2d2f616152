"""Documents name the times of retries that the code keeps to."""

from datetime import timedelta

from desk import leases
from desk.webhooks import webhook_queue
from tests.conftest import ROOT


def words(path: str) -> str:
    return " ".join((ROOT / path).read_text().split())


def seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def test_the_operations_name_the_times_of_mails() -> None:
    waits = [seconds(leases.wait_after(n, leases.RETRY_FACTOR)) for n in (1, 2, 3)]
    said = words("docs/operations.md")
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, {leases.MOST_ATTEMPTS} times in all" in said
    assert f"gives its mail back after {seconds(leases.LEASE)} seconds" in said


def test_the_protocol_names_the_times_of_webhooks() -> None:
    def after(attempts: int) -> timedelta:
        factor, longest = webhook_queue.RETRY_FACTOR, webhook_queue.LONGEST_RETRY
        return leases.wait_after(attempts, factor, longest)

    said = words("docs/protocol.md")
    waits = [seconds(after(attempts)) for attempts in (1, 2, 3)]
    longest = webhook_queue.LONGEST_RETRY // timedelta(hours=1)
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, at last every {longest} hours" in said
    assert after(100) == webhook_queue.LONGEST_RETRY
    assert f"for {webhook_queue.GIVE_UP.days} days" in said
    rest = webhook_queue.LONGEST_REST // timedelta(minutes=1)
    assert f"left alone for up to {rest} minutes" in said
    asked = webhook_queue.LONGEST_ASKED // timedelta(hours=1)
    assert asked == 1
    assert "heeded up to an hour" in said
