"""Documents name the times of retries that the code keeps to."""

from datetime import timedelta

from desk import deliveries, mails
from tests.conftest import ROOT


def words(path: str) -> str:
    return " ".join((ROOT / path).read_text().split())


def seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def test_the_operations_name_the_times_of_mails() -> None:
    waits = [seconds(mails.FIRST_RETRY) * mails.RETRY_FACTOR**n for n in range(3)]
    said = words("docs/operations.md")
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, {mails.MOST_ATTEMPTS} times in all" in said
    assert f"gives its mail back after {seconds(mails.LEASE)} seconds" in said


def test_the_protocol_names_the_times_of_webhooks() -> None:
    said = words("docs/protocol.md")
    waits = [seconds(deliveries.wait_after(attempts)) for attempts in (1, 2, 3)]
    longest = deliveries.LONGEST_RETRY // timedelta(hours=1)
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, at last every {longest} hours" in said
    assert deliveries.wait_after(100) == deliveries.LONGEST_RETRY
    assert f"for {deliveries.GIVE_UP.days} days" in said
    rest = deliveries.LONGEST_REST // timedelta(minutes=1)
    assert f"left alone for up to {rest} minutes" in said
    asked = deliveries.LONGEST_ASKED // timedelta(hours=1)
    assert asked == 1
    assert "heeded up to an hour" in said
